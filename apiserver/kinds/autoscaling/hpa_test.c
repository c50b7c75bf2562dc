/* SPDX-License-Identifier: Apache-2.0 */
/* What an autoscaler may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/causes_test.h"

#define REF "'scaleTargetRef':{'apiVersion':'apps/v1','kind':'Deployment','name':'d'}"
#define SPEC(more) "{'metadata':{'name':'x'},'spec':{" REF ",'maxReplicas':3" more "}}"
#define METRIC(text) SPEC(",'metrics':[" text "]")
#define TYPES "supported values: \"ContainerResource\", \"External\", \"Object\", \"Pods\", \"Resource\"\n"

static const struct row {
	const char *object, *causes;
} rows[] = {
	{SPEC(""), ""},
	{SPEC(",'minReplicas':0"),
	 "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas\n"
	 "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1\n"},
	{"{'metadata':{'name':'x'},'spec':{" REF "}}",
	 "spec.maxReplicas: Invalid value: 0: must be greater than 0\n"
	 "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`\n"},
	{SPEC(",'minReplicas':4"),
	 "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`\n"},
	{"{'metadata':{'name':'x'},'spec':{'maxReplicas':1}}",
	 "spec.scaleTargetRef.apiVersion: Invalid value: \"\": apiVersion must specify API group\n"
	 "spec.scaleTargetRef.kind: Required value\nspec.scaleTargetRef.name: Required value\n"},
	{"{'metadata':{'name':'x'},'spec':{'maxReplicas':1,'scaleTargetRef':{'kind':'ReplicationController','name':'a/b','apiVersion':'v1'}}}",
	 "spec.scaleTargetRef.name: Invalid value: \"a/b\": may not contain '/'\n"},
	{"{'metadata':{'name':'x'},'spec':{'maxReplicas':1,'scaleTargetRef':{'kind':'D','name':'a','apiVersion':'a/b/c'}}}",
	 "spec.scaleTargetRef.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c\n"},
	{METRIC("{}"), "spec.metrics[0].type: Required value: must specify a metric source type\n"
		       "spec.metrics[0].type: Unsupported value: \"\": " TYPES
		       "spec.metrics[0].type: Unsupported value: \"\": " TYPES},
	{METRIC("{'type':'Pods'}"),
	 "spec.metrics[0].pods: Required value: must populate information for the given metric source\n"},
	{METRIC("{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':0}},'pods':{}}"),
	 "spec.metrics[0].pods.metric.name: Required value: must specify a metric name\n"
	 "spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue\n"
	 "spec.metrics[0].pods.target.type: Invalid value: \"\": must be either Utilization, Value, or AverageValue\n"
	 "spec.metrics[0].pods.target.type: Required value: must specify a metric target type\n"
	 "spec.metrics[0].pods: Forbidden: must populate the given metric source only\n"},
	{METRIC("{'type':'Resource','resource':{'target':{'type':'Utilization','averageUtilization':0,'averageValue':'-1'}}}"),
	 "spec.metrics[0].resource.name: Required value: must specify a resource name\n"
	 "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0\n"
	 "spec.metrics[0].resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization\n"
	 "spec.metrics[0].resource.target.averageValue: Invalid value: \"-1\": must be positive\n"},
	{METRIC("{'type':'ContainerResource','containerResource':{'name':'foo','target':{'type':'Value'}}}"),
	 "spec.metrics[0].containerResource.container: Required value: must specify a container\n"
	 "spec.metrics[0].containerResource.name: Invalid value: \"foo\": must be a standard resource for containers\n"
	 "spec.metrics[0].containerResource.target.averageUtilization: Required value: must set either a target raw value or a target utilization\n"},
	{METRIC("{'type':'External','external':{'metric':{'name':'m'},'target':{'type':'Value','value':'1','averageValue':'1'}}}"),
	 "spec.metrics[0].external.target.value: Forbidden: may not set both a target value for metric and a per-pod target\n"},
	{METRIC("{'type':'External','external':{'metric':{'name':'m','selector':{'matchLabels':{'a':'b c'}}},'target':{'type':'Value','value':'1'}}}"),
	 ""},
	{METRIC("{'type':'External','external':{'metric':{'name':'m'},'target':{'type':'Value'}}}"),
	 "spec.metrics[0].external.target.averageValue: Required value: must set either a target value for metric or a per-pod target\n"},
	{METRIC("{'type':'Object','object':{'describedObject':{'kind':'Service','name':'s','apiVersion':'v1'},'metric':{'name':'m'},'target':{'type':'Value'}}}"),
	 "spec.metrics[0].object.target.averageValue: Required value: must set either a target value or averageValue\n"},
	/* said to be none, which is not the same as unsaid */
	{SPEC(",'behavior':{'scaleUp':{'policies':[]}}"),
	 "spec.behavior.scaleUp.policies: Required value: must specify at least one Policy\n"},
	{SPEC(",'behavior':{'scaleDown':{'policies':[],'selectPolicy':'Max'}}"),
	 "spec.behavior.scaleDown.policies: Required value: must specify at least one Policy\n"},
	{SPEC(",'behavior':{'scaleUp':{'stabilizationWindowSeconds':3601,'selectPolicy':'x','policies':[{'type':'y','value':0,'periodSeconds':1801}]}}"),
	 "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800\n"
	 "spec.behavior.scaleUp.policies[0].type: Unsupported value: \"y\": supported values: \"Percent\", \"Pods\"\n"
	 "spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero\n"
	 "spec.behavior.scaleUp.selectPolicy: Unsupported value: \"x\": supported values: \"Disabled\", \"Max\", \"Min\"\n"
	 "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600\n"},
};

