/* SPDX-License-Identifier: Apache-2.0 */
/* DaemonSets against a real API: on which nodes Pods come and go, how they give way to newer ones, what the status says. */
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

#define SYNC "daemonset", "default/agent"
#define CREATED "DaemonSet/agent Normal SuccessfulCreate Created pod: agent-?????"
#define DELETED "DaemonSet/agent Normal SuccessfulDelete Deleted pod: *"

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&daemonset_controller, NULL);
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
		   "kind: DaemonSet\n"
		   "metadata: {name: agent, annotations: {note: one}}\n"
		   "spec:\n"
		   "  selector: {matchLabels: {app: agent}}\n"
		   "  %s\n"
		   "  template:\n"
		   "    metadata: {labels: {app: agent}}\n"
		   "    spec: {containers: [{name: c, image: 'i:1'}]%s}\n",
		   spec, pod_spec);
}

/* n0, n1 … without taints. */
static void make_nodes(int n)
{
	for (int i = 0; i < n; i++) {
		autofree char *name = mem_printf("Node/n%d", i);

		rig_create(r, "kind: Node\nmetadata: {name: n%d, labels: {nr: n%d}}\n", i, i);
		rig_patch(r, name, NULL, "spec: {taints: null}");
	}
}

/* A Pod of the set on a node. */
static void make_pod(const char *name, const char *node, const char *labels, const char *status)
{
	rig_create(
		r,
		"kind: Pod\n"
		"metadata:\n"
		"  name: %s\n"
		"  labels: {app: agent%s}\n"
		"  ownerReferences:\n"
		"  - {apiVersion: apps/v1, kind: DaemonSet, name: agent, uid: $DaemonSet/agent, controller: true}\n"
		"spec: {nodeName: %s, containers: [{name: c, image: i}]}\n"
		"status: {%s}\n",
		name, labels, node, status);
}

/* For make_pod: of the set's only state. */
static const char *hash_label(void)
{
	static char text[64];

	snprintf(text, sizeof(text), ", controller-revision-hash: %s",
		 rig_names(r, "ControllerRevision") + strlen("agent-"));
	return text;
}

/* The i-th Pod by name, as "Pod/NAME". */
static const char *pod(size_t i)
{
	static char text[300];
	const char *p = rig_names(r, "Pod");

	for (; i && p; i--)
		p = strchr(p, ' ') ? strchr(p, ' ') + 1 : NULL;
	assert_non_null(p);
	snprintf(text, sizeof(text), "Pod/%.*s", (int)strcspn(p, " "), p);
	return text;
}

static void ready_since(const char *name, int64_t ns)
{
	char at[64];

	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", gmtime(&(time_t){ns / NS_PER_S}));
	rig_patch(
		r, name, "status",
		"status: {phase: Running, conditions: [{type: Ready, status: 'True', lastTransitionTime: '%s'}]}",
		at);
}

static void new_template(const char *image)
{
	rig_patch(r, "DaemonSet/agent", NULL,
		  "spec: {template: {spec: {containers: [{name: c, image: '%s'}]}}}", image);
}

