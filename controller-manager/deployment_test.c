/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deployments against a real API, together with the ReplicaSet controller: rollouts of every kind from the first
 * look to the last Pod, and what goes wrong on the way.
 */
#include "controllers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig/rig.h"

#define SYNC "deployment", "default/web"
#define DEFAULT_STRATEGY ""
#define ROLLING(surge, unavailable)                                                                          \
	"strategy: {rollingUpdate: {maxSurge: " #surge ", maxUnavailable: " #unavailable "}}"

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&deployment_controller, &replicaset_controller, NULL);
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

/* `more` is further lines of the spec. */
static void make(int replicas, const char *more)
{
	rig_create(r,
		   "kind: Deployment\n"
		   "metadata: {name: web, annotations: {note: hello}}\n"
		   "spec:\n"
		   "  replicas: %d\n"
		   "  selector: {matchLabels: {app: web}}\n"
		   "  template:\n"
		   "    metadata: {labels: {app: web}}\n"
		   "    spec: {containers: [{name: c, image: v1}]}\n"
		   "  %s\n",
		   replicas, more);
}

static void set_image(const char *image)
{
	rig_patch(r, "Deployment/web", NULL, "spec: {template: {spec: {containers: [{name: c, image: %s}]}}}",
		  image);
}

/* Lets the controllers and the node agents take turns until nothing changes any more. */
static void roll_out(void)
{
	for (int i = 0; i < 50; i++) {
		size_t n = rig_run(r);

		rig_run_pods(r);
		if (n + rig_run(r) == 0)
			return;
	}
	fail_msg("the rollout does not end");
}

/* The ReplicaSet with that image, as "ReplicaSet/NAME"; the caller's, NULL when absent. */
static char *set_of(const char *image)
{
	autofree char *names = mem_strdup(rig_names(r, "ReplicaSet"));
	char *save = NULL;

	for (char *name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		autofree char *object = mem_printf("ReplicaSet/%s", name);
		autojson js *o = rig_get(r, object);
		const js *c = js_at(js_arr(o, "spec", "template", "spec", "containers", NULL), 0);

		if (!strcmp(js_str0(c, "image", NULL), image))
			return STEAL(object);
	}
	return NULL;
}

static int replicas_of(const char *image)
{
	autofree char *object = set_of(image);
	autojson js *o = object ? rig_get(r, object) : NULL;

	return (int)js_int(o, -1, "spec", "replicas", NULL);
}

static void expect_condition(const char *type, const char *status, const char *reason)
{
	autojson js *d = rig_get(r, "Deployment/web");

	js_array_for_each (c, js_arr(d, "status", "conditions", NULL)) {
		if (strcmp(js_str0(c, "type", NULL), type))
			continue;
		assert_string_equal(js_str0(c, "status", NULL), status);
		assert_string_equal(js_str0(c, "reason", NULL), reason);
		return;
	}
	fail_msg("no condition %s", type);
}

/* ---- creation ---- */

static void test_first_rollout(void **state)
{
	make(3, DEFAULT_STRATEGY);
	rig_must_sync(r, SYNC);
	autofree char *rs = set_of("v1");

	assert_non_null(rs);
	rig_expect(r, rs,
		   "metadata:\n"
		   "  name: web-*\n"
		   "  labels: {app: web, pod-template-hash: '[a-z0-9]*'}\n"
		   "  annotations:\n"
		   "    note: hello\n"
		   "    deployment.kubernetes.io/revision: '1'\n"
		   "    deployment.kubernetes.io/desired-replicas: '3'\n"
		   "    deployment.kubernetes.io/max-replicas: '4'\n"
		   "  ownerReferences:\n"
		   "  - {apiVersion: apps/v1, kind: Deployment, name: web, uid: $Deployment/web,\n"
		   "     controller: true, blockOwnerDeletion: true}\n"
		   "spec:\n"
		   "  replicas: 3\n"
		   "  selector: {matchLabels: {app: web, pod-template-hash: '*'}}\n"
		   "  template: {metadata: {labels: {app: web, pod-template-hash: '*'}}}\n");
	rig_expect_event(r,
			 "Deployment/web Normal ScalingReplicaSet Scaled up replica set web-* from 0 to 3");
	rig_expect_no_event(r);
	expect_condition("Progressing", "True", "NewReplicaSetCreated");
	expect_condition("Available", "False", "MinimumReplicasUnavailable");
	roll_out();
	expect_condition("Progressing", "True", "NewReplicaSetAvailable");
	expect_condition("Available", "True", "MinimumReplicasAvailable");
	rig_expect(r, "Deployment/web",
		   "metadata: {annotations: {deployment.kubernetes.io/revision: '1'}}\n"
		   "status:\n"
		   "  {observedGeneration: 1, replicas: 3, updatedReplicas: 3, readyReplicas: 3,\n"
		   "   availableReplicas: 3, unavailableReplicas: null}\n");
}

