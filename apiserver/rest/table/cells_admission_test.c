/* SPDX-License-Identifier: Apache-2.0 */
/* What `kubectl get` shows of webhook configurations, policies and their bindings. */
#include "rest/table/cells_rig_test.h"

#define GROUP "admissionregistration.k8s.io"

static const struct cells_case rows[] = {
	{GROUP, "MutatingWebhookConfiguration", "{" META "}", "'x',0,'4m5s'"},
	{GROUP, "ValidatingWebhookConfiguration", "{" META ",'webhooks':[{},{}]}", "'x',2,'4m5s'"},
	{GROUP, "ValidatingAdmissionPolicy", "{" META "}", "'x',0,'<unset>','4m5s'"},
	{GROUP, "ValidatingAdmissionPolicy",
	 "{" META ",'spec':{'validations':[{}],'paramKind':{'apiVersion':'g/v1','kind':'K'}}}",
	 "'x',1,'g/v1/K','4m5s'"},
	{GROUP, "ValidatingAdmissionPolicyBinding", "{" META ",'spec':{'policyName':'p'}}",
	 "'x','p','<unset>','4m5s'"},
	{GROUP, "ValidatingAdmissionPolicyBinding",
	 "{" META ",'spec':{'policyName':'p','paramRef':{'name':'n'}}}", "'x','p','*/n','4m5s'"},
	{GROUP, "ValidatingAdmissionPolicyBinding",
	 "{" META ",'spec':{'policyName':'p','paramRef':{'name':'n','namespace':'ns'}}}",
	 "'x','p','ns/n','4m5s'"},
	{GROUP, "ValidatingAdmissionPolicyBinding",
	 "{" META
	 ",'spec':{'policyName':'p','paramRef':{'selector':{'matchLabels':{'b':'2','a':'1'},'matchExpressions':["
	 "{'key':'k','operator':'In','values':['v','w']}]}}}}",
	 "'x','p','&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{"
	 "LabelSelectorRequirement{Key:k,Operator:In,Values:[v w],},},}','4m5s'"},
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
