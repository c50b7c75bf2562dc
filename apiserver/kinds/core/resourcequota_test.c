/* SPDX-License-Identifier: Apache-2.0 */
/* Quotas, ranges, ReplicationControllers and templates: what they may say and what is filled in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define INVALID ": Invalid value: "
#define QUOTA(spec) "", "ResourceQuota", "", "{'metadata':{'name':'q','namespace':'n'},'spec':{" spec "}}"
#define EXPRESSIONS "spec.scopeSelector.matchExpressions"

static void quotas(void **state)
{
	static const struct causes_update rows[] = {
		{QUOTA("'hard':{'requests.cpu':'1500m','pods':'3','count/jobs.batch':'2','requests.hugepages-2Mi':'4Mi','requests.a.b/c':'1'}"),
		 NULL, ""},
		{QUOTA("'hard':{'x':'1','pods':'0.5','storage':'1','memory':'-1'}"), NULL,
		 "spec.hard[memory]" INVALID "\"-1\": must be greater than or equal to 0\n"
		 "spec.hard[pods]" INVALID "\"500m\": must be an integer\n"
		 "spec.hard[storage]" INVALID "\"storage\": must be a standard resource for quota\n"
		 "spec.hard[x]" INVALID "\"x\": must be a standard resource for quota\n"
		 "spec.hard[x]" INVALID "\"x\": must be a standard resource type or fully qualified\n"},
		{QUOTA("'hard':{'cpu':'1'},'scopes':['BestEffort','NotBestEffort','Odd']"), NULL,
		 "spec.scopes" INVALID "[\"BestEffort\",\"NotBestEffort\",\"Odd\"]: conflicting scopes\n"
		 "spec.scopes" INVALID "[\"BestEffort\",\"NotBestEffort\",\"Odd\"]: unsupported scope\n"
		 "spec.scopes" INVALID
		 "[\"BestEffort\",\"NotBestEffort\",\"Odd\"]: unsupported scope applied to resource\n"},
		{QUOTA("'scopeSelector':{'matchExpressions':[{'scopeName':'PriorityClass','operator':'In','values':['a']}]}"),
		 NULL, ""},
		{QUOTA("'scopeSelector':{'matchExpressions':[{'scopeName':'Terminating','operator':'In'},{'scopeName':'Odd','operator':'Exists','values':['a']},{"
		       "'scopeName':'PriorityClass','operator':'x'}]}"),
		 NULL,
		 EXPRESSIONS
		 ".operator" INVALID
		 "\"In\": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity\n" EXPRESSIONS
		 ".operator" INVALID "\"x\": not a valid selector operator\n" EXPRESSIONS ".scopeName" INVALID
		 "\"Odd\": unsupported scope\n" EXPRESSIONS ".values" INVALID
		 "[\"a\"]: must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector\n" EXPRESSIONS
		 ".values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector\n"},
		{QUOTA("'scopes':['Terminating','BestEffort']"),
		 "{'spec':{'scopes':['BestEffort','Terminating']}}", ""},
		{QUOTA("'scopes':['Terminating']"), "{'spec':{}}",
		 "spec.scopes" INVALID "[\"Terminating\"]: field is immutable\n"},
		{"", "ResourceQuota", "status", "{'status':{'hard':{'x':'1'},'used':{'pods':'-1'}}}", "{}",
		 "status.hard[x]" INVALID "\"x\": must be a standard resource for quota\n"
		 "status.hard[x]" INVALID "\"x\": must be a standard resource type or fully qualified\n"
		 "status.used[pods]" INVALID "\"-1\": must be greater than or equal to 0\n"},
	};

	causes_check_updates(rows, ARRAY_LEN(rows));
}

#define RANGE(item)                                                                                          \
	"", "LimitRange", "", "{'metadata':{'name':'l','namespace':'n'},'spec':{'limits':[" item "]}}"
#define L "spec.limits[0]"

static void ranges(void **state)
{
	static const struct causes_update rows[] = {
		{RANGE("{'type':'Container','max':{'cpu':'2'},'min':{'cpu':'1'},'maxLimitRequestRatio':{'cpu':'2'}}"),
		 NULL, ""},
		{RANGE("{'type':'a.b/C','max':{'storage':'2'}},{'type':'PersistentVolumeClaim','min':{'storage':'1'}}"),
		 NULL, ""},
		{RANGE("{'type':'x'},{'type':'Pod'},{'type':'Pod'}"), NULL,
		 L ".type" INVALID "\"x\": must be a standard limit type or fully qualified\n"
		   "spec.limits[2].type: Duplicate value: \"Pod\"\n"},
		{RANGE("{'type':'Pod','default':{'cpu':'1'},'defaultRequest':{'cpu':'1'},'max':{'x':'1'}}"),
		 NULL,
		 L ".default: Forbidden: may not be specified when `type` is 'Pod'\n" L
		   ".defaultRequest: Forbidden: may not be specified when `type` is 'Pod'\n" L
		   ".max[x]" INVALID "\"x\": must be a standard resource for containers\n" L ".max[x]" INVALID
		   "\"x\": must be a standard resource type or fully qualified\n"},
		{RANGE("{'type':'PersistentVolumeClaim','max':{'cpu':'1'}}"), NULL,
		 L
		 ".limits: Required value: either minimum or maximum storage value is required, but neither was provided\n"},
		{RANGE("{'type':'Container','max':{'cpu':'1'},'min':{'cpu':'4'},'default':{'cpu':'2'},'defaultRequest':{'cpu':'3'},'maxLimitRequestRatio':{'cpu':'0.5'}}"),
		 NULL,
		 L ".defaultRequest[cpu]" INVALID
		   "\"3\": default request value 3 is greater than default limit value 2\n" L
		   ".defaultRequest[cpu]" INVALID
		   "\"3\": default request value 3 is greater than max value 1\n" L
		   ".defaultRequest[cpu]" INVALID
		   "\"3\": min value 4 is greater than default request value 3\n" L ".default[cpu]" INVALID
		   "\"1\": default value 2 is greater than max value 1\n" L ".default[cpu]" INVALID
		   "\"4\": min value 4 is greater than default value 2\n" L
		   ".maxLimitRequestRatio[cpu]" INVALID
		   "\"500m\": ratio 500m is greater than max/min = 0.250000\n" L
		   ".maxLimitRequestRatio[cpu]" INVALID "\"500m\": ratio 500m is less than 1\n" L
		   ".min[cpu]" INVALID "\"4\": min value 4 is greater than max value 1\n"},
		{RANGE("{'type':'Container','default':{'a.b/c':'2'},'defaultRequest':{'a.b/c':'1'}}"), NULL,
		 L ".defaultRequest[a.b/c]" INVALID
		   "\"1\": default value 2 must equal to defaultRequest value 1 in a.b/c\n"},
	};

	causes_check_updates(rows, ARRAY_LEN(rows));
}

/* Containers get limits and requests from what bounds them. */
static void range_defaults(void **state)
{
	autobuf struct buf got = BUF_INIT, text = BUF_INIT;
	js *o = NULL;

	causes_of(
		"", "LimitRange", "",
		JSON("{'spec':{'limits':[{'type':'Container','max':{'cpu':'4','memory':'2'},'min':{'pods':'1'},'default':{'cpu':'3'}}]}}"),
		NULL, &got, &o);
	const js *item = js_at(js_arr(o, "spec", "limits", NULL), 0);
	js_write(&text, js_obj(item, "default", NULL));
	js_write(&text, js_obj(item, "defaultRequest", NULL));
	assert_string_equal(buf_str(&text),
			    JSON("{'cpu':'3','memory':'2'}{'cpu':'3','memory':'2','pods':'1'}"));
	json_object_put(o);
}