/* The revision goes through the status subresource, which leaves the generation alone. */
static void test_generation_stays(void **state)
{
	make(1, DEFAULT_STRATEGY);
	roll_out();
	rig_expect(r, "Deployment/web",
		   "metadata: {generation: 1, annotations: {deployment.kubernetes.io/revision: '1'}}");
}

static void test_idle_sync_writes_nothing(void **state)
{
	make(2, DEFAULT_STRATEGY);
	roll_out();
	rig_forget(r);
	rig_must_sync(r, SYNC);
	assert_int_equal(rig_calls(r, "*"), 0);
	rig_expect_no_event(r);
	rig_must_sync(r, "deployment", "default/none");
}

static void test_adopts_its_replicaset(void **state)
{
	make(1, DEFAULT_STRATEGY);
	roll_out();
	rig_delete(r, "Deployment/web", "propagationPolicy: Orphan");
	autofree char *rs = set_of("v1");

	/* No garbage collector runs here: do its part. */
	rig_patch(r, rs, NULL, "metadata: {ownerReferences: null}");
	rig_patch(r, "Deployment/web", NULL, "metadata: {finalizers: null}");
	make(1, DEFAULT_STRATEGY);
	roll_out();
	rig_expect(r, rs, "metadata: {ownerReferences: [{uid: $Deployment/web}]}");
	assert_int_equal(rig_count(r, "ReplicaSet"), 1);
	assert_int_equal(rig_count(r, "Pod"), 1);
}

/* ---- rolling updates ---- */

static int ready_pods(void)
{
	autofree char *names = mem_strdup(rig_names(r, "Pod"));
	char *save = NULL;
	int n = 0;

	for (char *name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		autofree char *object = mem_printf("Pod/%s", name);
		autojson js *o = rig_get(r, object);

		n += !strcmp(js_str0(o, "status", "phase", NULL), "Running");
	}
	return n;
}

static void test_rolling_update_bounds(void **state)
{
	static const struct {
		const char *strategy;
		int replicas, most, least; /* Pods at any time; available Pods at any time */
		int first_new, first_old;  /* after the first step */
	} rows[] = {
		{ROLLING(1, 0), 4, 5, 4, 1, 4},		{ROLLING(0, 1), 4, 4, 3, 0, 3},
		{ROLLING(2, 1), 6, 8, 5, 2, 5},		{ROLLING("25%", "25%"), 10, 13, 8, 3, 8},
		{ROLLING("100%", 0), 3, 6, 3, 3, 3},	{ROLLING(0, "100%"), 3, 3, 0, 0, 0},
		{ROLLING("10%", "10%"), 5, 6, 5, 1, 5},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		make(rows[i].replicas, rows[i].strategy);
		roll_out();
		set_image("v2");
		rig_must_sync(r, SYNC);
		assert_int_equal(replicas_of("v2"), rows[i].first_new);
		assert_int_equal(replicas_of("v1"), rows[i].first_old);
		for (int k = 0; k < 50 && replicas_of("v1"); k++) {
			rig_run(r);
			assert_true((int)rig_count(r, "Pod") <= rows[i].most);
			assert_true(ready_pods() >= rows[i].least);
			rig_run_pods(r);
		}
		roll_out();
		assert_int_equal(replicas_of("v1"), 0);
		assert_int_equal(replicas_of("v2"), rows[i].replicas);
		expect_condition("Progressing", "True", "NewReplicaSetAvailable");
		tear_down(NULL);
		set_up(NULL);
	}
}

/* The old set was told to shrink and has not: the Pod that is still there takes the new one's place. */
static void test_a_new_pod_waits_for_the_old_ones_end(void **state)
{
	make(4, ROLLING(0, 1));
	roll_out();
	set_image("v2");
	rig_must_sync(r, SYNC);
	assert_int_equal(replicas_of("v1"), 3);
	rig_must_sync(r, SYNC);
	assert_int_equal(replicas_of("v2"), 0);
	rig_run(r);
	assert_int_equal(replicas_of("v2"), 1);
}

