/* SPDX-License-Identifier: Apache-2.0 */
/* How containers are ended: hooks, grace, order, probes; and who is started again. */
#include "base/gate.h"
#include "pod/life/life_test.h"
#include "object/json_test.h"

#define EXEC "{'exec':{'command':['x']}}"
#define CTR(name, more) "{'name':'" name "','image':'i:1'" more "}"
#define PRE ",'lifecycle':{'preStop':" EXEC "}"
#define POST ",'lifecycle':{'postStart':" EXEC "}"
#define BOTH ",'lifecycle':{'postStart':" EXEC ",'preStop':" EXEC "}"
#define PROBE(kind, more) ",'" kind "':{'exec':{'command':['x']}" more "}"
#define SIDE ",'restartPolicy':'Always'"
#define LIVE(spec)                                                                                           \
	JSON("{'metadata':{'name':'p','namespace':'ns','uid':'u1','generation':1},'spec':{" spec "}}")
#define APPS(list) "'containers':[" list "]"
#define INITS(list) "'initContainers':[" list "],"

static void lives(struct life *l, const char *pod)
{
	begin(l, pod);
	settle(l);
	buf_clear(&l->events);
}

/* ---- postStart ---- */

static void test_post_start_blocks(void **state)
{
	struct life l;
	begin(&l, LIVE(APPS(CTR("a", POST) "," CTR("b", ""))));
	l.hold = 1u << ACT_HOOK;
	settle(&l);
	expect_acts(&l, "sandbox volumes image(a) start(a) hook(a,post) ");
	expect_event(&l, "N Started: Started container a\n");
	expect_phase(&l, "Pending");
	expect_container(&l, "a", "state.waiting.reason", "ContainerCreating");
	expect_container(&l, "a", "started", "false");
	expect_container(&l, "a", "containerID", "-");
	advance_s(&l, 100);
	expect_acts(&l, "");
	hook_ends(&l, 0, HOOK_POST_START, true);
	expect_acts(&l, "image(b) start(b) ");
	expect_phase(&l, "Running");
	expect_container(&l, "a", "ready", "true");
	assert_int_equal(l.events.len > 0 && strstr(buf_str(&l.events), "Failed"), 0);
	end(&l);
}

/* It fails: the container is killed, and what its policy says comes of it. */
static void test_post_start_fails(void **state)
{
	static const struct {
		const char *policy;
		bool again;
	} rows[] = {{"Always", true}, {"OnFailure", true}, {"Never", false}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct life l;
		autofree char *text = mem_printf(
			LIVE("'restartPolicy':'%s'," APPS(CTR("a", BOTH) "," CTR("b", ""))), rows[i].policy);
		begin(&l, text);
		l.hold = 1u << ACT_HOOK;
		settle(&l);
		buf_clear(&l.acts);
		buf_clear(&l.events);
		hook_ends(&l, 0, HOOK_POST_START, false);
		expect_acts(&l, "hook(a,pre) "); /* and b waits */
		expect_event(&l,
			     "W FailedPostStartHook: PostStartHook failed\nN Killing: FailedPostStartHook\n");
		expect_container(&l, "a", "state.waiting.reason", "PostStartHookError");
		expect_container(&l, "a", "state.waiting.message", "what the hook said");
		hook_ends(&l, 0, HOOK_PRE_STOP, true);
		expect_acts(&l, "signal(a) ");
		exits(&l, 0, 143);
		if (rows[i].again) {
			expect_acts(&l, "image(a) start(a) hook(a,post) ");
			expect_container(&l, "a", "state.waiting.reason", "PostStartHookError");
			expect_container(&l, "a", "lastState.terminated.exitCode", "143");
			expect_container(&l, "a", "restartCount", "0"); /* not told of yet */
			hook_ends(&l, 0, HOOK_POST_START, true);
			expect_container(&l, "a", "restartCount", "1");
			expect_phase(&l, "Running");
		} else {
			expect_acts(&l, "image(b) start(b) ");
			expect_container(&l, "a", "state.terminated.exitCode", "143");
		}
		end(&l);
	}
}

