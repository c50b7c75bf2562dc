/* SPDX-License-Identifier: Apache-2.0 */
/* The Pod as a whole: its start, its sandbox, its ends. */
#include "pod/life/life_test.h"

/* ---- the simplest life ---- */

static void test_start(void **state)
{
	struct life l;
	begin(&l, POD(TWO));
	l.hold = 1u << ACT_SANDBOX;
	settle(&l);
	/* The image is looked for while the sandbox is being made. */
	expect_acts(&l, "sandbox volumes image(a) ");
	expect_phase(&l, "Pending");
	expect_container(&l, "a", "state.waiting.reason", "ContainerCreating");
	expect_condition(&l, "PodReadyToStartContainers", "False", "", "");
	expect_condition(&l, "Initialized", "True", "", "");
	expect_condition(&l, "Ready", "False", "ContainersNotReady", "containers with unready status: [a b]");
	struct runtime_sandbox s = {.id = "sb", .ips = {"10.244.0.5"}};
	machine_sandbox_up(&l.m, &s);
	settle(&l);
	expect_acts(&l, "start(a) image(b) start(b) ");
	expect_phase(&l, "Running");
	expect_container(&l, "a", "containerID", "coracle://a0");
	expect_container(&l, "a", "restartCount", "0");
	expect_container(&l, "b", "started", "true");
	expect_condition(&l, "Ready", "True", "", "");
	assert_non_null(strstr(buf_str(&l.events),
			       "N Pulled: Container image \"i:1\" already present on machine\n"
			       "N Created: Created container: a\nN Started: Started container a\n"));
	autojson js *st = status(&l);
	assert_string_equal(js_str0(st, "podIP", NULL), "10.244.0.5");
	assert_string_equal(js_str0(st, "hostIP", NULL), "192.168.1.7");
	assert_string_equal(js_str0(st, "qosClass", NULL), "BestEffort");
	assert_int_equal(machine_next_ns(&l.m, l.now) == CLOCK_NEVER, 1);
	/* Without news there is nothing to do. */
	settle(&l);
	expect_acts(&l, "");
	end(&l);
}

/* ---- sandboxes ---- */

static void test_sandbox_errors(void **state)
{
	static const int waits[] = {1, 2, 4, 8, 10, 10};
	struct life l;
	begin(&l, POD(ONE));
	l.hold = 1u << ACT_SANDBOX;
	settle(&l);
	buf_clear(&l.acts);
	for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
		machine_sandbox_failed(&l.m, "no network", l.now);
		settle(&l);
		expect_event(&l, "W FailedCreatePodSandBox: Failed to create pod sandbox: no network\n");
		assert_int_equal(machine_next_ns(&l.m, l.now) - l.now.mono_ns, waits[i] * NS_PER_S);
		expect_acts(&l, "");
		advance_s(&l, waits[i]);
		expect_acts(&l, "sandbox ");
	}
	end(&l);
}

static void test_sandbox_lost(void **state)
{
	struct life l;
	begin(&l, POD(INIT));
	settle(&l);
	exits(&l, 0, 0);
	exits(&l, 1, 0);
	expect_phase(&l, "Running");
	buf_clear(&l.acts);
	machine_sandbox_lost(&l.m, l.now);
	settle(&l);
	expect_event(&l, "N SandboxChanged: Pod sandbox changed, it will be killed and re-created.\n");
	expect_acts(&l, "teardown sandbox image(i1) start(i1) ");
	exits(&l, 0, 0);
	exits(&l, 1, 0);
	expect_phase(&l, "Running");
	expect_container(&l, "a", "restartCount", "1");
	expect_container(&l, "a", "lastState.terminated.exitCode", "137");
	assert_int_equal(l.m.sandbox_attempt, 1);
	end(&l);
}

/* Deleted while what a lost sandbox left is being removed: that leaves the volumes, which must go too. */
static void test_delete_in_a_reset(void **state)
{
	struct life l;
	begin(&l, POD(ONE));
	settle(&l);
	buf_clear(&l.acts);
	machine_sandbox_lost(&l.m, l.now);
	l.hold = 1u << ACT_TEARDOWN;
	settle(&l);
	expect_acts(&l, "teardown ");
	deletes(&l, 30);
	expect_acts(&l, "");
	l.hold = 0;
	machine_torn_down(&l.m, true, l.now);
	settle(&l);
	expect_acts(&l, "teardown ");
	assert_int_equal(l.m.stage, POD_ENDED);
	assert_false(l.m.volumes_up);
	end(&l);
}