#define POD(more)                                                                                            \
	"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}]" more   \
	"}}"
#define RC(spec)                                                                                             \
	"", "ReplicationController", "", "{'metadata':{'name':'r','namespace':'n'},'spec':{" spec "}}"

static void controllers(void **state)
{
	static const struct causes_update rows[] = {
		{RC(POD("")), NULL, ""},
		{RC("'replicas':-1"), NULL,
		 "spec.replicas" INVALID "-1: must be greater than or equal to 0\n"
		 "spec.selector: Required value\n"
		 "spec.template: Required value\n"},
		{RC("'selector':{'x':'y'}," POD(",'restartPolicy':'Never','activeDeadlineSeconds':1")), NULL,
		 "spec.template.metadata.labels" INVALID
		 "{\"a\":\"b\"}: `selector` does not match template `labels`\n"
		 "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicationController is not Supported\n"
		 "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"\n"},
		{"", "ReplicationController", "status",
		 "{'spec':{" POD("") "},'status':{'replicas':1,'readyReplicas':2,'availableReplicas':3}}",
		 "{}",
		 "status.availableReplicas" INVALID "3: cannot be greater than readyReplicas\n"
		 "status.availableReplicas" INVALID "3: cannot be greater than status.replicas\n"
		 "status.readyReplicas" INVALID "2: cannot be greater than status.replicas\n"},
		{"", "PodTemplate", "", "{'metadata':{'name':'t','namespace':'n'}," POD("") "}", NULL, ""},
		{"", "PodTemplate", "",
		 "{'metadata':{'name':'t','namespace':'n'},'template':{'metadata':{'labels':{'a b':''}},'spec':{}}}",
		 NULL,
		 "template.labels" INVALID "\"a b\": name part must consist …\n"
		 "template.spec.containers: Required value\n"},
	};

	causes_check_updates(rows, ARRAY_LEN(rows));
}

static void labels_from_template(void **state)
{
	autobuf struct buf got = BUF_INIT, text = BUF_INIT;
	js *o = NULL;

	causes_of("", "ReplicationController", "", JSON("{'metadata':{'name':'r'},'spec':{" POD("") "}}"),
		  NULL, &got, &o);
	js_write(&text, js_obj(o, "spec", "selector", NULL));
	js_write(&text, js_obj(o, "metadata", "labels", NULL));
	assert_string_equal(buf_str(&text), JSON("{'a':'b'}{'a':'b'}"));
	assert_int_equal(js_int(o, 0, "spec", "replicas", NULL), 1);
	json_object_put(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(quotas), cmocka_unit_test(ranges),
					   cmocka_unit_test(range_defaults), cmocka_unit_test(controllers),
					   cmocka_unit_test(labels_from_template)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
