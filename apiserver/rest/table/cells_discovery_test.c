/* SPDX-License-Identifier: Apache-2.0 */
/* What `kubectl get -o wide` shows of EndpointSlices. */
#include "rest/table/cells_rig_test.h"

static const struct cells_case rows[] = {
	{"discovery.k8s.io", "EndpointSlice",
	 "{" META
	 ",'addressType':'IPv4','endpoints':[{'addresses':['10.1.2.3','10.1.2.4']},{'addresses':['10.1.2.5']}],"
	 "'ports':[{'name':'a','port':80},{'name':'b'},{}]}",
	 "'x','IPv4','80,b,*','10.1.2.3,10.1.2.4,10.1.2.5','4m5s'"},
	{"discovery.k8s.io", "EndpointSlice",
	 "{" META
	 ",'addressType':'IPv6','endpoints':[{'addresses':['::1']},{'addresses':['::2','::3','::4']},{'addresses':['::5']}],"
	 "'ports':[{'port':1},{'port':2},{'port':3},{'port':4}]}",
	 "'x','IPv6','1,2,3 + 1 more...','::1,::2,::3 + 2 more...','4m5s'"},
	{"discovery.k8s.io", "EndpointSlice",
	 "{" META ",'addressType':'IPv4','endpoints':[],'ports':[{'name':''}]}",
	 "'x','IPv4','<unset>','<unset>','4m5s'"},
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