/* ---- termination ---- */

static void test_delete(void **state)
{
	struct life l;
	begin(&l, POD(TWO));
	settle(&l);
	buf_clear(&l.acts);
	deletes(&l, 30);
	expect_acts(&l, "signal(a) signal(b) ");
	expect_event(&l, "N Killing: Stopping container a\nN Killing: Stopping container b\n");
	exits(&l, 0, 0);
	expect_acts(&l, "");
	advance_s(&l, 29.9);
	expect_acts(&l, "");
	advance_s(&l, 0.1);
	expect_acts(&l, "signal(b,9) ");
	exits(&l, 1, 137);
	expect_acts(&l, "teardown ");
	assert_int_equal(l.m.stage, POD_ENDED);
	expect_phase(&l, "Failed");
	expect_container(&l, "b", "state.terminated.reason", "Error");
	/* The object goes only after the API has the last status. */
	settle(&l);
	expect_acts(&l, "");
	machine_status_acked(&l.m, l.m.version);
	settle(&l);
	expect_acts(&l, "delete ");
	assert_int_equal(l.m.stage, POD_GONE);
	assert_false(machine_ready_to_forget(&l.m));
	machine_vanished(&l.m, l.now);
	assert_true(machine_ready_to_forget(&l.m));
	end(&l);
}

static void test_delete_floor_and_hurry(void **state)
{
	struct life l;
	begin(&l, POD(ONE));
	settle(&l);
	buf_clear(&l.acts);
	deletes(&l, 1); /* never less than 2 s between SIGTERM and SIGKILL */
	advance_s(&l, 1.999);
	expect_acts(&l, "signal(a) ");
	advance_s(&l, 0.001);
	expect_acts(&l, "signal(a,9) ");
	/* A kill without an echo is repeated. */
	advance_s(&l, 10);
	expect_acts(&l, "signal(a,9) ");
	end(&l);

	begin(&l, POD(ONE));
	settle(&l);
	buf_clear(&l.acts);
	deletes(&l, 30);
	advance_s(&l, 3);
	deletes(&l, 5); /* a second DELETE may only shorten */
	advance_s(&l, 4.999);
	expect_acts(&l, "signal(a) ");
	deletes(&l, 300);
	advance_s(&l, 0.001);
	expect_acts(&l, "signal(a,9) ");
	end(&l);
}

static void test_force_delete(void **state)
{
	struct life l;
	begin(&l, POD(ONE));
	settle(&l);
	buf_clear(&l.acts);
	machine_vanished(&l.m, l.now);
	settle(&l);
	expect_acts(&l, "signal(a) ");
	advance_s(&l, 2);
	expect_acts(&l, "signal(a,9) ");
	exits(&l, 0, 137);
	expect_acts(&l, "teardown ");
	assert_true(machine_ready_to_forget(&l.m));
	end(&l);
}

/* Deleted while the sandbox is being made and while a container is being started: both are waited for. */
static void test_delete_in_the_middle(void **state)
{
	struct life l;
	begin(&l, POD(ONE));
	l.hold = 1u << ACT_SANDBOX;
	settle(&l);
	deletes(&l, 30);
	buf_clear(&l.acts);
	settle(&l);
	expect_acts(&l, "");
	machine_sandbox_failed(&l.m, "gone", l.now);
	settle(&l);
	expect_acts(&l, "teardown ");
	end(&l);

	begin(&l, POD(ONE));
	l.hold = 1u << ACT_START;
	settle(&l);
	deletes(&l, 30);
	deletes(&l, 300);
	buf_clear(&l.acts);
	settle(&l);
	expect_acts(&l, "");
	struct run_result r = {.id = "a0", .started_ns = T0};
	machine_started(&l.m, 0, &r, l.now);
	settle(&l);
	expect_acts(&l, "signal(a) ");
	advance_s(&l, 30); /* by the first one's grace */
	expect_acts(&l, "signal(a,9) ");
	end(&l);
}

/* One that could not be started while the other is being stopped: nothing is waited for but that one. */
static void test_create_fails_while_stopping(void **state)
{
	struct life l;
	begin(&l, POD(TWO));
	l.hold = 1u << ACT_START;
	settle(&l);
	struct run_result r = {.id = "a0", .started_ns = T0};
	machine_started(&l.m, 0, &r, l.now);
	settle(&l);
	deletes(&l, 30);
	settle(&l);
	machine_create_failed(&l.m, 1, MACHINE_CREATE_ERROR, "no", l.now);
	settle(&l);
	assert_int_equal(machine_next_ns(&l.m, l.now) - l.now.mono_ns, 30 * NS_PER_S);
	end(&l);
}

