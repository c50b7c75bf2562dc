/* SPDX-License-Identifier: Apache-2.0 */
/* Autoscalers of one version read in the other, and back without a loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/kinds_test.h"
#include "kinds/strategy.h"
#include "object/json_test.h"

static const struct kind *version(const char *v)
{
	return schema_kind(schema, "autoscaling", v, "HorizontalPodAutoscaler");
}

static js *decode(const char *v, const char *text)
{
	struct err err = ERR_INIT;
	autojson js *in = js_parse(text, strlen(text), NULL, &err);
	js *o = in ? schema_decode(version(v)->type, in, NULL, &err) : NULL;

	if (!o)
		fail_msg("%s: %s", text, err.msg);
	return o;
}

static void same(const struct kind *k, const js *a, const js *b)
{
	autobuf struct buf x = BUF_INIT, y = BUF_INIT;

	schema_write(&x, k->type, a);
	schema_write(&y, k->type, b);
	assert_string_equal(buf_str(&x), buf_str(&y));
}

#define META "'kind':'HorizontalPodAutoscaler','apiVersion':'autoscaling/"
#define REF "'scaleTargetRef':{'kind':'Deployment','name':'d','apiVersion':'apps/v1'}"
#define CPU                                                                                                  \
	"{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':50}}}"

/* v2 -> v1 -> v2 */
static const char *const v2[] = {
	"{" META "v2','metadata':{'name':'x'},'spec':{" REF ",'minReplicas':1,'maxReplicas':3,'metrics':[" CPU
	"]},'status':{'desiredReplicas':0,"
	"'currentMetrics':null}}",
	"{" META "v2','metadata':{'name':'x','annotations':{'a':'b'}},'spec':{" REF
	",'minReplicas':1,'maxReplicas':3,'metrics':["
	"{'type':'Resource','resource':{'name':'memory','target':{'type':'AverageValue','averageValue':'1Gi'}}},"
	"{'type':'ContainerResource','containerResource':{'name':'cpu','container':'c','target':{'type':'Utilization','averageUtilization':7}}},"
	"{'type':'Pods','pods':{'metric':{'name':'m','selector':{'matchLabels':{'a':'b'}}},'target':{'type':'AverageValue','averageValue':'5'}}},"
	"{'type':'Object','object':{'describedObject':{'kind':'Ingress','name':'i','apiVersion':'networking.k8s.io/v1'},'metric':{'name':'m'},"
	"'target':{'type':'Value','value':'2k'}}},"
	"{'type':'Object','object':{'describedObject':{'kind':'Ingress','name':'i'},'metric':{'name':'m'},'target':{'type':'AverageValue',"
	"'averageValue':'3'}}},"
	"{'type':'External','external':{'metric':{'name':'q','selector':{'matchExpressions':[{'key':'a','operator':'Exists'}]}},'target':{"
	"'type':'AverageValue','averageValue':'30'}}},"
	"{'type':'External','external':{'metric':{'name':'q'},'target':{'type':'Value','value':'30'}}}," CPU
	"],"
	"'behavior':{'scaleUp':{'stabilizationWindowSeconds':0,'selectPolicy':'Max','policies':[{'type':'Pods','value':4,'periodSeconds':15}]},"
	"'scaleDown':{'selectPolicy':'Disabled','policies':[{'type':'Percent','value':100,'periodSeconds':15}]}}},"
	"'status':{'observedGeneration':3,'lastScaleTime':'2026-01-02T03:04:05Z','currentReplicas':2,'desiredReplicas':3,'currentMetrics':["
	"{'type':'Resource','resource':{'name':'cpu','current':{'averageValue':'5m','averageUtilization':7}}},"
	"{'type':'ContainerResource','containerResource':{'name':'cpu','container':'c','current':{'averageValue':'5m','averageUtilization':7}}},"
	"{'type':'Object','object':{'describedObject':{'kind':'Ingress','name':'i'},'metric':{'name':'m'},'current':{'value':'7'}}},"
	"{'type':'Pods','pods':{'metric':{'name':'m'},'current':{'averageValue':'7'}}},"
	"{'type':'External','external':{'metric':{'name':'m'},'current':{'averageValue':'7'}}}],"
	"'conditions':[{'type':'AbleToScale','status':'True','lastTransitionTime':'2026-01-02T03:04:05Z','reason':'R','message':'m'}]}}",
};

static void test_v2_round_trip(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(v2); i++) {
		autojson js *o = decode("v2", JSON(v2[i]));
		autojson js *older = strategy_convert(version("v2"), version("v1"), o);
		autojson js *back = strategy_convert(version("v1"), version("v2"), older);
		same(version("v2"), back, o);
	}
}

