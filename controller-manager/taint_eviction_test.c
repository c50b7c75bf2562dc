/* SPDX-License-Identifier: Apache-2.0 */
/* Evictions against a real API: who must leave a tainted node, and when. */
#include "controllers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig/rig.h"

#define SYNC "taint-eviction", "default/p"

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&taint_eviction_controller, NULL);
	rig_create(r, "{kind: Node, metadata: {name: n1}}");
	rig_patch(r, "Node/n1", NULL, "spec: {taints: null}");
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

static void make_pod(const char *tolerations)
{
	rig_create(r,
		   "kind: Pod\n"
		   "metadata: {name: p}\n"
		   "spec: {nodeName: n1, tolerations: [%s], containers: [{name: c, image: i}]}\n",
		   tolerations);
}

static void taint(const char *taints)
{
	rig_patch(r, "Node/n1", NULL, "spec: {taints: [%s]}", taints);
}

static void expect_evicted(bool yes)
{
	if (yes)
		rig_expect_event(r, "Pod/p Normal TaintManagerEviction Marking for deletion Pod default/p");
	rig_expect_no_event(r);
	rig_expect(r, "Pod/p",
		   yes ? "metadata: {deletionTimestamp: '*'}" : "metadata: {deletionTimestamp: null}");
}

/* How long the Pod may still stay, in seconds; -1 = for ever. */
static int64_t sync_left(void)
{
	struct rig_result ret = rig_sync(r, SYNC);

	assert_int_equal(ret.rc, 0);
	return ret.requeue_after_ns < 0 ? -1 : ret.requeue_after_ns / NS_PER_S;
}

static void test_who_stays(void **state)
{
	static const struct {
		const char *taints, *tolerations;
		int64_t left; /* seconds; -1 = for ever, 0 = evicted */
	} rows[] = {
		{"", "", -1},
		{"{key: k, effect: NoSchedule}", "", -1},
		{"{key: k, effect: NoExecute}", "", 0},
		{"{key: k, effect: NoExecute}", "{key: k, operator: Exists}", -1},
		{"{key: k, effect: NoExecute}", "{operator: Exists}", -1},
		{"{key: k, effect: NoExecute}", "{key: k, operator: Exists, effect: NoSchedule}", 0},
		{"{key: k, value: v, effect: NoExecute}", "{key: k, value: v}", -1},
		{"{key: k, value: v, effect: NoExecute}", "{key: k, value: w}", 0},
		{"{key: k, effect: NoExecute}",
		 "{key: k, operator: Exists, effect: NoExecute, tolerationSeconds: 60}", 60},
		{"{key: k, effect: NoExecute}",
		 "{key: k, operator: Exists, effect: NoExecute, tolerationSeconds: 0}", 0},
		{"{key: k, effect: NoExecute}, {key: l, effect: NoExecute}", "{key: k, operator: Exists}", 0},
		{"{key: k, effect: NoExecute}, {key: l, effect: NoExecute}",
		 "{key: k, operator: Exists, effect: NoExecute, tolerationSeconds: 60}, "
		 "{key: l, operator: Exists, effect: NoExecute, tolerationSeconds: 20}",
		 20},
		{"{key: k, effect: NoExecute, timeAdded: '2026-01-01T00:00:10Z'}",
		 "{key: k, operator: Exists, effect: NoExecute, tolerationSeconds: 60}", 70},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		make_pod(rows[i].tolerations);
		taint(rows[i].taints);
		int64_t left = sync_left();

		if (left != (rows[i].left ? rows[i].left : -1))
			fail_msg("row %zu: %lld", i, (long long)left);
		expect_evicted(rows[i].left == 0);
		rig_delete(r, "Pod/p", "gracePeriodSeconds: 0");
		rig_forget(r);
	}
}

/* Nobody says when the taint came, and the node changes all the time: the Pod's time runs all the same. */
static void test_the_deadline_does_not_move(void **state)
{
	make_pod("{key: k, operator: Exists, effect: NoExecute, tolerationSeconds: 60}");
	taint("{key: k, effect: NoExecute}");
	assert_int_equal(sync_left(), 60);
	clock_advance(30 * NS_PER_S);
	rig_patch(r, "Node/n1", NULL, "metadata: {labels: {a: b}}");
	assert_int_equal(sync_left(), 30);
	expect_evicted(false);
	clock_advance(30 * NS_PER_S);
	rig_must_sync(r, SYNC);
	expect_evicted(true);
}

