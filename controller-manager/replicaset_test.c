/* SPDX-License-Identifier: Apache-2.0 */
/* ReplicaSets against a real API: how many Pods there are, whose, which go first, and what the status says. */
#include "controllers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "rig/rig.h"

#define SYNC "replicaset", "default/web"

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&replicaset_controller, NULL);
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

static void make_set(const char *name, int replicas)
{
	rig_create(r,
		   "kind: ReplicaSet\n"
		   "metadata: {name: %s}\n"
		   "spec:\n"
		   "  replicas: %d\n"
		   "  selector: {matchLabels: {app: web}}\n"
		   "  template:\n"
		   "    metadata: {labels: {app: web, tier: front}, annotations: {note: 'a \"b\"'}}\n"
		   "    spec: {containers: [{name: c, image: i}]}\n",
		   name, replicas);
}

/* A Pod of the set `web`, with more of a spec and of a status. */
static void make_pod(const char *name, const char *spec, const char *status)
{
	rig_create(
		r,
		"kind: Pod\n"
		"metadata:\n"
		"  name: %s\n"
		"  labels: {app: web}\n"
		"  ownerReferences:\n"
		"  - {apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: $ReplicaSet/web, controller: true}\n"
		"spec: {containers: [{name: c, image: i}]%s}\n"
		"status: {%s}\n",
		name, spec, status);
}

/* ---- how many ---- */

static void test_creates_what_is_missing(void **state)
{
	make_set("web", 3);
	assert_true(rig_run(r) > 0);
	assert_int_equal(rig_count(r, "Pod"), 3);
	for (int i = 0; i < 3; i++)
		rig_expect_event(r, "ReplicaSet/web Normal SuccessfulCreate Created pod: web-?????");
	rig_expect_no_event(r);
	rig_expect(
		r, "ReplicaSet/web",
		"status: {replicas: 3, fullyLabeledReplicas: 3, readyReplicas: null, observedGeneration: 1}");
	autofree char *name = mem_strndup(rig_names(r, "Pod"), strlen("web-12345"));
	autofree char *pod = mem_printf("Pod/%s", name);

	rig_expect(r, pod,
		   "metadata:\n"
		   "  generateName: web-\n"
		   "  labels: {app: web, tier: front}\n"
		   "  annotations: {note: 'a \"b\"'}\n"
		   "  ownerReferences:\n"
		   "  - {apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: $ReplicaSet/web,\n"
		   "     controller: true, blockOwnerDeletion: true}\n"
		   "spec: {containers: [{name: c, image: i}]}\n");
}

static void test_idle_sync_writes_nothing(void **state)
{
	make_set("web", 2);
	rig_run(r);
	rig_run_pods(r);
	rig_run(r);
	rig_expect(r, "ReplicaSet/web", "status: {replicas: 2, readyReplicas: 2, availableReplicas: 2}");
	rig_forget(r);
	rig_must_sync(r, SYNC);
	assert_int_equal(rig_calls(r, "*"), 0);
	rig_expect_no_event(r);
}

static void test_sees_its_own_creations(void **state)
{
	make_set("web", 2);
	rig_must_sync(r, SYNC);
	rig_must_sync(r, SYNC);
	assert_int_equal(rig_calls(r, "POST */pods"), 2);
}

static void test_a_long_name_leaves_room_for_the_suffix(void **state)
{
	char name[254];

	memset(name, 'a', 253);
	name[253] = '\0';
	make_set(name, 1);
	rig_run(r);
	autofree char *pod = mem_printf("Pod/%s", rig_names(r, "Pod"));

	assert_int_equal(strlen(pod), strlen("Pod/") + 63);
}

static void test_failed_and_finished_pods_are_replaced(void **state)
{
	make_set("web", 2);
	make_pod("web-1", "", "phase: Failed");
	make_pod("web-2", "", "phase: Succeeded");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 4);
	rig_expect(r, "ReplicaSet/web", "status: {replicas: 2}");
}

static void test_deleting_pods_do_not_count(void **state)
{
	make_set("web", 1);
	rig_create(r, "{kind: Node, metadata: {name: n1}}");
	make_pod("web-1", ", nodeName: n1", "phase: Running");
	rig_delete(r, "Pod/web-1", "gracePeriodSeconds: 30");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 2);
}

static void test_deleted_set_does_nothing(void **state)
{
	make_set("web", 2);
	rig_patch(r, "ReplicaSet/web", NULL, "metadata: {finalizers: [example.com/wait]}");
	rig_delete(r, "ReplicaSet/web", "");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 0);
	rig_must_sync(r, "replicaset", "default/none");
}