static size_t of_image(const char *image)
{
	autofree char *names = mem_strdup(rig_names(r, "Pod"));
	size_t n = 0;
	char *save = NULL;

	for (char *p = strtok_r(names, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
		autofree char *name = mem_printf("Pod/%s", p);
		autojson js *o = rig_get(r, name);
		const js *c = js_at(js_arr(o, "spec", "containers", NULL), 0);
		n += !js_get(o, "metadata", "deletionTimestamp", NULL) &&
		     !strcmp(js_str0(c, "image", NULL), image);
	}
	return n;
}

static void expect_events(size_t n, const char *pattern)
{
	for (size_t i = 0; i < n; i++)
		rig_expect_event(r, pattern);
	rig_expect_no_event(r);
}

/* ---- on which nodes ---- */

static void test_one_on_each_node(void **state)
{
	make_nodes(5);
	make_set("minReadySeconds: 0", ", tolerations: [{key: x, operator: Exists}]");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 5);
	expect_events(5, CREATED);
	rig_expect(
		r, pod(0),
		"metadata:\n"
		"  generateName: agent-\n"
		"  labels: {app: agent, pod-template-generation: '1', controller-revision-hash: '*'}\n"
		"  ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: agent, "
		"uid: $DaemonSet/agent, controller: true, blockOwnerDeletion: true}]\n"
		"spec:\n"
		"  nodeName: null\n"
		"  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
		"{nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: In, values: ['n?']}]}]}}}\n"
		"  tolerations:\n"
		"  - {key: x, operator: Exists}\n"
		"  - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute}\n"
		"  - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute}\n"
		"  - {key: node.kubernetes.io/disk-pressure, operator: Exists, effect: NoSchedule}\n"
		"  - {key: node.kubernetes.io/memory-pressure, operator: Exists, effect: NoSchedule}\n"
		"  - {key: node.kubernetes.io/pid-pressure, operator: Exists, effect: NoSchedule}\n"
		"  - {key: node.kubernetes.io/unschedulable, operator: Exists, effect: NoSchedule}\n");
	rig_expect(r, "DaemonSet/agent",
		   "status: {desiredNumberScheduled: 5, currentNumberScheduled: 5, numberReady: 0, "
		   "numberMisscheduled: 0, updatedNumberScheduled: 5, numberAvailable: null, "
		   "numberUnavailable: 5, observedGeneration: 1, collisionCount: null}");
	rig_run_pods(r);
	rig_run(r);
	rig_expect(r, "DaemonSet/agent",
		   "status: {numberReady: 5, numberAvailable: 5, numberUnavailable: null}");
	rig_forget(r);
	rig_must_sync(r, SYNC);
	assert_int_equal(rig_calls(r, "*"), 0);
}

static void test_no_nodes_no_pods(void **state)
{
	make_set("minReadySeconds: 0", "");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 0);
	rig_expect(r, "DaemonSet/agent", "status: {desiredNumberScheduled: 0, observedGeneration: 1}");
}

static void test_sees_its_own_creations(void **state)
{
	make_nodes(3);
	make_set("minReadySeconds: 0", "");
	rig_must_sync(r, SYNC);
	rig_must_sync(r, SYNC);
	assert_int_equal(rig_calls(r, "POST */pods"), 3);
	assert_int_equal(rig_calls(r, "POST */controllerrevisions"), 1);
}

static void test_nodes_come_and_change_and_go(void **state)
{
	make_nodes(2);
	make_set("minReadySeconds: 0", ", nodeSelector: {disk: ssd}");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 0);
	rig_patch(r, "Node/n1", NULL, "metadata: {labels: {disk: ssd}}");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 1);
	rig_create(r, "kind: Node\nmetadata: {name: n2, labels: {disk: ssd}}\n");
	rig_patch(r, "Node/n2", NULL, "spec: {taints: null}");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 2);
	/* not suited any more */
	rig_patch(r, "Node/n1", NULL, "metadata: {labels: {disk: null}}");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 1);
	/* gone; the Pod that waits for it can never run */
	rig_delete(r, "Node/n2", "");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 0);
	rig_expect(r, "DaemonSet/agent", "status: {desiredNumberScheduled: 0, currentNumberScheduled: 0}");
	/* what changes nothing for it is no work */
	rig_forget(r);
	rig_patch(r, "Node/n0", "status", "status: {conditions: [{type: Ready, status: 'True'}]}");
	assert_int_equal(rig_run(r), 0);
}

static void test_taints(void **state)
{
	make_nodes(2);
	make_set("minReadySeconds: 0", "");
	rig_patch(r, "Node/n0", NULL, "spec: {taints: [{key: a, effect: NoSchedule}]}");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 1);
	rig_patch(r, "Node/n1", NULL, "spec: {taints: [{key: a, effect: NoSchedule}]}");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 1); /* stays */
	rig_expect(r, "DaemonSet/agent",
		   "status: {desiredNumberScheduled: 0, currentNumberScheduled: 0, numberMisscheduled: 1}");
	rig_patch(r, "Node/n1", NULL, "spec: {taints: [{key: a, effect: NoExecute}]}");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 0);
}

static void test_a_pod_on_a_node_that_is_gone_is_not_touched(void **state)
{
	make_set("minReadySeconds: 0", "");
	rig_run(r);
	make_pod("lost", "nowhere", hash_label(), "phase: Running");
	rig_run(r);
	rig_expect(r, "Pod/lost", "metadata: {deletionTimestamp: null}");
}

