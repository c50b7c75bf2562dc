/* SPDX-License-Identifier: Apache-2.0 */
/* Whole lives of Pods with a fake clock and no runtime: the test does what the machine asks for, or holds it
 * back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "object/condition.h"
#include "pod/machine.h"
#include "pod/make_test.h"
#include "pod/status.h"

#define T0 (INT64_C(1767225600) * NS_PER_S) /* 2026-01-01T00:00:00Z */

struct life {
	struct pod *pod;
	struct machine m;
	struct instant now;
	struct buf events, acts; /* "Reason: message\n"; "start(a) " */
	unsigned hold;		 /* bit per action type that is not done */
};

static const char *const act_names[] = {
	[ACT_SANDBOX] = "sandbox", [ACT_VOLUMES] = "volumes", [ACT_IMAGE] = "image",
	[ACT_START] = "start",	   [ACT_SIGNAL] = "signal",   [ACT_TEARDOWN] = "teardown",
	[ACT_DELETE] = "delete",   [ACT_EVENT] = "",
};

static void do_action(struct life *l, const struct action *a)
{
	struct machine *m = &l->m;
	if (a->type == ACT_EVENT) {
		buf_addf(&l->events, "%s %s: %s\n", a->warning ? "W" : "N", a->reason, a->message);
		return;
	}
	buf_adds(&l->acts, act_names[a->type]);
	if (a->container >= 0)
		buf_addf(&l->acts, "(%s%s)", l->pod->list.v[a->container].name, a->sig == 9 ? ",9" : "");
	buf_addc(&l->acts, ' ');
	if (l->hold & (1u << a->type))
		return;
	struct runtime_sandbox s = {.id = "sb", .ips = {"10.244.0.5"}};
	char id[32];
	struct run_result r = {
		.id = id, .image = "docker.io/i:1", .image_id = "i@sha256:1", .started_ns = l->now.wall_ns};
	switch (a->type) {
	case ACT_SANDBOX:
		machine_sandbox_up(m, &s);
		break;
	case ACT_VOLUMES:
		machine_volumes_up(m);
		break;
	case ACT_IMAGE:
		machine_image_ok(m, a->container, -1, 0, l->now);
		break;
	case ACT_START:
		snprintf(id, sizeof(id), "%s%u", l->pod->list.v[a->container].name,
			 m->c[a->container].attempt);
		machine_started(m, a->container, &r, l->now);
		break;
	case ACT_TEARDOWN:
		machine_torn_down(m, true, l->now);
		break;
	case ACT_DELETE:
		machine_deleted(m, true, l->now);
		break;
	default:
		break;
	}
}

static void settle(struct life *l)
{
	machine_step(&l->m, l->now);
	while (l->m.todo.n) {
		struct actions todo = l->m.todo;
		l->m.todo = (struct actions){0};
		for (size_t i = 0; i < todo.n; i++)
			do_action(l, &todo.v[i]);
		machine_actions_release(&todo);
		machine_step(&l->m, l->now);
	}
}

static void advance_s(struct life *l, double s)
{
	int64_t ns = (int64_t)(s * (double)NS_PER_S);
	l->now.mono_ns += ns;
	l->now.wall_ns += ns;
	settle(l);
}

static void begin(struct life *l, const char *pod)
{
	*l = (struct life){.pod = make_pod(pod), .now = {1000 * NS_PER_S, T0}};
	machine_init(&l->m, l->pod, l->now);
}

static void end(struct life *l)
{
	machine_release(&l->m);
	free_pod(l->pod);
	buf_release(&l->events);
	buf_release(&l->acts);
}

static void exits(struct life *l, int i, int code)
{
	autofree char *id = mem_strdup(l->m.c[i].cur.id);
	struct run_result r = {.id = id, .exit_code = code, .finished_ns = l->now.wall_ns};
	machine_exited(&l->m, i, &r, l->now);
	settle(l);
}

static js *status(struct life *l)
{
	const struct status_node node = {.host_ip = "192.168.1.7", .runtime = "coracle"};
	return status_build(&l->m, &node, NULL, l->now.wall_ns);
}

static void expect_phase(struct life *l, const char *phase)
{
	assert_string_equal(pod_phase_name(status_phase(&l->m)), phase);
}

