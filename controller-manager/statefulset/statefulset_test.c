/* SPDX-License-Identifier: Apache-2.0 */
/* StatefulSets against a real API: in which order Pods come and go, what stays theirs, how they become newer. */
#include "controllers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "rig/rig.h"
#include "statefulset/statefulset_round.h"

#define SYNC "statefulset", "default/web"
#define SET "StatefulSet/web"

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&statefulset_controller, NULL);
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

static void make_set(const char *spec, const char *pod_spec)
{
	rig_create(r,
		   "apiVersion: apps/v1\n"
		   "kind: StatefulSet\n"
		   "metadata: {name: web, annotations: {note: one}}\n"
		   "spec:\n"
		   "  serviceName: nginx\n"
		   "  selector: {matchLabels: {app: web}}\n"
		   "  %s\n"
		   "  template:\n"
		   "    metadata: {labels: {app: web, tier: front}}\n"
		   "    spec: {containers: [{name: c, image: 'i:1'}]%s}\n",
		   spec, pod_spec);
}

#define CLAIMS                                                                                                  \
	"volumeClaimTemplates: [{metadata: {name: data, labels: {a: b}}, spec: {accessModes: [ReadWriteOnce], " \
	"resources: {requests: {storage: 1Gi}}}}]"
#define PARALLEL "podManagementPolicy: Parallel"

static void ready_since(const char *name, int64_t ns)
{
	char at[64];

	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", gmtime(&(time_t){ns / NS_PER_S}));
	rig_patch(
		r, name, "status",
		"status: {phase: Running, conditions: [{type: Ready, status: 'True', lastTransitionTime: '%s'}]}",
		at);
}

/* Until nothing changes any more: Pods become ready as they come, and what is to go is gone at once. */
static void go_on(void)
{
	for (int i = 0; i < 60; i++) {
		autofree char *before = mem_strdup(rig_names(r, "Pod"));

		rig_run(r);
		rig_run_pods(r);
		if (rig_run(r) == 0 && !strcmp(before, rig_names(r, "Pod")))
			return;
	}
	fail_msg("it does not come to rest: %s", rig_names(r, "Pod"));
}

static void new_template(const char *image)
{
	rig_patch(r, SET, NULL, "spec: {template: {spec: {containers: [{name: c, image: '%s'}]}}}", image);
}

static void scale(int n)
{
	rig_patch(r, SET, NULL, "spec: {replicas: %d}", n);
}

static void expect_pods(const char *names)
{
	assert_string_equal(rig_names(r, "Pod"), names);
}

static void expect_image(int ordinal, const char *image)
{
	autofree char *name = mem_printf("Pod/web-%d", ordinal);

	rig_expect(r, name, "spec: {containers: [{image: '%s'}]}", image);
}

static void expect_events(const char *first, ...)
{
	va_list ap;

	va_start(ap, first);
	for (const char *e = first; e; e = va_arg(ap, const char *))
		rig_expect_event(r, e);
	va_end(ap);
	rig_expect_no_event(r);
}

static void make_pod(const char *name, const char *meta, const char *status)
{
	rig_create(r,
		   "kind: Pod\nmetadata: {name: %s, labels: {app: web}%s}\n"
		   "spec: {containers: [{name: c, image: old}]}\nstatus: {%s}\n",
		   name, meta, status);
}

/* ---- names ---- */

