/* SPDX-License-Identifier: Apache-2.0 */
/* Autoscalers against a real API; what was measured is made up. Stories of upstream's horizontal_test.go. */
#include "autoscaler/hpa.h"
#include "controllers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rig/rig.h"

#define HPA "HorizontalPodAutoscaler/h"
#define RESOURCE_CALL "GET /apis/metrics.k8s.io/v1beta1/*"
#define CUSTOM_CALL "GET /apis/custom.metrics.k8s.io/v1beta2/*"

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&hpa_controller, NULL);
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

/* ---- the world ---- */

/* A ReplicaSet with Pods that have run for long; its status says so. */
static void make_set(const char *name, int replicas)
{
	rig_create(
		r,
		"apiVersion: apps/v1\n"
		"kind: ReplicaSet\n"
		"metadata: {name: %s}\n"
		"spec:\n"
		"  replicas: %d\n"
		"  selector: {matchLabels: {app: %s}}\n"
		"  template:\n"
		"    metadata: {labels: {app: %s}}\n"
		"    spec: {containers: [{name: c, image: i, resources: {requests: {cpu: '1', memory: 1Mi}}}]}\n"
		"status: {replicas: %d}\n",
		name, replicas, name, name, replicas);
	for (int i = 0; i < replicas; i++)
		rig_create(
			r,
			"apiVersion: v1\n"
			"kind: Pod\n"
			"metadata: {name: %s-%d, labels: {app: %s}}\n"
			"spec: {containers: [{name: c, image: i, resources: {requests: {cpu: '1', memory: 1Mi}}}]}\n"
			"status: {phase: Running, startTime: '2025-01-01T00:00:00Z', conditions: "
			"[{type: Ready, status: 'True', lastTransitionTime: '2025-01-01T00:01:00Z'}]}\n",
			name, i, name);
}

static void make_hpa(const char *spec)
{
	rig_create(r,
		   "apiVersion: autoscaling/v2\n"
		   "kind: HorizontalPodAutoscaler\n"
		   "metadata: {name: h}\n"
		   "spec:\n"
		   "  scaleTargetRef: {apiVersion: apps/v1, kind: ReplicaSet, name: web}\n"
		   "  %s\n",
		   spec);
}

#define CPU_30                                                                                               \
	"metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 30}}}]"

/* The answer to the question for Pods' resources; each has the same. */
static void measure(int pods, const char *usage)
{
	static char *text;
	autobuf struct buf b = BUF_INIT;

	free(text);
	buf_adds(&b, "kind: PodMetricsList\nitems:\n");
	for (int i = 0; i < pods; i++)
		buf_addf(&b,
			 "- metadata: {name: web-%d}\n"
			 "  timestamp: '2026-01-01T00:00:00Z'\n"
			 "  window: 30s\n"
			 "  containers: [{name: c, usage: {%s}}]\n",
			 i, usage);
	text = mem_strdup(buf_str(&b));
	rig_heal(r);
	rig_fail(r, .call = RESOURCE_CALL, .reply = text);
}

static void sync_hpa(void)
{
	struct rig_result res = rig_sync(r, "horizontal-pod-autoscaler", "default/h");

	assert_int_equal(res.rc, 0);
	assert_int_equal(res.requeue_after_ns, 15 * NS_PER_S); /* whatever happened */
}

/* ---- up and down ---- */

static void test_up(void **state)
{
	make_set("web", 3);
	make_hpa("minReplicas: 2\n  maxReplicas: 6\n  " CPU_30);
	measure(3, "cpu: 500m");
	sync_hpa();
	rig_expect(r, "ReplicaSet/web", "spec: {replicas: 5}");
	rig_expect_event(r, HPA " Normal SuccessfulRescale New size: 5; reason: cpu resource utilization "
				"(percentage of request) above target");
	rig_expect(
		r, HPA,
		"status:\n"
		"  currentReplicas: 3\n"
		"  desiredReplicas: 5\n"
		"  lastScaleTime: '2026-01-01T*'\n"
		"  currentMetrics:\n"
		"  - {type: Resource, resource: {name: cpu, current: {averageUtilization: 50, averageValue: 500m}}}\n"
		"  conditions:\n"
		"  - {type: AbleToScale, status: 'True', reason: SucceededRescale, message: 'the HPA controller was "
		"able to update the target scale to 5'}\n"
		"  - {type: ScalingActive, status: 'True', reason: ValidMetricFound, message: 'the HPA was able to "
		"successfully calculate a replica count from cpu resource utilization (percentage of request)'}\n"
		"  - {type: ScalingLimited, status: 'False', reason: DesiredWithinRange, message: 'the desired count is "
		"within the acceptable range'}\n");
}

