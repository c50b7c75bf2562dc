/* SPDX-License-Identifier: Apache-2.0 */
/* RoleBindings and ClusterRoleBindings (kubernetes/kubernetes pkg/apis/rbac/validation, pkg/registry/rbac). */
#include "kinds/strategies.h"
#include "object/name.h"

#define GROUP "rbac.authorization.k8s.io"

static bool is(const char *s, const char *const *of)
{
	while (*of && strcmp(*of, s))
		of++;
	return *of;
}

/* Reported unless it is one of them. */
static void must_be(const js *o, const char *key, const char *const *of, const char *path,
		    struct field_errors *errs)
{
	const char *s = js_str0(o, key, NULL);

	if (!is(s, of))
		field_error_not_supported(errs, PATH("%s.%s", path, key), s, of);
}

static const char *const own_group[] = {GROUP, NULL};

static void validate_account(const js *subject, bool namespaced, const char *path, struct field_errors *errs)
{
	static const char *const core_group[] = {"", NULL};
	const char *name = js_str0(subject, "name", NULL);
	struct name_faults wrong;

	if (*name && name_check_dns1123_subdomain(name, &wrong))
		field_error_names(errs, PATH("%s.name", path), name, &wrong);
	must_be(subject, "apiGroup", core_group, path, errs);
	if (!namespaced && !*js_str0(subject, "namespace", NULL))
		field_error_required(errs, PATH("%s.namespace", path), "");
}

static void validate_subjects(const js *o, bool namespaced, struct field_errors *errs)
{
	static const char *const kinds[] = {"ServiceAccount", "User", "Group", NULL};

	js_array_for_each (subject, js_arr(o, "subjects", NULL)) {
		const char *path = PATH("subjects[%zu]", subject_i), *kind = js_str0(subject, "kind", NULL);
		if (!strcmp(kind, "ServiceAccount"))
			validate_account(subject, namespaced, path, errs);
		else if (is(kind, kinds))
			must_be(subject, "apiGroup", own_group, path, errs);
		else
			must_be(subject, "kind", kinds, path, errs);
	}
}

/* Shown as upstream's internal struct. */
static void changed_role(const js *role, struct field_errors *errs)
{
	static const char *const names[][2] = {{"APIGroup", "apiGroup"}, {"Kind", "kind"}, {"Name", "name"}};
	autojson js *shown = js_new_obj();

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		js_set_str(shown, names[i][0], js_str0(role, names[i][1], NULL));
	errs->look = '3';
	field_error_invalid(errs, "roleRef", shown, "cannot change roleRef");
	errs->look = 0;
}

static void validate_binding(const js *new, const js *old, bool namespaced, struct field_errors *errs)
{
	static const char *const kinds[] = {"Role", "ClusterRole", NULL};
	const js *role = js_obj(new, "roleRef", NULL);

	must_be(role, "apiGroup", own_group, "roleRef", errs);
	must_be(role, "kind", namespaced ? kinds : kinds + 1, "roleRef", errs);
	validate_subjects(new, namespaced, errs);
	if (old && !js_equal(role, js_obj(old, "roleRef", NULL)))
		changed_role(role, errs);
}

static void rolebinding_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				 struct field_errors *errs)
{
	validate_binding(new, old, true, errs);
}

static void clusterrolebinding_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
					struct field_errors *errs)
{
	validate_binding(new, old, false, errs);
}

const struct strategy rolebinding_strategy = {
	.group = GROUP,
	.kind = "RoleBinding",
	.flags = STRATEGY_CREATE_ON_UPDATE,
	.validate = rolebinding_validate,
};

const struct strategy clusterrolebinding_strategy = {
	.group = GROUP,
	.kind = "ClusterRoleBinding",
	.flags = STRATEGY_CREATE_ON_UPDATE,
	.validate = clusterrolebinding_validate,
};