static void test_scales_down(void **state)
{
	make_set("web", 3);
	rig_run(r);
	rig_forget(r);
	rig_patch(r, "ReplicaSet/web", NULL, "spec: {replicas: 1}");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 1);
	rig_expect_event(r, "ReplicaSet/web Normal SuccessfulDelete Deleted pod: web-?????");
	rig_expect_event(r, "ReplicaSet/web Normal SuccessfulDelete Deleted pod: web-?????");
	rig_expect_no_event(r);
	rig_expect(r, "ReplicaSet/web", "status: {replicas: 1, observedGeneration: 2}");
}

static void test_a_burst_is_bounded(void **state)
{
	make_set("web", 501);
	struct rig_result ret = rig_sync(r, SYNC);

	assert_int_equal(ret.rc, 0);
	assert_int_equal(ret.requeue_after_ns, 0);
	assert_int_equal(rig_calls(r, "POST */pods"), 500);
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 501);
}

/* ---- which go first ---- */

#define READY_SINCE(time)                                                                                    \
	"phase: Running, conditions: [{type: Ready, status: 'True', lastTransitionTime: '" time "'}]"

static void test_ranking(void **state)
{
	/* What is worth least first; `stays` is never asked to go. */
	static const char *const order[] = {"unbound", "pending", "unready", "cheap",
					    "crowded", "young",	  "restarts"};

	make_set("web", 8);
	for (int i = 1; i <= 6; i++)
		rig_create(r, "{kind: Node, metadata: {name: n%d}}", i);
	make_pod("stays", ", nodeName: n4", READY_SINCE("2025-12-01T00:00:00Z"));
	make_pod("young", ", nodeName: n6", READY_SINCE("2025-12-03T00:00:00Z"));
	make_pod(
		"restarts", ", nodeName: n5",
		READY_SINCE(
			"2025-12-01T00:00:00Z") ", containerStatuses: [{name: c, image: i, imageID: '', ready: true, restartCount: 7}]");
	/* Two on one node: the one that is ready for less long goes before any that is alone. */
	make_pod("crowded", ", nodeName: n4", READY_SINCE("2025-12-02T00:00:00Z"));
	make_pod("cheap", ", nodeName: n3", READY_SINCE("2025-11-01T00:00:00Z"));
	rig_patch(r, "Pod/cheap", NULL,
		  "metadata: {annotations: {controller.kubernetes.io/pod-deletion-cost: '-5'}}");
	make_pod("unready", ", nodeName: n2", "phase: Running");
	make_pod("pending", ", nodeName: n1", "phase: Pending");
	make_pod("unbound", "", "phase: Pending");
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		autofree char *event =
			mem_printf("ReplicaSet/web Normal SuccessfulDelete Deleted pod: %s", order[i]);

		rig_patch(r, "ReplicaSet/web", NULL, "spec: {replicas: %zu}", 7 - i);
		rig_must_sync(r, SYNC);
		rig_expect_event(r, event);
		rig_expect_no_event(r);
	}
}

static void test_newest_of_equals_goes_first(void **state)
{
	make_set("web", 2);
	make_pod("a-old", "", "phase: Pending");
	clock_advance(10 * NS_PER_S);
	make_pod("b-new", "", "phase: Pending");
	rig_patch(r, "ReplicaSet/web", NULL, "spec: {replicas: 1}");
	rig_must_sync(r, SYNC);
	assert_string_equal(rig_names(r, "Pod"), "a-old");
}

/* Pods of the other ReplicaSets of the same Deployment make a node crowded, too. */
static void test_crowding_counts_the_siblings(void **state)
{
	rig_create(r, "{kind: Node, metadata: {name: n1}}\n---\n{kind: Node, metadata: {name: n2}}");
	rig_create(r, "{kind: ConfigMap, metadata: {name: top}}");
	make_set("web", 2);
	make_set("old", 1);
	for (int i = 0; i < 2; i++)
		rig_patch(r, i ? "ReplicaSet/web" : "ReplicaSet/old", NULL,
			  "metadata: {ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: top, "
			  "uid: $ConfigMap/top, controller: true}]}");
	make_pod("a", ", nodeName: n1", READY_SINCE("2025-12-01T00:00:00Z"));
	make_pod("b", ", nodeName: n2", READY_SINCE("2025-12-02T00:00:00Z"));
	rig_create(
		r,
		"kind: Pod\n"
		"metadata:\n"
		"  name: sibling\n"
		"  labels: {app: web}\n"
		"  ownerReferences:\n"
		"  - {apiVersion: apps/v1, kind: ReplicaSet, name: old, uid: $ReplicaSet/old, controller: true}\n"
		"spec: {nodeName: n1, containers: [{name: c, image: i}]}\n");
	rig_patch(r, "ReplicaSet/web", NULL, "spec: {replicas: 1}");
	rig_must_sync(r, SYNC);
	rig_expect_event(r, "*Deleted pod: a");
}