static void test_nothing_changes_nothing_is_written(void **state)
{
	make_set("web", 3);
	make_hpa("maxReplicas: 6\n  " CPU_30);
	measure(3, "cpu: 310m");
	sync_hpa();
	rig_forget(r);
	clock_advance(15 * NS_PER_S);
	sync_hpa();
	assert_int_equal(rig_calls(r, RIG_WRITES), 0);
	rig_expect_no_event(r);
	rig_expect(
		r, HPA,
		"status:\n"
		"  lastScaleTime: null\n"
		"  conditions:\n"
		"  - {type: AbleToScale, status: 'True', reason: ReadyForNewScale, message: 'recommended size "
		"matches current size'}\n"
		"  - {type: ScalingActive}\n"
		"  - {type: ScalingLimited}\n");
}

/* Down only when the window has passed. */
static void test_down_is_stabilised(void **state)
{
	make_set("web", 5);
	make_hpa("maxReplicas: 6\n  " CPU_30);
	measure(5, "cpu: 100m");
	sync_hpa();
	rig_expect(r, "ReplicaSet/web", "spec: {replicas: 5}");
	rig_expect(
		r, HPA,
		"status: {desiredReplicas: 5, conditions: [{type: AbleToScale, reason: ScaleDownStabilized, "
		"message: 'recent recommendations were higher than current one, applying the highest recent "
		"recommendation'}, {type: ScalingActive}, {type: ScalingLimited, status: 'False'}]}");
	clock_advance(301 * NS_PER_S);
	sync_hpa();
	rig_expect(r, "ReplicaSet/web", "spec: {replicas: 2}");
	rig_expect_event(r, HPA " Normal SuccessfulRescale New size: 2; reason: All metrics below target");
}

static void test_behavior(void **state)
{
	make_set("web", 5);
	make_hpa("maxReplicas: 60\n"
		 "  behavior: {scaleDown: {stabilizationWindowSeconds: 0, policies: [{type: Pods, value: 1, "
		 "periodSeconds: 60}]}}\n  " CPU_30);
	measure(5, "cpu: 100m");
	sync_hpa();
	rig_expect(r, "ReplicaSet/web", "spec: {replicas: 4}");
	rig_expect(
		r, HPA,
		"status: {conditions: [{type: AbleToScale, reason: SucceededRescale}, {type: ScalingActive}, {type: "
		"ScalingLimited, status: 'True', reason: ScaleDownLimit, message: 'the desired replica count is "
		"decreasing faster than the maximum scale rate'}]}");
	clock_advance(30 * NS_PER_S);
	sync_hpa(); /* the minute is not over */
	rig_expect(r, "ReplicaSet/web", "spec: {replicas: 4}");
	clock_advance(31 * NS_PER_S);
	sync_hpa();
	rig_expect(r, "ReplicaSet/web", "spec: {replicas: 3}");
}

/* ---- bounds ---- */