static void test_delete_retry(void **state)
{
	struct life l;
	begin(&l, POD(ONE));
	settle(&l);
	deletes(&l, 0);
	l.hold = 1u << ACT_DELETE;
	exits(&l, 0, 0);
	machine_status_acked(&l.m, l.m.version);
	settle(&l);
	machine_deleted(&l.m, false, l.now);
	buf_clear(&l.acts);
	settle(&l);
	expect_acts(&l, "");
	advance_s(&l, 1);
	expect_acts(&l, "delete ");
	end(&l);
}

static void test_deadline(void **state)
{
	struct life l;
	begin(&l, POD(ONE ",\"activeDeadlineSeconds\":60,\"terminationGracePeriodSeconds\":5"));
	settle(&l);
	assert_int_equal(machine_next_ns(&l.m, l.now) - l.now.mono_ns, 60 * NS_PER_S);
	advance_s(&l, 60);
	expect_event(&l,
		     "N DeadlineExceeded: Pod was active on the node longer than the specified deadline\n");
	expect_phase(&l, "Running"); /* not terminal while something runs */
	exits(&l, 0, 0);
	expect_phase(&l, "Failed");
	autojson js *st = status(&l);
	assert_string_equal(js_str0(st, "reason", NULL), "DeadlineExceeded");
	end(&l);
}

static void test_reject(void **state)
{
	struct life l;
	begin(&l, POD(ONE));
	machine_reject(&l.m, "OutOfcpu", "Node didn't have enough resource: cpu");
	settle(&l);
	expect_acts(&l, "");
	expect_event(&l, "W OutOfcpu: Node didn't have enough resource: cpu\n");
	autojson js *st = status(&l);
	assert_string_equal(js_str0(st, "phase", NULL), "Failed");
	assert_string_equal(js_str0(st, "message", NULL),
			    "Pod was rejected: Node didn't have enough resource: cpu");
	assert_null(js_field(st, "containerStatuses"));
	end(&l);
}

/* ---- ephemeral containers ---- */

#define EPHEMERAL(names) "],\"ephemeralContainers\":[" names "]}}"
#define DEBUGGER(name) "{\"name\":\"" name "\",\"image\":\"i:1\",\"targetContainerName\":\"a\"}"

/* Added while the Pod runs, started once, and of no weight in what the Pod is. */
static void test_ephemeral(void **state)
{
	struct life l;
	begin(&l, POD(ONE));
	settle(&l);
	buf_clear(&l.acts);
	becomes(&l, "]}}", EPHEMERAL(DEBUGGER("e1")));
	expect_acts(&l, "image(e1) start(e1) ");
	expect_container(&l, "e1", "state.running.startedAt", "2026-01-01T00:00:00Z");
	expect_container(&l, "e1", "ready", "false");
	expect_container(&l, "e1", "started", "-");
	expect_condition(&l, "ContainersReady", "True", "", "");
	exits(&l, 1, 1); /* not again, although the policy is Always */
	expect_acts(&l, "");
	expect_container(&l, "e1", "state.terminated.exitCode", "1");
	expect_phase(&l, "Running");
	becomes(&l, "]}}", "," DEBUGGER("e2") "]}}");
	expect_acts(&l, "image(e2) start(e2) ");
	autojson js *st = status(&l);
	assert_int_equal(js_len(js_arr(st, "ephemeralContainerStatuses", NULL)), 2);
	assert_int_equal(js_len(js_arr(st, "containerStatuses", NULL)), 1);
	machine_sandbox_lost(&l.m, l.now);
	settle(&l);
	expect_acts(&l, "teardown sandbox image(a) start(a) ");
	expect_container(&l, "e2", "state.terminated.exitCode", "137");
	end(&l);
}

/* It is there for a Pod that cannot be initialized, too, and one whose image is not to be had holds up nobody. */
static void test_ephemeral_before_init(void **state)
{
	struct life l;
	begin(&l, POD(INIT));
	settle(&l);
	buf_clear(&l.acts);
	l.hold = 1u << ACT_IMAGE;
	becomes(&l, "]}}", EPHEMERAL(DEBUGGER("e")));
	machine_image_failed(&l.m, 3, MACHINE_ERR_IMAGE_PULL, "no", l.now);
	l.hold = 0;
	exits(&l, 0, 0);
	exits(&l, 1, 0);
	expect_acts(&l, "image(e) image(i2) start(i2) image(a) start(a) ");
	expect_container(&l, "e", "state.waiting.reason", "ErrImagePull");
	expect_phase(&l, "Running");
	advance_s(&l, 2);
	advance_s(&l, 8);
	expect_acts(&l, "image(e) start(e) ");
	end(&l);
}

