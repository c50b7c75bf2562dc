/* SPDX-License-Identifier: Apache-2.0 */
/* Deployments (kubernetes/kubernetes pkg/registry/apps/deployment, pkg/apis/apps/validation). */
#include "kinds/apps/workload.h"
#include "kinds/check.h"
#include "kinds/strategies.h"

static void deployment_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
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
	if (check_share_value(unavailable) == 0 && check_share_value(surge) == 0)
		field_error_invalid(errs, "spec.strategy.rollingUpdate.maxUnavailable", unavailable,
				    "may not be 0 when `maxSurge` is 0");
	check_share_of_all(unavailable, "spec.strategy.rollingUpdate.maxUnavailable", errs);
}

/* Upstream names all of the strategy, and shows it as its internal struct. */
static void unknown_strategy(const char *type, const js *rolling, struct field_errors *errs)
{
	static const char *const names[][2] = {{"MaxUnavailable", "maxUnavailable"},
					       {"MaxSurge", "maxSurge"}};
	autojson js *shown = js_new_obj();
	autobuf struct buf b = BUF_INIT;

	js_set_str(shown, "Type", type);
	js_set(shown, "RollingUpdate", rolling ? js_new_obj() : NULL);
	for (size_t i = 0; rolling && i < ARRAY_LEN(names); i++) {
		const js *v = js_field(rolling, names[i][1]);
		js_set(js_obj(shown, "RollingUpdate", NULL), names[i][0], v ? js_dup(v) : js_new_int(0));
	}
	buf_adds(&b, "Unsupported value: ");
	js_write(&b, shown);
	buf_adds(&b, ": supported values: \"Recreate\", \"RollingUpdate\"");
	field_errors_drop(errs, "spec.strategy.type");
	field_errors_add(errs, "FieldValueNotSupported", mem_strdup("spec.strategy"), buf_take(&b, NULL));
}

static void validate_strategy(const js *strategy, struct field_errors *errs)
{
	const js *rolling = js_obj(strategy, "rollingUpdate", NULL);
	const char *type = js_str0(strategy, "type", NULL);

	if (!strcmp(type, "RollingUpdate"))
		validate_rolling(rolling, errs);
	else if (strcmp(type, "Recreate"))
		unknown_strategy(type, rolling, errs);
	else if (rolling)
		field_error_forbidden(errs, "spec.strategy.rollingUpdate",
				      "may not be specified when strategy `type` is 'Recreate'");
}

static void validate_status(const js *new, const js *old, struct field_errors *errs)
{
	const js *s = js_obj(new, "status", NULL);

	workload_validate_status(new, "updatedReplicas", errs);
	if (js_int(s, 0, "collisionCount", NULL) < js_int(old, 0, "status", "collisionCount", NULL))
		field_error_invalid(errs, "status.collisionCount", js_field(s, "collisionCount"),
				    "cannot be decremented");
}

static void deployment_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				struct field_errors *errs)
{
	const js *deadline = js_get(new, "spec", "progressDeadlineSeconds", NULL);

	if (!strcmp(ctx->subresource, "status")) {
		validate_status(new, old, errs);
		return;
	}
	workload_validate(new, "deployment", errs);
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
