/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduling queue under a clock that the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/clock.h"
#include "make_test.h"
#include "plugins/table.h"
#include "queue.h"

static const struct sched_pod *pod(const char *uid, int32_t priority)
{
	autofree char *yaml = mem_printf(
		"metadata: {name: p, namespace: d, uid: %s}\nspec: {priority: %d, nodeSelector: {disk: ssd}, "
		"containers: [{name: c, resources: {requests: {cpu: 2}}}]}",
		uid, priority);
	return make_pod(yaml);
}

static void add(struct queue *q, const char *uid, int32_t priority)
{
	const struct sched_pod *p = pod(uid, priority);
	queue_set(q, p);
	informer_unref(p);
	clock_advance(NS_PER_MS);
}

static const char *pop(struct queue *q, struct queued_pod **ret)
{
	*ret = queue_pop(q);
	return *ret ? (*ret)->pod->base.meta.uid : "none";
}

#define FLUSH_NS (5 * 60 * NS_PER_S)
/* It waits for an event, which it will not do for ever. */
static bool parked(const struct queue *q)
{
	return queue_next_ns(q) == clock_mono_ns() + FLUSH_NS;
}

static int setup(void **state)
{
	clock_fake(1000 * NS_PER_S);
	struct queue *q = MEM_NEW(struct queue);
	queue_init(q, &plugin_default_profile);
	*state = q;
	return 0;
}

static int teardown(void **state)
{
	queue_release(*state);
	free(*state);
	clock_real();
	return 0;
}

static void test_priority_then_age(void **state)
{
	struct queue *q = *state;
	struct queued_pod *p;
	add(q, "old", 0);
	add(q, "high", 10);
	add(q, "new", 0);
	assert_string_equal(pop(q, &p), "high");
	queue_done(q, p);
	assert_string_equal(pop(q, &p), "old");
	queue_done(q, p);
	assert_string_equal(pop(q, &p), "new");
	queue_done(q, p);
	assert_string_equal(pop(q, &p), "none");
	assert_true(queue_next_ns(q) == CLOCK_NEVER);
}

static void test_errors_back_off_doubling_to_ten_seconds(void **state)
{
	static const int64_t want_s[] = {1, 2, 4, 8, 10, 10};
	struct queue *q = *state;
	struct queued_pod *p;
	add(q, "a", 0);
	for (size_t i = 0; i < ARRAY_LEN(want_s); i++) {
		assert_string_equal(pop(q, &p), "a");
		queue_retry(q, p, 0);
		assert_int_equal((queue_next_ns(q) - clock_mono_ns()) / NS_PER_S, want_s[i]);
		clock_advance(want_s[i] * NS_PER_S - NS_PER_MS);
		assert_string_equal(pop(q, &p), "none");
		clock_advance(NS_PER_MS);
	}
}

#define FIT (1u << PLUGIN_NODE_RESOURCES_FIT)
#define AFFINITY (1u << PLUGIN_NODE_AFFINITY)

static void node_event(struct queue *q, unsigned types, const char *yaml)
{
	const struct sched_node *n = make_node(yaml);
	queue_event(q, &(struct cluster_event){.types = types, .node = n});
	informer_unref(n);
}

static void pod_deleted(struct queue *q)
{
	const struct sched_pod *p = pod("gone", 0);
	queue_event(q, &(struct cluster_event){.types = EVENT_POD_DELETED, .pod = p});
	informer_unref(p);
}

static void test_unschedulable_waits_for_an_event_that_helps(void **state)
{
	struct queue *q = *state;
	struct queued_pod *p;
	add(q, "a", 0);
	assert_string_equal(pop(q, &p), "a");
	queue_retry(q, p, AFFINITY);
	assert_true(parked(q));
	clock_advance(60 * NS_PER_S);
	pod_deleted(q); /* frees room, which was not the trouble */
	assert_string_equal(pop(q, &p), "none");
	node_event(q, EVENT_NODE_LABELS,
		   "metadata: {name: n, labels: {disk: hdd}}"); /* not the label it wants */
	assert_string_equal(pop(q, &p), "none");
	node_event(q, EVENT_NODE_LABELS, "metadata: {name: n, labels: {disk: ssd}}");
	assert_string_equal(pop(q, &p), "a");
	queue_done(q, p);
}

static void test_without_an_event_it_is_tried_after_five_minutes(void **state)
{
	struct queue *q = *state;
	struct queued_pod *p;
	add(q, "a", 0);
	add(q, "b", 0);
	assert_string_equal(pop(q, &p), "a");
	queue_retry(q, p, AFFINITY);
	clock_advance(60 * NS_PER_S);
	assert_string_equal(pop(q, &p), "b");
	queue_retry(q, p, AFFINITY);
	clock_advance(FLUSH_NS - 60 * NS_PER_S - 1);
	assert_string_equal(pop(q, &p), "none");
	clock_advance(1);
	assert_string_equal(pop(q, &p), "a");
	queue_retry(q, p, FIT);
	assert_string_equal(pop(q, &p), "none");
	clock_advance(60 * NS_PER_S);
	assert_string_equal(pop(q, &p), "b");
	queue_done(q, p);
	queue_activate(q, "a");
	assert_string_equal(pop(q, &p), "a");
	queue_done(q, p);
	assert_true(queue_next_ns(q) == CLOCK_NEVER);
}

