/* SPDX-License-Identifier: Apache-2.0 */
/* What FlowSchemas and PriorityLevelConfigurations are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define GROUP "flowcontrol.apiserver.k8s.io"
#define SCHEMA(name, spec)                                                                                   \
	GROUP, "FlowSchema", "",                                                                             \
		"{'metadata':{'name':'" name "'},'spec':{'priorityLevelConfiguration':{'name':'a'}" spec     \
		"}}",                                                                                        \
		NULL
#define RULE(text) SCHEMA("a", ",'rules':[{" text "}]")
#define USER "'subjects':[{'kind':'User','user':{'name':'*'}}],"
#define RESOURCE(text) RULE(USER "'resourceRules':[{" text "}]")
#define URLS(text) RULE(USER "'nonResourceRules':[{'verbs':['*'],'nonResourceURLs':[" text "]}]")
#define AT "spec.rules[0]"

static void schemas(void **state)
{
	static const struct causes_update rows[] = {
		{SCHEMA("a", ""), ""},
		{SCHEMA("a", ",'matchingPrecedence':10001,'distinguisherMethod':{'type':'x'}"),
		 "spec.distinguisherMethod.type: Unsupported value: {\"Type\":\"x\"}: supported values: \"ByNamespace\", "
		 "\"ByUser\"\n"
		 "spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000\n"},
		{SCHEMA("a", ",'matchingPrecedence':-1"),
		 "spec.matchingPrecedence: Invalid value: -1: must be a positive value\n"},
		{SCHEMA("a", ",'matchingPrecedence':1,'priorityLevelConfiguration':{'name':''}"),
		 "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1\n"
		 "spec.priorityLevelConfiguration.name: Required value: must reference a priority level\n"},
		{RULE(""), AT
		 ".subjects: Required value: subjects must contain at least one value\n" AT
		 ": Required value: at least one of resourceRules and nonResourceRules has to be non-empty\n"},
		{RULE("'subjects':[{'kind':'User','group':{'name':'g'}},{'kind':'ServiceAccount','serviceAccount':{},'user':{}},"
		      "{'kind':'Group','group':{}},{'kind':'x'},{'kind':'ServiceAccount','serviceAccount':{'name':'*','namespace':"
		      "'A'}}],'nonResourceRules':[{'verbs':['*'],'nonResourceURLs':['*']}]"),
		 AT
		 ".subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'\n" AT
		 ".subjects[0].user: Required value: user is required when subject kind is 'User'\n" AT
		 ".subjects[1].serviceAccount.name: Required value\n" AT
		 ".subjects[1].serviceAccount.namespace: Required value: must specify namespace for service account\n" AT
		 ".subjects[1].user: Forbidden: user is forbidden when subject kind is not 'User'\n" AT
		 ".subjects[2].group.name: Required value\n" AT
		 ".subjects[3].kind: Unsupported value: \"x\": supported values: \"Group\", \"ServiceAccount\", \"User\"\n" AT
		 ".subjects[4].serviceAccount.namespace: Invalid value: \"A\": a lowercase RFC 1123 label must consist …\n"},
		{RESOURCE("'verbs':['get'],'apiGroups':['*'],'resources':['*'],'clusterScope':true"), ""},
		{RESOURCE(""), AT
		 ".resourceRules[0].apiGroups: Required value: resource rules must supply at least one api group\n" AT
		 ".resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at "
		 "least one namespace\n" AT
		 ".resourceRules[0].resources: Required value: resource rules must supply at least one resource\n" AT
		 ".resourceRules[0].verbs: Required value: verbs must contain at least one value\n"},
		{RESOURCE(
			 "'verbs':['*','x'],'apiGroups':['*','a'],'resources':['*','a'],'namespaces':['*','a']"),
		 AT
		 ".resourceRules[0].apiGroups: Invalid value: [\"*\",\"a\"]: if '*' is present, must not specify other api "
		 "groups\n" AT
		 ".resourceRules[0].namespaces: Invalid value: [\"*\",\"a\"]: if '*' is present, must not specify other "
		 "namespaces\n" AT
		 ".resourceRules[0].resources: Invalid value: [\"*\",\"a\"]: if '*' is present, must not specify other "
		 "resources\n" AT
		 ".resourceRules[0].verbs: Invalid value: [\"*\",\"x\"]: if '*' is present, must not specify other verbs\n"},
		{RESOURCE("'verbs':['get','x'],'apiGroups':['a'],'resources':['a'],'namespaces':['a','B']"),
		 AT
		 ".resourceRules[0].namespaces[1]: Invalid value: \"B\": each member of this list must be '*' or a DNS-1123 "
		 "label; a lowercase RFC 1123 label must consist …\n" AT
		 ".resourceRules[0].verbs: Unsupported value: [\"get\",\"x\"]: supported values: \"create\", \"delete\", "
		 "\"deletecollection\", \"get\", \"list\", \"patch\", \"proxy\", \"update\", \"watch\"\n"},
		{URLS("'/','/a/b','/a/*'"), ""},
		{URLS("'','a','/a b','/a//b','/a*','/*/b'"), AT
		 ".nonResourceRules[0].nonResourceURLs[0]: Invalid value: \"\": must not be empty\n" AT
		 ".nonResourceRules[0].nonResourceURLs[1]: Invalid value: \"a\": must start with slash\n" AT
		 ".nonResourceRules[0].nonResourceURLs[2]: Invalid value: \"/a b\": must not contain white-space\n" AT
		 ".nonResourceRules[0].nonResourceURLs[3]: Invalid value: \"/a//b\": must not contain double slash\n" AT
		 ".nonResourceRules[0].nonResourceURLs[4]: Invalid value: \"/a*\": wildcard can only do suffix matching\n" AT
		 ".nonResourceRules[0].nonResourceURLs[5]: Invalid value: \"/*/b\": wildcard can only do suffix matching\n"},
		{GROUP, "FlowSchema", "",
		 "{'metadata':{'name':'exempt'},'spec':{'priorityLevelConfiguration':{'name':'exempt'},'matchingPrecedence':1,"
		 "'rules':[{'subjects':[{'kind':'Group','group':{'name':'system:masters'}}],'resourceRules':[{'verbs':['*'],"
		 "'apiGroups':['*'],'resources':['*'],'clusterScope':true,'namespaces':['*']}],'nonResourceRules':[{'verbs':['*'],"
		 "'nonResourceURLs':['*']}]}]}}",
		 NULL, ""},
		{SCHEMA("catch-all", ""),
		 "spec: Invalid value: {\"priorityLevelConfiguration\":{\"name\":\"a\"},\"matchingPrecedence\":1000}: spec of "
		 "'catch-all' must equal the fixed value\n"},
		{GROUP, "FlowSchema", "status",
		 "{'spec':{'priorityLevelConfiguration':{'name':'a'}},'status':{'conditions':[{},{'type':'a'},{'type':'a'}]}}",
		 "{}",
		 "status.conditions[0].type: Required value\n"
		 "status.conditions[2].type: Duplicate value: \"a\"\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

#define LEVEL(name, spec)                                                                                    \
	GROUP, "PriorityLevelConfiguration", "", "{'metadata':{'name':'" name "'},'spec':{" spec "}}", NULL
#define LIMITED(text) LEVEL("a", "'type':'Limited','limited':{" text "}")
#define QUEUE(text) LIMITED("'limitResponse':{'type':'Queue','queuing':{" text "}}")
#define RESPONSE "spec.limited.limitResponse"

static void levels(void **state)
{
	static const struct causes_update rows[] = {
		{LEVEL("exempt", "'type':'Exempt','exempt':{}"), ""},
		{LEVEL("catch-all",
		       "'type':'Limited','limited':{'nominalConcurrencyShares':5,'limitResponse':{'type':'Reject'}}"),
		 ""},
		{LIMITED("'limitResponse':{'type':'Reject'}"), ""},
		{QUEUE(""), ""},
		{LEVEL("a", ""),
		 "spec.type: Unsupported value: \"\": supported values: \"Exempt\", \"Limited\"\n"},
		{LEVEL("a", "'type':'Exempt','limited':{'limitResponse':{'type':'Reject'}}"),
		 "spec.limited: Forbidden: must be nil if the type is not Limited\n"
		 "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'\n"},
		{LEVEL("a",
		       "'type':'Limited','exempt':{'lendablePercent':101,'nominalConcurrencyShares':-1}"),
		 "spec.exempt.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive\n"
		 "spec.exempt.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer\n"
		 "spec.exempt: Forbidden: must be nil if the type is Limited\n"
		 "spec.limited: Required value: must not be empty when type is Limited\n"},
		{LIMITED("'lendablePercent':-1,'borrowingLimitPercent':-1"),
		 "spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer\n"
		 "spec.limited.lendablePercent: Invalid value: -1: must be between 0 and 100, inclusive\n" RESPONSE
		 ".type: Unsupported value: \"\": supported values: \"Queue\", \"Reject\"\n"},
		{LIMITED("'limitResponse':{'type':'Reject','queuing':{}}"),
		 RESPONSE ".queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited\n"},
		{LIMITED("'limitResponse':{'type':'Queue'}"), RESPONSE
		 ".queuing: Required value: must not be empty if limited.limitResponse.type is Limited\n"},
		{QUEUE("'queues':-1,'handSize':-1,'queueLengthLimit':-1"),
		 RESPONSE ".queuing.handSize: Invalid value: -1: must be positive\n" RESPONSE
			  ".queuing.queueLengthLimit: Invalid value: -1: must be positive\n" RESPONSE
			  ".queuing.queues: Invalid value: -1: must be positive\n"},
		{QUEUE("'queues':10000001,'handSize':2"),
		 RESPONSE ".queuing.queues: Invalid value: 10000001: must not be greater than 10000000\n"},
		{QUEUE("'queues':4"),
		 RESPONSE ".queuing.handSize: Invalid value: 8: should not be greater than queues (4)\n"},
		{QUEUE("'queues':512"), RESPONSE
		 ".queuing.handSize: Invalid value: 8: required entropy bits of deckSize 512 and handSize 8 should not be "
		 "greater than 60\n"},
		{GROUP, "PriorityLevelConfiguration", "",
		 "{'metadata':{'name':'a','annotations':{'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares':''}},"
		 "'spec':{'type':'Limited','limited':{'limitResponse':{'type':'Reject'}}}}",
		 NULL,
		 "metadata.annotations: Forbidden: annotation 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares' is "
		 "forbidden\n"},
		{LEVEL("catch-all", "'type':'Limited','limited':{'limitResponse':{'type':'Reject'}}"),
		 "spec: Invalid value: {\"type\":\"Limited\",\"limited\":{\"nominalConcurrencyShares\":30,"
		 "\"limitResponse\":{\"type\":\"Reject\"},\"lendablePercent\":0}}: spec of 'catch-all' must equal the fixed value\n"},
	};
	causes_check_updates(rows, ARRAY_LEN(rows));
}

static void defaults(void **state)
{
	autojson js *schema = causes_decode(schema_kind(causes_schema, GROUP, "v1", "FlowSchema"), "{}");
	autojson js *level =
		causes_decode(schema_kind(causes_schema, GROUP, "v1", "PriorityLevelConfiguration"),
			      JSON("{'spec':{'limited':{'limitResponse':{'queuing':{}}},'exempt':{}}}"));
	const js *limited = js_obj(level, "spec", "limited", NULL);
	assert_int_equal(js_int(schema, 0, "spec", "matchingPrecedence", NULL), 1000);
	assert_int_equal(js_int(limited, 0, "nominalConcurrencyShares", NULL), 30);
	assert_int_equal(js_int(limited, -1, "lendablePercent", NULL), 0);
	assert_int_equal(js_int(limited, 0, "limitResponse", "queuing", "queues", NULL), 64);
	assert_int_equal(js_int(limited, 0, "limitResponse", "queuing", "handSize", NULL), 8);
	assert_int_equal(js_int(limited, 0, "limitResponse", "queuing", "queueLengthLimit", NULL), 50);
	assert_int_equal(js_int(level, -1, "spec", "exempt", "nominalConcurrencyShares", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(schemas), cmocka_unit_test(levels),
					   cmocka_unit_test(defaults)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
