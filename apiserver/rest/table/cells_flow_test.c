/* SPDX-License-Identifier: Apache-2.0 */
/* What `kubectl get` shows of FlowSchemas, PriorityLevelConfigurations and APIServices. */
#include "rest/table/cells_rig_test.h"

#define FLOW "flowcontrol.apiserver.k8s.io"
#define SERVICE "apiregistration.k8s.io", "APIService"
#define AVAILABLE(more) "'status':{'conditions':[{'type':'Available'" more "}]}"

static const struct cells_case rows[] = {
	{FLOW, "FlowSchema",
	 "{" META ",'spec':{'priorityLevelConfiguration':{'name':'l'},'matchingPrecedence':7}}",
	 "'x','l',7,'<none>','4m5s','?'"},
	{FLOW, "FlowSchema",
	 "{" META
	 ",'spec':{'priorityLevelConfiguration':{'name':'l'},'matchingPrecedence':7,'distinguisherMethod':{'type':"
	 "'ByUser'}},'status':{'conditions':[{'type':'Dangling','status':'False'}]}}",
	 "'x','l',7,'ByUser','4m5s','False'"},
	{FLOW, "PriorityLevelConfiguration", "{" META ",'spec':{'type':'Exempt','exempt':{}}}",
	 "'x','Exempt','<none>','<none>','<none>','<none>','4m5s'"},
	{FLOW, "PriorityLevelConfiguration",
	 "{" META
	 ",'spec':{'type':'Limited','limited':{'nominalConcurrencyShares':5,'limitResponse':{'type':'Queue','queuing':"
	 "{'queues':64,'handSize':8,'queueLengthLimit':50}}}}}",
	 "'x','Limited',5,64,8,50,'4m5s'"},
	{SERVICE, "{" META "," AVAILABLE(",'status':'True','reason':'Local'") "}",
	 "'x','Local','True','4m5s'"},
	{SERVICE,
	 "{" META ",'spec':{'service':{'namespace':'n','name':'s'}}," AVAILABLE(
		 ",'status':'False','reason':'MissingEndpoints'") "}",
	 "'x','n/s','False (MissingEndpoints)','4m5s'"},
	{SERVICE, "{" META "," AVAILABLE(",'status':'False'") "}", "'x','Local','False','4m5s'"},
	{SERVICE, "{" META "}", "'x','Local','Unknown','4m5s'"},
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
