/* SPDX-License-Identifier: Apache-2.0 */
/* The life of nodes against a real API: heartbeats, silence, return, and the taints that tell of them. */
#include "controllers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/clock.h"
#include "node_lifecycle.h"
#include "rig/rig.h"

#define SYNC "node-lifecycle", "n1"
#define UNTAINTED "spec: {taints: null}"

static struct rig *r;

static void make_node(const char *name)
{
	autofree char *object = mem_printf("Node/%s", name);

	rig_create(r, "{kind: Node, metadata: {name: %s}}", name);
	rig_patch(r, object, NULL, UNTAINTED); /* admission makes new nodes not-ready */
	rig_patch(
		r, object, "status",
		"status: {conditions: [{type: Ready, status: 'True', lastHeartbeatTime: '2026-01-01T00:00:00Z'}]}");
}

static const struct node_lifecycle_config defaults = {
	.grace_ns = 50 * NS_PER_S, .startup_grace_ns = 60 * NS_PER_S, .zones = {0.1f, 0.01f, 0.55f, 50}};

/* n0 is well, whatever happens to n1. */
static int set_up(void **state)
{
	node_lifecycle_configure(&defaults);
	r = rig_new(&node_lifecycle_controller, NULL);
	make_node("n0");
	make_node("n1");
	rig_run(r);
	rig_forget(r);
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

static void set_conditions(const char *conditions)
{
	rig_patch(r, "Node/n1", "status", "status: {conditions: [%s]}", conditions);
}

static void make_pod(void)
{
	rig_create(r, "kind: Pod\n"
		      "metadata: {name: p}\n"
		      "spec: {nodeName: n1, containers: [{name: c, image: i}]}\n"
		      "status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}\n");
}

static void make_lease(void)
{
	rig_create(r, "kind: Lease\n"
		      "metadata: {name: n1, namespace: kube-node-lease}\n"
		      "spec: {holderIdentity: n1, renewTime: '2026-01-01T00:00:00.000000Z'}\n");
	rig_settle(r);
}

/* ---- conditions to taints ---- */

static void test_taints_of_conditions(void **state)
{
	static const struct {
		const char *conditions, *taints;
	} rows[] = {
		{"{type: Ready, status: 'True'}", "null"},
		{"{type: Ready, status: 'True'}, {type: MemoryPressure, status: 'True'}",
		 "[{key: node.kubernetes.io/memory-pressure, effect: NoSchedule, timeAdded: '2026-*'}]"},
		{"{type: Ready, status: 'True'}, {type: DiskPressure, status: 'True'}",
		 "[{key: node.kubernetes.io/disk-pressure, effect: NoSchedule}]"},
		{"{type: Ready, status: 'True'}, {type: PIDPressure, status: 'True'}",
		 "[{key: node.kubernetes.io/pid-pressure, effect: NoSchedule}]"},
		{"{type: Ready, status: 'True'}, {type: NetworkUnavailable, status: 'True'}",
		 "[{key: node.kubernetes.io/network-unavailable, effect: NoSchedule}]"},
		{"{type: Ready, status: 'False'}",
		 "[{key: node.kubernetes.io/not-ready, effect: NoSchedule}, "
		 "{key: node.kubernetes.io/not-ready, effect: NoExecute, timeAdded: '2026-*'}]"},
		{"{type: Ready, status: Unknown}",
		 "[{key: node.kubernetes.io/unreachable, effect: NoSchedule}, "
		 "{key: node.kubernetes.io/unreachable, effect: NoExecute}]"},
		{"{type: Ready, status: 'True'}, {type: MemoryPressure, status: Unknown}", "null"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		set_conditions(rows[i].conditions);
		rig_must_sync(r, SYNC);
		rig_expect(r, "Node/n1", "spec: {taints: %s}", rows[i].taints);
	}
}

static void test_cordon_and_strange_taints(void **state)
{
	rig_patch(r, "Node/n1", NULL,
		  "spec: {unschedulable: true, taints: [{key: mine, value: v, effect: NoExecute}]}");
	rig_must_sync(r, SYNC);
	rig_expect(r, "Node/n1",
		   "spec: {taints: [{key: mine, value: v, effect: NoExecute}, "
		   "{key: node.kubernetes.io/unschedulable, effect: NoSchedule}]}");
	rig_patch(r, "Node/n1", NULL, "spec: {unschedulable: null}");
	rig_must_sync(r, SYNC);
	rig_expect(r, "Node/n1", "spec: {taints: [{key: mine, value: v, effect: NoExecute}]}");
}

static void test_nothing_to_write(void **state)
{
	rig_must_sync(r, SYNC);
	rig_forget(r);
	rig_must_sync(r, SYNC);
	rig_must_sync(r, "node-lifecycle", "nobody");
	assert_int_equal(rig_calls(r, "*"), 0);
	rig_expect_no_event(r);
}

/* ---- silence ---- */

static void test_other_grace_periods(void **state)
{
	struct node_lifecycle_config c = defaults;

	c.grace_ns = 7 * NS_PER_S;
	c.startup_grace_ns = 90 * NS_PER_S;
	node_lifecycle_configure(&c);
	assert_int_equal(rig_sync(r, SYNC).requeue_after_ns, 7 * NS_PER_S);
	rig_create(r, "{kind: Node, metadata: {name: n2}}");
	rig_settle(r);
	assert_int_equal(rig_sync(r, "node-lifecycle", "n2").requeue_after_ns, 90 * NS_PER_S);
}

static void test_a_silent_node(void **state)
{
	make_pod();
	struct rig_result ret = rig_sync(r, SYNC);

	assert_int_equal(ret.requeue_after_ns, 50 * NS_PER_S);
	clock_advance(49 * NS_PER_S);
	assert_int_equal(rig_sync(r, SYNC).requeue_after_ns, NS_PER_S);
	rig_expect_no_event(r);
	clock_advance(NS_PER_S);
	rig_must_sync(r, SYNC);
	rig_expect_event(r, "Node/n1 Normal NodeNotReady Node n1 status is now: NodeNotReady");
	rig_expect_event(r, "Pod/p Warning NodeNotReady Node is not ready");
	rig_expect_no_event(r);
	rig_expect(
		r, "Node/n1",
		"spec: {taints: [{key: node.kubernetes.io/unreachable, effect: NoSchedule}, "
		"{key: node.kubernetes.io/unreachable, effect: NoExecute, timeAdded: '2026-01-01T00:00:50Z'}]}\n"
		"status:\n"
		"  conditions:\n"
		"  - {type: Ready, status: Unknown, reason: NodeStatusUnknown,\n"
		"     message: Kubelet stopped posting node status.}\n"
		"  - {type: MemoryPressure, status: Unknown}\n"
		"  - {type: DiskPressure, status: Unknown}\n"
		"  - {type: PIDPressure, status: Unknown}\n");
	rig_expect(r, "Pod/p", "status: {phase: Running, conditions: [{type: Ready, status: 'False'}]}");
	/* Back again. */
	clock_advance(60 * NS_PER_S);
	set_conditions("{type: Ready, status: 'True', lastHeartbeatTime: '2026-01-01T00:01:50Z'}");
	assert_int_equal(rig_sync(r, SYNC).requeue_after_ns, 50 * NS_PER_S);
	rig_expect(r, "Node/n1", UNTAINTED);
}

static void test_a_lease_is_a_heartbeat(void **state)
{
	make_lease();
	clock_advance(40 * NS_PER_S);
	rig_patch(r, "Lease/kube-node-lease/n1", NULL, "spec: {renewTime: '2026-01-01T00:00:40.000000Z'}");
	rig_settle(r);
	clock_advance(40 * NS_PER_S);
	assert_int_equal(rig_sync(r, SYNC).requeue_after_ns, 10 * NS_PER_S);
	rig_expect(r, "Node/n1", UNTAINTED);
	/* A lease that is written without being renewed, or is somewhere else, is none. */
	rig_patch(r, "Lease/kube-node-lease/n1", NULL, "metadata: {labels: {a: b}}");
	rig_create(r, "kind: Lease\n"
		      "metadata: {name: n1}\n"
		      "spec: {holderIdentity: n1, renewTime: '2026-01-01T00:01:20.000000Z'}\n");
	assert_int_equal(rig_sync(r, SYNC).requeue_after_ns, 10 * NS_PER_S);
}

static void test_a_status_is_a_heartbeat(void **state)
{
	clock_advance(40 * NS_PER_S);
	set_conditions("{type: Ready, status: 'True', lastHeartbeatTime: '2026-01-01T00:00:40Z'}");
	rig_settle(r);
	clock_advance(40 * NS_PER_S);
	assert_int_equal(rig_sync(r, SYNC).requeue_after_ns, 10 * NS_PER_S);
}

static void test_never_posted(void **state)
{
	rig_create(r, "{kind: Node, metadata: {name: n2}}");
	rig_settle(r);
	clock_advance(50 * NS_PER_S);
	assert_int_equal(rig_sync(r, "node-lifecycle", "n2").requeue_after_ns, 10 * NS_PER_S);
	clock_advance(10 * NS_PER_S);
	rig_must_sync(r, "node-lifecycle", "n2");
	rig_expect(r, "Node/n2",
		   "status:\n"
		   "  conditions:\n"
		   "  - {type: Ready, status: Unknown, reason: NodeStatusNeverUpdated,\n"
		   "     message: Kubelet never posted node status.}\n"
		   "  - {}\n"
		   "  - {}\n"
		   "  - {}\n");
}

/* Each condition says whether it was ever posted. */
static void test_conditions_that_were_never_posted(void **state)
{
	set_conditions("{type: Ready, status: 'True'}, {type: DiskPressure, status: 'False'}");
	rig_settle(r);
	clock_advance(50 * NS_PER_S);
	rig_must_sync(r, SYNC);
	rig_expect(r, "Node/n1",
		   "status:\n"
		   "  conditions:\n"
		   "  - {type: Ready, reason: NodeStatusUnknown}\n"
		   "  - {type: MemoryPressure, status: Unknown, reason: NodeStatusNeverUpdated}\n"
		   "  - {type: DiskPressure, status: Unknown, reason: NodeStatusUnknown}\n"
		   "  - {type: PIDPressure, status: Unknown, reason: NodeStatusNeverUpdated}\n");
}

/* ---- coming and going ---- */

static void test_nodes_are_greeted(void **state)
{
	make_node("n2");
	rig_run(r);
	rig_expect_event(r, "Node/n2 Normal RegisteredNode Node n2 event: Registered Node n2 in Controller");
	rig_must_sync(r, "node-lifecycle", "n2");
	rig_expect_no_event(r);
	rig_delete(r, "Node/n2", "");
	rig_run(r);
	rig_expect_event(r, "Node/n2 Normal RemovingNode Node n2 event: Removing Node n2 from Controller");
	rig_must_sync(r, "node-lifecycle", "n2");
	rig_expect_no_event(r);
}

/* ---- pace ---- */

#define NO_EXECUTE "spec: {taints: [{effect: NoSchedule}, {effect: NoExecute}]}"
#define NO_SCHEDULE "spec: {taints: [{effect: NoSchedule}]}"

static void fall(const char *object, const char *status)
{
	rig_patch(r, object, "status", "status: {conditions: [{type: Ready, status: '%s'}]}", status);
}

static void test_one_after_another(void **state)
{
	make_node("n2");
	make_node("n3");
	make_node("n4");
	rig_run(r);
	fall("Node/n1", "Unknown");
	rig_run(r);
	fall("Node/n2", "Unknown");
	struct rig_result ret = rig_sync(r, "node-lifecycle", "n2");

	assert_int_equal(ret.requeue_after_ns, 10 * NS_PER_S);
	rig_expect(r, "Node/n1", NO_EXECUTE);
	rig_expect(r, "Node/n2", NO_SCHEDULE);
	rig_run(r);
	clock_advance(10 * NS_PER_S);
	rig_run(r);
	rig_expect(r, "Node/n2", NO_EXECUTE);
	fall("Node/n2", "False"); /* what it has already becomes the other one at once */
	rig_run(r);
	rig_expect(
		r, "Node/n2",
		"spec: {taints: [{key: node.kubernetes.io/not-ready}, {key: node.kubernetes.io/not-ready}]}");
	fall("Node/n3", "Unknown"); /* three of five: no more of them */
	clock_advance(20 * NS_PER_S);
	rig_run(r);
	rig_expect(r, "Node/n3", NO_SCHEDULE);
	fall("Node/n1", "True");
	rig_run(r);
	rig_expect(r, "Node/n1", UNTAINTED);
	rig_expect(r, "Node/n3", NO_EXECUTE);
}

/* No node is ready: it may be us. Nobody's Pods go, not even those whose time runs. */
static void test_all_are_down(void **state)
{
	fall("Node/n1", "Unknown");
	rig_run(r);
	rig_expect(r, "Node/n1", NO_EXECUTE);
	clock_advance(20 * NS_PER_S);
	fall("Node/n0", "Unknown");
	rig_run(r);
	rig_expect(r, "Node/n0", NO_SCHEDULE);
	rig_expect(r, "Node/n1", NO_SCHEDULE);
	clock_advance(100 * NS_PER_S);
	rig_run(r);
	rig_expect(r, "Node/n1", NO_SCHEDULE);
	fall("Node/n0", "True");
	rig_run(r);
	rig_expect(r, "Node/n0", UNTAINTED);
	rig_expect(r, "Node/n1", NO_EXECUTE);
	assert_int_equal(rig_sync(r, "node-lifecycle", "n0").requeue_after_ns, 50 * NS_PER_S); /* anew */
}

/* ---- Pods ---- */

static void test_pods_of_an_unready_node(void **state)
{
	make_pod();
	set_conditions("{type: Ready, status: 'False'}");
	rig_must_sync(r, SYNC);
	rig_expect(r, "Pod/p",
		   "status: {conditions: [{type: Ready, status: 'True'}]}"); /* it says so itself */
	set_conditions("{type: Ready, status: Unknown}");
	rig_must_sync(r, SYNC);
	rig_expect(r, "Pod/p", "status: {conditions: [{type: Ready, status: 'False'}]}");
	rig_expect_event(r, "Pod/p Warning NodeNotReady Node is not ready");
	rig_forget(r);
	rig_must_sync(r, SYNC);
	assert_int_equal(rig_calls(r, RIG_WRITES), 0);
}

static void replace_pod(struct rig *rig)
{
	rig_delete(rig, "Pod/p", "gracePeriodSeconds: 0");
	make_pod();
}

static void test_a_pods_successor_is_another(void **state)
{
	make_pod();
	set_conditions("{type: Ready, status: Unknown}");
	rig_fail(r, .call = "PATCH */pods/p/status", .before = replace_pod, .times = 1);
	assert_int_equal(rig_sync(r, SYNC).rc, -1); /* and is looked at again */
	rig_expect(r, "Pod/p", "status: {conditions: [{type: Ready, status: 'True'}]}");
}

/* ---- failures ---- */

static void node_speaks(struct rig *rig)
{
	set_conditions("{type: Ready, status: 'True', lastHeartbeatTime: '2026-01-01T00:00:50Z'}");
}

/* Its status arrives while it is being given up. */
static void test_who_speaks_is_not_silent(void **state)
{
	rig_settle(r);
	clock_advance(50 * NS_PER_S);
	rig_fail(r, .call = "PATCH */nodes/n1/status", .before = node_speaks, .times = 1);
	assert_int_equal(rig_sync(r, SYNC).err.reason, REASON_CONFLICT);
	rig_must_sync(r, SYNC);
	rig_expect(r, "Node/n1", "{spec: {taints: null}, status: {conditions: [{status: 'True'}]}}");
}

static void test_failures(void **state)
{
	static const struct {
		const char *call;
		enum reason reason;
		int rc;
	} rows[] = {
		{"PATCH */nodes/n1/status", REASON_INTERNAL, -1},
		{"PATCH */nodes/n1/status", REASON_NOT_FOUND, 0},
		{"PATCH */pods/p/status", REASON_TIMEOUT, -1},
		{"PATCH */pods/p/status", REASON_NOT_FOUND, 0},
		{"PATCH */nodes/n1", REASON_CONFLICT, -1},
		{"PATCH */nodes/n1", REASON_NOT_FOUND, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		make_pod();
		rig_settle(r);
		clock_advance(50 * NS_PER_S);
		rig_fail(r, .call = rows[i].call, .reason = rows[i].reason, .times = 1);
		struct rig_result ret = rig_sync(r, SYNC);

		if (ret.rc != rows[i].rc)
			fail_msg("row %zu: %d %s", i, ret.rc, ret.err.msg);
		rig_heal(r);
		clock_advance(10 * NS_PER_S); /* its turn, if that was used up */
		rig_must_sync(r, SYNC);
		rig_must_sync(r, SYNC);
		rig_expect(r, "Node/n1",
			   "spec: {taints: [{effect: NoSchedule}, {effect: NoExecute}]}\n"
			   "status: {conditions: [{status: Unknown}, {}, {}, {}]}\n");
		rig_expect(r, "Pod/p", "status: {conditions: [{status: 'False'}]}");
		tear_down(NULL);
		set_up(NULL);
	}
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_taints_of_conditions),
		TEST(test_cordon_and_strange_taints),
		TEST(test_nothing_to_write),
		TEST(test_other_grace_periods),
		TEST(test_a_silent_node),
		TEST(test_a_lease_is_a_heartbeat),
		TEST(test_a_status_is_a_heartbeat),
		TEST(test_never_posted),
		TEST(test_conditions_that_were_never_posted),
		TEST(test_nodes_are_greeted),
		TEST(test_one_after_another),
		TEST(test_all_are_down),
		TEST(test_pods_of_an_unready_node),
		TEST(test_a_pods_successor_is_another),
		TEST(test_who_speaks_is_not_silent),
		TEST(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
