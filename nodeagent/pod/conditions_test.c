/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/life/life_test.h"
#include "object/json_test.h"
#include "pod/conditions.h"

#define CTR(name, more) "{'name':'" name "','image':'i:1'" more "}"
#define PROBE(kind) ",'" kind "':{'exec':{'command':['x']}}"
#define SIDE ",'restartPolicy':'Always'"
#define LIVE(spec)                                                                                           \
	JSON("{'metadata':{'name':'p','namespace':'ns','uid':'u1','generation':1},'spec':{" spec "}}")

static void expect_no_condition(struct life *l, const char *type)
{
	autojson js *st = status(l);
	assert_null(condition_find(js_arr(st, "conditions", NULL), type));
}

/* Every row is a condition of its own, and none but these is written. */
static void test_rows(void **state)
{
	static const char *const types[] = {
		"PodReadyToStartContainers", "Initialized",	   "Ready",
		"ContainersReady",	     "PodScheduled",	   "DisruptionTarget",
		"PodResizePending",	     "PodResizeInProgress"};
	assert_int_equal(ARRAY_LEN(types), STATUS_CONDITIONS);
	for (size_t i = 0; i < STATUS_CONDITIONS; i++)
		assert_string_equal(conditions_rows[i].type, types[i]);
}

/* A startup probe, then a readiness probe that changes its mind. */
static void test_probes(void **state)
{
	struct life l;
	begin(&l, LIVE("'containers':[" CTR("a", PROBE("startupProbe")
							 PROBE("readinessProbe")) "," CTR("b", "") "]"));
	settle(&l);
	expect_phase(&l, "Running"); /* the app container after it does not wait */
	expect_container(&l, "a", "started", "false");
	expect_container(&l, "a", "ready", "false");
	expect_container(&l, "b", "ready", "true");
	probed(&l, 0, PROBE_READINESS, PROBE_SUCCESS); /* not before it is started */
	expect_container(&l, "a", "ready", "false");
	probed(&l, 0, PROBE_STARTUP, PROBE_SUCCESS);
	expect_container(&l, "a", "started", "true");
	expect_container(&l, "a", "ready", "true");
	expect_condition(&l, "Ready", "True", "", "");
	probed(&l, 0, PROBE_READINESS, PROBE_FAILURE);
	expect_container(&l, "a", "ready", "false");
	expect_container(&l, "a", "started", "true");
	expect_condition(&l, "Ready", "False", "ContainersNotReady", "containers with unready status: [a]");
	expect_condition(&l, "ContainersReady", "False", "ContainersNotReady",
			 "containers with unready status: [a]");
	buf_clear(&l.acts);
	exits(&l, 0, 1); /* of the next run nothing is known */
	expect_acts(&l, "image(a) start(a) ");
	expect_container(&l, "a", "started", "false");
	end(&l);
}

static void test_deletion(void **state)
{
	struct life l;
	begin(&l, LIVE("'containers':[" CTR("a", "") "]"));
	settle(&l);
	expect_condition(&l, "Ready", "True", "", "");
	deletes(&l, 30);
	expect_condition(&l, "Ready", "False", "PodTerminating", "");
	expect_condition(&l, "ContainersReady", "True", "", "");
	exits(&l, 0, 0);
	expect_condition(&l, "ContainersReady", "False", "PodCompleted", "");
	expect_condition(&l, "Initialized", "True", "PodCompleted", "");
	expect_condition(&l, "PodReadyToStartContainers", "False", "", "");
	end(&l);
}