/* What the old set is about to delete is still in its status, and is no availability to spend a second time. */
static void test_what_shrinks_is_not_spent_twice(void **state)
{
	make(4, ROLLING(1, 1));
	roll_out();
	set_image("v2");
	rig_must_sync(r, SYNC);
	rig_must_sync(r, SYNC);
	assert_int_equal(replicas_of("v1"), 3);
	assert_int_equal(replicas_of("v2"), 1);
	autofree char *new_set = set_of("v2");
	autofree char *key = mem_printf("default/%s", strchr(new_set, '/') + 1);
	rig_must_sync(r, "replicaset", key);
	rig_run_pods(r);
	rig_must_sync(r, "replicaset", key);
	rig_must_sync(r, SYNC);
	assert_int_equal(replicas_of("v1"), 2);
}

/* A Pod of the old set that is not ready costs no availability: it goes although nothing else may. */
static void test_unhealthy_old_pods_go_first(void **state)
{
	make(4, ROLLING(0, 1));
	roll_out();
	autofree char *pod =
		mem_printf("Pod/%.*s", (int)strcspn(rig_names(r, "Pod"), " "), rig_names(r, "Pod"));

	rig_patch(r, pod, "status", "status: {phase: Running, conditions: [{type: Ready, status: 'False'}]}");
	rig_run(r);
	set_image("v2");
	rig_run(r);
	rig_expect_absent(r, pod);
	assert_int_equal(replicas_of("v1"), 3);
	assert_int_equal(replicas_of("v2"), 1);
}

static void test_rollback_uses_the_old_set(void **state)
{
	make(2, DEFAULT_STRATEGY);
	roll_out();
	autofree char *first = set_of("v1");

	set_image("v2");
	roll_out();
	set_image("v1");
	roll_out();
	assert_int_equal(rig_count(r, "ReplicaSet"), 2);
	rig_expect(r, first,
		   "metadata:\n"
		   "  annotations:\n"
		   "    deployment.kubernetes.io/revision: '3'\n"
		   "    deployment.kubernetes.io/revision-history: '1'\n"
		   "spec: {replicas: 2}\n");
	rig_expect(r, "Deployment/web", "metadata: {annotations: {deployment.kubernetes.io/revision: '3'}}");
}

static void test_history_limit(void **state)
{
	static const char *const images[] = {"v2", "v3", "v4"};

	make(1, "revisionHistoryLimit: 1");
	roll_out();
	for (size_t i = 0; i < ARRAY_LEN(images); i++) {
		set_image(images[i]);
		roll_out();
	}
	assert_int_equal(rig_count(r, "ReplicaSet"), 2);
	assert_int_equal(replicas_of("v3"), 0);
	assert_int_equal(replicas_of("v4"), 1);
}

static void test_changes_of_the_rest_make_no_rollout(void **state)
{
	make(1, DEFAULT_STRATEGY);
	roll_out();
	rig_patch(r, "Deployment/web", NULL,
		  "{metadata: {annotations: {note: bye}}, spec: {minReadySeconds: 5}}");
	rig_run(r);
	assert_int_equal(rig_count(r, "ReplicaSet"), 1);
	autofree char *rs = set_of("v1");

	rig_expect(r, rs, "{metadata: {annotations: {note: bye}}, spec: {minReadySeconds: 5}}");
}

/* ---- recreate ---- */

static void test_recreate_waits_for_the_last_old_pod(void **state)
{
	rig_create(r, "{kind: Node, metadata: {name: n1}}");
	make(2, "strategy: {type: Recreate}");
	rig_patch(r, "Deployment/web", NULL, "spec: {template: {spec: {nodeName: n1}}}");
	roll_out();
	set_image("v2");
	rig_run(r);
	assert_int_equal(replicas_of("v1"), 0);
	assert_int_equal(replicas_of("v2"), -1);
	assert_int_equal(rig_count(r, "Pod"), 2); /* in their grace period on the node */
	for (int left = 2; left > 0; left--) {
		autofree char *pod =
			mem_printf("Pod/%.*s", (int)strcspn(rig_names(r, "Pod"), " "), rig_names(r, "Pod"));

		assert_int_equal(replicas_of("v2"), -1);
		rig_delete(r, pod, "gracePeriodSeconds: 0");
		rig_run(r);
	}
	assert_int_equal(replicas_of("v2"), 2);
}

/* ---- pause, size ---- */

