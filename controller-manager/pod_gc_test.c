/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that nobody else ends, against a real API. */
#include "pod_gc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "controllers.h"
#include "rig/rig.h"

#define SYNC "pod-garbage-collector", "default/p"

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&pod_garbage_collector, NULL);
	rig_create(r, "{kind: Node, metadata: {name: n1}}");
	rig_run(r);
	rig_forget(r);
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	pod_gc_set_threshold(POD_GC_THRESHOLD);
	return 0;
}

static void make_pod(const char *name, const char *node, const char *status)
{
	rig_create(r,
		   "kind: Pod\n"
		   "metadata: {name: %s, finalizers: [example.com/look]}\n"
		   "spec: {nodeName: '%s', containers: [{name: c, image: i}]}\n"
		   "status: {%s}\n",
		   name, node, status);
	rig_settle(r);
}

/* The Pod is gone but for the finalizer with which the test holds it. */
#define ENDED "metadata: {deletionTimestamp: '*', deletionGracePeriodSeconds: 0}\n"
#define ALIVE "metadata: {deletionTimestamp: null}"

/* ---- nodes that are gone ---- */

static void test_orphans_have_their_quarantine(void **state)
{
	make_pod("p", "n1", "phase: Running");
	assert_int_equal(rig_run(r), 0);
	clock_advance(5 * NS_PER_S);
	rig_delete(r, "Node/n1", "");
	assert_int_equal(rig_sync(r, SYNC).requeue_after_ns, 35 * NS_PER_S);
	rig_expect(r, "Pod/p", ALIVE);
	clock_advance(35 * NS_PER_S);
	rig_fail(r, .call = "GET */nodes/n1", .reason = REASON_UNAVAILABLE, .times = 1);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	rig_expect(r, "Pod/p", ALIVE);
	rig_heal(r);
	rig_must_sync(r, SYNC);
	rig_expect(r, "Pod/p",
		   ENDED "status:\n"
			 "  phase: Failed\n"
			 "  conditions:\n"
			 "  - {type: DisruptionTarget, status: 'True', reason: DeletionByPodGC,\n"
			 "     message: 'PodGC: node no longer exists'}\n");
}

static void test_a_deleted_node_wakes_its_pods(void **state)
{
	make_pod("p", "n1", "phase: Running");
	clock_advance(100 * NS_PER_S);
	rig_delete(r, "Node/n1", "");
	assert_int_equal(rig_run(r), 0);
	clock_advance(40 * NS_PER_S);
	rig_run(r);
	rig_expect(r, "Pod/p", ENDED "status: {phase: Failed}");
}

static void test_a_node_that_is_back(void **state)
{
	make_pod("p", "n1", "phase: Running");
	clock_advance(100 * NS_PER_S);
	rig_delete(r, "Node/n1", "");
	rig_run(r);
	rig_create(r, "{kind: Node, metadata: {name: n1}}");
	clock_advance(40 * NS_PER_S);
	rig_run(r);
	rig_expect(r, "Pod/p", ALIVE);
}

/* Somebody deletes a Pod in the moment in which its node is away: it has its time all the same. */
static void test_a_deletion_meanwhile(void **state)
{
	make_pod("p", "n1", "phase: Running");
	clock_advance(100 * NS_PER_S);
	rig_delete(r, "Node/n1", "");
	rig_run(r);
	rig_delete(r, "Pod/p", "gracePeriodSeconds: 60");
	rig_run(r);
	rig_expect(r, "Pod/p", "metadata: {deletionGracePeriodSeconds: 60}");
	clock_advance(40 * NS_PER_S);
	rig_run(r);
	rig_expect(r, "Pod/p", ENDED);
}

/* Bound to a node that never was: found at the start and when it comes. */
static void test_a_node_that_never_was(void **state)
{
	make_pod("p", "elsewhere", "");
	assert_int_equal(rig_run(r), 0);
	clock_advance(40 * NS_PER_S);
	rig_run(r);
	rig_expect(r, "Pod/p", ENDED);
	make_pod("q", "elsewhere", "");
	clock_advance(60 * NS_PER_S);
	rig_forget(r);
	rig_must_sync(r, "pod-garbage-collector", "/walk");
	clock_advance(40 * NS_PER_S);
	rig_run(r);
	rig_expect(r, "Pod/q", ENDED);
	assert_true(rig_calls(r, "GET */nodes/elsewhere") > 0);
}

static void test_a_finished_orphan_keeps_its_phase(void **state)
{
	make_pod("p", "elsewhere", "phase: Succeeded");
	clock_advance(60 * NS_PER_S);
	rig_run(r);
	rig_expect(r, "Pod/p", ENDED "status: {phase: Succeeded, conditions: null}");
}

/* ---- deletions that nobody finishes ---- */

