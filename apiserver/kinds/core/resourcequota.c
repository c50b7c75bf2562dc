/* SPDX-License-Identifier: Apache-2.0 */
/* ResourceQuotas (kubernetes/kubernetes pkg/registry/core/resourcequota, pkg/apis/core/validation and helper). */
#include "base/unique.h"
#include "kinds/check.h"
#include "kinds/podspec/podspec.h"
#include "kinds/strategies.h"

#define EXPRESSIONS "spec.scopeSelector.matchExpressions"

/* Which resources a scope can be applied to, of those that quotas know by themselves. */
enum { PODS = 1, COMPUTE = 2, CLAIMS = 4, OTHERS = 8 };
static const struct {
	const char *name;
	unsigned resources;
	bool exists; /* has no values to compare */
} scopes[] = {
	{"Terminating", PODS | COMPUTE, true},
	{"NotTerminating", PODS | COMPUTE, true},
	{"BestEffort", PODS, true},
	{"NotBestEffort", PODS | COMPUTE, true},
	{"PriorityClass", PODS | COMPUTE, false},
	{"CrossNamespacePodAffinity", PODS | COMPUTE, true},
	{"VolumeAttributesClass", CLAIMS, false},
};
static const struct {
	const char *name;
	unsigned sort;
} known[] = {
	{"cpu", COMPUTE},
	{"memory", COMPUTE},
	{"ephemeral-storage", OTHERS},
	{"requests.cpu", COMPUTE},
	{"requests.memory", COMPUTE},
	{"requests.storage", CLAIMS},
	{"limits.cpu", COMPUTE},
	{"limits.memory", COMPUTE},
	{"requests.ephemeral-storage", OTHERS},
	{"pods", PODS},
	{"resourcequotas", OTHERS},
	{"limits.ephemeral-storage", OTHERS},
	{"services", OTHERS},
	{"secrets", OTHERS},
	{"replicationcontrollers", OTHERS},
	{"configmaps", OTHERS},
	{"services.nodeports", OTHERS},
	{"persistentvolumeclaims", CLAIMS},
	{"services.loadbalancers", OTHERS},
};

static unsigned sort_of(const char *resource)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!strcmp(known[i].name, resource))
			return known[i].sort;
	return !strncmp(resource, "hugepages-", 10) || !strncmp(resource, "requests.hugepages-", 19) ? OTHERS
												     : 0;
}

static size_t scope_of(const char *name)
{
	size_t i = 0;

	while (i < ARRAY_LEN(scopes) && strcmp(scopes[i].name, name))
		i++;
	return i;
}

static void resourcequota_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	if (!old)
		js_set(new, "status", js_new_obj());
}

/* ---- amounts ---- */

static void check_amounts(const js *list, const char *base, struct field_errors *errs)
{
	for (struct js_iter it = js_iter(list); js_next(&it);) {
		const char *path = PATH("%s[%s]", base, it.key);
		podspec_validate_resource(it.key, path, errs);
		if (!strchr(it.key, '/') && !sort_of(it.key))
			field_error_invalid_str(errs, path, it.key, "must be a standard resource for quota");
		check_resource_quantity(it.key, js_str0(it.value, NULL), path, errs);
	}
}

/* ---- scopes ---- */

/* Each fault shows the whole list: more of them than are kept are not made. */
static bool enough(const struct field_errors *errs)
{
	return errs->n >= FIELD_ERRORS_MAX;
}

/* Each resource of the quota to which the scope does not apply is told of, in the order of names upstream. */
static void check_scope(const js *hard, const char *scope, const char *path, const js *shown,
			struct field_errors *errs)
{
	size_t s = scope_of(scope);

	for (struct js_iter it = js_iter(hard); s < ARRAY_LEN(scopes) && !enough(errs) && js_next(&it);)
		if (sort_of(it.key) && !(sort_of(it.key) & scopes[s].resources))
			field_error_invalid(errs, path, shown, "unsupported scope applied to resource");
}

static void check_pairs(const struct unique *seen, const char *path, const js *shown,
			struct field_errors *errs)
{
	static const char *const pairs[][2] = {{"BestEffort", "NotBestEffort"},
					       {"Terminating", "NotTerminating"}};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if (unique_has(seen, pairs[i][0]) && unique_has(seen, pairs[i][1]))
			field_error_invalid(errs, path, shown, "conflicting scopes");
}