/* ---- whose ---- */

static void test_adopts_a_matching_orphan(void **state)
{
	rig_create(r, "kind: Pod\n"
		      "metadata: {name: orphan, labels: {app: web}}\n"
		      "spec: {containers: [{name: c, image: i}]}\n");
	make_set("web", 1);
	rig_run(r);
	assert_string_equal(rig_names(r, "Pod"), "orphan");
	rig_expect(
		r, "Pod/orphan",
		"metadata: {ownerReferences: [{kind: ReplicaSet, uid: $ReplicaSet/web, controller: true}]}");
	assert_int_equal(rig_calls(r, "POST *"), 0);
}

static void test_pods_without_labels_are_nobodys(void **state)
{
	rig_create(r, "kind: Pod\n"
		      "metadata: {name: bare}\n"
		      "spec: {containers: [{name: c, image: i}]}\n");
	make_set("web", 0);
	rig_run(r);
	rig_expect(r, "Pod/bare", "metadata: {ownerReferences: null}");
}

static void test_leaves_the_pods_of_others(void **state)
{
	rig_create(
		r,
		"{kind: ConfigMap, metadata: {name: other}}\n"
		"---\n"
		"kind: Pod\n"
		"metadata:\n"
		"  name: taken\n"
		"  labels: {app: web}\n"
		"  ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: other, uid: $ConfigMap/other, controller: true}]\n"
		"spec: {containers: [{name: c, image: i}]}\n");
	make_set("web", 0);
	rig_run(r);
	rig_expect(r, "Pod/taken", "metadata: {ownerReferences: [{kind: ConfigMap}]}");
}

static void test_releases_what_no_longer_matches(void **state)
{
	make_set("web", 1);
	make_pod("web-1", "", "phase: Pending");
	rig_run(r);
	rig_patch(r, "Pod/web-1", NULL, "metadata: {labels: {app: debug}}");
	rig_run(r);
	rig_expect(r, "Pod/web-1", "metadata: {ownerReferences: null}");
	assert_int_equal(rig_count(r, "Pod"), 2);
}

/* The informer is behind: the set was deleted and made again under the same name. */
static void test_adoption_asks_who_is_there_now(void **state)
{
	rig_create(r, "kind: Pod\n"
		      "metadata: {name: orphan, labels: {app: web}}\n"
		      "spec: {containers: [{name: c, image: i}]}\n");
	make_set("web", 1);
	rig_fail(r, .call = "GET */replicasets/web", .reason = REASON_NOT_FOUND, .times = 1);
	struct rig_result ret = rig_sync(r, SYNC);

	assert_int_equal(ret.rc, -1);
	rig_expect(r, "Pod/orphan", "metadata: {ownerReferences: null}");
}

/* ---- failures ---- */

static void test_slow_start(void **state)
{
	make_set("web", 20);
	rig_fail(r, .call = "POST */pods", .reason = REASON_FORBIDDEN, .message = "exceeded quota: q");
	struct rig_result ret = rig_sync(r, SYNC);

	assert_int_equal(ret.rc, -1);
	assert_int_equal(ret.err.reason, REASON_FORBIDDEN);
	assert_int_equal(rig_calls(r, "POST */pods"), 1);
	rig_expect_event(r, "ReplicaSet/web Warning FailedCreate Error creating: exceeded quota: q");
	rig_expect_no_event(r);
	rig_expect(
		r, "ReplicaSet/web",
		"status:\n"
		"  replicas: 0\n"
		"  conditions:\n"
		"  - {type: ReplicaFailure, status: 'True', reason: FailedCreate, message: 'exceeded quota: q'}\n");
	rig_heal(r);
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 20);
	rig_expect(r, "ReplicaSet/web", "status: {replicas: 20, conditions: null}");
}

static void test_slow_start_stops_at_the_first_failing_batch(void **state)
{
	make_set("web", 20);
	rig_fail(r, .call = "POST */pods", .reason = REASON_INTERNAL, .after = 4);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	assert_int_equal(rig_calls(r, "POST */pods"), 1 + 2 + 4);
	assert_int_equal(rig_count(r, "Pod"), 4);
}