static void expect_acts(struct life *l, const char *acts)
{
	assert_string_equal(buf_str(&l->acts), acts);
	buf_clear(&l->acts);
}

static void expect_event(struct life *l, const char *line)
{
	if (!strstr(buf_str(&l->events), line))
		fail_msg("no event «%s» in:\n%s", line, buf_str(&l->events));
	buf_clear(&l->events);
}

/* Path into the container's entry: "state.waiting.reason". */
static void expect_container(struct life *l, const char *name, const char *path, const char *value)
{
	autojson js *st = status(l);
	const js *o = status_container(st, name);
	autofree char *copy = mem_strdup(path);
	char *state = NULL;
	for (char *key = strtok_r(copy, ".", &state); key; key = strtok_r(NULL, ".", &state))
		o = js_field(o, key);
	autobuf struct buf got = BUF_INIT;
	if (js_is_str(o))
		buf_adds(&got, js_str0(o, NULL));
	else if (o)
		js_write(&got, o);
	else
		buf_adds(&got, "-");
	assert_string_equal(buf_str(&got), value);
}

static void expect_condition(struct life *l, const char *type, const char *is, const char *reason,
			     const char *message)
{
	autojson js *st = status(l);
	const js *c = condition_find(js_arr(st, "conditions", NULL), type);
	assert_non_null(c);
	assert_string_equal(js_str0(c, "status", NULL), is);
	assert_string_equal(js_str0(c, "reason", NULL), reason);
	assert_string_equal(js_str0(c, "message", NULL), message);
}

#define POD(spec)                                                                                            \
	"{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":\"u1\",\"generation\":1},\"spec\":"      \
	"{" spec "}}"
#define ONE "\"containers\":[{\"name\":\"a\",\"image\":\"i:1\"}]"
#define TWO "\"containers\":[{\"name\":\"a\",\"image\":\"i:1\"},{\"name\":\"b\",\"image\":\"i:1\"}]"

static void deletes(struct life *l, int grace)
{
	char text[600];
	snprintf(
		text, sizeof(text),
		"{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":\"u1\",\"generation\":2,"
		"\"deletionTimestamp\":\"2026-01-01T00:00:30Z\",\"deletionGracePeriodSeconds\":%d},\"spec\":{%s}}",
		grace, l->pod->list.n == 2 ? TWO : ONE);
	struct pod *old = l->pod;
	l->pod = make_pod(text);
	machine_update(&l->m, l->pod, l->now);
	free_pod(old);
	settle(l);
}

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

/* ---- restarts and back-off ---- */

static void test_crash_loop(void **state)
{
	static const int waits[] = {0, 10, 20, 40, 80, 160, 300, 300};
	struct life l;
	begin(&l, POD(ONE));
	settle(&l);
	for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
		unsigned before = l.m.c[0].cur.attempt;
		advance_s(&l, 1);
		buf_clear(&l.acts);
		exits(&l, 0, 1);
		if (waits[i]) {
			assert_int_equal(l.m.c[0].state, CTR_BACKOFF);
			expect_phase(&l, "Running");
			expect_container(&l, "a", "state.waiting.reason", "CrashLoopBackOff");
			expect_container(&l, "a", "lastState.terminated.reason", "Error");
			assert_int_equal(machine_next_ns(&l.m, l.now) - l.now.mono_ns, waits[i] * NS_PER_S);
			advance_s(&l, waits[i] - 0.001);
			assert_int_equal(l.m.c[0].cur.attempt, before);
			advance_s(&l, 0.001);
		}
		assert_int_equal(l.m.c[0].state, CTR_RUNNING);
		assert_int_equal(l.m.c[0].cur.attempt, before + 1);
	}
	expect_event(&l, "W BackOff: Back-off restarting failed container a in pod p_ns(u1)\n");
	expect_container(&l, "a", "restartCount", "8");
	/* Ten minutes of running, and the next restart is free again. */
	advance_s(&l, 601);
	exits(&l, 0, 0);
	assert_int_equal(l.m.c[0].state, CTR_RUNNING);
	exits(&l, 0, 0);
	expect_container(&l, "a", "state.waiting.message",
			 "back-off 10s restarting failed container=a pod=p_ns(u1)");
	expect_container(&l, "a", "lastState.terminated.reason", "Completed");
	end(&l);
}