static void test_unscheduled(void **state)
{
	rig_create(r, "kind: Pod\n"
		      "metadata: {name: p}\n"
		      "spec: {containers: [{name: c, image: i}]}\n");
	rig_must_sync(r, SYNC);
	rig_expect(r, "Pod/p", ALIVE);
	/* The API ends such a Pod at once unless something holds it. */
	rig_patch(r, "Pod/p", NULL, "metadata: {finalizers: [example.com/look]}");
	rig_delete(r, "Pod/p", "gracePeriodSeconds: 30");
	rig_run(r);
	rig_expect(r, "Pod/p", ENDED "status: {phase: Failed}");
}

static void test_out_of_service(void **state)
{
	static const struct {
		const char *taints, *ready;
		bool ended;
	} rows[] = {
		{"", "Unknown", false},
		{"{key: node.kubernetes.io/out-of-service, effect: NoExecute}", "True", false},
		{"{key: node.kubernetes.io/out-of-service, effect: NoExecute}", "False", true},
		{"{key: node.kubernetes.io/out-of-service, value: nodeshutdown, effect: NoSchedule}",
		 "Unknown", true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *name = mem_printf("p%zu", i), *object = mem_printf("Pod/p%zu", i);

		rig_patch(r, "Node/n1", NULL, "spec: {taints: null}");
		make_pod(name, "n1", "phase: Running");
		rig_delete(r, object, "gracePeriodSeconds: 30");
		rig_patch(r, "Node/n1", "status", "status: {conditions: [{type: Ready, status: '%s'}]}",
			  rows[i].ready);
		rig_patch(r, "Node/n1", NULL, "spec: {taints: [%s]}", rows[i].taints);
		rig_run(r);
		rig_expect(r, object,
			   rows[i].ended ? ENDED "status: {phase: Failed, conditions: null}"
					 : "status: {phase: Running}");
	}
	make_pod("alive", "n1", "phase: Running");
	rig_run(r);
	rig_expect(r, "Pod/alive", ALIVE); /* nobody wants it to end */
	rig_delete(r, "Pod/alive", "gracePeriodSeconds: 30");
	rig_run(r);
	rig_expect(r, "Pod/alive", ENDED); /* the taint is there already */
}

/* ---- too many ---- */

static void test_finished_ones_are_too_many(void **state)
{
	pod_gc_set_threshold(3);
	make_pod("old", "n1", "phase: Failed");
	clock_advance(NS_PER_S);
	make_pod("b", "n1", "phase: Succeeded");
	make_pod("a", "n1", "phase: Succeeded");
	make_pod("runs", "n1", "phase: Running");
	assert_int_equal(rig_run(r), 0); /* three are not too many */
	clock_advance(NS_PER_S);
	make_pod("evicted", "n1", "phase: Failed, reason: Evicted");
	assert_int_equal(rig_run(r), 1);
	rig_expect(r, "Pod/evicted", ENDED);
	rig_expect(r, "Pod/old", ALIVE);
	rig_patch(r, "Pod/evicted", NULL, "metadata: {finalizers: null}");
	make_pod("c", "n1", "phase: Failed");
	make_pod("d", "n1", "phase: Failed");
	rig_run(r);
	rig_expect(r, "Pod/old", ENDED);
	rig_expect(r, "Pod/a", ENDED); /* as old as b, and before it by name */
	rig_expect(r, "Pod/b", ALIVE);
	rig_expect(r, "Pod/runs", ALIVE);
}

static void test_no_number_is_too_many(void **state)
{
	pod_gc_set_threshold(0);
	make_pod("a", "n1", "phase: Failed");
	rig_must_sync(r, "pod-garbage-collector", "/finished");
	assert_int_equal(rig_run(r), 0);
	rig_expect(r, "Pod/a", ALIVE);
}

/* ---- failures ---- */

static void test_failures(void **state)
{
	make_pod("p", "elsewhere", "phase: Running");
	clock_advance(60 * NS_PER_S);
	rig_fail(r, .call = "PATCH */pods/p/status", .reason = REASON_INTERNAL, .times = 1);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	rig_expect(r, "Pod/p", ALIVE);
	rig_heal(r);
	rig_fail(r, .call = "DELETE */pods/p", .reason = REASON_TIMEOUT, .times = 1);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	rig_heal(r);
	rig_must_sync(r, SYNC);
	rig_expect(r, "Pod/p", ENDED "status: {phase: Failed}");
	rig_must_sync(r, "pod-garbage-collector", "default/none");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_orphans_have_their_quarantine),
		TEST(test_a_deleted_node_wakes_its_pods),
		TEST(test_a_node_that_is_back),
		TEST(test_a_deletion_meanwhile),
		TEST(test_a_node_that_never_was),
		TEST(test_a_finished_orphan_keeps_its_phase),
		TEST(test_unscheduled),
		TEST(test_out_of_service),
		TEST(test_finished_ones_are_too_many),
		TEST(test_no_number_is_too_many),
		TEST(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