static void test_bounds(void **state)
{
	static const struct {
		int replicas;
		const char *spec, *cpu;
		int want;
		const char *limited, *reason;
	} rows[] = {
		{3, "maxReplicas: 5", "cpu: 2", 5, "True", "TooManyReplicas"},
		{3, "maxReplicas: 50", "cpu: 2", 6, "True", "ScaleUpLimit"},
		{1, "maxReplicas: 50", "cpu: 2", 4, "True", "ScaleUpLimit"},
		{3, "maxReplicas: 6", "cpu: 300m", 3, "False", "DesiredWithinRange"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *spec = mem_printf("%s\n  " CPU_30, rows[i].spec);
		autofree char *limited = mem_printf(
			"status: {conditions: [{type: AbleToScale}, {type: ScalingActive}, {type: ScalingLimited, "
			"status: '%s', reason: %s}]}",
			rows[i].limited, rows[i].reason);

		make_set("web", rows[i].replicas);
		make_hpa(spec);
		measure(rows[i].replicas, rows[i].cpu);
		sync_hpa();
		rig_expect(r, "ReplicaSet/web", "spec: {replicas: %d}", rows[i].want);
		rig_expect(r, HPA, "%s", limited);
		tear_down(state);
		set_up(state);
	}
}

/* Outside of the bounds no metric is asked for. */
static void test_out_of_bounds(void **state)
{
	make_set("web", 3);
	make_hpa("minReplicas: 4\n  maxReplicas: 6\n  " CPU_30);
	sync_hpa();
	rig_expect(r, "ReplicaSet/web", "spec: {replicas: 4}");
	rig_expect_event(r, HPA
			 " Normal SuccessfulRescale New size: 4; reason: Current number of replicas below "
			 "Spec.MinReplicas");
	rig_patch(r, "ReplicaSet/web", NULL, "spec: {replicas: 9}");
	sync_hpa();
	rig_expect(r, "ReplicaSet/web", "spec: {replicas: 6}");
	rig_expect_event(r, HPA
			 " Normal SuccessfulRescale New size: 6; reason: Current number of replicas above "
			 "Spec.MaxReplicas");
	assert_int_equal(rig_calls(r, "GET /apis/metrics*"), 0);
}

static void test_disabled_at_zero(void **state)
{
	make_set("web", 0);
	make_hpa("maxReplicas: 6\n  " CPU_30);
	sync_hpa();
	rig_expect(r, "ReplicaSet/web", "spec: {replicas: 0}");
	rig_expect(
		r, HPA,
		"status: {desiredReplicas: 0, conditions: [{type: AbleToScale, reason: SucceededGetScale}, {type: "
		"ScalingActive, status: 'False', reason: ScalingDisabled, message: 'scaling is disabled since the "
		"replica count of the target is zero'}]}");
}

/* ---- the other metrics ---- */

static const char custom_group[] = "kind: APIGroup\nversions: [{version: v1beta1}, {version: v1beta2}]\n";

static const struct {
	const char *name, *metric, *call, *reply;
	int want;
	const char *reason, *current;
} metrics[] = {
	{"container",
	 "{type: ContainerResource, containerResource: {name: cpu, container: c, target: {type: "
	 "Utilization, averageUtilization: 30}}}",
	 NULL, "cpu: 400m", 4, "cpu container resource utilization (percentage of request)",
	 "{type: ContainerResource, containerResource: {name: cpu, container: c, current: {averageUtilization: 40, "
	 "averageValue: 400m}}}"},
	{"amount",
	 "{type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 3Mi}}}", NULL,
	 "memory: 6Mi", 6, "memory resource",
	 "{type: Resource, resource: {name: memory, current: {averageValue: 6Mi, averageUtilization: null}}}"},
	{"pods", "{type: Pods, pods: {metric: {name: qps}, target: {type: AverageValue, averageValue: 15}}}",
	 "GET /apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*/qps?labelSelector=app%3Dweb",
	 "items: [{describedObject: {name: web-0}, value: 20}, {describedObject: {name: web-1}, value: 10}, "
	 "{describedObject: {name: web-2}, value: 30}]",
	 4, "pods metric qps", "{type: Pods, pods: {metric: {name: qps}, current: {averageValue: '20'}}}"},
	{"object",
	 "{type: Object, object: {describedObject: {apiVersion: apps/v1, kind: ReplicaSet, name: web}, "
	 "metric: {name: qps, selector: {matchLabels: {a: b}}}, target: {type: Value, value: 15}}}",
	 "GET /apis/custom.metrics.k8s.io/v1beta2/namespaces/default/replicasets.apps/web/"
	 "qps?metricLabelSelector=a%3Db",
	 "items: [{value: 20}]", 4, "ReplicaSet metric qps",
	 "{type: Object, object: {describedObject: {kind: ReplicaSet}, metric: {name: qps}, current: {value: '20'}}}"},
	{"object per Pod",
	 "{type: Object, object: {describedObject: {apiVersion: v1, kind: Namespace, name: other}, "
	 "metric: {name: qps}, target: {type: AverageValue, averageValue: 5}}}",
	 "GET /apis/custom.metrics.k8s.io/v1beta2/namespaces/default/metrics/qps", "items: [{value: 20}]", 4,
	 "external metric qps(nil)", "{type: Object, object: {current: {averageValue: 6667m}}}"},
	{"external",
	 "{type: External, external: {metric: {name: depth, selector: {matchLabels: {q: x}}}, target: "
	 "{type: Value, value: 6666m}}}",
	 "GET /apis/external.metrics.k8s.io/v1beta1/namespaces/default/depth?labelSelector=q%3Dx",
	 "items: [{value: 8600m}, {value: 400m}]", 5,
	 "external metric depth(&LabelSelector{MatchLabels:map?string?string{q: "
	 "x,},MatchExpressions:??LabelSelectorRequirement{},})",
	 "{type: External, external: {metric: {name: depth}, current: {value: '9'}}}"},
	{"external per Pod",
	 "{type: External, external: {metric: {name: depth}, target: {type: AverageValue, "
	 "averageValue: 2150m}}}",
	 "GET /apis/external.metrics.k8s.io/v1beta1/namespaces/default/depth", "items: [{value: 8600m}]", 4,
	 "external metric depth(nil)", "{type: External, external: {current: {averageValue: 2867m}}}"},
};

static void test_metrics(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
		autofree char *spec = mem_printf("maxReplicas: 60\n  metrics: [%s]", metrics[i].metric);
		autofree char *event =
			mem_printf(HPA " Normal SuccessfulRescale New size: %d; reason: %s above target",
				   metrics[i].want, metrics[i].reason);

		make_set("web", 3);
		make_hpa(spec);
		if (metrics[i].call) {
			rig_fail(r, .call = "GET /apis/custom.metrics.k8s.io", .reply = custom_group);
			rig_fail(r, .call = metrics[i].call, .reply = metrics[i].reply);
		} else {
			measure(3, metrics[i].reply);
		}
		sync_hpa();
		rig_expect_event(r, event);
		rig_expect(r, "ReplicaSet/web", "spec: {replicas: %d}", metrics[i].want);
		rig_expect(r, HPA, "status: {currentMetrics: [%s]}", metrics[i].current);
		tear_down(state);
		set_up(state);
	}
}