static void test_durations(void **state)
{
	static const struct {
		int64_t ms;
		const char *want;
	} rows[] = {{10000, "10s"}, {80000, "1m20s"}, {300000, "5m0s"},	   {1234, "1.234s"},
		    {1500, "1.5s"}, {87, "87ms"},     {60001, "1m0.001s"}, {0, "0s"}};
	char text[32];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		machine_go_duration(rows[i].ms * NS_PER_MS, text);
		assert_string_equal(text, rows[i].want);
	}
}

static void test_restart_policies(void **state)
{
	static const struct {
		const char *policy;
		int code;
		const char *phase;
	} rows[] = {
		{"Always", 0, "Running"},    {"Always", 1, "Running"},	{"OnFailure", 0, "Succeeded"},
		{"OnFailure", 1, "Running"}, {"Never", 0, "Succeeded"}, {"Never", 1, "Failed"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct life l;
		char text[400];
		snprintf(text, sizeof(text), POD(ONE ",\"restartPolicy\":\"%s\""), rows[i].policy);
		begin(&l, text);
		settle(&l);
		exits(&l, 0, rows[i].code);
		expect_phase(&l, rows[i].phase);
		bool ended = strcmp(rows[i].phase, "Running") != 0;
		assert_int_equal(l.m.stage == POD_ENDED, ended);
		assert_int_equal(!!strstr(buf_str(&l.acts), "teardown "), ended);
		if (ended)
			expect_condition(&l, "Ready", "False", rows[i].code ? "PodFailed" : "PodCompleted",
					 "");
		end(&l);
	}
}

/* One of two containers of a run-once Pod ends: the Pod goes on until the other one has ended too. */
static void test_completion(void **state)
{
	struct life l;
	begin(&l, POD(TWO ",\"restartPolicy\":\"Never\""));
	settle(&l);
	exits(&l, 0, 0);
	expect_phase(&l, "Running");
	expect_condition(&l, "Ready", "False", "ContainersNotReady", "containers with unready status: [a]");
	exits(&l, 1, 3);
	expect_phase(&l, "Failed");
	expect_container(&l, "b", "state.terminated.exitCode", "3");
	end(&l);
}

/* ---- init containers ---- */

#define INIT                                                                                                 \
	"\"initContainers\":[{\"name\":\"i1\",\"image\":\"i:1\"},{\"name\":\"i2\",\"image\":\"i:1\"}]," ONE

static void test_init(void **state)
{
	struct life l;
	begin(&l, POD(INIT));
	settle(&l);
	expect_acts(&l, "sandbox volumes image(i1) start(i1) ");
	expect_phase(&l, "Pending");
	expect_container(&l, "a", "state.waiting.reason", "PodInitializing");
	expect_condition(&l, "Initialized", "False", "ContainersNotInitialized",
			 "containers with incomplete status: [i1 i2]");
	exits(&l, 0, 1); /* retried although the policy says Always: it is treated as OnFailure */
	expect_acts(&l, "image(i1) start(i1) ");
	expect_phase(&l, "Pending");
	exits(&l, 0, 0);
	expect_acts(&l, "image(i2) start(i2) ");
	expect_container(&l, "i1", "ready", "true");
	exits(&l, 1, 0);
	expect_acts(&l, "image(a) start(a) ");
	expect_phase(&l, "Running");
	expect_condition(&l, "Initialized", "True", "", "");
	end(&l);
}

static void test_init_fails_for_good(void **state)
{
	struct life l;
	begin(&l, POD(INIT ",\"restartPolicy\":\"Never\""));
	settle(&l);
	exits(&l, 0, 1);
	expect_phase(&l, "Failed");
	assert_int_equal(l.m.stage, POD_ENDED);
	expect_container(&l, "a", "state.waiting.reason", "PodInitializing");
	end(&l);
}

#define SIDECAR                                                                                              \
	"\"initContainers\":[{\"name\":\"s1\",\"image\":\"i:1\",\"restartPolicy\":\"Always\"},"              \
	"{\"name\":\"s2\",\"image\":\"i:1\",\"restartPolicy\":\"Always\"}]," ONE                             \
	",\"restartPolicy\":\"Never\""

static void test_sidecars(void **state)
{
	struct life l;
	begin(&l, POD(SIDECAR));
	settle(&l);
	expect_acts(&l, "sandbox volumes image(s1) start(s1) image(s2) start(s2) image(a) start(a) ");
	expect_phase(&l, "Running");
	exits(&l, 0, 1); /* restarted whatever the Pod's policy */
	expect_acts(&l, "image(s1) start(s1) ");
	exits(&l, 2, 0);
	/* The Pod is complete; its sidecars are stopped in reverse order. */
	expect_acts(&l, "signal(s2) ");
	exits(&l, 1, 143);
	expect_acts(&l, "signal(s1) ");
	expect_phase(&l, "Running");
	exits(&l, 0, 143);
	expect_acts(&l, "teardown ");
	expect_phase(&l, "Succeeded");
	end(&l);
}

/* ---- images ---- */

static void test_image_errors(void **state)
{
	struct life l;
	begin(&l, POD(ONE));
	l.hold = 1u << ACT_IMAGE;
	settle(&l);
	buf_clear(&l.acts);
	static const int waits[] = {10, 20, 40, 80, 160, 300, 300};
	for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
		machine_image_pulling(&l.m, 0);
		machine_image_failed(&l.m, 0, REASON_ERR_IMAGE_PULL, "no such host", l.now);
		settle(&l);
		expect_container(&l, "a", "state.waiting.reason", "ErrImagePull");
		expect_container(&l, "a", "state.waiting.message", "no such host");
		expect_event(
			&l,
			"N Pulling: Pulling image \"i:1\"\nW Failed: Failed to pull image \"i:1\": no such host\n"
			"W Failed: Error: ErrImagePull\n");
		advance_s(&l, 2);
		expect_container(&l, "a", "state.waiting.reason", "ImagePullBackOff");
		expect_container(&l, "a", "state.waiting.message",
				 "Back-off pulling image \"i:1\": ErrImagePull: no such host");
		expect_event(
			&l, "N BackOff: Back-off pulling image \"i:1\"\nW Failed: Error: ImagePullBackOff\n");
		advance_s(&l, waits[i] - 2.001);
		expect_acts(&l, "");
		advance_s(&l, 0.001);
		expect_acts(&l, "image(a) ");
	}
	expect_phase(&l, "Pending");
	machine_image_ok(&l.m, 0, 1200 * NS_PER_MS, 777, l.now);
	settle(&l);
	expect_event(
		&l,
		"N Pulled: Successfully pulled image \"i:1\" in 1.2s (1.2s including waiting). Image size: 777 bytes.");
	expect_phase(&l, "Running");
	end(&l);
}