/* It ended while its hook was under way: the next run waits until the hook is off. */
static void test_ends_in_post_start(void **state)
{
	struct life l;
	begin(&l, LIVE(APPS(CTR("a", POST))));
	l.hold = 1u << ACT_HOOK;
	settle(&l);
	buf_clear(&l.acts);
	exits(&l, 0, 1);
	expect_acts(&l, "");
	hook_ends(&l, 0, HOOK_POST_START, false);
	expect_event(&l, "W FailedPostStartHook: PostStartHook failed\n");
	expect_acts(&l, "image(a) start(a) hook(a,post) ");
	hook_ends(&l, 0, HOOK_PRE_STOP, false); /* nobody asked for it */
	assert_null(strstr(buf_str(&l.events), "FailedPreStopHook"));
	end(&l);
}

/* Deleted meanwhile: the hook has the grace to return in. */
static void test_delete_in_post_start(void **state)
{
	struct life l;
	begin(&l, LIVE(APPS(CTR("a", BOTH))));
	l.hold = 1u << ACT_HOOK;
	settle(&l);
	buf_clear(&l.acts);
	deletes(&l, 10);
	expect_acts(&l, "");
	advance_s(&l, 4);
	hook_ends(&l, 0, HOOK_POST_START, true);
	expect_acts(&l, "hook(a,pre) ");
	end(&l);
	begin(&l, LIVE(APPS(CTR("a", BOTH))));
	l.hold = 1u << ACT_HOOK;
	settle(&l);
	buf_clear(&l.acts);
	deletes(&l, 10);
	advance_s(&l, 10);
	expect_acts(&l, "signal(a) ");
	advance_s(&l, 2);
	expect_acts(&l, "signal(a,9) ");
	end(&l);
}

/* ---- preStop and grace ---- */

/* When the hook returns (-1: never), when SIGTERM and SIGKILL come, in tenths of a second after the deletion. */
static void test_pre_stop_in_grace(void **state)
{
	static const struct {
		int grace_s, hook, term, kill;
	} rows[] = {
		{30, 0, 0, 300}, {30, 40, 40, 300}, {30, 295, 295, 315}, {30, -1, 300, 320}, {5, 49, 49, 69},
		{2, 5, 5, 25},	 {1, -1, 10, 30},   {0, -1, 10, 30},	 {0, 3, 3, 23},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct life l;
		int term = -1, kill = -1;
		lives(&l, LIVE(APPS(CTR("a", PRE))));
		l.hold = 1u << ACT_HOOK;
		buf_clear(&l.acts);
		deletes(&l, rows[i].grace_s);
		expect_event(&l, "N Killing: Stopping container a\n");
		expect_acts(&l, "hook(a,pre) ");
		for (int t = 0; t < 400 && kill < 0; t++) {
			if (t == rows[i].hook)
				hook_ends(&l, 0, HOOK_PRE_STOP, true);
			if (term < 0 && strstr(buf_str(&l.acts), "signal(a) "))
				term = t;
			if (kill < 0 && strstr(buf_str(&l.acts), "signal(a,9) "))
				kill = t;
			advance_s(&l, 0.1);
		}
		if (term != rows[i].term || kill != rows[i].kill)
			fail_msg("row %zu: SIGTERM at %d, SIGKILL at %d", i, term, kill);
		end(&l);
	}
}

static void test_pre_stop_fails(void **state)
{
	struct life l;
	lives(&l, LIVE(APPS(CTR("a", PRE))));
	l.hold = 1u << ACT_HOOK;
	deletes(&l, 30);
	buf_clear(&l.acts);
	hook_ends(&l, 0, HOOK_PRE_STOP, false);
	expect_event(&l, "W FailedPreStopHook: PreStopHook failed\n");
	expect_acts(&l, "signal(a) ");
	end(&l);
}

