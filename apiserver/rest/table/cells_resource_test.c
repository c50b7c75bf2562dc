/* SPDX-License-Identifier: Apache-2.0 */
/* What `kubectl get -o wide` shows of the kinds of resource.k8s.io. */
#include "rest/table/cells_rig_test.h"

#define OF(kind) "resource.k8s.io", kind
#define DELETED                                                                                              \
	"'metadata':{'name':'x','creationTimestamp':'2026-01-02T03:00:00Z','deletionTimestamp':'2026-01-02T03:04:00Z'}"
static const struct cells_case rows[] = {
	{OF("DeviceClass"), "{" META "}", "'x','4m5s'"},
	{OF("ResourceClaimTemplate"), "{" META "}", "'x','4m5s'"},
	{OF("ResourceClaim"), "{" META "}", "'x','pending','4m5s'"},
	{OF("ResourceClaim"), "{" META ",'status':{'allocation':{}}}", "'x','allocated','4m5s'"},
	{OF("ResourceClaim"), "{" META ",'status':{'allocation':{},'reservedFor':[{}]}}",
	 "'x','allocated,reserved','4m5s'"},
	{OF("ResourceClaim"), "{" DELETED "}", "'x','deleted','4m5s'"},
	{OF("ResourceClaim"), "{" DELETED ",'status':{'allocation':{}}}", "'x','deleted,allocated','4m5s'"},
	{OF("ResourceSlice"), "{" META ",'spec':{'nodeName':'n','driver':'d','pool':{'name':'p'}}}",
	 "'x','n','d','p','4m5s'"},
	{OF("ResourceSlice"), "{" META ",'spec':{'allNodes':true,'driver':'d','pool':{'name':'p'}}}",
	 "'x','','d','p','4m5s'"},
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
