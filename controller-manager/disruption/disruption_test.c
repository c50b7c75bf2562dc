/* SPDX-License-Identifier: Apache-2.0 */
/* Disruption budgets against a real API: what they count, whom they ask, and what they say when they cannot. */
#include "controllers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig/rig.h"

#define SYNC "disruption", "default/b"

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&disruption_controller, NULL);
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

/* The budget `b` of Pods with app=web. */
static void make_budget(const char *limit)
{
	rig_create(r,
		   "apiVersion: policy/v1\n"
		   "kind: PodDisruptionBudget\n"
		   "metadata: {name: b}\n"
		   "spec: {selector: {matchLabels: {app: web}}, %s}\n",
		   limit);
}

/* owner: an ownerReference without `controller`, or "" */
static void make_pod(const char *name, const char *owner, bool ready)
{
	autofree char *refs =
		*owner ? mem_printf(", ownerReferences: [{%s, controller: true}]", owner) : mem_strdup("");

	rig_create(r,
		   "kind: Pod\n"
		   "metadata: {name: %s, labels: {app: web}%s}\n"
		   "spec: {containers: [{name: c, image: i}]}\n"
		   "status: {phase: Running, conditions: [{type: Ready, status: '%s'}]}\n",
		   name, refs, ready ? "True" : "False");
}

#define TEMPLATE                                                                                             \
	"selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, "                   \
	"spec: {containers: [{name: c, image: i}]}}"
#define BY_SET "apiVersion: apps/v1, kind: ReplicaSet, name: s, uid: $ReplicaSet/s"

static void make_set(int replicas)
{
	rig_create(r, "{kind: ReplicaSet, metadata: {name: s}, spec: {replicas: %d, " TEMPLATE "}}",
		   replicas);
}

static void expect(int allowed, int healthy, int desired, int expected)
{
	rig_expect(
		r, "PodDisruptionBudget/b",
		"status: {disruptionsAllowed: %d, currentHealthy: %d, desiredHealthy: %d, expectedPods: %d, "
		"observedGeneration: 1, disruptedPods: null, conditions: [{type: DisruptionAllowed, status: "
		"'%s', reason: %s, message: '', observedGeneration: 1}]}",
		allowed, healthy, desired, expected, allowed ? "True" : "False",
		allowed ? "SufficientPods" : "InsufficientPods");
}

/* ---- numbers ---- */

static void test_numbers(void **state)
{
	static const struct {
		const char *limit;
		int sets, ready, unready; /* replicas of the set, and its Pods */
		int allowed, desired, expected;
	} rows[] = {
		{"minAvailable: 3", 5, 0, 0, 0, 3, 0},	     {"minAvailable: 3", 5, 2, 0, 0, 3, 2},
		{"minAvailable: 3", 5, 4, 0, 1, 3, 4},	     {"minAvailable: 0", 5, 1, 1, 1, 0, 2},
		{"minAvailable: '28%'", 4, 1, 0, 0, 2, 4},   {"minAvailable: '28%'", 4, 3, 0, 1, 2, 4},
		{"minAvailable: '67%'", 10, 9, 0, 2, 7, 10}, {"minAvailable: '100%'", 2, 2, 0, 0, 2, 2},
		{"maxUnavailable: 1", 7, 7, 0, 1, 6, 7},     {"maxUnavailable: 2", 5, 2, 1, 0, 3, 5},
		{"maxUnavailable: 9", 5, 2, 1, 2, 0, 5},     {"maxUnavailable: '30%'", 7, 7, 0, 3, 4, 7},
		{"maxUnavailable: '30%'", 7, 3, 4, 0, 4, 7}, {"maxUnavailable: 0", 3, 3, 0, 0, 3, 3},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		make_set(rows[i].sets);
		make_budget(rows[i].limit);
		for (int k = 0; k < rows[i].ready + rows[i].unready; k++) {
			autofree char *name = mem_printf("p%d", k);

			make_pod(name, BY_SET, k < rows[i].ready);
		}
		rig_run(r);
		expect(rows[i].allowed, rows[i].ready, rows[i].desired, rows[i].expected);
		rig_forget(r);
		assert_int_equal(rig_run(r), 0);
		for (int k = 0; k < rows[i].ready + rows[i].unready; k++) {
			autofree char *pod = mem_printf("Pod/p%d", k);

			rig_delete(r, pod, "gracePeriodSeconds: 0");
		}
		rig_delete(r, "PodDisruptionBudget/b", "");
		rig_delete(r, "ReplicaSet/s", "");
		rig_run(r);
	}
}