/* Who ended by itself has no preStop; a Pod that is over has none left to run it. */
static void test_no_pre_stop(void **state)
{
	struct life l;
	lives(&l, LIVE("'restartPolicy':'Never'," APPS(CTR("a", PRE) "," CTR("b", PRE))));
	buf_clear(&l.acts);
	exits(&l, 0, 0);
	expect_acts(&l, "");
	deletes(&l, 30);
	expect_acts(&l, "hook(b,pre) signal(b) ");
	end(&l);
}

/* The hooks of all run at the same time, and a second deletion leaves them less time. */
static void test_hooks_together(void **state)
{
	struct life l;
	lives(&l, LIVE(INITS(CTR("s", SIDE PRE)) APPS(CTR("a", PRE) "," CTR("b", PRE))));
	l.hold = 1u << ACT_HOOK;
	buf_clear(&l.acts);
	deletes(&l, 60);
	expect_acts(&l, "hook(a,pre) hook(b,pre) hook(s,pre) ");
	advance_s(&l, 5);
	hook_ends(&l, 1, HOOK_PRE_STOP, true);
	hook_ends(&l, 0, HOOK_PRE_STOP, true); /* the sidecar's turn has not come */
	expect_acts(&l, "signal(a) ");
	deletes(&l, 3);
	advance_s(&l, 2.9);
	expect_acts(&l, "");
	advance_s(&l, 0.1);
	expect_acts(&l, "signal(a,9) signal(b) signal(s) ");
	advance_s(&l, 2);
	expect_acts(&l, "signal(b,9) signal(s,9) ");
	end(&l);
}

/* The Pod is deleted while one of its containers is being killed for its probe. */
static void test_delete_in_a_kill(void **state)
{
	struct life l;
	lives(&l, LIVE(APPS(CTR("a", PROBE("livenessProbe", ",'terminationGracePeriodSeconds':60")))));
	probed(&l, 0, PROBE_LIVENESS, PROBE_FAILURE);
	buf_clear(&l.acts);
	buf_clear(&l.events);
	deletes(&l, 5);
	assert_int_equal(l.events.len, 0); /* it was told before */
	advance_s(&l, 5);
	expect_acts(&l, "signal(a,9) ");
	exits(&l, 0, 137);
	expect_acts(&l, "teardown ");
	end(&l);
}

static void test_stop_signal(void **state)
{
	static const struct {
		const char *gates, *acts;
	} rows[] = {{"ContainerStopSignals=true", "signal(a,sig) "}, {"", "signal(a) "}};
	struct err err = ERR_INIT;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct life l;
		gate_forget();
		assert_int_equal(gate_say(rows[i].gates, &err), 0);
		lives(&l, LIVE(APPS(CTR("a", ",'lifecycle':{'stopSignal':'SIGUSR1'}"))));
		buf_clear(&l.acts);
		deletes(&l, 5);
		expect_acts(&l, rows[i].acts);
		end(&l);
	}
	gate_forget();
}

/* ---- sidecars ---- */

#define SIDECARS                                                                                             \
	INITS(CTR("s1", SIDE) "," CTR("i", "") "," CTR("s2", SIDE)) APPS(CTR("a", "") "," CTR("b", ""))

static void begin_with_sidecars(struct life *l)
{
	lives(l, LIVE(SIDECARS));
	exits(l, 1, 0);
	expect_acts(l, "sandbox volumes image(s1) start(s1) image(i) start(i) "
		       "image(s2) start(s2) image(a) start(a) image(b) start(b) ");
}

static void test_sidecars_end_last(void **state)
{
	struct life l;
	begin_with_sidecars(&l);
	deletes(&l, 30);
	expect_acts(&l, "signal(a) signal(b) ");
	exits(&l, 3, 0);
	expect_acts(&l, "");
	advance_s(&l, 3);
	exits(&l, 4, 0);
	expect_acts(&l, "signal(s2) ");
	exits(&l, 2, 0);
	expect_acts(&l, "signal(s1) ");
	advance_s(&l, 27); /* the grace is the Pod's, not each one's */
	expect_acts(&l, "signal(s1,9) ");
	exits(&l, 0, 137);
	expect_acts(&l, "teardown ");
	expect_phase(&l, "Succeeded"); /* whatever became of a sidecar */
	end(&l);
}