static void test_too_many_on_a_node(void **state)
{
	make_nodes(1);
	make_set("minReadySeconds: 0", "");
	make_pod("a", "n0", "", "phase: Running");
	clock_advance(NS_PER_S);
	make_pod("b", "n0", "", "phase: Running");
	clock_advance(NS_PER_S);
	make_pod("c", "n0", "", "phase: Running");
	rig_must_sync(r, SYNC);
	rig_expect(r, "Pod/a", "metadata: {deletionTimestamp: null}");
	rig_expect(r, "Pod/b", "metadata: {deletionTimestamp: '*'}");
	rig_expect(r, "Pod/c", "metadata: {deletionTimestamp: '*'}");
	expect_events(2, DELETED);
}

static void test_more_nodes_than_a_burst(void **state)
{
	make_nodes(260);
	make_set("minReadySeconds: 0", "");
	struct rig_result res = rig_sync(r, SYNC);
	assert_int_equal(res.rc, 0);
	assert_int_equal(rig_count(r, "Pod"), 250);
	assert_true(res.requeue_after_ns >= 0 && res.requeue_after_ns <= NS_PER_MS);
	rig_must_sync(r, SYNC);
	assert_int_equal(rig_count(r, "Pod"), 260);
}

/* ---- whose ---- */

static void test_adopts_and_releases(void **state)
{
	make_nodes(1);
	rig_create(r, "kind: Pod\nmetadata: {name: orphan, labels: {app: agent}}\n"
		      "spec: {nodeName: n0, containers: [{name: c, image: i}]}\nstatus: {phase: Running}\n");
	make_set("updateStrategy: {type: OnDelete}", "");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 1);
	rig_expect(r, "Pod/orphan",
		   "metadata: {ownerReferences: [{kind: DaemonSet, name: agent, controller: true}]}");
	rig_patch(r, "Pod/orphan", NULL, "metadata: {labels: {app: other}}");
	rig_run(r);
	rig_expect(r, "Pod/orphan", "metadata: {ownerReferences: null}");
	assert_int_equal(rig_count(r, "Pod"), 2);
}

static void test_two_sets_with_one_selector_do_not_fight(void **state)
{
	make_nodes(2);
	make_set("minReadySeconds: 0", "");
	rig_create(
		r,
		"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: twin}\n"
		"spec: {selector: {matchLabels: {app: agent}}, template: {metadata: {labels: {app: agent}}, "
		"spec: {containers: [{name: c, image: i}]}}}\n");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 4);
	rig_run_pods(r);
	rig_run(r);
	rig_forget(r);
	rig_must_sync(r, SYNC);
	rig_must_sync(r, "daemonset", "default/twin");
	assert_int_equal(rig_calls(r, RIG_WRITES), 0);
}

static void test_pods_of_others_and_references_that_lie(void **state)
{
	make_nodes(1);
	rig_create(r, "kind: Pod\nmetadata: {name: theirs, labels: {app: agent}, ownerReferences: "
		      "[{apiVersion: apps/v1, kind: ReplicaSet, name: x, uid: u, controller: true}]}\n"
		      "spec: {nodeName: n0, containers: [{name: c, image: i}]}\n");
	rig_create(r,
		   "kind: Pod\nmetadata: {name: liar, labels: {app: agent}, ownerReferences: "
		   "[{apiVersion: apps/v1, kind: DaemonSet, name: agent, uid: no-such, controller: true}]}\n"
		   "spec: {nodeName: n0, containers: [{name: c, image: i}]}\n");
	make_set("minReadySeconds: 0", "");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 3);
	rig_expect(r, "Pod/theirs",
		   "metadata: {ownerReferences: [{kind: ReplicaSet}], deletionTimestamp: null}");
	rig_expect(r, "Pod/liar", "metadata: {ownerReferences: [{uid: no-such}], deletionTimestamp: null}");
}

static void test_a_set_that_is_deleted_does_nothing(void **state)
{
	make_nodes(1);
	make_set("minReadySeconds: 0", "");
	rig_patch(r, "DaemonSet/agent", NULL, "metadata: {finalizers: [a/b]}");
	rig_delete(r, "DaemonSet/agent", "");
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 0);
	assert_int_equal(rig_count(r, "ControllerRevision"), 0);
}

