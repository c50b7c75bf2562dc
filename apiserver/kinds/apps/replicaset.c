/* SPDX-License-Identifier: Apache-2.0 */
/* ReplicaSets (kubernetes/kubernetes pkg/registry/apps/replicaset, pkg/apis/apps/validation). */
#include "kinds/strategies.h"
#include "kinds/apps/workload.h"

static void replicaset_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	if (old)
		return;
	js *status = js_new_obj();
	js_set_int(status, "replicas", 0);
	js_set(new, "status", status);
}

static void validate_status(const js *new, struct field_errors *errs)
{
	static const struct {
		const char *less, *more, *detail;
	} rules[] = {
		{"fullyLabeledReplicas", "replicas", "cannot be greater than status.replicas"},
		{"readyReplicas", "replicas", "cannot be greater than status.replicas"},
		{"availableReplicas", "replicas", "cannot be greater than status.replicas"},
		{"availableReplicas", "readyReplicas", "cannot be greater than readyReplicas"},
	};
	const js *s = js_obj(new, "status", NULL);

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (js_int(s, 0, rules[i].less, NULL) > js_int(s, 0, rules[i].more, NULL))
			field_error_invalid(errs, PATH("status.%s", rules[i].less),
					    js_field(s, rules[i].less), rules[i].detail);
}

static void replicaset_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				struct field_errors *errs)
{
	if (!strcmp(ctx->subresource, "status"))
		validate_status(new, errs);
	else
		workload_validate(new, "deployment", errs);
}

const struct strategy replicaset_strategy = {
	.group = "apps",
	.kind = "ReplicaSet",
	.prepare = replicaset_prepare,
	.default_more = workload_default,
	.validate = replicaset_validate,
};