/* The metric that asks for most decides. */
static void test_most_of_several(void **state)
{
	make_set("web", 3);
	make_hpa(
		"maxReplicas: 60\n  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, "
		"averageUtilization: 30}}}, {type: Resource, resource: {name: memory, target: {type: AverageValue, "
		"averageValue: 3Mi}}}]");
	measure(3, "cpu: 400m, memory: 5Mi");
	sync_hpa();
	rig_expect(r, "ReplicaSet/web", "spec: {replicas: 5}");
	rig_expect_event(r,
			 HPA " Normal SuccessfulRescale New size: 5; reason: memory resource above target");
}

/* ---- what fails ---- */

#define TWO_METRICS                                                                                               \
	"metrics: [{type: External, external: {metric: {name: depth}, target: {type: Value, value: 5}}}, {type: " \
	"Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 30}}}]"

/* Up goes on with what is known, down does not. */
static void test_one_of_two_fails(void **state)
{
	make_set("web", 3);
	make_hpa("maxReplicas: 60\n  " TWO_METRICS);
	measure(3, "cpu: 500m");
	sync_hpa();
	rig_expect(r, "ReplicaSet/web", "spec: {replicas: 5}");
	rig_expect_event(
		r,
		HPA " Warning FailedGetExternalMetric unable to get external metric "
		    "default/depth/nil: unable to fetch metrics from external metrics API: the server could "
		    "not find the requested resource (get depth.external.metrics.k8s.io)");
	rig_expect_event(r, HPA " Normal SuccessfulRescale *");
	rig_expect(r, HPA, "status: {currentMetrics: [{type: ''}, {type: Resource}]}");

	rig_forget(r);
	measure(3, "cpu: 10m");
	clock_advance(400 * NS_PER_S);
	sync_hpa();
	rig_expect(r, "ReplicaSet/web", "spec: {replicas: 5}");
	rig_expect(
		r, HPA,
		"status: {desiredReplicas: 5, conditions: [{type: AbleToScale, reason: SucceededGetScale}, {type: "
		"ScalingActive, status: 'False', reason: FailedGetExternalMetric, message: 'the HPA was unable to "
		"compute the replica count: *'}, {type: ScalingLimited}]}");
	rig_expect_event(r, HPA " Warning FailedGetExternalMetric *");
	rig_expect_event(r, HPA
			 " Warning FailedComputeMetricsReplicas invalid metrics (1 invalid out of 2), first "
			 "error is: failed to get depth external metric value: failed to get external metric "
			 "depth: *");
}