/* Nothing of the grace is left: all that runs gets SIGTERM, and two seconds later SIGKILL. */
static void test_sidecars_without_grace(void **state)
{
	struct life l;
	begin_with_sidecars(&l);
	deletes(&l, 4);
	expect_acts(&l, "signal(a) signal(b) ");
	exits(&l, 3, 0);
	advance_s(&l, 4);
	expect_acts(&l, "signal(b,9) signal(s2) signal(s1) ");
	advance_s(&l, 1.9);
	expect_acts(&l, "");
	advance_s(&l, 0.1);
	expect_acts(&l, "signal(s2,9) signal(s1,9) ");
	end(&l);
}

/* Deleted before the app containers: a sidecar does not wait for an init container. */
static void test_delete_while_initializing(void **state)
{
	struct life l;
	lives(&l, LIVE(SIDECARS));
	buf_clear(&l.acts);
	deletes(&l, 30);
	expect_acts(&l, "signal(i) signal(s1) ");
	end(&l);
}

/* ---- killed by a probe ---- */

static void test_probe_kills(void **state)
{
	const struct {
		const char *pod;
		enum probe_kind kind;
		const char *event;
		int grace_s;
		bool again;
	} rows[] = {
		{LIVE(APPS(CTR("a", PROBE("livenessProbe", "")))), PROBE_LIVENESS,
		 "N Killing: Container a failed liveness probe, will be restarted\n", 30, true},
		{LIVE(APPS(CTR("a", PROBE("startupProbe", "")))), PROBE_STARTUP,
		 "N Killing: Container a failed startup probe, will be restarted\n", 30, true},
		{LIVE("'terminationGracePeriodSeconds':7," APPS(CTR("a", PROBE("livenessProbe", "")))),
		 PROBE_LIVENESS, "will be restarted\n", 7, true},
		{LIVE(APPS(CTR("a", PROBE("livenessProbe", ",'terminationGracePeriodSeconds':4")))),
		 PROBE_LIVENESS, "will be restarted\n", 4, true},
		{LIVE(APPS(CTR("a", PROBE("startupProbe", ",'terminationGracePeriodSeconds':9")
					    PROBE("livenessProbe", ",'terminationGracePeriodSeconds':4")))),
		 PROBE_STARTUP, "will be restarted\n", 9, true},
		{LIVE("'restartPolicy':'OnFailure'," APPS(CTR("a", PROBE("livenessProbe", "")))),
		 PROBE_LIVENESS, "N Killing: Container a failed liveness probe, will be restarted\n", 30,
		 true},
		{LIVE("'restartPolicy':'Never'," APPS(CTR("a", PROBE("livenessProbe", "")))), PROBE_LIVENESS,
		 "N Killing: Container a failed liveness probe\n", 30, false},
		{LIVE(INITS(CTR("a", SIDE PROBE("livenessProbe", ""))) APPS(CTR("b", ""))), PROBE_LIVENESS,
		 "N Killing: Init container a failed liveness probe\n", 30, true},
		{LIVE("'restartPolicy':'Never'," INITS(CTR("a", SIDE PROBE("startupProbe", "")))
			      APPS(CTR("b", ""))),
		 PROBE_STARTUP, "N Killing: Init container a failed startup probe\n", 30, true},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct life l;
		lives(&l, rows[i].pod);
		buf_clear(&l.acts);
		probed(&l, 0, rows[i].kind, PROBE_FAILURE);
		expect_acts(&l, "signal(a) ");
		expect_event(&l, rows[i].event);
		advance_s(&l, rows[i].grace_s - 0.1);
		expect_acts(&l, "");
		advance_s(&l, 0.1);
		expect_acts(&l, "signal(a,9) ");
		exits(&l, 0, 137);
		assert_int_equal(!!strstr(buf_str(&l.acts), "image(a) start(a) "), rows[i].again);
		if (!rows[i].again)
			expect_phase(&l, "Failed");
		/* What was found out about the run before says nothing of this one. */
		assert_int_equal(l.m.c[0].state == CTR_RUNNING && l.m.c[0].stop == STOP_NONE, rows[i].again);
		end(&l);
	}
}