static void test_follows_its_pods(void **state)
{
	make_budget("minAvailable: 1");
	rig_run(r);
	rig_expect_event(r, "PodDisruptionBudget/b Normal NoPods No matching pods found");
	expect(0, 0, 1, 0);
	make_pod("a", "", true);
	make_pod("b", "", false);
	rig_run(r);
	expect(0, 1, 1, 2);
	rig_patch(r, "Pod/b", "status", "status: {conditions: [{type: Ready, status: 'True'}]}");
	rig_run(r);
	expect(1, 2, 1, 2);
	rig_delete(r, "Pod/a", ""); /* it is unscheduled, and gone at once */
	rig_run(r);
	expect(0, 1, 1, 1);
	rig_patch(r, "Pod/b", NULL, "metadata: {labels: {app: other}}");
	rig_run(r);
	expect(0, 0, 1, 0);
}

static void test_selectors(void **state)
{
	make_pod("a", "", true);
	rig_create(r, "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b}\n"
		      "spec: {minAvailable: 0, selector: {}}\n");
	rig_run(r);
	expect(1, 1, 0, 1);
	rig_delete(r, "PodDisruptionBudget/b", "");
	rig_create(r, "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b}\n"
		      "spec: {minAvailable: 0}\n");
	rig_run(r);
	expect(0, 0, 0, 0);
}

/* ---- whom they ask ---- */

static void test_the_deployment_decides(void **state)
{
	rig_create(r, "{kind: Deployment, metadata: {name: d}, spec: {replicas: 4, " TEMPLATE "}}");
	rig_create(
		r,
		"{kind: ReplicaSet, metadata: {name: s, ownerReferences: [{apiVersion: apps/v1, kind: "
		"Deployment, name: d, uid: $Deployment/d, controller: true}]}, spec: {replicas: 2, " TEMPLATE
		"}}");
	make_budget("maxUnavailable: 1");
	make_pod("a", BY_SET, true);
	rig_run(r);
	expect(0, 1, 3, 4);
}

static void test_each_controller_counts_once(void **state)
{
	make_set(3);
	rig_create(r,
		   "{kind: ReplicationController, metadata: {name: c}, spec: {replicas: 2, selector: {app: "
		   "web}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: "
		   "i}]}}}}");
	make_budget("minAvailable: 20%");
	make_pod("a", BY_SET, true);
	make_pod("b", BY_SET, true);
	make_pod("c", "apiVersion: v1, kind: ReplicationController, name: c, uid: $ReplicationController/c",
		 true);
	rig_run(r);
	expect(2, 3, 1, 5);
}

static void test_a_stateful_set(void **state)
{
	rig_create(r, "{kind: StatefulSet, metadata: {name: t}, spec: {replicas: 3, serviceName: x, " TEMPLATE
		      "}}");
	make_budget("maxUnavailable: 1");
	make_pod("a", "apiVersion: apps/v1, kind: StatefulSet, name: t, uid: $StatefulSet/t", true);
	rig_run(r);
	expect(0, 1, 2, 3);
}