static const struct {
	const char *name, *metric, *reason, *event;
} failures[] = {
	{"resource",
	 "{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 3}}}",
	 "FailedGetResourceMetric",
	 "failed to get cpu utilization: unable to get metrics for resource cpu: *"},
	{"amount", "{type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 3}}}",
	 "FailedGetResourceMetric", "failed to get cpu usage: unable to get metrics for resource cpu: *"},
	{"container",
	 "{type: ContainerResource, containerResource: {name: cpu, container: c, target: {type: "
	 "Utilization, averageUtilization: 3}}}",
	 "FailedGetContainerResourceMetric", "failed to get cpu utilization: *"},
	{"pods", "{type: Pods, pods: {metric: {name: q}, target: {type: AverageValue, averageValue: 1}}}",
	 "FailedGetPodsMetric", "unable to get metric q: unable to fetch metrics from custom metrics API: *"},
	{"object",
	 "{type: Object, object: {describedObject: {apiVersion: v1, kind: Service, name: s}, metric: {name: "
	 "q}, target: {type: Value, value: 1}}}",
	 "FailedGetObjectMetric",
	 "unable to get metric q: unable to fetch metrics from custom metrics API: * on "
	 "Service default/s"},
	{"external",
	 "{type: External, external: {metric: {name: q}, target: {type: AverageValue, averageValue: 1}}}",
	 "FailedGetExternalMetric", "unable to get external metric default/q/nil: *"},
};

static void test_failures(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		autofree char *spec = mem_printf("maxReplicas: 60\n  metrics: [%s]", failures[i].metric);
		autofree char *event =
			mem_printf(HPA " Warning %s %s", failures[i].reason, failures[i].event);

		make_set("web", 3);
		make_hpa(spec);
		rig_fail(r, .call = "GET /apis/*metrics.k8s.io*", .reason = REASON_UNAVAILABLE,
			 .message = "nobody there");
		sync_hpa();
		rig_expect_event(r, event);
		rig_expect_event(
			r, HPA " Warning FailedComputeMetricsReplicas invalid metrics (1 invalid out of 1), "
			       "first error is: failed to get *");
		rig_expect(
			r, HPA,
			"status: {currentReplicas: 3, conditions: [{type: AbleToScale}, {type: ScalingActive, "
			"status: 'False', reason: %s}]}",
			failures[i].reason);
		rig_expect(r, "ReplicaSet/web", "spec: {replicas: 3}");
		tear_down(state);
		set_up(state);
	}
}

static void test_no_target(void **state)
{
	make_hpa("maxReplicas: 6\n  " CPU_30);
	sync_hpa();
	rig_expect_event(r, HPA " Warning FailedGetScale replicasets/scale.apps \"web\" not found");
	rig_expect(
		r, HPA,
		"status: {conditions: [{type: AbleToScale, status: 'False', reason: FailedGetScale, message: 'the "
		"HPA controller was unable to get the target''s current scale: *not found'}]}");
	rig_patch(r, HPA, NULL, "spec: {scaleTargetRef: {apiVersion: example.com/v1, kind: Boat}}");
	rig_forget(r);
	sync_hpa();
	rig_expect_event(r,
			 HPA " Warning FailedGetScale no matches for kind \"Boat\" in group \"example.com\"");
	rig_patch(r, HPA, NULL, "spec: {scaleTargetRef: {apiVersion: apps/v1, kind: ControllerRevision}}");
	sync_hpa();
	rig_expect_event(r, HPA " Warning FailedGetScale *");
}

/* What was written for a version that is gone goes on to work. */
static void test_old_version_of_a_target(void **state)
{
	make_set("web", 3);
	make_hpa("maxReplicas: 6\n  " CPU_30);
	rig_patch(r, HPA, NULL, "spec: {scaleTargetRef: {apiVersion: apps/v1beta2}}");
	measure(3, "cpu: 500m");
	sync_hpa();
	rig_expect(r, "ReplicaSet/web", "spec: {replicas: 5}");
}

static void meanwhile(struct rig *rig)
{
	rig_patch(rig, "ReplicaSet/web", NULL, "metadata: {labels: {x: seen}}");
}

