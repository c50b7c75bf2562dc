/* SPDX-License-Identifier: Apache-2.0 */
/* What `kubectl get` shows of disruption budgets, in both versions. */
#include "rest/table/cells_rig_test.h"

static const struct cells_case rows[] = {
	{"policy", "PodDisruptionBudget",
	 "{" META ",'spec':{'minAvailable':2},'status':{'disruptionsAllowed':1}}", "'x','2','N/A',1,'4m5s'"},
	{"policy", "PodDisruptionBudget", "{" META ",'spec':{'maxUnavailable':'20%'}}",
	 "'x','N/A','20%',0,'4m5s'"},
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