static void test_a_custom_resource(void **state)
{
	rig_create(
		r,
		"kind: CustomResourceDefinition\n"
		"metadata: {name: widgets.example.com}\n"
		"spec:\n"
		"  group: example.com\n"
		"  names: {kind: Widget, plural: widgets}\n"
		"  scope: Namespaced\n"
		"  versions:\n"
		"  - name: v1\n"
		"    served: true\n"
		"    storage: true\n"
		"    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: "
		"{num: {type: integer}}}, status: {type: object, properties: {num: {type: integer}}}}}}\n"
		"    subresources: {scale: {specReplicasPath: .spec.num, statusReplicasPath: .status.num}}\n");
	rig_await(r, "CustomResourceDefinition/widgets.example.com",
		  "status: {conditions: [{type: NamesAccepted}, {type: Established, status: 'True'}]}");
	rig_create(r, "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, spec: {num: 6}}");
	make_budget("maxUnavailable: 50%");
	make_pod("a", "apiVersion: example.com/v1, kind: Widget, name: w, uid: $Widget/w", true);
	rig_run(r);
	expect(0, 1, 3, 6);
}

/* ---- when they cannot ---- */

static void expect_failure(const char *why)
{
	rig_expect(
		r, "PodDisruptionBudget/b",
		"status: {disruptionsAllowed: 0, conditions: [{type: DisruptionAllowed, status: 'False', reason: "
		"SyncFailed, message: '%s'}]}",
		why);
	autofree char *event = mem_printf("PodDisruptionBudget/b Warning CalculateExpectedPodCountFailed "
					  "Failed to calculate the number of expected pods: %s",
					  why);
	rig_expect_event(r, event);
}

static void test_who_has_no_scale(void **state)
{
	rig_create(r, "{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {template: {spec: "
		      "{restartPolicy: Never, containers: [{name: c, image: i}]}}}}");
	make_budget("maxUnavailable: 1");
	make_pod("a", "apiVersion: batch/v1, kind: Job, name: j, uid: $Job/j", true);
	rig_run(r);
	expect_failure("jobs.batch does not implement the scale subresource");
}

static void test_who_is_not_there(void **state)
{
	make_budget("maxUnavailable: 1");
	make_pod("a", "apiVersion: apps/v1, kind: ReplicaSet, name: none, uid: u-1", true);
	rig_run(r);
	expect_failure("found no controllers for pod \"a\"");
	rig_delete(r, "Pod/a", "");
	rig_forget(r);
	make_pod("a", "apiVersion: example.com/v1, kind: Widget, name: w, uid: u-1", true);
	rig_run(r);
	rig_expect(r, "PodDisruptionBudget/b", "status: {conditions: [{reason: SyncFailed}]}");
	rig_delete(r, "Pod/a", "");
	rig_run(r);
	expect(0, 0, 0, 0);
}

static void test_unmanaged_pods_are_told(void **state)
{
	make_set(2);
	make_budget("maxUnavailable: 1");
	make_pod("a", BY_SET, true);
	make_pod("naked", "", true);
	rig_run(r);
	expect(1, 2, 1, 2);
	rig_expect_event(
		r,
		"PodDisruptionBudget/b Warning UnmanagedPods Pods selected by this PodDisruptionBudget "
		"(selector: &LabelSelector{MatchLabels:map\\[string]string{app: "
		"web,},MatchExpressions:\\[]LabelSelectorRequirement{},}) were found to be unmanaged. As a "
		"result, *");
}

static void test_two_budgets_for_one_pod(void **state)
{
	make_budget("minAvailable: 1");
	make_pod("a", "", true);
	rig_run(r);
	rig_forget(r);
	rig_create(r, "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: other}\n"
		      "spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}\n");
	rig_run(r);
	rig_expect_event(r,
			 "Pod/a Warning MultiplePodDisruptionBudgets Pod \"default\"/\"a\" matches multiple "
			 "PodDisruptionBudgets.  Chose \"other\" arbitrarily.");
}

/* ---- evictions ---- */