/* What a sidecar does to Initialized, Ready and the phase, from before it is started until after it has crashed. */
static void test_sidecar(void **state)
{
	struct life l;
	begin(&l,
	      LIVE("'initContainers':[" CTR("s", SIDE PROBE("startupProbe") PROBE("readinessProbe")) "," CTR(
		      "i", "") "],'containers':[" CTR("a", "") "]"));
	settle(&l);
	expect_acts(&l, "sandbox volumes image(s) start(s) "); /* the next one waits for its startup probe */
	expect_phase(&l, "Pending");
	expect_condition(&l, "Initialized", "False", "ContainersNotInitialized",
			 "containers with incomplete status: [s i]");
	expect_condition(&l, "Ready", "False", "ContainersNotReady", "containers with unready status: [s a]");
	expect_container(&l, "s", "started", "false");
	probed(&l, 0, PROBE_STARTUP, PROBE_SUCCESS);
	expect_acts(&l, "image(i) start(i) ");
	expect_condition(&l, "Initialized", "False", "ContainersNotInitialized",
			 "containers with incomplete status: [i]");
	exits(&l, 1, 0);
	expect_acts(&l, "image(a) start(a) "); /* nobody waits for a readiness probe */
	expect_phase(&l, "Running");
	expect_condition(&l, "Initialized", "True", "", "");
	expect_condition(&l, "Ready", "False", "ContainersNotReady", "containers with unready status: [s]");
	probed(&l, 0, PROBE_READINESS, PROBE_SUCCESS);
	expect_condition(&l, "Ready", "True", "", "");
	exits(&l, 0, 1);
	expect_acts(&l, "image(s) start(s) ");
	expect_phase(&l, "Running"); /* it does not go back */
	expect_condition(&l, "Initialized", "True", "", "");
	expect_condition(&l, "Ready", "False", "ContainersNotReady", "containers with unready status: [s]");
	end(&l);
}

/* In a new sandbox all begins anew: an app container that ran in the old one does not make it Running. */
static void test_sidecar_in_a_new_sandbox(void **state)
{
	struct life l;
	begin(&l, LIVE("'initContainers':[" CTR("s", SIDE PROBE("startupProbe")) "],'containers':[" CTR(
			  "a", "") "]"));
	settle(&l);
	probed(&l, 0, PROBE_STARTUP, PROBE_SUCCESS);
	expect_phase(&l, "Running");
	machine_sandbox_lost(&l.m, l.now);
	settle(&l);
	expect_phase(&l, "Pending");
	probed(&l, 0, PROBE_STARTUP, PROBE_SUCCESS);
	expect_phase(&l, "Running");
	end(&l);
}

/* Ended by the node: the condition comes with the phase. */
static void test_evicted(void **state)
{
	struct life l;
	begin(&l, LIVE("'containers':[" CTR("a", "") "]"));
	settle(&l);
	buf_clear(&l.acts);
	machine_evict(&l.m, "Evicted", "The node was low on resource: memory. ", 3, l.now);
	settle(&l);
	expect_acts(&l, "signal(a) ");
	expect_phase(&l, "Running");
	expect_no_condition(&l, "DisruptionTarget");
	machine_evict(&l.m, "Other", "second", 1, l.now); /* only less time */
	advance_s(&l, 2);
	expect_acts(&l, "signal(a,9) ");
	exits(&l, 0, 137);
	expect_phase(&l, "Failed");
	expect_condition(&l, "DisruptionTarget", "True", "TerminationByKubelet",
			 "The node was low on resource: memory. ");
	autojson js *st = status(&l);
	assert_string_equal(js_str0(st, "reason", NULL), "Evicted");
	assert_string_equal(js_str0(st, "message", NULL), "The node was low on resource: memory. ");
	end(&l);
}

/* What the eviction API has written there stays: a patch says nothing of it. */
static void test_disruption_of_others(void **state)
{
	struct err err = ERR_INIT;
	const char *text = JSON(
		"{'conditions':[{'type':'DisruptionTarget','status':'True','reason':'EvictionByEvictionAPI'}]}");
	autojson js *known_status = js_parse(text, strlen(text), NULL, &err);
	const struct status_node node = {.host_ip = "1.2.3.4", .runtime = "coracle"};
	struct status_known known;
	struct life l;
	begin(&l, LIVE("'containers':[" CTR("a", "") "]"));
	settle(&l);
	status_known_read(&known, known_status);
	autojson js *patch = status_patch(&known, &l.m, &node, l.now.wall_ns, &known);
	assert_null(condition_find(js_arr(patch, "status", "conditions", NULL), "DisruptionTarget"));
	assert_null(status_patch(&known, &l.m, &node, l.now.wall_ns, &known));
	end(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_deletion),
		cmocka_unit_test(test_sidecar),
		cmocka_unit_test(test_sidecar_in_a_new_sandbox),
		cmocka_unit_test(test_evicted),
		cmocka_unit_test(test_disruption_of_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