static void test_ordinals(void **state)
{
	static const struct {
		const char *set, *pod;
		int32_t want;
	} rows[] = {
		{"web", "web-0", 0},
		{"web", "web-10", 10},
		{"web", "web-2147483647", INT32_MAX},
		{"web", "web-2147483648", -1},
		{"web", "web-01", -1},
		{"web", "web-", -1},
		{"web", "web", -1},
		{"web", "web-a", -1},
		{"web", "web-1a", -1},
		{"web", "web--1", -1},
		{"web", "webs-1", -1},
		{"web-1", "web-1-2", 2},
		{"web", "web-1-2", -1},
		{"web", "web-99999999999999999999999", -1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (statefulset_ordinal(rows[i].set, rows[i].pod) != rows[i].want)
			fail_msg("%s of %s", rows[i].pod, rows[i].set);
}

/* ---- OrderedReady ---- */

static void test_one_after_the_other(void **state)
{
	make_set("replicas: 3", "");
	rig_run(r);
	expect_pods("web-0");
	expect_events(SET " Normal SuccessfulCreate create Pod web-0 in StatefulSet web successful", NULL);
	autofree char *revision = mem_strdup(rig_names(r, "ControllerRevision"));
	rig_expect(
		r, "Pod/web-0",
		"metadata:\n"
		"  generateName: web-\n"
		"  labels: {app: web, tier: front, statefulset.kubernetes.io/pod-name: web-0, "
		"apps.kubernetes.io/pod-index: '0', controller-revision-hash: '%s'}\n"
		"  ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: $StatefulSet/web, "
		"controller: true, blockOwnerDeletion: true}]\n"
		"spec: {hostname: web-0, subdomain: nginx}\n",
		revision);
	rig_expect(r, SET,
		   "status: {replicas: 1, readyReplicas: null, currentReplicas: 1, updatedReplicas: 1, "
		   "availableReplicas: 0, currentRevision: '%s', updateRevision: '%s', collisionCount: 0, "
		   "observedGeneration: 1}",
		   revision, revision);
	rig_run(r); /* waits */
	expect_pods("web-0");
	rig_run_pods(r);
	rig_run(r);
	expect_pods("web-0 web-1");
	go_on();
	expect_pods("web-0 web-1 web-2");
	rig_expect(r, SET,
		   "status: {replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3}");
	rig_forget(r);
	rig_must_sync(r, SYNC);
	assert_int_equal(rig_calls(r, "*"), 0);
}

static void test_revision(void **state)
{
	make_set("replicas: 1", "");
	rig_run(r);
	autofree char *name = mem_printf("ControllerRevision/%s", rig_names(r, "ControllerRevision"));
	rig_expect(r, name,
		   "metadata:\n"
		   "  labels: {app: web, tier: front, controller.kubernetes.io/hash: '%s'}\n"
		   "  annotations: {note: one}\n"
		   "  ownerReferences: [{kind: StatefulSet, name: web, controller: true}]\n"
		   "revision: 1\n"
		   "data: {spec: {template: {$patch: replace, metadata: {labels: {app: web}}}}}\n",
		   name + strlen("ControllerRevision/web-"));
}

static void test_scales_down_from_the_highest(void **state)
{
	make_set("replicas: 3", "");
	go_on();
	rig_forget(r);
	scale(0);
	for (int left = 2; left >= 0; left--) {
		rig_must_sync(r, SYNC);
		assert_int_equal(rig_count(r, "Pod"), left);
	}
	expect_events(SET " Normal SuccessfulDelete delete Pod web-2 in StatefulSet web successful",
		      SET " Normal SuccessfulDelete delete Pod web-1 in StatefulSet web successful",
		      SET " Normal SuccessfulDelete delete Pod web-0 in StatefulSet web successful", NULL);
	rig_run(r);
	rig_expect(r, SET,
		   "status: {replicas: 0, readyReplicas: null, currentReplicas: null, availableReplicas: 0}");
}

static void test_one_that_ends_is_waited_for(void **state)
{
	make_set("replicas: 2", "");
	rig_run(r);
	rig_patch(r, "Pod/web-0", NULL, "metadata: {finalizers: [a/b]}");
	rig_run_pods(r);
	rig_delete(r, "Pod/web-0", "");
	rig_run(r);
	expect_pods("web-0");
	rig_expect(r, SET, "status: {replicas: 1, currentReplicas: null}");
	rig_patch(r, "Pod/web-0", NULL, "metadata: {finalizers: null}");
	rig_run(r);
	expect_pods("web-0");
	rig_expect(r, "Pod/web-0", "metadata: {deletionTimestamp: null}");
}

static void test_a_sick_one_below_holds_up_the_end_of_another(void **state)
{
	make_set("replicas: 3", "");
	go_on();
	rig_patch(r, "Pod/web-1", "status", "status: {conditions: [{type: Ready, status: 'False'}]}");
	rig_patch(r, "Pod/web-2", "status", "status: {conditions: [{type: Ready, status: 'False'}]}");
	scale(1);
	rig_run(r);
	expect_pods("web-0 web-1 web-2"); /* 1 is the first of the sick, 2 waits for it */
	ready_since("Pod/web-2", clock_wall_ns());
	rig_run(r);
	expect_pods("web-0");
}

static void test_failed_and_finished_ones_come_again(void **state)
{
	static const char *const phases[] = {"Failed", "Succeeded"};

	make_set("replicas: 1", "");
	for (size_t i = 0; i < 2; i++) {
		rig_run(r);
		autojson js *before = rig_get(r, "Pod/web-0");
		rig_forget(r);
		rig_patch(r, "Pod/web-0", "status", "status: {phase: %s}", phases[i]);
		rig_run(r);
		expect_events(SET " Normal SuccessfulDelete delete Pod web-0 *",
			      SET " Normal SuccessfulCreate create Pod web-0 *", NULL);
		autojson js *after = rig_get(r, "Pod/web-0");
		assert_string_not_equal(js_str0(before, "metadata", "uid", NULL),
					js_str0(after, "metadata", "uid", NULL));
	}
}

static void test_start_ordinal(void **state)
{
	make_set("replicas: 2\n  ordinals: {start: 3}", "");
	go_on();
	expect_pods("web-3 web-4");
	rig_patch(r, SET, NULL, "spec: {ordinals: {start: 4}}");
	go_on();
	expect_pods("web-4 web-5");
}

static void test_min_ready_seconds(void **state)
{
	make_set("replicas: 2\n  minReadySeconds: 10", "");
	rig_run(r);
	ready_since("Pod/web-0", clock_wall_ns());
	rig_settle(r);
	struct rig_result res = rig_sync(r, SYNC);
	assert_true(res.requeue_after_ns > 8 * NS_PER_S && res.requeue_after_ns <= 10 * NS_PER_S);
	expect_pods("web-0");
	rig_expect(r, SET, "status: {readyReplicas: 1, availableReplicas: 0}");
	clock_advance(10 * NS_PER_S);
	rig_must_sync(r, SYNC);
	expect_pods("web-0 web-1");
}

/* ---- Parallel ---- */

static void test_all_at_once(void **state)
{
	make_set("replicas: 5\n  " PARALLEL, "");
	rig_must_sync(r, SYNC);
	expect_pods("web-0 web-1 web-2 web-3 web-4");
	rig_expect(r, "Pod/web-3",
		   "metadata: {labels: {apps.kubernetes.io/pod-index: '3'}}\nspec: {hostname: web-3}");
	rig_must_sync(r, SYNC);
	assert_int_equal(rig_calls(r, "POST */pods"), 5);
	scale(1);
	rig_must_sync(r, SYNC);
	expect_pods("web-0");
}

static void test_an_enormous_number(void **state)
{
	make_set("replicas: 2147483647\n  ordinals: {start: 5}\n  " PARALLEL, "");
	struct rig_result res = rig_sync(r, SYNC);
	assert_int_equal(res.rc, 0);
	assert_int_equal(rig_count(r, "Pod"), POD_CONTROL_BURST);
	assert_true(res.requeue_after_ns >= 0 && res.requeue_after_ns <= NS_PER_MS);
}

static void test_a_refusal_stops_the_slow_start(void **state)
{
	make_set("replicas: 20\n  " PARALLEL, "");
	rig_fail(r, .call = "POST */pods", .reason = REASON_FORBIDDEN, .message = "quota");
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	assert_int_equal(rig_calls(r, "POST */pods"), 1);
	expect_events(SET " Warning FailedCreate create Pod web-0 in StatefulSet web failed error: *quota*",
		      NULL);
	rig_heal(r);
	rig_must_sync(r, SYNC);
	assert_int_equal(rig_count(r, "Pod"), 20);
}

/* ---- whose ---- */

static void test_adopts_members_only(void **state)
{
	make_pod("web-0", "", "phase: Running");
	make_pod("web-zero", "", "phase: Running");
	make_pod("web-01", "", "phase: Running");
	make_set("replicas: 1", "");
	rig_run(r);
	rig_expect(r, "Pod/web-0",
		   "metadata: {ownerReferences: [{kind: StatefulSet, name: web, controller: true}]}");
	rig_expect(r, "Pod/web-zero", "metadata: {ownerReferences: null}");
	rig_expect(r, "Pod/web-01", "metadata: {ownerReferences: null}");
}

static void test_a_name_of_somebody_else(void **state)
{
	make_pod(
		"web-0",
		", ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: x, uid: u, controller: true}]",
		"phase: Running");
	make_set("replicas: 2", "");
	for (int i = 0; i < 3; i++)
		assert_int_equal(rig_sync(r, SYNC).rc, -1); /* waits, with pauses */
	expect_pods("web-0");
	rig_expect(r, "Pod/web-0",
		   "metadata: {deletionTimestamp: null, ownerReferences: [{kind: ReplicaSet}]}");
	expect_events(NULL);
}

static void test_two_sets_with_one_selector_do_not_fight(void **state)
{
	make_set("replicas: 2\n  " PARALLEL, "");
	rig_create(
		r,
		"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\n"
		"spec: {replicas: 2, podManagementPolicy: Parallel, selector: {matchLabels: {app: web}}, "
		"template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}}\n");
	go_on();
	expect_pods("db-0 db-1 web-0 web-1");
	rig_forget(r);
	rig_must_sync(r, SYNC);
	rig_must_sync(r, "statefulset", "default/db");
	assert_int_equal(rig_calls(r, RIG_WRITES), 0);
}

static void test_a_reference_that_lies(void **state)
{
	make_set("replicas: 1", "");
	make_pod(
		"other-0",
		", ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: $StatefulSet/web, "
		"controller: true}]",
		"phase: Running");
	go_on();
	expect_pods("other-0 web-0");
	rig_expect(r, "Pod/other-0", "metadata: {ownerReferences: null}"); /* no member: released */
}

static void test_a_set_that_is_deleted_only_counts(void **state)
{
	make_set("replicas: 2", "");
	rig_run(r);
	rig_patch(r, SET, NULL, "metadata: {finalizers: [a/b]}");
	rig_delete(r, SET, "");
	rig_run_pods(r);
	rig_forget(r);
	rig_run(r);
	expect_pods("web-0");
	rig_expect(r, SET, "status: {readyReplicas: 1}");
	assert_int_equal(rig_calls(r, "POST *"), 0);
}

static void test_a_label_that_was_lost_comes_back(void **state)
{
	make_set("replicas: 1", "");
	go_on();
	rig_forget(r);
	rig_patch(r, "Pod/web-0", NULL, "metadata: {labels: {statefulset.kubernetes.io/pod-name: null}}");
	rig_run(r);
	rig_expect(r, "Pod/web-0", "metadata: {labels: {statefulset.kubernetes.io/pod-name: web-0}}");
	expect_events(SET " Normal SuccessfulUpdate update Pod web-0 in StatefulSet web successful", NULL);
}

static void test_a_lost_answer(void **state)
{
	make_set("replicas: 2\n  " PARALLEL, "");
	rig_fail(r, .call = "POST */pods", .reason = REASON_TIMEOUT, .message = "slow", .times = 1,
		 .lost = true);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	rig_heal(r);
	go_on();
	expect_pods("web-0 web-1");
}

/* ---- updates ---- */

static void test_rolling_update(void **state)
{
	make_set("replicas: 3", "");
	go_on();
	autofree char *first = mem_strdup(rig_names(r, "ControllerRevision"));
	new_template("i:2");
	rig_must_sync(r, SYNC);
	expect_pods("web-0 web-1");
	rig_expect(r, SET, "status: {currentReplicas: 2, updatedReplicas: null, currentRevision: '%s'}",
		   first);
	rig_run(r);
	expect_pods("web-0 web-1 web-2");
	expect_image(2, "i:2");
	expect_image(1, "i:1");
	rig_run(r); /* waits for it */
	expect_image(1, "i:1");
	go_on();
	for (int i = 0; i < 3; i++)
		expect_image(i, "i:2");
	rig_expect(r, SET, "status: {currentReplicas: 3, updatedReplicas: 3, observedGeneration: 2}");
	autojson js *set = rig_get(r, SET);
	assert_string_not_equal(js_str0(set, "status", "currentRevision", NULL), first);
	assert_string_equal(js_str0(set, "status", "currentRevision", NULL),
			    js_str0(set, "status", "updateRevision", NULL));
	/* and back: the number of the first grows */
	new_template("i:1");
	go_on();
	expect_image(0, "i:1");
	autofree char *name = mem_printf("ControllerRevision/%s", first);
	rig_expect(r, name, "revision: 3");
	assert_int_equal(rig_count(r, "ControllerRevision"), 2);
}

static void test_partition(void **state)
{
	make_set("replicas: 3\n  updateStrategy: {rollingUpdate: {partition: 2}}", "");
	go_on();
	autofree char *first = mem_strdup(rig_names(r, "ControllerRevision"));
	new_template("i:2");
	go_on();
	expect_image(2, "i:2");
	expect_image(1, "i:1");
	rig_expect(r, SET, "status: {currentReplicas: 2, updatedReplicas: 1, currentRevision: '%s'}", first);
	/* one below the partition that goes comes as it was */
	rig_delete(r, "Pod/web-0", "gracePeriodSeconds: 0");
	go_on();
	expect_image(0, "i:1");
	rig_patch(r, SET, NULL, "spec: {updateStrategy: {rollingUpdate: {partition: 1}}}");
	go_on();
	expect_image(1, "i:2");
	expect_image(0, "i:1");
	rig_patch(r, SET, NULL, "spec: {updateStrategy: {rollingUpdate: {partition: 0}}}");
	go_on();
	expect_image(0, "i:2");
}

static void test_on_delete(void **state)
{
	make_set("replicas: 2\n  updateStrategy: {type: OnDelete}", "");
	go_on();
	new_template("i:2");
	go_on();
	expect_image(1, "i:1");
	rig_expect(r, SET, "status: {currentReplicas: 2, updatedReplicas: null}");
	rig_delete(r, "Pod/web-0", "gracePeriodSeconds: 0");
	go_on();
	expect_image(0, "i:2");
	expect_image(1, "i:1");
	rig_expect(r, SET, "status: {currentReplicas: 1, updatedReplicas: 1}");
}

/* One that cannot become ready holds the update up; with the template put right, and the Pod taken away, it goes on. */
static void test_a_stuck_update(void **state)
{
	make_set("replicas: 2", "");
	go_on();
	new_template("broken");
	rig_run(r);
	expect_image(1, "broken");
	new_template("i:3");
	rig_run(r);
	expect_image(1, "broken");
	rig_delete(r, "Pod/web-1", "gracePeriodSeconds: 0");
	go_on();
	expect_image(1, "i:3");
	expect_image(0, "i:3");
}

static void test_parallel_updates_one_at_a_time(void **state)
{
	make_set("replicas: 3\n  " PARALLEL, "");
	go_on();
	new_template("i:2");
	rig_run(r);
	expect_image(2, "i:2");
	expect_image(1, "i:1");
	go_on();
	expect_image(0, "i:2");
}

static void test_history_is_limited(void **state)
{
	make_set("replicas: 1\n  revisionHistoryLimit: 1", "");
	for (int i = 2; i < 6; i++) {
		char image[8];

		go_on();
		snprintf(image, sizeof(image), "i:%d", i);
		new_template(image);
	}
	go_on();
	assert_int_equal(rig_count(r, "ControllerRevision"), 2);
}

/* ---- claims ---- */

static void test_claims_come_before_the_pod_and_stay(void **state)
{
	make_set("replicas: 2\n  " CLAIMS,
		 ", volumes: [{name: data, emptyDir: {}}, {name: tmp, emptyDir: {}}]");
	rig_must_sync(r, SYNC);
	expect_events(SET
		      " Normal SuccessfulCreate create Claim data-web-0 Pod web-0 in StatefulSet web success",
		      SET " Normal SuccessfulCreate create Pod web-0 in StatefulSet web successful", NULL);
	rig_expect(r, "PersistentVolumeClaim/data-web-0",
		   "metadata: {labels: {app: web, a: b}, ownerReferences: null}\n"
		   "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n");
	rig_expect(
		r, "Pod/web-0",
		"spec: {volumes: [{name: data, persistentVolumeClaim: {claimName: data-web-0}}, {name: tmp, emptyDir: {}}]}");
	go_on();
	scale(0);
	go_on();
	expect_pods("");
	assert_string_equal(rig_names(r, "PersistentVolumeClaim"), "data-web-0 data-web-1");
	scale(1);
	rig_forget(r);
	go_on();
	assert_int_equal(rig_calls(r, "POST */persistentvolumeclaims"), 0);
}

static void test_a_claim_that_is_missing_or_refused(void **state)
{
	make_set("replicas: 1\n  " CLAIMS, "");
	rig_fail(r, .call = "POST */persistentvolumeclaims", .reason = REASON_FORBIDDEN, .message = "quota");
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	expect_pods("");
	expect_events(
		SET
		" Warning FailedCreate create Claim data-web-0 for Pod web-0 in StatefulSet web failed error: *quota*",
		SET
		" Warning FailedCreate create Pod web-0 in StatefulSet web failed error: failed to create PVC "
		"data-web-0*",
		NULL);
	rig_heal(r);
	rig_must_sync(r, SYNC);
	/* a Pod that still waits gets one again */
	rig_patch(r, "PersistentVolumeClaim/data-web-0", NULL, "metadata: {finalizers: null}");
	rig_delete(r, "PersistentVolumeClaim/data-web-0", "");
	rig_run(r);
	assert_string_equal(rig_names(r, "PersistentVolumeClaim"), "data-web-0");
}

#define RETENTION(deleted, scaled)                                                                           \
	"persistentVolumeClaimRetentionPolicy: {whenDeleted: " deleted ", whenScaled: " scaled "}"
#define CLAIM0 "PersistentVolumeClaim/data-web-0"
#define CLAIM1 "PersistentVolumeClaim/data-web-1"

static void test_claims_that_go_with_the_set(void **state)
{
	make_set("replicas: 1\n  " CLAIMS "\n  " RETENTION("Delete", "Retain"), "");
	go_on();
	rig_expect(r, CLAIM0,
		   "metadata: {ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: web, "
		   "uid: $StatefulSet/web, controller: true, blockOwnerDeletion: true}]}");
	rig_forget(r);
	rig_patch(r, SET, NULL, "spec: {" RETENTION("Retain", "Retain") "}");
	go_on();
	rig_expect(r, CLAIM0, "metadata: {ownerReferences: null}");
	expect_events(SET " Normal SuccessfulUpdate update Pod web-0 *", NULL);
}

static void test_claims_that_go_when_the_set_shrinks(void **state)
{
	make_set("replicas: 2\n  " CLAIMS "\n  " RETENTION("Delete", "Delete"), "");
	go_on();
	rig_expect(r, CLAIM1, "metadata: {ownerReferences: [{kind: StatefulSet, name: web}]}");
	autojson js *pod = rig_get(r, "Pod/web-1");
	scale(1);
	rig_must_sync(r, SYNC);
	expect_pods("web-0");
	rig_expect(r, CLAIM1,
		   "metadata: {ownerReferences: [{apiVersion: v1, kind: Pod, name: web-1, uid: '%s'}]}",
		   js_str0(pod, "metadata", "uid", NULL));
	rig_expect(r, CLAIM0, "metadata: {ownerReferences: [{kind: StatefulSet, name: web}]}");
	/* the next Pod of that name waits until the claim is gone */
	scale(2);
	rig_run(r);
	expect_pods("web-0");
	rig_patch(r, CLAIM1, NULL, "metadata: {finalizers: null}");
	rig_delete(r, CLAIM1, "");
	rig_run(r);
	expect_pods("web-0 web-1");
	rig_expect(r, CLAIM1, "metadata: {ownerReferences: [{kind: StatefulSet}]}");
}

static void test_a_claim_of_somebody_else(void **state)
{
	rig_create(
		r,
		"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data-web-0, ownerReferences: "
		"[{apiVersion: x/v1, kind: Other, name: z, uid: u, controller: true}]}\n"
		"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n");
	make_set("replicas: 1\n  " CLAIMS "\n  " RETENTION("Delete", "Delete"), "");
	rig_must_sync(r, SYNC);
	expect_pods("web-0");
	rig_expect(r, CLAIM0, "metadata: {ownerReferences: [{kind: Other, name: z}]}");
	rig_expect_event(
		r,
		SET " Warning ConflictingController PersistentVolumeClaim data-web-0 has a conflicting "
		    "OwnerReference that acts as a managing controller, the retention policy is ignored for "
		    "this claim");
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinals),
		T(test_one_after_the_other),
		T(test_revision),
		T(test_scales_down_from_the_highest),
		T(test_one_that_ends_is_waited_for),
		T(test_a_sick_one_below_holds_up_the_end_of_another),
		T(test_failed_and_finished_ones_come_again),
		T(test_start_ordinal),
		T(test_min_ready_seconds),
		T(test_all_at_once),
		T(test_an_enormous_number),
		T(test_a_refusal_stops_the_slow_start),
		T(test_adopts_members_only),
		T(test_a_name_of_somebody_else),
		T(test_two_sets_with_one_selector_do_not_fight),
		T(test_a_reference_that_lies),
		T(test_a_set_that_is_deleted_only_counts),
		T(test_a_label_that_was_lost_comes_back),
		T(test_a_lost_answer),
		T(test_rolling_update),
		T(test_partition),
		T(test_on_delete),
		T(test_a_stuck_update),
		T(test_parallel_updates_one_at_a_time),
		T(test_history_is_limited),
		T(test_claims_come_before_the_pod_and_stay),
		T(test_a_claim_that_is_missing_or_refused),
		T(test_claims_that_go_with_the_set),
		T(test_claims_that_go_when_the_set_shrinks),
		T(test_a_claim_of_somebody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