/* v1 -> v2 -> v1 */
static void test_v1_round_trip(void **state)
{
	static const char text[] =
		"{" META "v1','metadata':{'name':'x','annotations':{'a':'b'}},'spec':{" REF
		",'minReplicas':1,'maxReplicas':3,'targetCPUUtilizationPercentage':7},'status':{'currentReplicas':0,'desiredReplicas':0}}";
	autojson js *o = decode("v1", JSON(text));
	autojson js *newer = strategy_convert(version("v1"), version("v2"), o);
	autojson js *back = strategy_convert(version("v2"), version("v1"), newer);

	same(version("v1"), back, o);
}

/* The texts that upstream writes. */
static void test_annotations(void **state)
{
	static const char metrics[] =
		"[{'type':'Resource','resource':{'name':'memory','targetAverageValue':'1Gi'}},{'type':'ContainerResource','containerResource':{"
		"'name':'cpu','targetAverageUtilization':7,'container':'c'}},{'type':'Pods','pods':{'metricName':'m','targetAverageValue':'5','selector':{"
		"'matchLabels':{'a':'b'}}}},{'type':'Object','object':{'target':{'kind':'Ingress','name':'i','apiVersion':'networking.k8s.io/v1'},"
		"'metricName':'m','targetValue':'2k'}},{'type':'Object','object':{'target':{'kind':'Ingress','name':'i'},'metricName':'m',"
		"'targetValue':'0','averageValue':'3'}},{'type':'External','external':{'metricName':'q','metricSelector':{'matchExpressions':[{'key':'a',"
		"'operator':'Exists'}]},'targetAverageValue':'30'}},{'type':'External','external':{'metricName':'q','targetValue':'30'}}]";
	static const char behavior[] =
		"{'ScaleUp':{'StabilizationWindowSeconds':0,'SelectPolicy':'Max','Policies':[{'Type':'Pods','Value':4,'PeriodSeconds':15}],'Tolerance':"
		"null},'ScaleDown':{'StabilizationWindowSeconds':null,'SelectPolicy':'Disabled','Policies':[{'Type':'Percent','Value':100,"
		"'PeriodSeconds':15}],'Tolerance':null}}";
	autojson js *o = decode("v2", JSON(v2[1]));
	autojson js *older = strategy_convert(version("v2"), version("v1"), o);
	const js *a = js_obj(older, "metadata", "annotations", NULL);

	assert_string_equal(js_str0(a, "autoscaling.alpha.kubernetes.io/metrics", NULL), JSON(metrics));
	assert_string_equal(js_str0(a, "autoscaling.alpha.kubernetes.io/behavior", NULL), JSON(behavior));
	assert_string_equal(
		js_str0(a, "autoscaling.alpha.kubernetes.io/conditions", NULL),
		JSON("[{'type':'AbleToScale','status':'True','lastTransitionTime':'2026-01-02T03:04:05Z','reason':'R','message':'m'}]"));
	assert_string_equal(js_str0(a, "a", NULL), "b");
	assert_int_equal(js_int(older, 0, "spec", "targetCPUUtilizationPercentage", NULL), 50);
	assert_int_equal(js_int(older, 0, "status", "currentCPUUtilizationPercentage", NULL), 7);
	assert_null(js_get(older, "spec", "metrics", NULL));
	assert_null(js_get(older, "status", "conditions", NULL));
}

/* Annotations are the client's to write: what is none of ours says nothing. */
static void test_bad_annotations(void **state)
{
	static const char *const bad[] = {"",
					  "x",
					  "null",
					  "7",
					  "{}",
					  "[7]",
					  "[{\"type\":7}]",
					  "[[[]]]",
					  "{\"scaleUp\":7}",
					  "[{\"pods\":{\"metricName\":[]}}]"};
	static const char *const keys[] = {"metrics", "current-metrics", "conditions", "behavior"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		autojson js *o =
			decode("v1", JSON("{'metadata':{'name':'x'},'spec':{" REF ",'maxReplicas':3}}"));
		for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
			autofree char *key = mem_printf("autoscaling.alpha.kubernetes.io/%s", keys[k]);
			js_set_str(js_ensure(o, "metadata", "annotations", NULL), key, bad[i]);
		}
		autojson js *newer = strategy_convert(version("v1"), version("v2"), o);
		assert_null(js_get(newer, "metadata", "annotations", NULL));
		const js *target =
			js_get(js_at(js_arr(newer, "spec", "metrics", NULL), 0), "resource", "target", NULL);
		if (i < 5)
			assert_int_equal(js_int(target, 0, "averageUtilization", NULL), 80);
		struct err err = ERR_INIT;
		autojson js *still = schema_conform(version("v2")->type, newer, NULL, &err);
		if (!still)
			fail_msg("%s: %s", bad[i], err.msg);
	}
}

