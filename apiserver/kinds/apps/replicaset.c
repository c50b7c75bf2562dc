/* SPDX-License-Identifier: Apache-2.0 */
/* ReplicaSets (kubernetes/kubernetes pkg/registry/apps/replicaset, pkg/apis/apps/validation). */
#include "kinds/podspec/podspec.h"
#include "kinds/strategies.h"
#include "kinds/apps/workload.h"

static void replicaset_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	podspec_drop_of_template(new, old);
	if (old)
		return;
	js *status = js_new_obj();
	js_set_int(status, "replicas", 0);
	js_set(new, "status", status);
}

static void replicaset_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				struct field_errors *errs)
{
	if (!strcmp(ctx->subresource, "status"))
		workload_validate_status(new, "fullyLabeledReplicas", errs);
	else
		workload_validate(new, &workload_of_deployments, errs);
}

const struct strategy replicaset_strategy = {
	.group = "apps",
	.kind = "ReplicaSet",
	.prepare = replicaset_prepare,
	.default_more = workload_default,
	.warn = workload_warn,
	.validate = replicaset_validate,
};
