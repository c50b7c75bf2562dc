/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disruption budgets (kubernetes/kubernetes pkg/registry/policy/poddisruptionbudget, pkg/apis/policy). The two versions
 * differ in what an empty selector means; each is written in the other as a requirement on a label that nobody has, so that
 * neither loses what it says.
 */
#include "kinds/check.h"
#include "kinds/strategies.h"

#define NOBODYS_LABEL "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match"

/* ---- selectors of two versions ---- */

static bool is_empty(const js *selector)
{
	return selector && !js_len(js_field(selector, "matchLabels")) &&
	       !js_len(js_field(selector, "matchExpressions"));
}

static bool asks_only(const js *selector, const char *op)
{
	const js *e = js_at(js_arr(selector, "matchExpressions", NULL), 0);

	return js_len(js_arr(selector, "matchExpressions", NULL)) == 1 &&
	       !js_len(js_field(selector, "matchLabels")) &&
	       !strcmp(js_str0(e, "key", NULL), NOBODYS_LABEL) && !strcmp(js_str0(e, "operator", NULL), op) &&
	       !js_len(js_arr(e, "values", NULL));
}

static js *ask(const char *op)
{
	js *selector = js_new_obj(), *e = js_new_obj();

	js_set_str(e, "key", NOBODYS_LABEL);
	js_set_str(e, "operator", op);
	js_push(js_ensure_arr(selector, "matchExpressions"), e);
	return selector;
}

/* In no other company does that label mean anything. */
static void strip(js *selector)
{
	js *list = js_arr(selector, "matchExpressions", NULL);

	for (size_t i = js_len(list); i--;)
		if (!strcmp(js_str0(js_at(list, i), "key", NULL), NOBODYS_LABEL))
			js_del_at(list, i);
	if (list && !js_len(list))
		js_del(selector, "matchExpressions");
}

static js *budget_convert(const struct kind *from, const struct kind *to, const js *o)
{
	js *out = schema_convert(from, to, o), *spec = js_obj(out, "spec", NULL);
	js *selector = js_obj(spec, "selector", NULL);
	bool to_stored = to == to->storage_kind;

	if (is_empty(selector))
		js_set(spec, "selector", ask(to_stored ? "Exists" : "DoesNotExist"));
	else if (asks_only(selector, to_stored ? "DoesNotExist" : "Exists"))
		js_set(spec, "selector", js_new_obj());
	else if (to_stored)
		strip(selector);
	return out;
}

static void budget_default(js *o)
{
	js *selector = js_obj(o, "spec", "selector", NULL);

	if (selector && !asks_only(selector, "Exists"))
		strip(selector);
}

/* ---- the rules ---- */

static void budget_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	static const char *const numbers[] = {"disruptionsAllowed", "currentHealthy", "desiredHealthy",
					      "expectedPods"};
	if (old)
		return;
	js *status = js_new_obj();
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		js_set_int(status, numbers[i], 0);
	js_set(new, "status", status);
}

/* As upstream's internal struct reads. */
static void both_set(const js *spec, struct field_errors *errs)
{
	static const char *const names[][2] = {{"MinAvailable", "minAvailable"},
					       {"Selector", "selector"},
					       {"MaxUnavailable", "maxUnavailable"},
					       {"UnhealthyPodEvictionPolicy", "unhealthyPodEvictionPolicy"}};
	autojson js *shown = js_new_obj();

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const js *v = js_field(spec, names[i][1]);
		js_set(shown, names[i][0], v ? js_dup(v) : NULL);
	}
	field_error_invalid(errs, "spec", shown, "minAvailable and maxUnavailable cannot be both set");
}

static void validate_status(const struct strategy_ctx *ctx, const js *new, struct field_errors *errs)
{
	static const char *const numbers[] = {"disruptionsAllowed", "currentHealthy", "desiredHealthy",
					      "expectedPods"};

	check_conditions(js_arr(new, "status", "conditions", NULL), "status.conditions", errs);
	if (ctx->kind && ctx->kind != ctx->kind->storage_kind)
		return; /* nothing was asked of them in v1beta1 */
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		js *v = js_get(new, "status", numbers[i], NULL);
		if (js_is_int(v) && json_object_get_int64(v) < 0)
			field_error_invalid(errs, PATH("status.%s", numbers[i]), v,
					    "must be greater than or equal to 0");
	}
}

static void budget_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			    struct field_errors *errs)
{
	static const char *const shares[] = {"minAvailable", "maxUnavailable"};
	const js *spec = js_obj(new, "spec", NULL);

	if (!strcmp(ctx->subresource, "status")) {
		validate_status(ctx, new, errs);
		return;
	}
	if (js_field(spec, "minAvailable") && js_field(spec, "maxUnavailable"))
		both_set(spec, errs);
	for (size_t i = 0; i < ARRAY_LEN(shares); i++) {
		check_share(js_field(spec, shares[i]), PATH("spec.%s", shares[i]), errs);
		check_share_of_all(js_field(spec, shares[i]), PATH("spec.%s", shares[i]), errs);
	}
	check_label_selector(js_obj(spec, "selector", NULL), "spec.selector", errs);
}

const struct strategy poddisruptionbudget_strategy = {
	.group = "policy",
	.kind = "PodDisruptionBudget",
	.flags = STRATEGY_NEEDS_VERSION | STRATEGY_FREE_FINALIZERS,
	.prepare = budget_prepare,
	.default_more = budget_default,
	.validate = budget_validate,
	.convert = budget_convert,
};