static void test_image_never(void **state)
{
	struct life l;
	begin(&l, POD(ONE));
	l.hold = 1u << ACT_IMAGE;
	settle(&l);
	machine_image_failed(&l.m, 0, REASON_ERR_IMAGE_NEVER_PULL, "not present", l.now);
	settle(&l);
	expect_event(&l, "W ErrImageNeverPull: not present\nW Failed: Error: ErrImageNeverPull\n");
	advance_s(&l, 5);
	expect_container(&l, "a", "state.waiting.reason", "ErrImageNeverPull");
	/* Deleted while waiting: nothing to stop, nothing left behind. */
	deletes(&l, 30);
	machine_status_acked(&l.m, l.m.version);
	settle(&l);
	assert_int_equal(l.m.stage, POD_GONE);
	expect_phase(&l, "Failed");
	expect_container(&l, "a", "state.terminated.reason", "ContainerStatusUnknown");
	end(&l);
}

/* ---- containers that cannot be made or started ---- */

static void test_create_errors(void **state)
{
	struct life l;
	begin(&l, POD(ONE));
	l.hold = 1u << ACT_START;
	settle(&l);
	machine_create_failed(&l.m, 0, REASON_CREATE_CONFIG_ERROR, "configmap \"x\" not found", l.now);
	settle(&l);
	expect_container(&l, "a", "state.waiting.reason", "CreateContainerConfigError");
	expect_container(&l, "a", "state.waiting.message", "configmap \"x\" not found");
	expect_event(&l, "W Failed: Error: configmap \"x\" not found\n");
	buf_clear(&l.acts);
	advance_s(&l, 10);
	expect_acts(&l, "image(a) start(a) ");
	struct run_result r = {.id = "a0", .started_ns = 0};
	machine_start_failed(&l.m, 0, &r, "exec: \"nope\": executable file not found in $PATH", l.now);
	settle(&l);
	expect_event(&l, "W Failed: Error: exec: \"nope\": executable file not found in $PATH\n");
	expect_acts(&l, "image(a) start(a) "); /* the first restart is free */
	assert_int_equal(l.m.c[0].attempt, 1);
	expect_container(&l, "a", "state.terminated.reason", "StartError");
	expect_container(&l, "a", "state.terminated.exitCode", "128");
	machine_start_failed(&l.m, 0, &r, "exec: again", l.now);
	settle(&l);
	expect_container(&l, "a", "state.waiting.reason", "CrashLoopBackOff");
	expect_container(&l, "a", "restartCount", "1");
	end(&l);
}

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
	buf_clear(&l.acts);
	settle(&l);
	expect_acts(&l, "");
	struct run_result r = {.id = "a0", .started_ns = T0};
	machine_started(&l.m, 0, &r, l.now);
	settle(&l);
	expect_acts(&l, "signal(a) ");
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
	machine_create_failed(&l.m, 1, REASON_CREATE_ERROR, "no", l.now);
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

