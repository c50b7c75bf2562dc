/* SPDX-License-Identifier: Apache-2.0 */
/* What `kubectl get -o wide` shows of roles and their bindings. */
#include "rest/table/cells_rig_test.h"

#define GROUP "rbac.authorization.k8s.io"

static const struct cells_case rows[] = {
	{GROUP, "Role", "{" META "}", "'x','2026-01-02T03:00:00Z'"},
	{GROUP, "ClusterRole", "{" META "}", "'x','2026-01-02T03:00:00Z'"},
	{GROUP, "RoleBinding",
	 "{" META
	 ",'roleRef':{'kind':'Role','name':'r'},'subjects':[{'kind':'User','name':'u'},{'kind':'Group','name':'g'},"
	 "{'kind':'User','name':'v'},{'kind':'ServiceAccount','name':'s','namespace':'n'}]}",
	 "'x','Role/r','4m5s','u, v','g','n/s'"},
	{GROUP, "ClusterRoleBinding", "{" META ",'roleRef':{'kind':'ClusterRole','name':'r'}}",
	 "'x','ClusterRole/r','4m5s','','',''"},
};

static void test_rows(void **state)
{
	cells_check(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
	return cmocka_run_group_tests(tests, cells_load, cells_unload);
}
