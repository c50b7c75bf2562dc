/* SPDX-License-Identifier: Apache-2.0 */
/* What `kubectl get -o wide` shows of the kinds of networking.k8s.io. */
#include "rest/table/cells_rig_test.h"

#define OF(kind) "networking.k8s.io", kind
static const struct cells_case rows[] = {
	{OF("Ingress"),
	 "{" META
	 ",'spec':{'ingressClassName':'c','rules':[{'host':'a'},{},{'host':'b'},{'host':'d'}],'tls':[{}]},"
	 "'status':{'loadBalancer':{'ingress':[{'ip':'2.2.2.2'},{'hostname':'h'},{'ip':'1.1.1.1'},{'ip':'2.2.2.2'},{}]}}}",
	 "'x','c','a,b,d','1.1.1.1,2.2.2.2,h','80, 443','4m5s'"},
	{OF("Ingress"),
	 "{" META ",'spec':{'rules':[{'host':'a'},{'host':'b'},{'host':'c'},{'host':'d'},{}]}}",
	 "'x','<none>','a,b,c + 2 more...','','80','4m5s'"},
	{OF("Ingress"), "{" META ",'spec':{'defaultBackend':{}}}", "'x','<none>','*','','80','4m5s'"},
	{OF("IngressClass"),
	 "{" META ",'spec':{'controller':'a/b','parameters':{'apiGroup':'g.io','kind':'K','name':'n'}}}",
	 "'x','a/b','K.g.io/n','4m5s'"},
	{OF("IngressClass"), "{" META ",'spec':{'controller':'a/b'}}", "'x','a/b','<none>','4m5s'"},
	{OF("NetworkPolicy"), "{" META ",'spec':{'podSelector':{'matchLabels':{'a':'b'}}}}",
	 "'x','a=b','4m5s'"},
	{OF("NetworkPolicy"), "{" META ",'spec':{'podSelector':{}}}", "'x','<none>','4m5s'"},
	{OF("ServiceCIDR"), "{" META ",'spec':{'cidrs':['10.0.0.0/8','2001:db8::/64']}}",
	 "'x','10.0.0.0/8,2001:db8::/64','4m5s'"},
	{OF("IPAddress"),
	 "{" META ",'spec':{'parentRef':{'resource':'Services','namespace':'n','name':'S'}}}",
	 "'x','services/n/S'"},
	{OF("IPAddress"), "{" META ",'spec':{'parentRef':{'group':'g.io','resource':'things','name':'t'}}}",
	 "'x','things.g.io/t'"},
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
