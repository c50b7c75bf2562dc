/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DaemonSets (kubernetes/kubernetes pkg/registry/apps/daemonset, pkg/apis/apps/validation). The number of the template,
 * once a field, lives on in an annotation that the server keeps.
 */
#include "kinds/apps/rolling.h"
#include "kinds/apps/workload.h"
#include "kinds/check.h"
#include "kinds/podspec/podspec.h"
#include "kinds/strategies.h"
#include <stdlib.h>

#define GENERATION "deprecated.daemonset.template.generation"

static const struct workload_words words = {
	.empty = "empty selector is invalid for daemonset",
	.deadline = "activeDeadlineSeconds in DaemonSet is not Supported",
};

static int64_t template_generation(const js *o)
{
	return strtoll(js_str0(o, "metadata", "annotations", GENERATION, NULL), NULL, 10);
}

static void daemonset_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	int64_t n = template_generation(old ? old : new);

	if (!strcmp(ctx->subresource, "status"))
		return;
	podspec_drop_of_template(new, old);
	if (old)
		n += !js_equal(js_get(new, "spec", "template", NULL), js_get(old, "spec", "template", NULL));
	autofree char *text = mem_printf("%lld", (long long)(n < 1 ? 1 : n));
	js_set_str(js_ensure(new, "metadata", "annotations", NULL), GENERATION, text);
	if (old)
		return;
	static const char *const counts[] = {"currentNumberScheduled", "numberMisscheduled",
					     "desiredNumberScheduled", "numberReady"};
	js *status = js_new_obj();
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		js_set_int(status, counts[i], 0);
	js_set(new, "status", status);
}

static void validate_rolling(const js *rolling, struct field_errors *errs)
{
	static const char unavailable_path[] = "spec.updateStrategy.rollingUpdate.maxUnavailable",
			  surge_path[] = "spec.updateStrategy.rollingUpdate.maxSurge";
	js *unavailable = js_field(rolling, "maxUnavailable"), *surge = js_field(rolling, "maxSurge");

	check_share(unavailable, unavailable_path, errs);
	check_share(surge, surge_path, errs);
	errs->look = '3';
	check_share_of_all(unavailable, unavailable_path, errs);
	check_share_of_all(surge, surge_path, errs);
	if (check_share_value(unavailable) && check_share_value(surge))
		field_error_invalid(errs, surge_path, surge,
				    "may not be set when maxUnavailable is non-zero");
	else if (!check_share_value(unavailable) && !check_share_value(surge))
		field_error_required(errs, unavailable_path, "cannot be 0 when maxSurge is 0");
	errs->look = 0;
}

static void daemonset_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			       struct field_errors *errs)
{
	static const char *const supported[] = {"RollingUpdate", "OnDelete", NULL};
	const js *strategy = js_obj(new, "spec", "updateStrategy", NULL);
	const char *type = js_str0(strategy, "type", NULL);

	if (!strcmp(ctx->subresource, "status")) {
		workload_validate_collisions(new, old, errs);
		return;
	}
	workload_validate(new, &words, errs);
	if (!strcmp(type, "RollingUpdate"))
		validate_rolling(js_obj(strategy, "rollingUpdate", NULL), errs);
	else if (strcmp(type, "OnDelete"))
		rolling_unknown(strategy, "spec.updateStrategy", rolling_of_deployments, supported, errs);
}

const struct strategy daemonset_strategy = {
	.group = "apps",
	.kind = "DaemonSet",
	.prepare = daemonset_prepare,
	.default_more = workload_default,
	.warn = workload_warn_template,
	.validate = daemonset_validate,
};
