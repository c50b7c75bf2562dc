/* SPDX-License-Identifier: Apache-2.0 */
/* What roles and their bindings are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define GROUP "rbac.authorization.k8s.io"
#define ROLE(rules) GROUP, "Role", "", "{'metadata':{'name':'a'},'rules':[" rules "]}", NULL
#define CLUSTERROLE(more) GROUP, "ClusterRole", "", "{'metadata':{'name':'system:a'}" more "}", NULL
#define REF(kind, name) "'roleRef':{'kind':'" kind "','name':'" name "'}"
#define BINDING(more) GROUP, "RoleBinding", "", "{'metadata':{'name':'a'}," more "}"
#define CLUSTERBINDING(more) GROUP, "ClusterRoleBinding", "", "{'metadata':{'name':'a'}," more "}"
#define SUBJECT(text) ",'subjects':[{" text "}]"

static void roles(void **state)
{
	static const struct causes_update rows[] = {
		{ROLE("{'verbs':['get'],'apiGroups':[''],'resources':['pods']}"), ""},
		{ROLE("{}"),
		 "rules[0].apiGroups: Required value: resource rules must supply at least one api group\n"
		 "rules[0].resources: Required value: resource rules must supply at least one resource\n"
		 "rules[0].verbs: Required value: verbs must contain at least one value\n"},
		{ROLE("{'verbs':['get'],'nonResourceURLs':['/a'],'resources':['b']}"),
		 "rules[0].nonResourceURLs: Invalid value: [\"/a\"]: namespaced rules cannot apply to non-resource URLs\n"
		 "rules[0].nonResourceURLs: Invalid value: [\"/a\"]: rules cannot apply to both regular resources and non-resource URLs\n"},
		{CLUSTERROLE(""), ""},
		{CLUSTERROLE(",'rules':[{'verbs':['get'],'nonResourceURLs':['/a']}]"), ""},
		{CLUSTERROLE(",'aggregationRule':{'clusterRoleSelectors':[{'matchLabels':{'a':'b'}}]}"), ""},
		{CLUSTERROLE(",'aggregationRule':{}"),
		 "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if "
		 "aggregationRule is non-nil\n"},
		{CLUSTERROLE(
			 ",'aggregationRule':{'clusterRoleSelectors':[{},{'matchExpressions':[{'key':'a','operator':'In'}]}]}"),
		 "aggregationRule.clusterRoleSelectors[1].matchExpressions[0].values: Required value: must be specified when "
		 "`operator` is 'In' or 'NotIn'\n"
		 "aggregationRule.clusterRoleSelectors[1]: Invalid value: null: invalid label selector.\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

static void bindings(void **state)
{
	static const struct causes_update rows[] = {
		{BINDING(REF("Role", "r")), NULL, ""},
		{BINDING(REF("ClusterRole", "system:r")), NULL, ""},
		{BINDING("'roleRef':{'apiGroup':'x','kind':'y','name':'a/b'}"), NULL,
		 "roleRef.apiGroup: Unsupported value: \"x\": supported values: \"rbac.authorization.k8s.io\"\n"
		 "roleRef.kind: Unsupported value: \"y\": supported values: \"Role\", \"ClusterRole\"\n"
		 "roleRef.name: Invalid value: \"a/b\": may not contain '/'\n"},
		{BINDING("'x':1"), NULL,
		 "roleRef.kind: Unsupported value: \"\": supported values: \"Role\", \"ClusterRole\"\n"
		 "roleRef.name: Required value\n"},
		{CLUSTERBINDING(REF("Role", "r")), NULL,
		 "roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\"\n"},
		{BINDING(REF("Role", "r") SUBJECT("'kind':'User','name':'A b'")), NULL, ""},
		{BINDING(REF("Role", "r") SUBJECT("'kind':'Group','apiGroup':'x'")), NULL,
		 "subjects[0].apiGroup: Unsupported value: \"x\": supported values: \"rbac.authorization.k8s.io\"\n"
		 "subjects[0].name: Required value\n"},
		{BINDING(REF("Role", "r") SUBJECT("'kind':'x','name':'a'")), NULL,
		 "subjects[0].kind: Unsupported value: \"x\": supported values: \"ServiceAccount\", \"User\", \"Group\"\n"},
		{BINDING(REF("Role", "r") SUBJECT("'kind':'ServiceAccount','name':'a'")), NULL, ""},
		{CLUSTERBINDING(REF("ClusterRole", "r")
					SUBJECT("'kind':'ServiceAccount','name':'A_','apiGroup':'x'")),
		 NULL,
		 "subjects[0].apiGroup: Unsupported value: \"x\": supported values: \"\"\n"
		 "subjects[0].name: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist …\n"
		 "subjects[0].namespace: Required value\n"},
		{BINDING(REF("Role", "r")), "{" REF("Role", "r") "}", ""},
		{BINDING(REF("Role", "r")), "{" REF("Role", "q") "}",
		 "roleRef: Invalid value: {\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"Role\",\"Name\":\"r\"}: cannot "
		 "change roleRef\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

static void defaults(void **state)
{
	const struct kind *k = schema_kind(causes_schema, GROUP, "v1", "RoleBinding");
	autojson js *o = causes_decode(
		k,
		JSON("{'subjects':[{'kind':'User'},{'kind':'Group'},{'kind':'ServiceAccount'},{'kind':'Group','apiGroup':'x'}]}"));
	static const char *const groups[] = {GROUP, GROUP, "", "x"};
	assert_string_equal(js_str0(o, "roleRef", "apiGroup", NULL), GROUP);
	js_array_for_each (s, js_arr(o, "subjects", NULL))
		assert_string_equal(js_str0(s, "apiGroup", NULL), groups[s_i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(roles), cmocka_unit_test(bindings),
					   cmocka_unit_test(defaults)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
