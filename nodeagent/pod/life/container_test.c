/* SPDX-License-Identifier: Apache-2.0 */
/* Single containers: restarts, init containers, images, what cannot be made or started. */
#include "base/gate.h"
#include "pod/life/life_test.h"

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

/* Policies and rules of single containers are upstream's alpha, off by default: the Pod's policy is what counts. */
static void test_no_policy_of_its_own(void **state)
{
#define RULED(own)                                                                                           \
	"\"containers\":[{\"name\":\"a\",\"image\":\"i:1\",\"restartPolicy\":\"" own                         \
	"\",\"restartPolicyRules\":[{\"action\":\"Restart\",\"exitCodes\":{\"operator\":\"In\",\"values\":[1]}}]}]"
	static const struct {
		const char *pod;
		bool again;
	} rows[] = {{POD(RULED("Never")), true},
		    {POD(RULED("OnFailure") ",\"restartPolicy\":\"Never\""), false},
		    {POD(RULED("Always") ",\"restartPolicy\":\"Never\""), false}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct life l;
		begin(&l, rows[i].pod);
		settle(&l);
		buf_clear(&l.acts);
		exits(&l, 0, 1);
		expect_acts(&l, rows[i].again ? "image(a) start(a) " : "teardown ");
		end(&l);
	}
}

