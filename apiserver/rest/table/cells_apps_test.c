/* SPDX-License-Identifier: Apache-2.0 */
/* What `kubectl get -o wide` shows of the kinds of the apps group. */
#include "rest/table/cells_rig_test.h"

static const struct cells_case rows[] = {
	{"apps", "Deployment",
	 "{" META
	 ",'spec':{'replicas':3,'selector':{'matchLabels':{'app':'w'},'matchExpressions':[{'key':'k','operator':'In','values':["
	 "'b','a']}]},'template':{'spec':{'containers':[{'name':'c','image':'i:1'},{'name':'d','image':'j'}]}}},'status':{'readyReplicas':"
	 "2,'updatedReplicas':1}}",
	 "'x','2/3',1,0,'4m5s','c,d','i:1,j','app=w,k in (a,b)'"},
	{"apps", "ReplicaSet",
	 "{" META
	 ",'spec':{'replicas':3,'selector':{'matchLabels':{'app':'w'}},'template':{'spec':{'containers':[{'name':'c','image':'i'}]}"
	 "}},'status':{'replicas':2}}",
	 "'x',3,2,0,'4m5s','c','i','app=w'"},
	{"apps", "ControllerRevision",
	 "{'metadata':{'name':'x','creationTimestamp':'2026-01-02T03:04:05Z','ownerReferences':[{'apiVersion':'apps/v1','kind':"
	 "'StatefulSet','name':'s','uid':'u','controller':true}]},'revision':4}",
	 "'x','statefulset.apps/s',4,'0s'"},
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