/* ---- failures ---- */

static void test_failed_pods_with_pauses(void **state)
{
	make_set("minReadySeconds: 0", "");
	rig_run(r); /* each generation that was seen has pauses of its own */
	make_nodes(1);
	int64_t pause = 1;
	for (int i = 0; i < 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "bad%d", i);
		make_pod(name, "n0", hash_label(), "phase: Failed");
		rig_forget(r);
		struct rig_result res = rig_sync(r, SYNC);
		if (i > 0) {
			assert_int_equal(rig_calls(r, "DELETE *"), 0);
			assert_int_equal(res.requeue_after_ns, pause * NS_PER_S);
			clock_advance(pause * NS_PER_S);
			pause *= 2;
			rig_must_sync(r, SYNC);
		}
		rig_expect_event(r, "DaemonSet/agent Warning FailedDaemonPod Found failed daemon pod "
				    "default/bad? on node n0, will try to kill it");
		rig_expect_event(r, DELETED);
		assert_int_equal(rig_calls(r, "DELETE *"), 1);
		rig_settle(r);
	}
}

static void test_succeeded_pods_are_replaced(void **state)
{
	make_nodes(1);
	make_set("minReadySeconds: 0", "");
	make_pod("done", "n0", "", "phase: Succeeded");
	rig_must_sync(r, SYNC);
	rig_expect_event(
		r, "DaemonSet/agent Normal SucceededDaemonPod Found succeeded daemon pod default/done on "
		   "node n0, will try to delete it");
	rig_expect_event(r, DELETED);
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 1);
	expect_events(1, CREATED);
}

static void test_a_refused_creation_is_not_tried_for_every_node(void **state)
{
	make_nodes(8);
	make_set("minReadySeconds: 0", "");
	rig_fail(r, .call = "POST */pods", .reason = REASON_FORBIDDEN, .message = "quota");
	struct rig_result res = rig_sync(r, SYNC);
	assert_int_equal(res.rc, -1);
	assert_int_equal(rig_calls(r, "POST */pods"), 1);
	rig_expect_event(r, "DaemonSet/agent Warning FailedCreate Error creating: *quota*");
	rig_expect(r, "DaemonSet/agent", "status: {desiredNumberScheduled: 8, observedGeneration: 1}");
	rig_heal(r);
	rig_must_sync(r, SYNC);
	assert_int_equal(rig_count(r, "Pod"), 8);
}

static void test_a_lost_answer_is_put_right(void **state)
{
	make_nodes(1);
	make_set("minReadySeconds: 0", "");
	rig_fail(r, .call = "POST */pods", .reason = REASON_TIMEOUT, .message = "slow", .times = 1,
		 .lost = true);
	assert_int_equal(rig_sync(r, SYNC).rc, -1);
	rig_heal(r);
	rig_run(r);
	assert_int_equal(rig_count(r, "Pod"), 1);
	assert_int_equal(rig_count(r, "ControllerRevision"), 1);
}

/* ---- availability ---- */

static void test_min_ready_seconds(void **state)
{
	make_nodes(1);
	make_set("minReadySeconds: 10", "");
	rig_run(r);
	ready_since(pod(0), clock_wall_ns());
	rig_settle(r);
	struct rig_result res = rig_sync(r, SYNC);
	rig_expect(r, "DaemonSet/agent",
		   "status: {numberReady: 1, numberAvailable: null, numberUnavailable: 1}");
	assert_true(res.requeue_after_ns > 8 * NS_PER_S && res.requeue_after_ns <= 10 * NS_PER_S);
	clock_advance(10 * NS_PER_S);
	rig_must_sync(r, SYNC);
	rig_expect(r, "DaemonSet/agent", "status: {numberAvailable: 1, numberUnavailable: null}");
}

/* ---- updates ---- */