static void test_paused_does_not_roll(void **state)
{
	make(2, DEFAULT_STRATEGY);
	roll_out();
	rig_patch(r, "Deployment/web", NULL, "spec: {paused: true}");
	rig_run(r);
	expect_condition("Progressing", "Unknown", "DeploymentPaused");
	set_image("v2");
	rig_patch(r, "Deployment/web", NULL, "spec: {replicas: 4}");
	roll_out();
	assert_int_equal(replicas_of("v2"), -1);
	assert_int_equal(replicas_of("v1"), 4); /* its size is still obeyed */
	rig_patch(r, "Deployment/web", NULL, "spec: {paused: false}");
	rig_must_sync(r, SYNC);
	roll_out();
	assert_int_equal(replicas_of("v1"), 0);
	assert_int_equal(replicas_of("v2"), 4);
}

static void test_scaling(void **state)
{
	make(2, DEFAULT_STRATEGY);
	roll_out();
	rig_forget(r);
	rig_patch(r, "Deployment/web", NULL, "spec: {replicas: 5}");
	rig_must_sync(r, SYNC);
	rig_expect_event(r,
			 "Deployment/web Normal ScalingReplicaSet Scaled up replica set web-* from 2 to 5");
	autofree char *rs = set_of("v1");

	rig_expect(r, rs,
		   "metadata: {annotations: {deployment.kubernetes.io/desired-replicas: '5', "
		   "deployment.kubernetes.io/max-replicas: '7'}}");
	rig_patch(r, "Deployment/web", NULL, "spec: {replicas: 0}");
	roll_out();
	assert_int_equal(rig_count(r, "Pod"), 0);
	rig_expect(r, "Deployment/web", "status: {replicas: null, availableReplicas: null}");
}

/* In the middle of a rollout, both sets grow and shrink in proportion. */
static void test_proportional_scaling(void **state)
{
	make(10, ROLLING(3, 2));
	roll_out();
	set_image("v2");
	rig_must_sync(r, SYNC); /* new 3, old 10 */
	rig_must_sync(r, SYNC); /* old down by 2: 8 + 5 */
	rig_run(r);
	assert_int_equal(replicas_of("v1"), 8);
	assert_int_equal(replicas_of("v2"), 5);
	rig_patch(r, "Deployment/web", NULL, "spec: {replicas: 30}");
	rig_must_sync(r, SYNC);
	assert_int_equal(replicas_of("v1") + replicas_of("v2"), 33);
	assert_int_equal(replicas_of("v1"), 20);
	assert_int_equal(replicas_of("v2"), 13);
}

/* ---- progress ---- */

static void test_progress_deadline(void **state)
{
	make(1, "progressDeadlineSeconds: 60");
	rig_run(r);
	struct rig_result ret = rig_sync(r, SYNC);

	assert_true(ret.requeue_after_ns > 0 && ret.requeue_after_ns <= 61 * NS_PER_S);
	clock_advance(62 * NS_PER_S);
	rig_must_sync(r, SYNC);
	expect_condition("Progressing", "False", "ProgressDeadlineExceeded");
	rig_expect(r, "Deployment/web", "status: {unavailableReplicas: 1}");
	roll_out();
	expect_condition("Progressing", "True", "NewReplicaSetAvailable");
}

static void test_a_pod_that_fails_later_is_no_rollout(void **state)
{
	make(1, "progressDeadlineSeconds: 60");
	roll_out();
	autofree char *pod = mem_printf("Pod/%s", rig_names(r, "Pod"));

	rig_patch(r, pod, "status", "status: {conditions: [{type: Ready, status: 'False'}]}");
	rig_run(r);
	clock_advance(120 * NS_PER_S);
	rig_must_sync(r, SYNC);
	expect_condition("Progressing", "True", "NewReplicaSetAvailable");
	expect_condition("Available", "False", "MinimumReplicasUnavailable");
}

/* ---- failures ---- */

static void test_set_cannot_be_created(void **state)
{
	make(1, DEFAULT_STRATEGY);
	rig_fail(r, .call = "POST */replicasets", .reason = REASON_FORBIDDEN, .message = "quota");
	struct rig_result ret = rig_sync(r, SYNC);

	assert_int_equal(ret.rc, -1);
	assert_int_equal(ret.err.reason, REASON_FORBIDDEN);
	rig_expect_event(
		r,
		"Deployment/web Warning ReplicaSetCreateError Failed to create new replica set \"web-*\": quota");
	expect_condition("Progressing", "False", "ReplicaSetCreateError");
	rig_heal(r);
	roll_out();
	expect_condition("Progressing", "True", "NewReplicaSetAvailable");
}