/* What upstream finds in the annotation of another writer, whose letters are what they are. */
static void test_letters(void **state)
{
	static const char *const texts[] = {
		"{\"ScaleDown\":{\"SelectPolicy\":\"Min\",\"Policies\":[{\"Type\":\"Pods\",\"Value\":1,\"PeriodSeconds\":2}]}}",
		"{\"scaleDown\":{\"selectPolicy\":\"Min\",\"policies\":[{\"type\":\"Pods\",\"value\":1,\"periodSeconds\":2}]}}",
		"{\"SCALEDOWN\":{\"selectpolicy\":\"Min\",\"POLICIES\":[{\"tYpe\":\"Pods\",\"VALUE\":1,\"periodseconds\":2}]}}",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		autojson js *o =
			decode("v1", JSON("{'metadata':{'name':'x'},'spec':{" REF ",'maxReplicas':3}}"));
		js_set_str(js_ensure(o, "metadata", "annotations", NULL),
			   "autoscaling.alpha.kubernetes.io/behavior", texts[i]);
		autojson js *newer = strategy_convert(version("v1"), version("v2"), o);
		const js *rules = js_obj(newer, "spec", "behavior", "scaleDown", NULL),
			 *policy = js_at(js_arr(rules, "policies", NULL), 0);
		assert_string_equal(js_str0(rules, "selectPolicy", NULL), "Min");
		assert_string_equal(js_str0(policy, "type", NULL), "Pods");
		assert_int_equal(js_int(policy, 0, "value", NULL), 1);
		assert_int_equal(js_int(policy, 0, "periodSeconds", NULL), 2);
	}
}

/* Which utilization of the CPU is v1's, and which metrics are left over for the annotation. */
static void test_cpu(void **state)
{
#define CPU_AVERAGE                                                                                          \
	"{'type':'Resource','resource':{'name':'cpu','target':{'type':'AverageValue','averageValue':'300m'}}}"
#define MEMORY                                                                                               \
	"{'type':'Resource','resource':{'name':'memory','target':{'type':'Utilization','averageUtilization':70}}}"
	static const struct {
		const char *metrics;
		int64_t target; /* 0: none */
		size_t others;
		const char *first; /* metric on the way back */
	} rows[] = {
		{"[" CPU_AVERAGE "," CPU "]", 50, 1, CPU_AVERAGE},
		{"[" CPU "," CPU_AVERAGE "]", 50, 1, CPU_AVERAGE},
		{"[" CPU_AVERAGE "]", 0, 1, CPU_AVERAGE},
		{"[" MEMORY "," CPU "]", 50, 1, MEMORY},
		{"[" CPU "," MEMORY "]", 50, 1, MEMORY},
		{"[" CPU "]", 50, 0, CPU},
		{"[]", 80, 0,
		 "{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autofree char *text =
			mem_printf("{'metadata':{'name':'x'},'spec':{" REF ",'maxReplicas':3,'metrics':%s}}",
				   rows[i].metrics);
		autojson js *o = decode("v2", JSON(text));
		autojson js *older = strategy_convert(version("v2"), version("v1"), o);
		const char *rest = js_str(older, "metadata", "annotations",
					  "autoscaling.alpha.kubernetes.io/metrics", NULL);
		autojson js *others = rest ? js_parse(rest, strlen(rest), NULL, &err) : NULL;
		assert_int_equal(js_int(older, 0, "spec", "targetCPUUtilizationPercentage", NULL),
				 rows[i].target);
		assert_int_equal(js_len(others), rows[i].others);
		autojson js *back = strategy_convert(version("v1"), version("v2"), older);
		const char *first = JSON(rows[i].first);
		autojson js *want = js_parse(first, strlen(first), NULL, &err);
		const js *metrics = js_arr(back, "spec", "metrics", NULL);
		assert_true(js_equal(js_at(metrics, 0), want));
		assert_int_equal(js_len(metrics), rows[i].target ? rows[i].others + 1 : 1);
	}
}

/* Who writes the conversion's own annotations into a v2 object has written nothing; others are everybody's. */
static void test_own_annotations(void **state)
{
	static const char *const subresources[] = {"", "status"};
	const struct strategy *s = strategy_find(version("v2"));

	for (size_t i = 0; i < ARRAY_LEN(subresources); i++) {
		const struct strategy_ctx ctx = {.subresource = subresources[i], .schema = schema};
		autojson js *o = decode(
			"v2",
			JSON("{'metadata':{'name':'x','annotations':{'a':'b','autoscaling.alpha.kubernetes.io/metrics':'[]',"
			     "'autoscaling.alpha.kubernetes.io/scale-up-tolerance':'1'}},'spec':{" REF "}}"));
		autojson js *old = decode("v2", JSON("{'metadata':{'name':'x'},'spec':{" REF "}}"));
		if (*subresources[i])
			s->prepare(&ctx, o, old);
		else
			s->default_more(o);
		const js *left = js_obj(o, "metadata", "annotations", NULL);
		assert_int_equal(js_len(left), 1);
		assert_string_equal(js_str0(left, "a", NULL), "b");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v2_round_trip),	cmocka_unit_test(test_v1_round_trip),
		cmocka_unit_test(test_annotations),	cmocka_unit_test(test_bad_annotations),
		cmocka_unit_test(test_letters),		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_own_annotations),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
