/* SPDX-License-Identifier: Apache-2.0 */
/* What webhook configurations, policies and bindings are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define GROUP "admissionregistration.k8s.io"
#define RULE(more) "{'operations':['CREATE'],'apiGroups':[''],'apiVersions':['v1']" more "}"
#define PODS ",'resources':['pods']"
#define HOOK(name, more)                                                                                     \
	"{'name':'" name                                                                                     \
	"','clientConfig':{'url':'https://a'},'sideEffects':'None','admissionReviewVersions':['v1']" more    \
	"}"
#define MUTATING(hooks)                                                                                      \
	GROUP, "MutatingWebhookConfiguration", "", "{'metadata':{'name':'a'},'webhooks':[" hooks "]}", NULL
#define VALIDATING(hooks)                                                                                    \
	GROUP, "ValidatingWebhookConfiguration", "", "{'metadata':{'name':'a'},'webhooks':[" hooks "]}", NULL

static void webhooks(void **state)
{
	static const struct causes_update rows[] = {
		{MUTATING(""), ""},
		{VALIDATING(HOOK("a.b.c", ",'rules':[" RULE(PODS) "]")), ""},
		{VALIDATING("{}"),
		 "webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1\n"
		 "webhooks[0].clientConfig: Required value: exactly one of url or service is required\n"
		 "webhooks[0].name: Required value\n"
		 "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun\n"},
		{MUTATING(HOOK("a.b", "") "," HOOK("a.b.c", "") "," HOOK("a.b.c", "")),
		 "webhooks[0].name: Invalid value: \"a.b\": should be a domain with at least three segments separated by dots\n"
		 "webhooks[2].name: Duplicate value: \"a.b.c\"\n"},
		{MUTATING(HOOK(
			 "A",
			 ",'failurePolicy':'x','matchPolicy':'x','sideEffects':'Some','timeoutSeconds':31,"
			 "'reinvocationPolicy':'x'")),
		 "webhooks[0].failurePolicy: Unsupported value: \"x\": supported values: \"Fail\", \"Ignore\"\n"
		 "webhooks[0].matchPolicy: Unsupported value: \"x\": supported values: \"Equivalent\", \"Exact\"\n"
		 "webhooks[0].name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist …\n"
		 "webhooks[0].reinvocationPolicy: Unsupported value: \"x\": supported values: \"IfNeeded\", \"Never\"\n"
		 "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"\n"
		 "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds\n"},
		{MUTATING(HOOK("a.b.c", ",'admissionReviewVersions':['v2','v2','V']")),
		 "webhooks[0].admissionReviewVersions: Invalid value: [\"v2\",\"v2\",\"V\"]: must include at least one of v1, v1beta1\n"
		 "webhooks[0].admissionReviewVersions[1]: Invalid value: \"v2\": duplicate version\n"
		 "webhooks[0].admissionReviewVersions[2]: Invalid value: \"V\": a DNS-1035 label must consist …\n"},
		{MUTATING(HOOK("a.b.c",
			       ",'namespaceSelector':{'matchExpressions':[{'key':'a','operator':'In'}]}")),
		 "webhooks[0].namespaceSelector.matchExpressions[0].values: Required value: must be specified when `operator` is "
		 "'In' or 'NotIn'\n"},
		{MUTATING(HOOK(
			 "a.b.c",
			 ",'matchConditions':[{'name':'a','expression':' '},{'name':'a','expression':'true'},"
			 "{'name':'a b'}]")),
		 "webhooks[0].matchConditions[0].expression: Required value\n"
		 "webhooks[0].matchConditions[1].name: Duplicate value: \"a\"\n"
		 "webhooks[0].matchConditions[2].expression: Required value\n"
		 "webhooks[0].matchConditions[2].name: Invalid value: \"a b\": name part must consist …\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

#define AT "webhooks[0].rules[0]."
#define RESOURCES(list) VALIDATING(HOOK("a.b.c", ",'rules':[" RULE(",'resources':[" list "]") "]"))

static void rules(void **state)
{
	static const struct causes_update rows[] = {
		{VALIDATING(HOOK("a.b.c", ",'rules':[{}]")),
		 AT "apiGroups: Required value\n" AT "apiVersions: Required value\n" AT
		    "operations: Required value\n" AT "resources: Required value\n"},
		{VALIDATING(HOOK(
			 "a.b.c",
			 ",'rules':[{'operations':['*','x'],'apiGroups':['*','a'],'apiVersions':['*',''],"
			 "'resources':['*'],'scope':'x'}]")),
		 AT
		 "apiGroups: Invalid value: [\"*\",\"a\"]: if '*' is present, must not specify other API groups\n" AT
		 "apiVersions: Invalid value: [\"*\",\"\"]: if '*' is present, must not specify other API versions\n" AT
		 "apiVersions[1]: Required value\n" AT
		 "operations: Invalid value: [\"*\",\"x\"]: if '*' is present, must not specify other operations\n" AT
		 "operations[1]: Unsupported value: \"x\": supported values: \"*\", \"CONNECT\", \"CREATE\", \"DELETE\", "
		 "\"UPDATE\"\n" AT
		 "scope: Unsupported value: \"x\": supported values: \"*\", \"Cluster\", \"Namespaced\"\n"},
		{RESOURCES("'*','*/log','pods/exec'"), ""},
		{RESOURCES("'*','pods',''"), AT
		 "resources: Invalid value: [\"*\",\"pods\",\"\"]: if '*' is present, must not specify other resources without "
		 "subresources\n" AT "resources[2]: Required value\n"},
		{RESOURCES("'a/*','a/b','*/c','d/c'"),
		 AT "resources[1]: Invalid value: \"a/b\": if 'a/*' is present, must not specify a/b\n" AT
		    "resources[3]: Invalid value: \"d/c\": if '*/c' is present, must not specify d/c\n"},
		{RESOURCES("'*/*','pods'"), AT
		 "resources: Invalid value: [\"*/*\",\"pods\"]: if '*/*' is present, must not specify other resources\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

#define POLICY(spec)                                                                                         \
	GROUP, "ValidatingAdmissionPolicy", "", "{'metadata':{'name':'a'},'spec':{" spec "}}", NULL
#define MATCH "'matchConstraints':{'resourceRules':[" RULE(PODS) "]}"
#define GOOD MATCH ",'validations':[{'expression':'true'}]"

static void policies(void **state)
{
	static const struct causes_update rows[] = {
		{POLICY(GOOD), ""},
		{POLICY(""),
		 "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item\n"
		 "spec.matchConstraints: Required value\n"
		 "spec.validations: Required value: validations or auditAnnotations must contain at least one item\n"},
		{POLICY("'matchConstraints':{},'validations':[{}]"),
		 "spec.matchConstraints.resourceRules: Required value\n"
		 "spec.validations[0].expression: Required value: expression is not specified\n"},
		{POLICY(GOOD ",'paramKind':{'apiVersion':'a/b/c','kind':'K'}"),
		 "spec.paramKind.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c\n"},
		{POLICY(GOOD ",'paramKind':{'apiVersion':'A/','kind':'1 '}"),
		 "spec.paramKind.apiVersion: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.paramKind.apiVersion: Invalid value: \"A/\": version must be specified\n"
		 "spec.paramKind.kind: Invalid value: \"1 \": may have mixed case, but should otherwise match: a DNS-1035 label "
		 "must consist …\n"},
		{POLICY(GOOD ",'paramKind':{}"),
		 "spec.paramKind.apiVersion: Required value\nspec.paramKind.kind: Required value\n"},
		{POLICY(GOOD
			",'variables':[{'name':'in','expression':' '},{},{'name':'a1','expression':'1'}]"),
		 "spec.variables[0].expression: Required value: expression is not specified\n"
		 "spec.variables[0].name: Invalid value: \"in\": must be a valid CEL identifier\n"
		 "spec.variables[1].expression: Required value: expression is not specified\n"
		 "spec.variables[1].name: Required value: name is not specified\n"},
		{POLICY(MATCH
			",'validations':[{'expression':'1','message':' ','messageExpression':' ','reason':'x'}]"),
		 "spec.validations[0].message: Invalid value: \" \": must be non-empty if specified\n"
		 "spec.validations[0].messageExpression: Invalid value: \" \": must be non-empty if specified\n"
		 "spec.validations[0].reason: Unsupported value: \"x\": supported values: \"Forbidden\", \"Invalid\", "
		 "\"RequestEntityTooLarge\"\n"},
		{POLICY(MATCH
			",'validations':[{'expression':'1','message':'a\\nb'},{'expression':'1','message':'a\\n'}]"),
		 "spec.validations[0].message: Invalid value: \"a\\nb\": must not contain line breaks\n"},
		{POLICY(MATCH
			",'auditAnnotations':[{'key':'a','valueExpression':'1'},{'key':'a','valueExpression':' '},{'key':'b c',"
			"'valueExpression':'1'}]"),
		 "spec.auditAnnotations[1].key: Duplicate value: \"a\"\n"
		 "spec.auditAnnotations[1].valueExpression: Required value: valueExpression is not specified\n"
		 "spec.auditAnnotations[2].key: Invalid value: \"a/b c\": name part must consist …\n"},
		{POLICY("'matchConstraints':{'resourceRules':[" RULE(
			 ",'resourceNames':['a','a','b/c']" PODS) "]},"
								  "'validations':[{'expression':'true'}]"),
		 "spec.matchConstraints.resourceRules[0].resourceNames[1]: Duplicate value: \"a\"\n"
		 "spec.matchConstraints.resourceRules[0].resourceNames[2]: Invalid value: \"b/c\": may not contain '/'\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

static void policy_status(void **state)
{
	static const struct causes_update rows[] = {
		{GROUP, "ValidatingAdmissionPolicy", "status",
		 "{'spec':{" MATCH "},'status':{'typeChecking':{'expressionWarnings':[{}]}}}", "{}",
		 "status.typeChecking.expressionWarnings[0].fieldRef: Required value\n"
		 "status.typeChecking.expressionWarnings[0].warning: Required value\n"},
		{GROUP, "ValidatingAdmissionPolicy", "status",
		 "{'spec':{" MATCH
		 "},'status':{'conditions':[{'type':'A','status':'True','reason':'R','lastTransitionTime':'2026-01-02T03:04:05Z'},"
		 "{'type':'A','status':'x','observedGeneration':-1,'reason':'1'}]}}",
		 "{}",
		 "status.conditions[1].lastTransitionTime: Required value\n"
		 "status.conditions[1].observedGeneration: Invalid value: -1: must be greater than or equal to zero\n"
		 "status.conditions[1].reason: Invalid value: \"1\": a condition reason must start with alphabetic character, "
		 "optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or "
		 "'_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for "
		 "validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')\n"
		 "status.conditions[1].status: Unsupported value: \"x\": supported values: \"False\", \"True\", \"Unknown\"\n"
		 "status.conditions[1].type: Duplicate value: \"A\"\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

#define NAME_PART                                                                                            \
	"name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n"
#define BINDING(spec)                                                                                        \
	GROUP, "ValidatingAdmissionPolicyBinding", "", "{'metadata':{'name':'a'},'spec':{" spec "}}", NULL
#define BOUND "'policyName':'p','validationActions':['Deny']"

static void bindings(void **state)
{
	static const struct causes_update rows[] = {
		{BINDING(BOUND), ""},
		{BINDING(""),
		 "spec.policyName: Required value\n"
		 "spec.validationActions: Required value: at least one validation action is required\n"},
		{BINDING("'policyName':'A','validationActions':['x','Deny','Warn','Deny']"),
		 "spec.policyName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist …\n"
		 "spec.validationActions: Invalid value: [\"x\",\"Deny\",\"Warn\",\"Deny\"]: must not contain both Deny and Warn "
		 "(repeating the same validation failure information in the API response and headers serves no purpose)\n"
		 "spec.validationActions[0]: Unsupported value: \"x\": supported values: \"Audit\", \"Deny\", \"Warn\"\n"
		 "spec.validationActions[3]: Duplicate value: \"Deny\"\n"},
		{BINDING(BOUND ",'paramRef':{}"),
		 "spec.paramRef.parameterNotFoundAction: Required value\n"
		 "spec.paramRef: Required value: one of name or selector must be specified\n"},
		{BINDING(BOUND ",'paramRef':{'name':'a/b','selector':{},'parameterNotFoundAction':'x'}"),
		 "spec.paramRef.name: Forbidden: name and selector are mutually exclusive\n"
		 "spec.paramRef.name: Invalid value: \"a/b\": may not contain '/'\n"
		 "spec.paramRef.parameterNotFoundAction: Unsupported value: \"x\": supported values: \"Deny\", \"Allow\"\n"
		 "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive\n"},
		{BINDING(BOUND ",'matchResources':{'matchPolicy':'x','resourceRules':[" RULE(
			 ",'resources':['']") "]}"),
		 "spec.matchResources.matchPolicy: Unsupported value: \"x\": supported values: \"Equivalent\", \"Exact\"\n"
		 "spec.matchResources.resourceRules[0].resources[0]: Required value\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

/* Many things at once, in upstream's order. */
static void order(void **state)
{
#define MATCHED                                                                                                         \
	"{'matchPolicy':'x','namespaceSelector':{'matchExpressions':[{'key':'a','operator':'q'}]},"                     \
	"'excludeResourceRules':[{'resourceNames':['a/b'],'operations':['x'],'apiGroups':['*','a'],'apiVersions':['']," \
	"'resources':['a','*'],'scope':'q'}]"
#define MATCHED_TOLD(at)                                                                                                                                     \
	at ".matchPolicy: Unsupported value: \"x\": supported values: \"Equivalent\", \"Exact\"\n" at                                                        \
	   ".namespaceSelector.matchExpressions[0].operator: Invalid value: \"q\": not a valid selector operator\n" at                                       \
	   ".excludeResourceRules[0].resourceNames[0]: Invalid value: \"a/b\": may not contain '/'\n" at                                                     \
	   ".excludeResourceRules[0].operations[0]: Unsupported value: \"x\": supported values: \"*\", \"CONNECT\", \"CREATE\", \"DELETE\", \"UPDATE\"\n" at \
	   ".excludeResourceRules[0].apiGroups: Invalid value: [\"*\",\"a\"]: if '*' is present, must not specify other API groups\n" at                     \
	   ".excludeResourceRules[0].apiVersions[0]: Required value\n" at                                                                                    \
	   ".excludeResourceRules[0].scope: Unsupported value: \"q\": supported values: \"*\", \"Cluster\", \"Namespaced\"\n"
	static const struct causes_update rows[] = {
		{POLICY("'failurePolicy':'x','paramKind':{'apiVersion':'a/b/c'},'matchConstraints':" MATCHED
			"},"
			"'matchConditions':[{'name':'a','expression':'1'},{'name':'a','expression':' '},{'name':'b c','expression':''}],"
			"'variables':[{'name':'1','expression':''}],"
			"'validations':[{'reason':'x','message':' ','messageExpression':' ','expression':''}],"
			"'auditAnnotations':[{'key':'b','valueExpression':'1'},{'key':'b','valueExpression':''},{'key':'c d','valueExpression':'1'}]"),
		 "spec.failurePolicy: Unsupported value: \"x\": supported values: \"Fail\", \"Ignore\"\n"
		 "spec.paramKind.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c\n"
		 "spec.paramKind.kind: Required value\n" MATCHED_TOLD(
			 "spec.matchConstraints") "spec.matchConstraints.resourceRules: Required value\n"
						  "spec.matchConditions[1].expression: Required value\n"
						  "spec.matchConditions[1].name: Duplicate value: \"a\"\n"
						  "spec.matchConditions[2].expression: Required value\n"
						  "spec.matchConditions[2].name: Invalid value: \"b c\": " NAME_PART
						  "spec.variables[0].name: Invalid value: \"1\": must be a valid CEL identifier\n"
						  "spec.variables[0].expression: Required value: expression is not specified\n"
						  "spec.validations[0].expression: Required value: expression is not specified\n"
						  "spec.validations[0].messageExpression: Invalid value: \" \": must be non-empty if specified\n"
						  "spec.validations[0].message: Invalid value: \" \": must be non-empty if specified\n"
						  "spec.validations[0].reason: Unsupported value: \"x\": supported values: \"Forbidden\", \"Invalid\", \"RequestEntityTooLarge\"\n"
						  "spec.auditAnnotations[1].valueExpression: Required value: valueExpression is not specified\n"
						  "spec.auditAnnotations[1].key: Duplicate value: \"b\"\n"
						  "spec.auditAnnotations[2].key: Invalid value: \"a/c d\": " NAME_PART},
		{BINDING("'validationActions':['x','Deny','Warn','Deny'],'matchResources':" MATCHED "},"
			 "'paramRef':{'name':'a/b','selector':{'matchExpressions':[{'key':'a','operator':'q'}]}}"),
		 "spec.policyName: Required value\n"
		 "spec.paramRef.name: Invalid value: \"a/b\": may not contain '/'\n"
		 "spec.paramRef.name: Forbidden: name and selector are mutually exclusive\n"
		 "spec.paramRef.selector.matchExpressions[0].operator: Invalid value: \"q\": not a valid selector operator\n"
		 "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive\n"
		 "spec.paramRef.parameterNotFoundAction: Required value\n" MATCHED_TOLD(
			 "spec.matchResources") "spec.validationActions[0]: Unsupported value: \"x\": supported values: \"Audit\", \"Deny\", \"Warn\"\n"
						"spec.validationActions[3]: Duplicate value: \"Deny\"\n"
						"spec.validationActions: Invalid value: [\"x\",\"Deny\",\"Warn\",\"Deny\"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)\n"},
		{GROUP, "ValidatingAdmissionPolicy", "status",
		 "{'spec':{" MATCH "},'status':{'typeChecking':{'expressionWarnings':[{}]}}}", "{}",
		 "status.typeChecking.expressionWarnings[0].warning: Required value\n"
		 "status.typeChecking.expressionWarnings[0].fieldRef: Required value\n"},
	};
	causes_check_order(rows, ARRAY_LEN(rows));
}

static void defaults(void **state)
{
	const struct kind *k = schema_kind(causes_schema, GROUP, "v1", "MutatingWebhookConfiguration");
	autojson js *o =
		causes_decode(k, JSON("{'webhooks':[{'clientConfig':{'service':{}},'rules':[{}]}]}"));
	const js *hook = js_at(js_arr(o, "webhooks", NULL), 0);
	assert_string_equal(js_str0(hook, "failurePolicy", NULL), "Fail");
	assert_string_equal(js_str0(hook, "matchPolicy", NULL), "Equivalent");
	assert_string_equal(js_str0(hook, "reinvocationPolicy", NULL), "Never");
	assert_int_equal(js_int(hook, 0, "timeoutSeconds", NULL), 10);
	assert_int_equal(js_int(hook, 0, "clientConfig", "service", "port", NULL), 443);
	assert_non_null(js_obj(hook, "namespaceSelector", NULL));
	assert_non_null(js_obj(hook, "objectSelector", NULL));
	assert_string_equal(js_str0(js_at(js_arr(hook, "rules", NULL), 0), "scope", NULL), "*");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(webhooks),	 cmocka_unit_test(rules),    cmocka_unit_test(policies),
		cmocka_unit_test(policy_status), cmocka_unit_test(bindings), cmocka_unit_test(defaults),
		cmocka_unit_test(order),
	};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