static void test_whom_eviction_let_go(void **state)
{
	make_budget("minAvailable: 1");
	for (const char *p = "abcd"; *p; p++)
		make_pod((char[]){*p, 0}, "", true);
	rig_run(r);
	expect(3, 4, 1, 4);
	/* `gone` is not there any more, `old` was to go long ago, `d` never was */
	rig_patch(r, "PodDisruptionBudget/b", "status",
		  "status: {disruptedPods: {gone: '2025-12-31T23:59:50Z', a: '2025-12-31T23:50:00Z', "
		  "b: '2025-12-31T23:59:00Z', c: '2025-12-31T23:59:30Z'}}");
	rig_forget(r);
	struct rig_result ret = rig_sync(r, SYNC);
	assert_int_equal(ret.rc, 0);
	assert_int_equal(ret.requeue_after_ns, 60 * NS_PER_S + 1);
	rig_expect(r, "PodDisruptionBudget/b",
		   "status: {disruptionsAllowed: 1, currentHealthy: 2, disruptedPods: {gone: null, a: null, "
		   "b: '2025-12-31T23:59:00Z', c: '2025-12-31T23:59:30Z'}}");
	rig_expect_event(r,
			 "Pod/a Warning NotDeleted Pod was expected by PDB default/default to be deleted but "
			 "it wasn't");
	clock_advance(200 * NS_PER_S);
	rig_run(r);
	expect(3, 4, 1, 4);
}

static void evict_meanwhile(struct rig *rig)
{
	rig_patch(rig, "PodDisruptionBudget/b", "status",
		  "status: {disruptionsAllowed: 0, disruptedPods: {a: '2026-01-01T00:00:00Z'}}");
}

/* What an eviction wrote while the budget was counted is not written over. */
static void test_an_eviction_at_the_same_time(void **state)
{
	make_budget("minAvailable: 1");
	make_pod("a", "", true);
	make_pod("b", "", true);
	rig_run(r);
	make_pod("c", "", true);
	rig_fail(r, .call = "PATCH *", .before = evict_meanwhile, .times = 1);
	struct rig_result ret = rig_sync(r, SYNC);
	assert_int_equal(ret.err.reason, REASON_CONFLICT);
	rig_heal(r);
	rig_run(r);
	rig_expect(r, "PodDisruptionBudget/b",
		   "status: {disruptionsAllowed: 1, currentHealthy: 2, disruptedPods: {a: "
		   "'2026-01-01T00:00:00Z'}}");
}

/* ---- Pods that were to be disrupted ---- */

static void announce(const char *pod, const char *status, const char *reason)
{
	rig_patch(r, pod, "status",
		  "status: {conditions: [{type: DisruptionTarget, status: '%s', reason: %s, message: m, "
		  "lastTransitionTime: '2026-01-01T00:00:00Z'}]}",
		  status, reason);
}

static void test_a_stale_announcement_is_taken_back(void **state)
{
	make_pod("a", "", true);
	make_pod("kubelet", "", true);
	make_pod("dead", "", true);
	announce("Pod/a", "True", "PreemptionByScheduler");
	announce("Pod/kubelet", "True", "TerminationByKubelet");
	announce("Pod/dead", "True", "PreemptionByScheduler");
	rig_patch(r, "Pod/dead", "status", "status: {phase: Failed}");
	rig_run(r);
	clock_advance(119 * NS_PER_S);
	rig_run(r);
	rig_expect(r, "Pod/a", "status: {conditions: [{type: DisruptionTarget, status: 'True'}]}");
	clock_advance(2 * NS_PER_S);
	rig_run(r);
	rig_expect(
		r, "Pod/a",
		"status: {conditions: [{type: DisruptionTarget, status: 'False', reason: null, message: null, "
		"lastTransitionTime: '2026-01-01T00:02:01Z'}]}");
	rig_expect(r, "Pod/kubelet", "status: {conditions: [{status: 'True'}]}");
	rig_expect(r, "Pod/dead", "status: {conditions: [{status: 'True'}]}");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_numbers),
		TEST(test_follows_its_pods),
		TEST(test_selectors),
		TEST(test_the_deployment_decides),
		TEST(test_each_controller_counts_once),
		TEST(test_a_stateful_set),
		TEST(test_a_custom_resource),
		TEST(test_who_has_no_scale),
		TEST(test_who_is_not_there),
		TEST(test_unmanaged_pods_are_told),
		TEST(test_two_budgets_for_one_pod),
		TEST(test_whom_eviction_let_go),
		TEST(test_an_eviction_at_the_same_time),
		TEST(test_a_stale_announcement_is_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