/* Pods that get nodes are many: who was turned down for something else does not hear of them, who waits for company does. */
static void test_pods_that_come(void **state)
{
	struct queue *q = *state;
	struct queued_pod *p;
	const struct sched_pod *other =
		make_pod("metadata: {name: o, namespace: d, uid: o, labels: {app: db}}\nspec: {nodeName: n}");
	const struct sched_pod *near = make_pod(
		"metadata: {name: n, namespace: d, uid: near}\nspec: {affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
		"[{topologyKey: k, labelSelector: {matchLabels: {app: db}}}]}}}");
	const struct cluster_event came = {.types = EVENT_POD_ADDED, .pod = other};
	add(q, "a", 0);
	assert_string_equal(pop(q, &p), "a");
	queue_retry(q, p, FIT);
	queue_set(q, near);
	assert_string_equal(pop(q, &p), "near");
	queue_event(q, &came); /* while it is being tried */
	queue_retry(q, p, 1u << PLUGIN_INTER_POD_AFFINITY);
	assert_int_equal(p->place, QUEUE_BACKOFF);
	clock_advance(NS_PER_S);
	assert_string_equal(pop(q, &p), "near");
	queue_retry(q, p, 1u << PLUGIN_INTER_POD_AFFINITY);
	assert_int_equal(p->place, QUEUE_UNSCHEDULABLE);
	clock_advance(60 * NS_PER_S);
	queue_event(q, &came);
	assert_string_equal(pop(q, &p), "near");
	queue_done(q, p);
	assert_string_equal(pop(q, &p), "none");
	informer_unref(near);
	informer_unref(other);
}

static void test_a_node_too_small_does_not_help(void **state)
{
	struct queue *q = *state;
	struct queued_pod *p;
	add(q, "a", 0);
	assert_string_equal(pop(q, &p), "a");
	queue_retry(q, p, FIT);
	clock_advance(60 * NS_PER_S);
	node_event(q, EVENT_NODE_ADDED, "metadata: {name: n}\nstatus: {allocatable: {cpu: 1, pods: 9}}");
	assert_string_equal(pop(q, &p), "none");
	node_event(q, EVENT_NODE_ADDED, "metadata: {name: n}\nstatus: {allocatable: {cpu: 2, pods: 9}}");
	assert_string_equal(pop(q, &p), "a");
	queue_done(q, p);
}

static void test_no_nodes_at_all_any_node_helps(void **state)
{
	struct queue *q = *state;
	struct queued_pod *p;
	add(q, "a", 0);
	assert_string_equal(pop(q, &p), "a");
	queue_retry(q, p, ~0u);
	clock_advance(60 * NS_PER_S);
	node_event(q, EVENT_NODE_ADDED, "metadata: {name: n}");
	assert_string_equal(pop(q, &p), "a");
	queue_done(q, p);
}

static void test_own_status_writes_do_not_count(void **state)
{
	struct queue *q = *state;
	struct queued_pod *p;
	add(q, "a", 0);
	assert_string_equal(pop(q, &p), "a");
	queue_retry(q, p, FIT);
	clock_advance(60 * NS_PER_S);
	add(q, "a", 0); /* the same wish again */
	assert_string_equal(pop(q, &p), "none");
	const struct sched_pod *less =
		make_pod("metadata: {uid: a}\nspec: {nodeSelector: {disk: ssd}, containers: [{name: c}]}");
	queue_set(q, less);
	informer_unref(less);
	assert_string_equal(pop(q, &p), "a");
	queue_done(q, p);
}

static void test_an_event_during_the_flight_counts(void **state)
{
	struct queue *q = *state;
	struct queued_pod *p;
	add(q, "a", 0);
	assert_string_equal(pop(q, &p), "a");
	pod_deleted(q);
	queue_retry(q, p, FIT);
	assert_true(queue_next_ns(q) !=
		    CLOCK_NEVER); /* in back-off, not waiting for an event that was there already */
	clock_advance(NS_PER_S);
	assert_string_equal(pop(q, &p), "a");
	queue_done(q, p);
}

/* It had a place and was turned down there: the room that it leaves does not help itself. */
static void test_its_own_going_does_not_count(void **state)
{
	struct queue *q = *state;
	struct queued_pod *p;
	add(q, "a", 0);
	assert_string_equal(pop(q, &p), "a");
	queue_event(q, &(struct cluster_event){.types = EVENT_POD_DELETED, .pod = p->pod});
	queue_retry(q, p, FIT);
	assert_true(parked(q));
}

static void test_deleted_in_flight_is_not_retried(void **state)
{
	struct queue *q = *state;
	struct queued_pod *p;
	add(q, "a", 0);
	assert_string_equal(pop(q, &p), "a");
	queue_delete(q, "a");
	queue_retry(q, p, 0);
	assert_true(queue_next_ns(q) == CLOCK_NEVER);
	assert_int_equal(map_len(&q->by_uid), 0);
}

/* The store behind the API was put back to an older state, say. */
static void test_back_in_flight_is_retried(void **state)
{
	struct queue *q = *state;
	struct queued_pod *p;
	add(q, "a", 0);
	assert_string_equal(pop(q, &p), "a");
	queue_delete(q, "a");
	assert_true(queue_has(q, "a"));
	add(q, "a", 0);
	queue_retry(q, p, 0);
	clock_advance(NS_PER_S);
	assert_string_equal(pop(q, &p), "a");
	queue_done(q, p);
	assert_false(queue_has(q, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_priority_then_age, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors_back_off_doubling_to_ten_seconds, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_unschedulable_waits_for_an_event_that_helps, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_node_too_small_does_not_help, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_an_event_it_is_tried_after_five_minutes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_pods_that_come, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_nodes_at_all_any_node_helps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_status_writes_do_not_count, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_event_during_the_flight_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_its_own_going_does_not_count, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deleted_in_flight_is_not_retried, setup, teardown),
		cmocka_unit_test_setup_teardown(test_back_in_flight_is_retried, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