/* With the gate a container has a policy of its own, and rules that say which codes start it again all the same. */
static void test_restart_rules(void **state)
{
#define OWN(policy, rules)                                                                                   \
	POD("\"restartPolicy\":\"" policy "\",\"containers\":[{\"name\":\"a\",\"image\":\"i:1\"" rules "}]")
#define RULES(policy, rules) ",\"restartPolicy\":\"" policy "\",\"restartPolicyRules\":[" rules "]"
#define RULE(operator, values)                                                                               \
	"{\"action\":\"Restart\",\"exitCodes\":{\"operator\":\"" operator"\",\"values\":[" values "]}}"
	static const struct {
		const char *pod;
		int code;
		const char *phase; /* Running: it is started again */
	} rows[] = {
		{OWN("Never", RULES("OnFailure", "")), 1, "Running"},
		{OWN("Never", RULES("OnFailure", "")), 0, "Succeeded"},
		{OWN("Never", RULES("Always", "")), 0, "Running"},
		{OWN("Always", RULES("Never", "")), 0, "Succeeded"},
		{OWN("Always", RULES("Never", "")), 7, "Failed"},
		{OWN("Always", RULES("OnFailure", "")), 0, "Succeeded"},
		{OWN("OnFailure", RULES("Never", "")), 1, "Failed"},
		{OWN("Never", RULES("Never", RULE("In", "42"))), 42, "Running"},
		{OWN("Never", RULES("Never", RULE("In", "42"))), 1, "Failed"},
		{OWN("Never", RULES("Never", RULE("In", "0"))), 0, "Running"},
		{OWN("Never", RULES("Never", RULE("In", "1,2,3"))), 3, "Running"},
		{OWN("Never", RULES("Never", RULE("In", ""))), 1, "Failed"},
		{OWN("Never", RULES("Never", RULE("NotIn", "42"))), 42, "Failed"},
		{OWN("Never", RULES("Never", RULE("NotIn", "42"))), 1, "Running"},
		{OWN("Never", RULES("Never", RULE("NotIn", ""))), 0, "Running"},
		{OWN("Never", RULES("Never", RULE("In", "1") "," RULE("In", "2"))), 2, "Running"},
		{OWN("Always", RULES("OnFailure", RULE("In", "1"))), 0, "Succeeded"},
		/* what the API server would not take */
		{OWN("Never", ",\"restartPolicyRules\":[" RULE("In", "1") "]"), 1, "Failed"},
		{OWN("Never", RULES("Never", "{\"action\":\"Rest\",\"exitCodes\":{\"operator\":\"In\","
					     "\"values\":[1]}}," RULE("In", "1"))),
		 1, "Failed"},
		{OWN("Never", RULES("Never", "{\"action\":\"Restart\"}")), 1, "Failed"},
	};
	struct err err = ERR_INIT;
	assert_int_equal(gate_say("ContainerRestartRules=true", &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct life l;
		begin(&l, rows[i].pod);
		settle(&l);
		buf_clear(&l.acts);
		exits(&l, 0, rows[i].code);
		bool again = !strcmp(rows[i].phase, "Running");
		if (!!strstr(buf_str(&l.acts), "start(a) ") != again)
			fail_msg("row %zu: %s", i, buf_str(&l.acts));
		expect_phase(&l, rows[i].phase);
		end(&l);
	}
	gate_forget();
}

/* Init containers, too: one that has failed for good fails the Pod, whatever its policy; 0 is through in any case. */
static void test_restart_rules_of_init(void **state)
{
#define OWN_INIT(policy, rules)                                                                              \
	POD("\"restartPolicy\":\"" policy "\",\"initContainers\":[{\"name\":\"i1\",\"image\":\"i:1\"" rules  \
	    "}]," ONE)
	static const struct {
		const char *pod;
		int code;
		const char *next, *phase;
	} rows[] = {
		{OWN_INIT("Never", RULES("OnFailure", "")), 1, "start(i1) ", "Pending"},
		{OWN_INIT("Never", RULES("Never", RULE("In", "42"))), 42, "start(i1) ", "Pending"},
		{OWN_INIT("Never", RULES("Never", RULE("In", "42"))), 1, "teardown ", "Failed"},
		{OWN_INIT("Always", RULES("Never", "")), 1, "teardown ", "Failed"},
		{OWN_INIT("Never", RULES("Never", RULE("In", "0"))), 0, "start(a) ", "Running"},
	};
	struct err err = ERR_INIT;
	assert_int_equal(gate_say("ContainerRestartRules=true", &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct life l;
		begin(&l, rows[i].pod);
		settle(&l);
		buf_clear(&l.acts);
		exits(&l, 0, rows[i].code);
		if (!strstr(buf_str(&l.acts), rows[i].next))
			fail_msg("row %zu: %s", i, buf_str(&l.acts));
		expect_phase(&l, rows[i].phase);
		end(&l);
	}
	gate_forget();
}

/* The Pod runs as long as one of its containers does, or is about to again. */
static void test_restart_rules_of_one(void **state)
{
	struct life l;
	struct err err = ERR_INIT;
	assert_int_equal(gate_say("ContainerRestartRules=true", &err), 0);
	begin(&l, POD("\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"a\",\"image\":\"i:1\"},"
		      "{\"name\":\"b\",\"image\":\"i:1\"" RULES("Never", RULE("In", "42")) "}]"));
	settle(&l);
	exits(&l, 1, 42);
	expect_container(&l, "b", "restartCount", "1");
	exits(&l, 0, 0);
	exits(&l, 1, 42);
	expect_container(&l, "b", "state.waiting.reason", "CrashLoopBackOff");
	expect_phase(&l, "Running");
	advance_s(&l, 10);
	expect_container(&l, "b", "restartCount", "2");
	exits(&l, 1, 0);
	expect_phase(&l, "Succeeded");
	end(&l);
	gate_forget();
}

/* The event of a kill tells by the container's own policy whether it comes back; rules are asked of its code only. */
static void test_own_policy_of_unhealthy(void **state)
{
#define PROBED ",\"livenessProbe\":{\"exec\":{\"command\":[\"x\"]}}"
	struct life l;
	struct err err = ERR_INIT;
	assert_int_equal(gate_say("ContainerRestartRules=true", &err), 0);
	begin(&l, OWN("Always", PROBED RULES("Never", RULE("In", "143"))));
	settle(&l);
	probed(&l, 0, PROBE_LIVENESS, PROBE_FAILURE);
	expect_event(&l, "N Killing: Container a failed liveness probe\n");
	buf_clear(&l.acts);
	exits(&l, 0, 143);
	expect_acts(&l, "image(a) start(a) ");
	end(&l);
	begin(&l, OWN("Never", PROBED RULES("OnFailure", "")));
	settle(&l);
	probed(&l, 0, PROBE_LIVENESS, PROBE_FAILURE);
	expect_event(&l, "N Killing: Container a failed liveness probe, will be restarted\n");
	end(&l);
	gate_forget();
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
		machine_image_pulling(&l.m, 0, "i:1");
		machine_image_failed(&l.m, 0, MACHINE_ERR_IMAGE_PULL, "no such host", l.now);
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
	machine_image_ok(&l.m, 0, 1200 * NS_PER_MS, 3400 * NS_PER_MS, 777, l.now);
	settle(&l);
	expect_event(
		&l,
		"N Pulled: Successfully pulled image \"i:1\" in 1.2s (3.4s including waiting). Image size: 777 bytes.");
	expect_phase(&l, "Running");
	end(&l);
}

/* An image that the container mounts is waited for in the same way; what is told of it is told of the Pod. */
static void test_volume_image_errors(void **state)
{
	struct life l;
	begin(&l, POD(ONE));
	l.hold = 1u << ACT_IMAGE;
	settle(&l);
	buf_clear(&l.acts);
	machine_image_pulling(&l.m, -1, "v:1");
	machine_volume_image_failed(&l.m, 0, "v:1", MACHINE_ERR_IMAGE_PULL, "no such host", l.now);
	settle(&l);
	expect_container(&l, "a", "state.waiting.reason", "ErrImagePull");
	expect_event(
		&l, "N Pulling: Pulling image \"v:1\"\nW Failed: Failed to pull image \"v:1\": no such host\n"
		    "W Failed: Error: ErrImagePull\n");
	advance_s(&l, 2);
	expect_container(&l, "a", "state.waiting.reason", "ImagePullBackOff");
	expect_container(&l, "a", "state.waiting.message",
			 "Back-off pulling image \"v:1\": ErrImagePull: no such host");
	expect_event(&l, "N BackOff: Back-off pulling image \"v:1\"\nW Failed: Error: ImagePullBackOff\n");
	advance_s(&l, 8);
	expect_acts(&l, "image(a) ");
	machine_volume_image_ok(&l.m, 0, "v:1", 1200 * NS_PER_MS, 3400 * NS_PER_MS, 777);
	settle(&l);
	expect_event(
		&l,
		"N Pulled: Successfully pulled image \"v:1\" in 1.2s (3.4s including waiting). Image size: 777 bytes.");
	expect_phase(&l, "Pending"); /* its own is still to come */
	machine_image_failed(&l.m, 0, MACHINE_ERR_IMAGE_PULL, "nor this one", l.now);
	advance_s(&l, 2);
	expect_container(&l, "a", "state.waiting.message",
			 "Back-off pulling image \"i:1\": ErrImagePull: nor this one");
	end(&l);
}

static void test_image_never(void **state)
{
	struct life l;
	begin(&l, POD(ONE));
	l.hold = 1u << ACT_IMAGE;
	settle(&l);
	machine_image_failed(&l.m, 0, MACHINE_ERR_IMAGE_NEVER_PULL, "not present", l.now);
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
	machine_create_failed(&l.m, 0, MACHINE_CREATE_CONFIG_ERROR, "configmap \"x\" not found", l.now);
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
	expect_container(&l, "a", "state.waiting.reason",
			 "RunContainerError"); /* until the next run is told of */
	expect_container(&l, "a", "lastState.terminated.reason", "StartError");
	expect_container(&l, "a", "lastState.terminated.exitCode", "128");
	machine_start_failed(&l.m, 0, &r, "exec: again", l.now);
	settle(&l);
	expect_container(&l, "a", "state.waiting.reason", "CrashLoopBackOff");
	expect_container(&l, "a", "restartCount", "1");
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

/* The same while it is being started, of the old image. */
static void test_new_image_while_starting(void **state)
{
	struct life l;
	begin(&l, POD(ONE ",\"restartPolicy\":\"Never\""));
	l.hold = 1u << ACT_START;
	settle(&l);
	buf_clear(&l.acts);
	change_image(&l, "i:2");
	expect_acts(&l, "");
	const struct runtime_user user = {.uid = 5, .gid = 6, .groups = {6, 7}, .n_groups = 2};
	const struct run_result r = {
		.id = "a0", .image = "i:1", .user = &user, .stop_signal = 3, .started_ns = l.now.wall_ns};
	machine_started(&l.m, 0, &r, l.now);
	assert_int_equal(l.m.c[0].cur.stop_signal, 3);
	assert_string_equal(l.m.c[0].cur.user,
			    "{\"linux\":{\"uid\":5,\"gid\":6,\"supplementalGroups\":[6,7]}}");
	l.hold = 0;
	settle(&l);
	expect_acts(&l, "signal(a) ");
	exits(&l, 0, 0);
	expect_acts(&l, "image(a) start(a) ");
	change_image(&l, "i:2"); /* no other one */
	expect_acts(&l, "");
	end(&l);
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
	machine_image_failed(&l.m, 0, MACHINE_ERR_IMAGE_PULL, "no", l.now);
	settle(&l);
	buf_clear(&l.acts);
	change_image(&l, "i:2");
	expect_acts(&l, "image(a) ");
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
		cmocka_unit_test(test_crash_loop),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_restart_policies),
		cmocka_unit_test(test_no_policy_of_its_own),
		cmocka_unit_test(test_restart_rules),
		cmocka_unit_test(test_restart_rules_of_init),
		cmocka_unit_test(test_restart_rules_of_one),
		cmocka_unit_test(test_own_policy_of_unhealthy),
		cmocka_unit_test(test_completion),
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_init_fails_for_good),
		cmocka_unit_test(test_sidecars),
		cmocka_unit_test(test_image_errors),
		cmocka_unit_test(test_volume_image_errors),
		cmocka_unit_test(test_image_never),
		cmocka_unit_test(test_create_errors),
		cmocka_unit_test(test_new_image),
		cmocka_unit_test(test_new_image_while_starting),
		cmocka_unit_test(test_every_cell),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