static void test_rolling_update_keeps_to_max_unavailable(void **state)
{
	make_nodes(5);
	make_set("updateStrategy: {rollingUpdate: {maxUnavailable: 2}}", "");
	rig_run(r);
	rig_run_pods(r);
	rig_run(r);
	new_template("i:2");
	for (size_t done = 2; done < 5; done += 2) {
		rig_run(r);
		assert_int_equal(of_image("i:2"), done);
		assert_int_equal(of_image("i:1"), 5 - done);
		rig_expect(r, "DaemonSet/agent", "status: {numberAvailable: 3, updatedNumberScheduled: %zu}",
			   done);
		rig_run_pods(r);
	}
	rig_run(r);
	rig_run_pods(r);
	rig_run(r);
	assert_int_equal(of_image("i:2"), 5);
	rig_expect(r, "DaemonSet/agent",
		   "status: {numberAvailable: 5, updatedNumberScheduled: 5, observedGeneration: 2}");
}

static void test_old_pods_that_are_not_available_go_at_once(void **state)
{
	make_nodes(4);
	make_set("updateStrategy: {rollingUpdate: {maxUnavailable: 1}}", "");
	rig_run(r);
	new_template("i:2");
	rig_run(r);
	assert_int_equal(of_image("i:2"), 4);
}

static void test_new_pods_that_are_not_ready_hold_it_up(void **state)
{
	make_nodes(3);
	make_set("updateStrategy: {rollingUpdate: {maxUnavailable: '34%'}}", ""); /* of 3, rounded up */
	rig_run(r);
	rig_run_pods(r);
	rig_run(r);
	new_template("i:2");
	rig_run(r);
	rig_run(r);
	assert_int_equal(of_image("i:2"), 2);
	/* back: only they go */
	new_template("i:1");
	rig_run(r);
	assert_int_equal(of_image("i:1"), 3);
}

static void test_on_delete(void **state)
{
	make_nodes(2);
	make_set("updateStrategy: {type: OnDelete}", "");
	rig_run(r);
	rig_run_pods(r);
	rig_run(r);
	new_template("i:2");
	rig_run(r);
	assert_int_equal(of_image("i:2"), 0);
	rig_expect(r, "DaemonSet/agent", "status: {updatedNumberScheduled: null, numberAvailable: 2}");
	rig_delete(r, pod(0), "");
	rig_run(r);
	assert_int_equal(of_image("i:2"), 1);
	assert_int_equal(rig_count(r, "ControllerRevision"), 2);
}

static void test_surge(void **state)
{
	make_nodes(3);
	make_set("updateStrategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}", "");
	rig_run(r);
	rig_run_pods(r);
	rig_run(r);
	new_template("i:2");
	for (size_t done = 0; done < 3; done++) {
		clock_advance(NS_PER_S); /* older Pods are told by their age */
		rig_run(r);
		assert_int_equal(of_image("i:1"), 3 - done);
		assert_int_equal(of_image("i:2"), done + 1);
		rig_expect(r, "DaemonSet/agent", "status: {desiredNumberScheduled: 3, numberAvailable: 3}");
		rig_run_pods(r);
	}
	rig_run(r);
	assert_int_equal(of_image("i:1"), 0);
	assert_int_equal(of_image("i:2"), 3);
}

static void test_surge_replaces_what_is_not_ready_without_asking(void **state)
{
	make_nodes(3);
	make_set("updateStrategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}", "");
	rig_run(r);
	new_template("i:2");
	rig_run(r);
	assert_int_equal(of_image("i:1"), 0);
	assert_int_equal(of_image("i:2"), 3);
}

/* ---- history ---- */

static void test_history_and_undo(void **state)
{
	make_nodes(1);
	make_set("revisionHistoryLimit: 10", "");
	rig_run(r);
	autofree char *first = mem_strdup(rig_names(r, "ControllerRevision"));
	autofree char *name = mem_printf("ControllerRevision/%s", first);
	rig_expect(r, name,
		   "metadata:\n"
		   "  labels: {app: agent, controller-revision-hash: '%s'}\n"
		   "  annotations: {note: one}\n"
		   "  ownerReferences: [{kind: DaemonSet, name: agent, controller: true}]\n"
		   "revision: 1\n"
		   "data: {spec: {template: {$patch: replace, spec: {containers: [{image: 'i:1'}]}}}}\n",
		   first + strlen("agent-"));
	new_template("i:2");
	rig_run(r);
	assert_int_equal(rig_count(r, "ControllerRevision"), 2);
	rig_expect(r, name, "revision: 1");
	new_template("i:1");
	rig_run(r);
	assert_int_equal(rig_count(r, "ControllerRevision"), 2);
	rig_expect(r, name, "revision: 3");
	rig_expect(r, pod(0), "metadata: {labels: {controller-revision-hash: '%s'}}",
		   first + strlen("agent-"));
}

