/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events, stored in their core form whichever version they were written in (kubernetes/kubernetes
 * pkg/apis/core/validation/events.go). An event lives in the namespace of the object it is about; those about
 * cluster-scoped objects live in "default".
 */
#include "kinds/strategies.h"

static void event_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			   struct field_errors *errs)
{
	const char *ns = js_str0(new, "metadata", "namespace", NULL);
	const char *about = js_str0(new, "involvedObject", "namespace", NULL);
	bool timed = js_get(new, "eventTime", NULL);

	if (*about ? !timed && strcmp(ns, about)
		   : strcmp(ns, "default") && (!timed || strcmp(ns, "kube-system")))
		field_error_invalid_str(errs, "involvedObject.namespace", about,
					"does not match event.namespace");
	if (!timed)
		return;
	/* the stricter rules of events that name their reporter */
	if (!*js_str0(new, "reportingComponent", NULL))
		field_error_required(errs, "reportingController", "");
	if (!*js_str0(new, "reportingInstance", NULL))
		field_error_required(errs, "reportingInstance", "");
	if (strlen(js_str0(new, "reportingInstance", NULL)) > 128)
		field_error_too_long(errs, "reportingInstance", 128);
	if (!*js_str0(new, "action", NULL))
		field_error_required(errs, "action", "");
	if (strlen(js_str0(new, "action", NULL)) > 128)
		field_error_too_long(errs, "action", 128);
	if (!*js_str0(new, "reason", NULL))
		field_error_required(errs, "reason", "");
	if (strlen(js_str0(new, "reason", NULL)) > 128)
		field_error_too_long(errs, "reason", 128);
	if (strlen(js_str0(new, "message", NULL)) > 1024)
		field_error_too_long(errs, "message", 1024);
}

const struct strategy event_strategy = {
	.group = "",
	.kind = "Event",
	.flags = STRATEGY_CREATE_ON_UPDATE | STRATEGY_NO_DEPENDENTS,
	.validate = event_validate,
};
