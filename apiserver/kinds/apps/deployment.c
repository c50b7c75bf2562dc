/* SPDX-License-Identifier: Apache-2.0 */
/* Deployments (kubernetes/kubernetes pkg/registry/apps/deployment, pkg/apis/apps/validation). */
#include "kinds/apps/rolling.h"
#include "kinds/apps/workload.h"
#include "kinds/check.h"
#include "kinds/podspec/podspec.h"
#include "kinds/strategies.h"

static void deployment_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	podspec_drop_of_template(new, old);
	if (!old)
		js_set(new, "status", js_new_obj());
	else if (!strcmp(ctx->subresource, "status"))
		strategy_carry(js_obj(new, "metadata", NULL), js_obj(old, "metadata", NULL), "labels");
}

static void validate_rolling(const js *rolling, struct field_errors *errs)
{
	js *unavailable = js_field(rolling, "maxUnavailable"), *surge = js_field(rolling, "maxSurge");

	check_share(unavailable, "spec.strategy.rollingUpdate.maxUnavailable", errs);
	check_share(surge, "spec.strategy.rollingUpdate.maxSurge", errs);
	errs->look = '3';
	if (check_share_value(unavailable) == 0 && check_share_value(surge) == 0)
		field_error_invalid(errs, "spec.strategy.rollingUpdate.maxUnavailable", unavailable,
				    "may not be 0 when `maxSurge` is 0");
	check_share_of_all(unavailable, "spec.strategy.rollingUpdate.maxUnavailable", errs);
	errs->look = 0;
}

static void validate_strategy(const js *strategy, struct field_errors *errs)
{
	const js *rolling = js_obj(strategy, "rollingUpdate", NULL);
	const char *type = js_str0(strategy, "type", NULL);
	static const char *const supported[] = {"Recreate", "RollingUpdate", NULL};

	if (!strcmp(type, "RollingUpdate"))
		validate_rolling(rolling, errs);
	else if (strcmp(type, "Recreate"))
		rolling_unknown(strategy, "spec.strategy", rolling_of_deployments, supported, errs);
	else if (rolling)
		field_error_forbidden(errs, "spec.strategy.rollingUpdate",
				      "may not be specified when strategy `type` is 'Recreate'");
}

static void validate_status(const js *new, const js *old, struct field_errors *errs)
{
	workload_validate_status(new, "updatedReplicas", errs);
	workload_validate_collisions(new, old, errs);
}

static void deployment_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				struct field_errors *errs)
{
	const js *deadline = js_get(new, "spec", "progressDeadlineSeconds", NULL);

	if (!strcmp(ctx->subresource, "status")) {
		validate_status(new, old, errs);
		return;
	}
	workload_validate(new, &workload_of_deployments, errs);
	validate_strategy(js_obj(new, "spec", "strategy", NULL), errs);
	if (deadline && json_object_get_int64(deadline) <= js_int(new, 0, "spec", "minReadySeconds", NULL))
		field_error_invalid(errs, "spec.progressDeadlineSeconds", deadline,
				    "must be greater than minReadySeconds");
}

const struct strategy deployment_strategy = {
	.group = "apps",
	.kind = "Deployment",
	.flags = STRATEGY_ANNOTATIONS_COUNT,
	.prepare = deployment_prepare,
	.default_more = workload_default,
	.warn = workload_warn,
	.validate = deployment_validate,
};