static void test_a_lost_answer_makes_no_second_pod(void **state)
{
	make_set("web", 1);
	rig_fail(r, .call = "POST */pods", .reason = REASON_TIMEOUT, .times = 1, .lost = true);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	rig_must_sync(r, SYNC);
	assert_int_equal(rig_count(r, "Pod"), 1);
}

static void test_failing_deletions(void **state)
{
	make_set("web", 2);
	rig_run(r);
	rig_forget(r);
	rig_patch(r, "ReplicaSet/web", NULL, "spec: {replicas: 0}");
	rig_fail(r, .call = "DELETE *", .reason = REASON_INTERNAL, .message = "no", .times = 1);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	assert_int_equal(rig_count(r, "Pod"), 1);
	rig_expect(r, "ReplicaSet/web",
		   "status: {conditions: [{type: ReplicaFailure, reason: FailedDelete, message: 'no'}]}");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 0);
	rig_expect(r, "ReplicaSet/web", "status: {replicas: 0, conditions: null}");
}

static void test_a_vanished_pod_is_deleted_well_enough(void **state)
{
	make_set("web", 1);
	rig_run(r);
	rig_patch(r, "ReplicaSet/web", NULL, "spec: {replicas: 0}");
	rig_fail(r, .call = "DELETE *", .reason = REASON_NOT_FOUND, .times = 1);
	rig_must_sync(r, SYNC);
}

static void test_status_conflict_is_retried(void **state)
{
	make_set("web", 1);
	rig_fail(r, .call = "PATCH */status", .reason = REASON_CONFLICT, .times = 1);
	struct rig_result ret = rig_sync(r, SYNC);

	assert_int_equal(ret.rc, -1);
	assert_int_equal(ret.err.reason, REASON_CONFLICT);
	rig_run(r);
	rig_expect(r, "ReplicaSet/web", "status: {replicas: 1, observedGeneration: 1}");
	assert_int_equal(rig_count(r, "Pod"), 1);
}

static void replace_set(struct rig *rig)
{
	rig_delete(rig, "ReplicaSet/web", "");
	make_set("web", 5);
}

/* What was counted for one set is not written into another of its name. */
static void test_a_successor_gets_no_status(void **state)
{
	make_set("web", 1);
	rig_fail(r, .call = "PATCH */status", .before = replace_set, .times = 1);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	rig_expect(r, "ReplicaSet/web", "status: {observedGeneration: null}");
	rig_must_sync(r, SYNC);
	rig_expect(r, "ReplicaSet/web", "status: {observedGeneration: 1}");
}

/* Whoever deletes the namespace will delete the set, too: nothing is left to do, and nothing to complain of. */
static void test_ending_namespace_is_no_failure(void **state)
{
	rig_create(
		r,
		"{kind: Namespace, metadata: {name: ending}}\n"
		"---\n"
		"kind: ReplicaSet\n"
		"metadata: {name: web, namespace: ending}\n"
		"spec:\n"
		"  replicas: 3\n"
		"  selector: {matchLabels: {app: web}}\n"
		"  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}\n");
	rig_delete(r, "Namespace/ending", "");
	struct rig_result ret = rig_sync(r, "replicaset", "ending/web");

	assert_int_equal(ret.rc, 0);
	assert_int_equal(ret.requeue_after_ns, RIG_NEVER);
	assert_int_equal(rig_calls(r, "POST */pods"), 1);
	rig_expect_no_event(r);
}

/* ---- status ---- */

static void test_min_ready_seconds(void **state)
{
	make_set("web", 1);
	rig_patch(r, "ReplicaSet/web", NULL, "spec: {minReadySeconds: 30}");
	make_pod("web-1", "", READY_SINCE("2026-01-01T00:00:00Z"));
	struct rig_result ret = rig_sync(r, SYNC);

	assert_int_equal(ret.rc, 0);
	assert_int_equal(ret.requeue_after_ns, 30 * NS_PER_S);
	rig_expect(r, "ReplicaSet/web", "status: {readyReplicas: 1, availableReplicas: null}");
	clock_advance(31 * NS_PER_S);
	ret = rig_sync(r, SYNC);
	assert_int_equal(ret.requeue_after_ns, RIG_NEVER);
	rig_expect(r, "ReplicaSet/web", "status: {readyReplicas: 1, availableReplicas: 1}");
}

static void test_fully_labeled(void **state)
{
	make_set("web", 2);
	make_pod("bare", "", "phase: Pending"); /* lacks `tier` */
	rig_run(r);
	rig_expect(r, "ReplicaSet/web", "status: {replicas: 2, fullyLabeledReplicas: 1}");
}