static void change_image(struct life *l, const char *image)
{
	char text[400];
	snprintf(
		text, sizeof(text),
		"{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":\"u1\",\"generation\":3},\"spec\":{"
		"\"restartPolicy\":\"Never\",\"terminationGracePeriodSeconds\":7,\"containers\":[{\"name\":\"a\",\"image\":\"%s\"}]}}",
		image);
	struct pod *old = l->pod;
	l->pod = make_pod(text);
	machine_update(&l->m, l->pod, l->now);
	free_pod(old);
	settle(l);
}

/* An image may be changed under a running container, and under one that cannot get the old one. */
static void test_new_image(void **state)
{
	struct life l;
	begin(&l, POD(ONE ",\"restartPolicy\":\"Never\""));
	settle(&l);
	buf_clear(&l.acts);
	change_image(&l, "i:2");
	expect_acts(&l, "signal(a) ");
	expect_event(&l, "N Killing: Container a definition changed, will be restarted\n");
	advance_s(&l, 7);
	expect_acts(&l, "signal(a,9) ");
	exits(&l, 0, 137);
	expect_acts(&l, "image(a) start(a) ");
	expect_phase(&l, "Running");
	exits(&l, 0, 0); /* this time it ended by itself */
	expect_phase(&l, "Succeeded");
	end(&l);

	begin(&l, POD(ONE));
	l.hold = 1u << ACT_IMAGE;
	settle(&l);
	machine_image_failed(&l.m, 0, REASON_ERR_IMAGE_PULL, "no", l.now);
	settle(&l);
	buf_clear(&l.acts);
	change_image(&l, "i:2");
	expect_acts(&l, "image(a) ");
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

/* ---- adoption ---- */

static void test_adopt_running(void **state)
{
	struct runtime_list_sandbox sandbox = {.s = {.id = "sb", .ips = {"10.244.0.9"}, .ready = true},
					       .pod_uid = "u1"};
	struct runtime_list_container ctr = {.c = {.id = "a3", .state = RUNTIME_RUNNING, .started_ns = T0},
					     .pod_uid = "u1",
					     .name = "a",
					     .image_ref = "i:1",
					     .digest_ref = "i@sha256:1",
					     .attempt = 3};
	struct runtime_list list = {&sandbox, 1, &ctr, 1};
	static const char status_text[] =
		"{\"startTime\":\"2025-12-31T00:00:00Z\",\"containerStatuses\":[{\"name\":\"a\",\"restartCount\":3,"
		"\"lastState\":{\"terminated\":{\"exitCode\":7,\"reason\":\"Error\",\"containerID\":\"coracle://a2\","
		"\"finishedAt\":\"2025-12-31T01:00:00Z\"}}}]}";
	struct err err = ERR_INIT;
	autojson js *old = js_parse(status_text, strlen(status_text), NULL, &err);
	struct life l;
	begin(&l, POD(ONE));
	machine_adopt(&l.m, old, &list, l.now);
	settle(&l);
	expect_acts(&l, "volumes "); /* found as they were; nothing is started */
	expect_phase(&l, "Running");
	expect_container(&l, "a", "restartCount", "3");
	expect_container(&l, "a", "containerID", "coracle://a3");
	expect_container(&l, "a", "lastState.terminated.exitCode", "7");
	autojson js *st = status(&l);
	assert_string_equal(js_str0(st, "startTime", NULL), "2025-12-31T00:00:00Z");
	assert_string_equal(js_str0(st, "podIP", NULL), "10.244.0.9");
	end(&l);
	/* It ended while nobody looked. */
	ctr.c.state = RUNTIME_EXITED;
	ctr.c.exit_code = 2;
	ctr.c.finished_ns = T0 - 5 * NS_PER_S;
	begin(&l, POD(ONE));
	machine_adopt(&l.m, old, &list, l.now);
	settle(&l);
	expect_acts(&l, "volumes image(a) start(a) ");
	expect_container(&l, "a", "restartCount", "4");
	expect_container(&l, "a", "lastState.terminated.exitCode", "2");
	end(&l);
}

static void test_adopt_after_reboot(void **state)
{
	static const char status_text[] =
		"{\"containerStatuses\":[{\"name\":\"a\",\"restartCount\":1,\"containerID\":\"coracle://a1\","
		"\"state\":{\"running\":{\"startedAt\":\"2025-12-31T00:00:00Z\"}}}]}";
	static const struct runtime_list nothing = {0};
	struct err err = ERR_INIT;
	autojson js *old = js_parse(status_text, strlen(status_text), NULL, &err);
	struct life l;
	begin(&l, POD(ONE));
	machine_adopt(&l.m, old, &nothing, l.now);
	settle(&l);
	expect_acts(&l, "sandbox volumes image(a) start(a) ");
	expect_container(&l, "a", "restartCount", "2");
	expect_container(&l, "a", "lastState.terminated.reason", "ContainerStatusUnknown");
	end(&l);
}

static void test_adopt_finished(void **state)
{
	static const struct runtime_list nothing = {0};
	struct life l;
	begin(&l, "{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":\"u1\"},\"spec\":{" ONE
		  "},\"status\":{\"phase\":\"Succeeded\"}}");
	autojson js *old = pod_field(l.pod->status);
	machine_adopt(&l.m, old, &nothing, l.now);
	settle(&l);
	expect_acts(&l, "");
	assert_true(l.m.settled);
	expect_phase(&l, "Succeeded");
	end(&l);
}

/* ---- the tables ---- */

/* Every cell of the container table: whatever comes in whatever state leaves a state that is one. */
static void test_every_cell(void **state)
{
	for (int s = 0; s < CTR_STATES; s++)
		for (int e = 0; e < CONTAINER_EVENTS; e++) {
			struct life l;
			begin(&l, POD(ONE));
			settle(&l);
			exits(&l, 0, 1);
			l.m.c[0].state = (enum container_state)s;
			uint64_t version = l.m.version;
			container_event(&l.m, 0, (enum container_event)e, l.now);
			assert_true(l.m.c[0].state < CTR_STATES);
			bool handled = container_handles((enum container_state)s, (enum container_event)e);
			assert_int_equal(l.m.version > version, handled);
			if (!handled)
				assert_int_equal(l.m.c[0].state, s);
			end(&l);
		}
	/* Whatever can be cancelled ends; only what runs or is about to cannot. */
	for (int s = 0; s < CTR_DONE; s++)
		assert_int_equal(container_handles((enum container_state)s, CEV_CANCEL),
				 s != CTR_RUNNING && s != CTR_STARTING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_crash_loop),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_restart_policies),
		cmocka_unit_test(test_completion),
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_init_fails_for_good),
		cmocka_unit_test(test_sidecars),
		cmocka_unit_test(test_image_errors),
		cmocka_unit_test(test_image_never),
		cmocka_unit_test(test_create_errors),
		cmocka_unit_test(test_sandbox_errors),
		cmocka_unit_test(test_sandbox_lost),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_delete_floor_and_hurry),
		cmocka_unit_test(test_force_delete),
		cmocka_unit_test(test_delete_in_the_middle),
		cmocka_unit_test(test_create_fails_while_stopping),
		cmocka_unit_test(test_delete_retry),
		cmocka_unit_test(test_new_image),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_reject),
		cmocka_unit_test(test_adopt_running),
		cmocka_unit_test(test_adopt_after_reboot),
		cmocka_unit_test(test_adopt_finished),
		cmocka_unit_test(test_every_cell),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