/* Its successors come to the same node: each has its time there, or they would be evicted for ever. */
static void test_a_taint_that_is_older_than_the_pod(void **state)
{
	taint("{key: k, effect: NoExecute, timeAdded: '2025-12-31T12:00:00Z'}");
	make_pod("{key: k, operator: Exists, effect: NoExecute, tolerationSeconds: 60}");
	assert_int_equal(sync_left(), 60);
	clock_advance(30 * NS_PER_S);
	assert_int_equal(sync_left(), 30);
	expect_evicted(false);
	clock_advance(30 * NS_PER_S);
	rig_must_sync(r, SYNC);
	expect_evicted(true);
}

static void test_a_taint_that_goes_cancels(void **state)
{
	make_pod("{key: k, operator: Exists, effect: NoExecute, tolerationSeconds: 60}");
	taint("{key: k, effect: NoExecute}");
	assert_int_equal(sync_left(), 60);
	clock_advance(59 * NS_PER_S);
	taint("");
	assert_int_equal(sync_left(), -1);
	rig_expect_event(r, "Pod/p Normal TaintManagerEviction Cancelling deletion of Pod default/p");
	assert_int_equal(sync_left(), -1);
	rig_expect_no_event(r); /* said once */
	clock_advance(59 * NS_PER_S);
	taint("{key: k, effect: NoExecute}");
	assert_int_equal(sync_left(), 60); /* from the beginning */
	expect_evicted(false);
}

static void test_it_says_why(void **state)
{
	make_pod("");
	taint("{key: k, effect: NoExecute}");
	rig_must_sync(r, SYNC);
	rig_expect(r, "Pod/p",
		   "metadata: {deletionTimestamp: '*'}\n"
		   "status:\n"
		   "  phase: Pending\n"
		   "  conditions:\n"
		   "  - {type: DisruptionTarget, status: 'True', reason: DeletionByTaintManager,\n"
		   "     message: 'Taint manager: deleting due to NoExecute taint'}\n");
}

/* Nobody is looked at who has nothing to fear; another toleration is a reason to. */
static void test_who_is_looked_at(void **state)
{
	make_pod("{key: k, operator: Exists, effect: NoExecute, tolerationSeconds: 60}");
	assert_int_equal(rig_run(r), 0);
	rig_patch(r, "Node/n1", NULL, "metadata: {labels: {a: b}}");
	assert_int_equal(rig_run(r), 0);
	taint("{key: k, effect: NoExecute}");
	assert_int_equal(rig_run(r), 1);
	rig_patch(r, "Pod/p", NULL, "metadata: {labels: {a: b}}");
	assert_int_equal(rig_run(r), 0);
	rig_patch(
		r, "Pod/p", NULL,
		"spec: {tolerations: [{key: k, operator: Exists, effect: NoExecute, tolerationSeconds: 60}, "
		"{key: k, operator: Exists, effect: NoExecute, tolerationSeconds: 5}]}");
	assert_int_equal(rig_run(r), 1);
	clock_advance(5 * NS_PER_S);
	assert_int_equal(rig_run(r), 1);
	rig_expect_event(r, "Pod/p * TaintManagerEviction Marking *");
}

/* Events alone, without a sync by hand: a taint and a binding wake the Pods they concern. */
static void test_enqueueing(void **state)
{
	make_pod("");
	rig_run(r);
	expect_evicted(false);
	taint("{key: k, effect: NoExecute}");
	assert_int_equal(rig_run(r), 1);
	expect_evicted(true);
	rig_create(r, "kind: Pod\n"
		      "metadata: {name: late}\n"
		      "spec: {nodeName: n1, containers: [{name: c, image: i}]}\n");
	assert_int_equal(rig_run(r), 1);
	rig_expect_event(r, "Pod/late * TaintManagerEviction *");
}

static void test_failures(void **state)
{
	make_pod("");
	taint("{key: k, effect: NoExecute}");
	rig_fail(r, .call = "DELETE *", .reason = REASON_INTERNAL, .times = 1);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	rig_heal(r);
	rig_fail(r, .call = "DELETE *", .reason = REASON_CONFLICT, .times = 1); /* a successor of that name */
	rig_must_sync(r, SYNC);
	rig_forget(r);
	rig_must_sync(r, SYNC);
	expect_evicted(true);
	rig_must_sync(r, "taint-eviction", "default/none");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_who_stays),
		TEST(test_the_deadline_does_not_move),
		TEST(test_a_taint_that_is_older_than_the_pod),
		TEST(test_a_taint_that_goes_cancels),
		TEST(test_it_says_why),
		TEST(test_who_is_looked_at),
		TEST(test_enqueueing),
		TEST(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