/* And it is no app container that has run. */
static void test_ephemeral_says_nothing_of_the_others(void **state)
{
	struct life l;
	begin(&l, POD(INIT));
	settle(&l);
	becomes(&l, "]}}", EPHEMERAL(DEBUGGER("e")));
	deletes(&l, 30);
	exits(&l, 0, 1);
	exits(&l, 3, 0);
	expect_phase(&l, "Failed");
	expect_container(&l, "a", "state.waiting.reason", "PodInitializing");
	end(&l);
}

/* A Pod that is over takes it along; a sidecar does not wait for it. */
static void test_ephemeral_ends_with_its_pod(void **state)
{
	struct life l;
	begin(&l, POD("\"initContainers\":[{\"name\":\"s\",\"image\":\"i:1\",\"restartPolicy\":\"Always\"}],"
		      "\"restartPolicy\":\"Never\"," ONE));
	settle(&l);
	becomes(&l, "]}}", EPHEMERAL(DEBUGGER("e")));
	buf_clear(&l.acts);
	exits(&l, 1, 0);
	expect_acts(&l, "signal(e) signal(s) ");
	exits(&l, 0, 0);
	expect_phase(&l, "Running");
	exits(&l, 2, 137);
	expect_acts(&l, "teardown ");
	expect_phase(&l, "Succeeded");
	end(&l);
}

/* ---- ends that others decide ---- */

/* The Pod's phase was written as a terminal one by somebody else: it ends, and that is its phase. */
static void test_terminal_by_others(void **state)
{
	struct life l;
	begin(&l, POD(ONE));
	settle(&l);
	buf_clear(&l.acts);
	becomes(&l, "]}}", "]},\"status\":{\"phase\":\"Failed\"}}");
	expect_acts(&l, "signal(a) ");
	exits(&l, 0, 0);
	expect_acts(&l, "teardown ");
	expect_phase(&l, "Failed");
	end(&l);
}

/* Of what never ran although its turn had come nobody knows how it ended; what was never to run yet just waits. */
static void test_unaccounted(void **state)
{
	struct life l;
	begin(&l, POD(INIT));
	l.hold = 1u << ACT_IMAGE;
	settle(&l);
	deletes(&l, 30);
	expect_phase(&l, "Failed");
	expect_container(&l, "i1", "state.terminated.reason", "ContainerStatusUnknown");
	expect_container(&l, "i2", "state.waiting.reason", "PodInitializing");
	expect_container(&l, "a", "state.waiting.reason", "PodInitializing");
	end(&l);
	begin(&l, POD(INIT));
	settle(&l);
	exits(&l, 0, 0);
	exits(&l, 1, 0);
	exits(&l, 2, 0);
	deletes(&l, 30);
	expect_container(&l, "i2", "state.terminated.reason", "Completed");
	end(&l);
}

/* A run-once Pod whose containers are over needs no new sandbox when the old one dies. */
static void test_sandbox_lost_at_the_end(void **state)
{
	struct life l;
	begin(&l, POD(ONE ",\"restartPolicy\":\"Never\""));
	settle(&l);
	buf_clear(&l.acts);
	machine_sandbox_lost(&l.m, l.now);
	settle(&l);
	expect_acts(&l, "teardown ");
	expect_phase(&l, "Failed");
	expect_container(&l, "a", "state.terminated.exitCode", "137");
	end(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_sandbox_errors),
		cmocka_unit_test(test_sandbox_lost),
		cmocka_unit_test(test_delete_in_a_reset),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_delete_floor_and_hurry),
		cmocka_unit_test(test_force_delete),
		cmocka_unit_test(test_delete_in_the_middle),
		cmocka_unit_test(test_create_fails_while_stopping),
		cmocka_unit_test(test_delete_retry),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_reject),
		cmocka_unit_test(test_ephemeral),
		cmocka_unit_test(test_ephemeral_before_init),
		cmocka_unit_test(test_ephemeral_ends_with_its_pod),
		cmocka_unit_test(test_ephemeral_says_nothing_of_the_others),
		cmocka_unit_test(test_terminal_by_others),
		cmocka_unit_test(test_unaccounted),
		cmocka_unit_test(test_sandbox_lost_at_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