static void check_scopes(const js *spec, struct field_errors *errs)
{
	static const char path[] = "spec.scopes";
	const js *list = js_arr(spec, "scopes", NULL);
	autounique struct unique seen = {.n = 0};

	js_array_for_each (s, list) {
		const char *scope = js_str0(s, NULL);
		if (scope_of(scope) == ARRAY_LEN(scopes) && !enough(errs))
			field_error_invalid(errs, path, list, "unsupported scope");
		if (!unique_seen(&seen, scope))
			check_scope(js_obj(spec, "hard", NULL), scope, path, list, errs);
	}
	check_pairs(&seen, path, list, errs);
}

/* ---- the selector: upstream's paths know no index ---- */

static void check_operator(const js *e, size_t scope, struct field_errors *errs)
{
	const char *op = js_str0(e, "operator", NULL);
	const js *values = js_arr(e, "values", NULL);

	if (scope < ARRAY_LEN(scopes) && scopes[scope].exists && strcmp(op, "Exists"))
		field_error_invalid_str(
			errs, EXPRESSIONS ".operator", op,
			"must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity");
	if (!strcmp(op, "In") || !strcmp(op, "NotIn")) {
		if (!js_len(values))
			field_error_required(
				errs, EXPRESSIONS ".values",
				"must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
	} else if (!strcmp(op, "Exists") || !strcmp(op, "DoesNotExist")) {
		if (js_len(values))
			field_error_invalid(
				errs, EXPRESSIONS ".values", values,
				"must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
	} else {
		field_error_invalid_str(errs, EXPRESSIONS ".operator", op, "not a valid selector operator");
	}
}

static void check_selector(const js *spec, struct field_errors *errs)
{
	const js *selector = js_obj(spec, "scopeSelector", NULL);
	autounique struct unique seen = {.n = 0};

	js_array_for_each (e, js_arr(selector, "matchExpressions", NULL)) {
		const char *scope = js_str0(e, "scopeName", NULL);
		if (scope_of(scope) == ARRAY_LEN(scopes))
			field_error_invalid_str(errs, EXPRESSIONS ".scopeName", scope, "unsupported scope");
		if (!unique_seen(&seen, scope))
			check_scope(js_obj(spec, "hard", NULL), scope, EXPRESSIONS, selector, errs);
		check_operator(e, scope_of(scope), errs);
	}
	check_pairs(&seen, EXPRESSIONS, js_arr(spec, "scopes", NULL), errs);
}

/* ---- the whole ---- */

static bool same_set(const js *a, const js *b)
{
	autounique struct unique in_a = {.n = 0}, in_b = {.n = 0};

	js_array_for_each (s, a)
		unique_seen(&in_a, js_str0(s, NULL));
	js_array_for_each (s, b) {
		unique_seen(&in_b, js_str0(s, NULL));
		if (!unique_has(&in_a, js_str0(s, NULL)))
			return false;
	}
	js_array_for_each (s, a)
		if (!unique_has(&in_b, js_str0(s, NULL)))
			return false;
	return true;
}

static void resourcequota_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				   struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL);
	const js *is = js_arr(spec, "scopes", NULL), *was = js_arr(old, "spec", "scopes", NULL);

	if (!strcmp(ctx->subresource, "status")) {
		check_amounts(js_obj(new, "status", "hard", NULL), "status.hard", errs);
		check_amounts(js_obj(new, "status", "used", NULL), "status.used", errs);
		return;
	}
	check_amounts(js_obj(spec, "hard", NULL), "spec.hard", errs);
	check_scopes(spec, errs);
	check_selector(spec, errs);
	if (old && !same_set(is, was))
		field_error_invalid(errs, "spec.scopes", is, "field is immutable");
}

const struct strategy resourcequota_strategy = {
	.group = "",
	.kind = "ResourceQuota",
	.flags = STRATEGY_RETURNS_DELETED,
	.prepare = resourcequota_prepare,
	.validate = resourcequota_validate,
};