/* ---- ReplicationControllers ---- */

static int set_up_replication(void **state)
{
	r = rig_new(&replication_controller, NULL);
	return 0;
}

static void make_replication(const char *name, int replicas)
{
	rig_create(r,
		   "kind: ReplicationController\n"
		   "metadata: {name: %s}\n"
		   "spec:\n"
		   "  replicas: %d\n"
		   "  selector: {app: web}\n"
		   "  template:\n"
		   "    metadata: {labels: {app: web, tier: front}}\n"
		   "    spec: {containers: [{name: c, image: i}]}\n",
		   name, replicas);
}

static void test_replication_keeps_its_number(void **state)
{
	make_replication("web", 2);
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 2);
	rig_expect_event(r, "ReplicationController/web Normal SuccessfulCreate Created pod: web-?????");
	rig_run_pods(r);
	rig_run(r);
	rig_expect(r, "ReplicationController/web",
		   "status: {replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 2, "
		   "observedGeneration: 1}");
	rig_patch(r, "ReplicationController/web", "scale", "spec: {replicas: 1}");
	rig_run(r);
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 1);
	autofree char *pod = mem_printf("Pod/%s", rig_names(r, "Pod"));
	rig_expect(
		r, pod,
		"metadata: {generateName: web-, ownerReferences: [{apiVersion: v1, kind: ReplicationController, "
		"name: web, controller: true, blockOwnerDeletion: true}]}");
	rig_patch(r, pod, NULL, "metadata: {labels: {app: other}}");
	rig_run(r);
	rig_expect(r, pod, "metadata: {ownerReferences: null}");
	assert_int_equal(rig_count(r, "Pod"), 2);
}

static void test_replication_adopts(void **state)
{
	rig_create(r, "kind: Pod\n"
		      "metadata: {name: p, labels: {app: web}}\n"
		      "spec: {containers: [{name: c, image: i}]}\n");
	make_replication("web", 1);
	rig_run(r);
	assert_string_equal(rig_names(r, "Pod"), "p");
	rig_expect(r, "Pod/p", "metadata: {ownerReferences: [{kind: ReplicationController, name: web}]}");
}

static void test_replication_says_what_fails(void **state)
{
	make_replication("web", 1);
	rig_fail(r, .call = "POST */pods", .reason = REASON_FORBIDDEN, .message = "exceeded quota");
	assert_int_equal(rig_sync(r, "replicationcontroller", "default/web").rc, -1);
	rig_expect(r, "ReplicationController/web",
		   "status: {conditions: [{type: ReplicaFailure, status: 'True', reason: FailedCreate, "
		   "message: '*exceeded quota*'}]}");
	rig_heal(r);
	rig_run(r);
	rig_expect(r, "ReplicationController/web", "status: {conditions: null}");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_creates_what_is_missing),
		TEST(test_idle_sync_writes_nothing),
		TEST(test_sees_its_own_creations),
		TEST(test_a_long_name_leaves_room_for_the_suffix),
		TEST(test_failed_and_finished_pods_are_replaced),
		TEST(test_deleting_pods_do_not_count),
		TEST(test_deleted_set_does_nothing),
		TEST(test_scales_down),
		TEST(test_a_burst_is_bounded),
		TEST(test_ranking),
		TEST(test_newest_of_equals_goes_first),
		TEST(test_crowding_counts_the_siblings),
		TEST(test_adopts_a_matching_orphan),
		TEST(test_pods_without_labels_are_nobodys),
		TEST(test_leaves_the_pods_of_others),
		TEST(test_releases_what_no_longer_matches),
		TEST(test_adoption_asks_who_is_there_now),
		TEST(test_slow_start),
		TEST(test_slow_start_stops_at_the_first_failing_batch),
		TEST(test_a_lost_answer_makes_no_second_pod),
		TEST(test_failing_deletions),
		TEST(test_a_vanished_pod_is_deleted_well_enough),
		TEST(test_status_conflict_is_retried),
		TEST(test_a_successor_gets_no_status),
		TEST(test_ending_namespace_is_no_failure),
		TEST(test_min_ready_seconds),
		TEST(test_fully_labeled),
#define REPLICATION(fn) cmocka_unit_test_setup_teardown(fn, set_up_replication, tear_down)
		REPLICATION(test_replication_keeps_its_number),
		REPLICATION(test_replication_adopts),
		REPLICATION(test_replication_says_what_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
