/* SPDX-License-Identifier: Apache-2.0 */
/* What a kube-apiserver v1.34 answered to the same objects, where reading its code had not been enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define SET "Forbidden: cannot be set\n"
#define HEADLESS                                                                                                             \
	"{'metadata':{'name':'s'},'spec':{'clusterIP':'None','clusterIPs':['None'],'type':'ClusterIP','ports':[{'port':1}]," \
	"'ipFamilies':['IPv4','IPv6'],'ipFamilyPolicy':'RequireDualStack'}}"

static void answered_alike(void **state)
{
	static const struct causes_update rows[] = {
		/* who serves a metric judges its labels */
		{"autoscaling", "HorizontalPodAutoscaler", "",
		 "{'metadata':{'name':'h'},'spec':{'maxReplicas':3,'scaleTargetRef':{'apiVersion':'v1','kind':'ReplicationController',"
		 "'name':'b'},'metrics':[{'type':'Pods','pods':{'metric':{'name':'m','selector':{'matchLabels':{'a b':'c d'},"
		 "'matchExpressions':[{'key':'e f','operator':'Like','values':['g h']}]}},'target':{'type':'AverageValue','averageValue':5}}}]}}",
		 NULL, ""},
		{"resource.k8s.io", "ResourceClaimTemplate", "",
		 "{'metadata':{'name':'t'},'spec':{'metadata':{'name':'x','namespace':'y','labels':{'a':'b'}},'spec':{'devices':{"
		 "'requests':[{'name':'r','exactly':{'deviceClassName':'c'}}]}}}}",
		 NULL, "spec.metadata.name: " SET "spec.metadata.namespace: " SET},
		/* a headless Service keeps its lack of an address, whoever it is for */
		{"", "Service", "", "{'metadata':{'name':'s'},'spec':{'ports':[{'port':2}]}}", HEADLESS, ""},
		{"", "Service", "",
		 "{'metadata':{'name':'s'},'spec':{'type':'ExternalName','externalName':'a.b'}}", HEADLESS,
		 ""},
		/* what only load balancers have goes with the type */
		{"", "Service", "",
		 "{'metadata':{'name':'s'},'spec':{'ports':[{'port':1}],'loadBalancerClass':'a/b'}}",
		 "{'metadata':{'name':'s'},'spec':{'type':'LoadBalancer','ports':[{'port':1,'nodePort':30001}],'loadBalancerClass':'a/b'}}",
		 ""},
		{"", "LimitRange", "", "{'spec':{'limits':[]}}", NULL, ""},
		{"", "Pod", "", "{'metadata':{'name':'p'},'spec':{'containers':[]}}",
		 "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}],'initContainers':[{'name':'d','image':'i'}]}}",
		 "spec.containers: Forbidden: pod updates may not add or remove containers\nspec.containers: Required value\n"},
		{"", "Pod", "",
		 "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}],'activeDeadlineSeconds':-1}}",
		 "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}],'activeDeadlineSeconds':5}}",
		 "spec.activeDeadlineSeconds: Invalid value: -1: must be between 0 and 2147483647, inclusive\n"
		 "spec.activeDeadlineSeconds: Invalid value: -1: must be between 1 and 2147483647, inclusive\n"},
		/* a string that is not there is an empty one */
		{"networking.k8s.io", "IngressClass", "", "{'metadata':{'name':'c'}}",
		 "{'metadata':{'name':'c'},'spec':{'controller':'a.b/c'}}",
		 "spec.controller: Invalid value: \"\": field is immutable\nspec.controller: Required value\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(answered_alike)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