static char *told(const char *subresource, const char *text, const char *old)
{
	autobuf struct buf got = BUF_INIT;

	causes_of("autoscaling", "HorizontalPodAutoscaler", subresource, JSON(text), old ? JSON(old) : NULL,
		  &got, NULL);
	return mem_strdup(buf_str(&got));
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *got = told("", rows[i].object, NULL);
		if (strcmp(got, rows[i].causes))
			fail_msg("%s\nwant %s\n got %s", rows[i].object, rows[i].causes, got);
	}
}

#define OF(kind)                                                                                             \
	"{'metadata':{'name':'x'},'spec':{'maxReplicas':1,'minReplicas':0,'scaleTargetRef':{'kind':'" kind   \
	"','name':'a'},'metrics':[{'type':'External','external':{'metric':{'name':'m'},'target':{'type':'Value','value':1}}}]}}"

/* A target that was accepted once may stay; a changed one is looked at. */
static void test_updates(void **state)
{
	autofree char *same = told("", OF("D"), OF("D"));
	autofree char *changed = told("", OF("E"), OF("D"));
	autofree char *status =
		told("status", "{'metadata':{'name':'x'},'status':{'desiredReplicas':-1}}", OF("D"));

	assert_string_equal(same, "");
	assert_string_equal(
		changed,
		"spec.scaleTargetRef.apiVersion: Invalid value: \"\": apiVersion must specify API group\n");
	assert_non_null(strstr(
		status, "status.desiredReplicas: Invalid value: -1: must be greater than or equal to 0\n"));
}

/* A field that upstream has, but does not offer. */
static void test_tolerance_is_dropped(void **state)
{
	static const char *const texts[] = {
		"{'spec':{'scaleTargetRef':{'kind':'D','name':'n'},'maxReplicas':2,'behavior':{'scaleUp':{'selectPolicy':'Max'}}}}",
		"{'spec':{'scaleTargetRef':{'kind':'D','name':'n'},'maxReplicas':2,'behavior':{'scaleUp':{'selectPolicy':'Max','tolerance':'1'}}}}"};
	js *o[2] = {NULL, NULL};

	for (size_t i = 0; i < 2; i++) {
		autobuf struct buf errs = BUF_INIT;
		causes_of("autoscaling", "HorizontalPodAutoscaler", "", JSON(texts[i]), NULL, &errs, &o[i]);
	}
	assert_true(js_equal(o[0], o[1]));
	json_object_put(o[0]);
	json_object_put(o[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
					   cmocka_unit_test(test_tolerance_is_dropped),
					   cmocka_unit_test(test_updates)};
	return cmocka_run_group_tests(tests, causes_setup, causes_teardown);
}
