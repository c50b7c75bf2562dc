/* SPDX-License-Identifier: Apache-2.0 */
/* Roles and ClusterRoles (kubernetes/kubernetes pkg/apis/rbac/validation, pkg/registry/rbac). */
#include "kinds/check.h"
#include "kinds/strategies.h"
#include "object/labels.h"

#define GROUP "rbac.authorization.k8s.io"

static void validate_urls(const js *rule, bool namespaced, const char *path, struct field_errors *errs)
{
	static const char *const resources[] = {"apiGroups", "resources", "resourceNames"};
	const js *urls = js_arr(rule, "nonResourceURLs", NULL);
	bool both = false;

	for (size_t i = 0; i < ARRAY_LEN(resources); i++)
		both |= js_len(js_field(rule, resources[i])) > 0;
	path = PATH("%s.nonResourceURLs", path);
	if (namespaced)
		field_error_invalid(errs, path, urls, "namespaced rules cannot apply to non-resource URLs");
	if (both)
		field_error_invalid(errs, path, urls,
				    "rules cannot apply to both regular resources and non-resource URLs");
}

static void validate_rules(const js *o, bool namespaced, struct field_errors *errs)
{
	js_array_for_each (rule, js_arr(o, "rules", NULL)) {
		const char *path = PATH("rules[%zu]", rule_i);
		if (js_len(js_field(rule, "nonResourceURLs"))) {
			validate_urls(rule, namespaced, path, errs);
			continue;
		}
		if (!js_len(js_field(rule, "apiGroups")))
			field_error_required(errs, PATH("%s.apiGroups", path),
					     "resource rules must supply at least one api group");
		if (!js_len(js_field(rule, "resources")))
			field_error_required(errs, PATH("%s.resources", path),
					     "resource rules must supply at least one resource");
	}
}

static void role_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			  struct field_errors *errs)
{
	validate_rules(new, true, errs);
}

static void clusterrole_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				 struct field_errors *errs)
{
	validate_rules(new, false, errs);
	js_array_for_each (selector, js_arr(new, "aggregationRule", "clusterRoleSelectors", NULL)) {
		const char *path = PATH("aggregationRule.clusterRoleSelectors[%zu]", selector_i);
		struct err why = ERR_INIT;
		struct selector *s = selector_from_json(selector, &why);
		check_label_selector(selector, path, errs);
		if (!s)
			field_error_invalid(errs, path, NULL, "invalid label selector.");
		selector_free(s);
	}
}

const struct strategy role_strategy = {
	.group = GROUP,
	.kind = "Role",
	.flags = STRATEGY_CREATE_ON_UPDATE,
	.validate = role_validate,
};

const struct strategy clusterrole_strategy = {
	.group = GROUP,
	.kind = "ClusterRole",
	.flags = STRATEGY_CREATE_ON_UPDATE,
	.validate = clusterrole_validate,
};