static void test_replica_failure_is_told(void **state)
{
	make(1, DEFAULT_STRATEGY);
	rig_must_sync(r, SYNC);
	autofree char *rs = set_of("v1");
	const char *key = strchr(rs, '/') + 1;
	autofree char *rs_key = mem_printf("default/%s", key);

	rig_fail(r, .call = "POST */pods", .reason = REASON_FORBIDDEN, .message = "quota");
	assert_int_equal(rig_sync(r, "replicaset", rs_key).rc, -1);
	rig_must_sync(r, SYNC);
	expect_condition("ReplicaFailure", "True", "FailedCreate");
}

static void test_a_lost_answer_makes_no_second_set(void **state)
{
	make(1, DEFAULT_STRATEGY);
	rig_fail(r, .call = "POST */replicasets", .reason = REASON_TIMEOUT, .times = 1, .lost = true);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	roll_out();
	assert_int_equal(rig_count(r, "ReplicaSet"), 1);
	rig_expect(r, "Deployment/web", "status: {collisionCount: null}");
}

/* Somebody else's ReplicaSet has the very name that the template's hash makes. */
static void test_collision(void **state)
{
	make(1, DEFAULT_STRATEGY);
	rig_must_sync(r, SYNC);
	autofree char *rs = set_of("v1");
	const char *name = strchr(rs, '/') + 1;

	rig_delete(r, rs, "");
	rig_create(
		r,
		"kind: ReplicaSet\n"
		"metadata: {name: %s}\n"
		"spec:\n"
		"  replicas: 0\n"
		"  selector: {matchLabels: {app: other}}\n"
		"  template: {metadata: {labels: {app: other}}, spec: {containers: [{name: c, image: x}]}}\n",
		name);
	roll_out();
	rig_expect(r, "Deployment/web", "status: {collisionCount: 1, availableReplicas: 1}");
	assert_int_equal(rig_count(r, "ReplicaSet"), 2);
}

static void test_a_conflict_is_retried(void **state)
{
	make(1, DEFAULT_STRATEGY);
	roll_out();
	rig_patch(r, "Deployment/web", NULL, "spec: {replicas: 3}");
	rig_fail(r, .call = "PATCH */replicasets/*", .reason = REASON_CONFLICT, .times = 1);
	struct rig_result ret = rig_sync(r, SYNC);

	assert_int_equal(ret.rc, -1);
	assert_int_equal(ret.err.reason, REASON_CONFLICT);
	roll_out();
	assert_int_equal(replicas_of("v1"), 3);
}

static void test_ending_namespace_is_no_failure(void **state)
{
	rig_create(
		r,
		"{kind: Namespace, metadata: {name: ending}}\n"
		"---\n"
		"kind: Deployment\n"
		"metadata: {name: web, namespace: ending}\n"
		"spec:\n"
		"  selector: {matchLabels: {app: web}}\n"
		"  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}\n");
	rig_delete(r, "Namespace/ending", "");
	struct rig_result ret = rig_sync(r, "deployment", "ending/web");

	assert_int_equal(ret.rc, 0);
	assert_int_equal(ret.requeue_after_ns, RIG_NEVER);
	rig_expect_no_event(r);
}

static void test_deleted_one_only_counts(void **state)
{
	make(1, DEFAULT_STRATEGY);
	roll_out();
	rig_patch(r, "Deployment/web", NULL, "metadata: {finalizers: [example.com/wait]}");
	rig_delete(r, "Deployment/web", "");
	rig_patch(r, "Deployment/web", NULL, "spec: {replicas: 3}");
	roll_out();
	assert_int_equal(replicas_of("v1"), 1);
	rig_expect(r, "Deployment/web", "status: {replicas: 1}");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_first_rollout),
		TEST(test_generation_stays),
		TEST(test_idle_sync_writes_nothing),
		TEST(test_adopts_its_replicaset),
		TEST(test_rolling_update_bounds),
		TEST(test_a_new_pod_waits_for_the_old_ones_end),
		TEST(test_what_shrinks_is_not_spent_twice),
		TEST(test_unhealthy_old_pods_go_first),
		TEST(test_rollback_uses_the_old_set),
		TEST(test_history_limit),
		TEST(test_changes_of_the_rest_make_no_rollout),
		TEST(test_recreate_waits_for_the_last_old_pod),
		TEST(test_paused_does_not_roll),
		TEST(test_scaling),
		TEST(test_proportional_scaling),
		TEST(test_progress_deadline),
		TEST(test_a_pod_that_fails_later_is_no_rollout),
		TEST(test_set_cannot_be_created),
		TEST(test_replica_failure_is_told),
		TEST(test_a_lost_answer_makes_no_second_set),
		TEST(test_collision),
		TEST(test_a_conflict_is_retried),
		TEST(test_ending_namespace_is_no_failure),
		TEST(test_deleted_one_only_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
