/* SPDX-License-Identifier: Apache-2.0 */
/* What `kubectl get -o wide` shows of the core group's kinds and the small groups beside it. */
#include "rest/table/cells_rig_test.h"

static const struct cells_case rows[] = {
	{"", "Node",
	 "{'metadata':{'name':'x','creationTimestamp':'2025-12-31T03:04:05Z','labels':{'node-role.kubernetes.io/worker':'','node-role.kubernetes.io/"
	 "control-plane':''}},'spec':{'unschedulable':true},'status':{'conditions':[{'type':'Ready','status':'True'"
	 "}],'addresses':[{'type':'InternalIP','address':'10.0.0.1'}],'nodeInfo':{'kubeletVersion':'v1','osImage':'Debian'}}}",
	 "'x','Ready,SchedulingDisabled','control-plane,worker','2d','v1','10.0.0.1','<none>','Debian','<unknown>','<unknown>'"},
	{"", "Node", "{" META ",'status':{'conditions':[{'type':'Ready','status':'Unknown'}]}}",
	 "'x','NotReady','<none>','4m5s','','<none>','<none>','<unknown>','<unknown>','<unknown>'"},
	{"", "Node",
	 "{" META ",'status':{'nodeInfo':{'osImage':'','kernelVersion':'','containerRuntimeVersion':''}}}",
	 "'x','Unknown','<none>','4m5s','','<none>','<none>','<unknown>','<unknown>','<unknown>'"},
	{"", "Node", "{" META "}",
	 "'x','Unknown','<none>','4m5s','','<none>','<none>','<unknown>','<unknown>','<unknown>'"},
	{"", "Namespace", "{" META ",'status':{'phase':'Active'}}", "'x','Active','4m5s'"},
	{"", "Service",
	 "{" META
	 ",'spec':{'type':'NodePort','clusterIP':'10.96.0.9','clusterIPs':['10.96.0.9'],'ports':[{'port':80,'nodePort':32178,"
	 "'protocol':'TCP'},{'port':53,'protocol':'UDP'}],'selector':{'b':'2','a':'1'}}}",
	 "'x','NodePort','10.96.0.9','<none>','80:32178/TCP,53/UDP','4m5s','a=1,b=2'"},
	{"", "Service", "{" META ",'spec':{'type':'LoadBalancer','externalIPs':['1.2.3.4']}}",
	 "'x','LoadBalancer','<none>','1.2.3.4','<none>','4m5s','<none>'"},
	{"", "Service",
	 "{" META
	 ",'spec':{'type':'LoadBalancer','externalIPs':['9.9.9.9']},'status':{'loadBalancer':{'ingress':[{'ip':'2.2.2.2'},{'hostname':"
	 "'1.org'},{'ip':'2.2.2.2'}]}}}",
	 "'x','LoadBalancer','<none>','1.org,2.2.2.2,9.9.9.9','<none>','4m5s','<none>'"},
	{"", "Service", "{" META ",'spec':{'type':'LoadBalancer'}}",
	 "'x','LoadBalancer','<none>','<pending>','<none>','4m5s','<none>'"},
	{"", "Service", "{" META ",'spec':{'type':'ExternalName','externalName':'e.org'}}",
	 "'x','ExternalName','<none>','e.org','<none>','4m5s','<none>'"},
	{"", "Endpoints", "{" META "}", "'x','<none>','4m5s'"},
	{"", "Endpoints",
	 "{" META
	 ",'subsets':[{'addresses':[{'ip':'1.1.1.1'},{'ip':'::1'}],'ports':[{'port':80},{'port':81}]}]}",
	 "'x','1.1.1.1:80,[::1]:80,1.1.1.1:81 + 1 more...','4m5s'"},
	{"", "Endpoints", "{" META ",'subsets':[{'addresses':[{'ip':'1.1.1.1'}]}]}", "'x','1.1.1.1','4m5s'"},
	{"", "ConfigMap", "{" META ",'data':{'a':'1'},'binaryData':{'b':'','c':''}}", "'x',3,'4m5s'"},
	{"", "Secret", "{" META ",'type':'Opaque'}", "'x','Opaque',0,'4m5s'"},
	{"", "ServiceAccount", "{" META ",'secrets':[{'name':'s'}]}", "'x',1,'4m5s'"},
	{"coordination.k8s.io", "Lease", "{" META ",'spec':{'holderIdentity':'h'}}", "'x','h','4m5s'"},
	{"", "Event",
	 "{" META
	 ",'involvedObject':{'kind':'Pod','name':'p','fieldPath':'spec'},'reason':'R','type':'Normal','message':' m\\n','source':{"
	 "'component':'kubelet','host':'n1'},'firstTimestamp':'2026-01-02T02:04:05Z','lastTimestamp':'2026-01-02T03:04:00Z','count':7}",
	 "'5s','Normal','R','pod/p','spec','kubelet, n1','m','60m',7,'x'"},
	{"events.k8s.io", "Event",
	 "{" META
	 ",'involvedObject':{'kind':'Pod'},'reason':'R','type':'Normal','message':'m','reportingComponent':'c','eventTime':"
	 "'2026-01-02T03:04:00.000000Z','series':{'count':3,'lastObservedTime':'2026-01-02T03:04:03.000000Z'}}",
	 "'2s','Normal','R','pod','','c','m','5s',3,'x'"},
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