static void test_history_is_limited_but_keeps_what_pods_are_of(void **state)
{
	make_nodes(1);
	make_set("revisionHistoryLimit: 1\n  updateStrategy: {type: OnDelete}", "");
	rig_run(r);
	rig_run_pods(r);
	autofree char *first = mem_printf("ControllerRevision/%s", rig_names(r, "ControllerRevision"));
	for (int i = 2; i < 6; i++) {
		char image[8];

		snprintf(image, sizeof(image), "i:%d", i);
		new_template(image);
		rig_run(r);
	}
	/* the Pod's, and the present one */
	assert_int_equal(rig_count(r, "ControllerRevision"), 2);
	rig_expect(r, first, "revision: 1");
}

static void test_a_state_that_is_there_twice_is_joined(void **state)
{
	make_nodes(1);
	make_set("minReadySeconds: 0", "");
	rig_run(r);
	autofree char *name = mem_printf("ControllerRevision/%s", rig_names(r, "ControllerRevision"));
	autojson js *one = rig_get(r, name);
	autobuf struct buf data = BUF_INIT;
	js_write(&data, js_get(one, "data", NULL));
	rig_create(r,
		   "apiVersion: apps/v1\nkind: ControllerRevision\n"
		   "metadata: {name: twin, labels: {app: agent, controller-revision-hash: twin}}\n"
		   "revision: 7\ndata: %s\n",
		   buf_str(&data));
	rig_run(r);
	assert_string_equal(rig_names(r, "ControllerRevision"), "twin");
	rig_expect(r, pod(0), "metadata: {labels: {controller-revision-hash: twin}}");
	assert_int_equal(rig_count(r, "Pod"), 1);
}

static void test_a_name_that_is_taken(void **state)
{
	make_nodes(1);
	make_set("minReadySeconds: 0", "");
	rig_run(r);
	autofree char *taken = mem_strdup(rig_names(r, "ControllerRevision"));
	autofree char *object = mem_printf("ControllerRevision/%s", taken);
	rig_delete(r, "DaemonSet/agent", "propagationPolicy: Orphan");
	rig_delete(r, object, "");
	rig_patch(r, "DaemonSet/agent", NULL, "metadata: {finalizers: null}");
	rig_create(
		r,
		"apiVersion: apps/v1\nkind: ControllerRevision\nmetadata: {name: %s}\nrevision: 1\ndata: {}\n",
		taken);
	make_set("minReadySeconds: 0", "");
	rig_run(r);
	assert_int_equal(rig_count(r, "ControllerRevision"), 2);
	rig_expect(r, "DaemonSet/agent", "status: {collisionCount: 1}");
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_one_on_each_node),
		T(test_no_nodes_no_pods),
		T(test_sees_its_own_creations),
		T(test_nodes_come_and_change_and_go),
		T(test_taints),
		T(test_a_pod_on_a_node_that_is_gone_is_not_touched),
		T(test_too_many_on_a_node),
		T(test_more_nodes_than_a_burst),
		T(test_adopts_and_releases),
		T(test_two_sets_with_one_selector_do_not_fight),
		T(test_pods_of_others_and_references_that_lie),
		T(test_a_set_that_is_deleted_does_nothing),
		T(test_failed_pods_with_pauses),
		T(test_succeeded_pods_are_replaced),
		T(test_a_refused_creation_is_not_tried_for_every_node),
		T(test_a_lost_answer_is_put_right),
		T(test_min_ready_seconds),
		T(test_rolling_update_keeps_to_max_unavailable),
		T(test_old_pods_that_are_not_available_go_at_once),
		T(test_new_pods_that_are_not_ready_hold_it_up),
		T(test_on_delete),
		T(test_surge),
		T(test_surge_replaces_what_is_not_ready_without_asking),
		T(test_history_and_undo),
		T(test_history_is_limited_but_keeps_what_pods_are_of),
		T(test_a_state_that_is_there_twice_is_joined),
		T(test_a_name_that_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