/* The preStop hook runs in a probe's grace, too. */
static void test_probe_kill_with_hook(void **state)
{
	struct life l;
	lives(&l, LIVE(APPS(CTR("a", PRE PROBE("livenessProbe", ",'terminationGracePeriodSeconds':3")))));
	l.hold = 1u << ACT_HOOK;
	buf_clear(&l.acts);
	probed(&l, 0, PROBE_LIVENESS, PROBE_FAILURE);
	expect_acts(&l, "hook(a,pre) ");
	advance_s(&l, 3);
	expect_acts(&l, "signal(a) ");
	advance_s(&l, 2);
	expect_acts(&l, "signal(a,9) ");
	exits(&l, 0, 137);
	expect_acts(&l, ""); /* the hook has not let go of it */
	hook_ends(&l, 0, HOOK_PRE_STOP, false);
	expect_acts(&l, "image(a) start(a) ");
	end(&l);
}

/* A container that is killed every 75 s: started again at once until the back-off is longer than it ran. */
static void test_probe_back_off(void **state)
{
	static const int waits[] = {0, 0, 0, 0, 0, 80, 160, 300};
	struct life l;
	lives(&l, LIVE(APPS(CTR("a", PROBE("livenessProbe", "")))));
	for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
		advance_s(&l, 75);
		buf_clear(&l.acts);
		probed(&l, 0, PROBE_LIVENESS, PROBE_FAILURE);
		exits(&l, 0, 137);
		int64_t next = machine_next_ns(&l.m, l.now);
		int64_t wait = next == CLOCK_NEVER ? 0 : (next - l.now.mono_ns) / NS_PER_S;
		if (wait != waits[i])
			fail_msg("restart %zu after %d s", i, (int)wait);
		advance_s(&l, waits[i]);
		expect_acts(&l, "signal(a) image(a) start(a) ");
	}
	end(&l);
}

/* ---- another image ---- */

static void test_init_container_keeps_its_image(void **state)
{
	struct life l;
	lives(&l, LIVE(INITS(CTR("i", "")) APPS(CTR("a", ""))));
	buf_clear(&l.acts);
	becomes(&l, JSON("'name':'i','image':'i:1'"), JSON("'name':'i','image':'i:2'"));
	expect_acts(&l, "");
	end(&l);
	lives(&l, LIVE(INITS(CTR("s", SIDE)) APPS(CTR("a", ""))));
	buf_clear(&l.acts);
	becomes(&l, JSON("'name':'s','image':'i:1'"), JSON("'name':'s','image':'i:2'"));
	expect_acts(&l, "signal(s) ");
	expect_event(&l, "N Killing: Init container s definition changed\n");
	end(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_post_start_blocks),
		cmocka_unit_test(test_post_start_fails),
		cmocka_unit_test(test_ends_in_post_start),
		cmocka_unit_test(test_delete_in_post_start),
		cmocka_unit_test(test_pre_stop_in_grace),
		cmocka_unit_test(test_pre_stop_fails),
		cmocka_unit_test(test_no_pre_stop),
		cmocka_unit_test(test_hooks_together),
		cmocka_unit_test(test_delete_in_a_kill),
		cmocka_unit_test(test_stop_signal),
		cmocka_unit_test(test_sidecars_end_last),
		cmocka_unit_test(test_sidecars_without_grace),
		cmocka_unit_test(test_delete_while_initializing),
		cmocka_unit_test(test_probe_kills),
		cmocka_unit_test(test_probe_kill_with_hook),
		cmocka_unit_test(test_probe_back_off),
		cmocka_unit_test(test_init_container_keeps_its_image),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