static void test_scale_conflicts(void **state)
{
	make_set("web", 3);
	make_hpa("maxReplicas: 6\n  " CPU_30);
	measure(3, "cpu: 500m");
	rig_fail(r, .call = "PUT *", .times = 1, .before = meanwhile);
	sync_hpa();
	assert_int_equal(rig_calls(r, "PUT *"), 2);
	rig_expect(r, "ReplicaSet/web", "spec: {replicas: 5}");
}

static void test_scale_refused(void **state)
{
	make_set("web", 3);
	make_hpa("maxReplicas: 6\n  " CPU_30);
	measure(3, "cpu: 500m");
	rig_fail(r, .call = "PUT *", .reason = REASON_FORBIDDEN, .message = "not you");
	sync_hpa();
	rig_expect_event(
		r, HPA " Warning FailedRescale New size: 5; reason: cpu resource utilization (percentage of "
		       "request) above target; error: not you");
	rig_expect(
		r, HPA,
		"status: {desiredReplicas: 0, lastScaleTime: null, conditions: [{type: AbleToScale, status: "
		"'False', reason: FailedUpdateScale, message: 'the HPA controller was unable to update the target "
		"scale: not you'}, {type: ScalingActive}, {type: ScalingLimited}]}");
	assert_int_equal(rig_calls(r, "PUT *"), 1);
}

/* ---- whose Pods ---- */

static void test_two_for_one_pod(void **state)
{
	make_set("web", 3);
	make_hpa("maxReplicas: 6\n  " CPU_30);
	rig_create(
		r,
		"apiVersion: autoscaling/v2\n"
		"kind: HorizontalPodAutoscaler\n"
		"metadata: {name: other}\n"
		"spec: {maxReplicas: 6, scaleTargetRef: {apiVersion: apps/v1, kind: ReplicaSet, name: web}, " CPU_30
		"}\n");
	measure(3, "cpu: 500m");
	rig_must_sync(r, "horizontal-pod-autoscaler", "default/other");
	rig_forget(r);
	sync_hpa();
	rig_expect_event(
		r, HPA " Warning AmbiguousSelector pods by selector app=web are controlled by multiple HPAs: "
		       "?default/*");
	rig_expect(
		r, HPA,
		"status: {conditions: [{type: AbleToScale}, {type: ScalingActive, status: 'False', reason: "
		"AmbiguousSelector}]}");
	rig_delete(r, "HorizontalPodAutoscaler/other", "");
	rig_must_sync(r, "horizontal-pod-autoscaler", "default/other");
	rig_patch(r, "ReplicaSet/web", NULL, "spec: {replicas: 3}");
	sync_hpa();
	rig_expect(r, HPA,
		   "status: {conditions: [{type: AbleToScale}, {type: ScalingActive, status: 'True'}, "
		   "{type: ScalingLimited}]}");
}

/* ---- when it is looked at ---- */

static void test_own_status_does_not_wake_it(void **state)
{
	make_set("web", 3);
	make_hpa("maxReplicas: 6\n  " CPU_30);
	measure(3, "cpu: 300m");
	assert_int_equal(rig_run(r), 1);
	assert_int_equal(rig_run(r), 0);
	rig_patch(r, HPA, NULL, "spec: {maxReplicas: 7}");
	assert_int_equal(rig_run(r), 1);
	clock_advance(15 * NS_PER_S);
	assert_int_equal(rig_run(r), 1);
	rig_delete(r, HPA, "");
	assert_int_equal(rig_run(r), 1);
	clock_advance(60 * NS_PER_S);
	assert_in_range(rig_run(r), 0, 1); /* what was asked for before it went */
	clock_advance(60 * NS_PER_S);
	assert_int_equal(rig_run(r), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_up),
		TEST(test_nothing_changes_nothing_is_written),
		TEST(test_down_is_stabilised),
		TEST(test_behavior),
		TEST(test_bounds),
		TEST(test_out_of_bounds),
		TEST(test_disabled_at_zero),
		TEST(test_metrics),
		TEST(test_most_of_several),
		TEST(test_one_of_two_fails),
		TEST(test_failures),
		TEST(test_no_target),
		TEST(test_old_version_of_a_target),
		TEST(test_scale_conflicts),
		TEST(test_scale_refused),
		TEST(test_two_for_one_pod),
		TEST(test_own_status_does_not_wake_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
