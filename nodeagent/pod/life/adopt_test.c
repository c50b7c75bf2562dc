/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent finds that begins anew. */
#include <signal.h>
#include "pod/life/life_test.h"
#include "object/json_test.h"

/* ---- adoption ---- */

static void test_adopt_running(void **state)
{
	struct runtime_list_sandbox sandbox = {.s = {.id = "sb", .ips = {"10.244.0.9"}, .ready = true},
					       .pod_uid = "u1"};
	struct runtime_list_container ctr = {
		.c = {.id = "a3", .state = RUNTIME_RUNNING, .started_ns = T0, .stop_signal = 3},
		.pod_uid = "u1",
		.name = "a",
		.image_ref = "i:1",
		.digest_ref = "i@sha256:1",
		.attempt = 3};
	struct runtime_list list = {&sandbox, 1, &ctr, 1};
	static const char status_text[] =
		"{\"startTime\":\"2025-12-31T00:00:00Z\",\"containerStatuses\":[{\"name\":\"a\",\"restartCount\":3,\"stopSignal\":\"SIGUSR1\","
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
	assert_int_equal(l.m.c[0].cur.stop_signal, 3);
	assert_int_equal(l.m.c[0].prev.stop_signal, SIGUSR1);
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

/* The Pod's image was changed while there was no agent: what runs is another one's. */
static void test_adopt_other_image(void **state)
{
	struct runtime_list_sandbox sandbox = {.s = {.id = "sb", .ips = {"10.244.0.9"}, .ready = true},
					       .pod_uid = "u1"};
	static const struct {
		const char *asked;
		bool restarts;
	} rows[] = {{"old:1", true}, {"i:1", false}, {"", false}, {NULL, false}};
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct runtime_list_container ctr = {
			.c = {.id = "a3", .state = RUNTIME_RUNNING, .started_ns = T0},
			.pod_uid = "u1",
			.name = "a",
			.image_ref = "docker.io/library/i:1", /* as the image's store calls it */
			.image_asked = (char *)rows[k].asked,
			.attempt = 3};
		struct runtime_list list = {&sandbox, 1, &ctr, 1};
		struct life l;
		begin(&l, POD(ONE));
		machine_adopt(&l.m, NULL, &list, l.now);
		settle(&l);
		expect_acts(&l, rows[k].restarts ? "volumes signal(a) " : "volumes ");
		end(&l);
	}
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

/* The agent died after it had made the next run and before that was started, or before anybody was told of it. */
static void test_adopt_between_runs(void **state)
{
	struct runtime_list_sandbox sandbox = {.s = {.id = "sb", .ips = {"10.244.0.9"}, .ready = true},
					       .pod_uid = "u1"};
	struct runtime_list_container ctr = {
		.c = {.id = "a3", .state = RUNTIME_CREATED}, .pod_uid = "u1", .name = "a", .attempt = 3};
	struct runtime_list list = {&sandbox, 1, &ctr, 1};
	static const char status_text[] =
		"{\"containerStatuses\":[{\"name\":\"a\",\"restartCount\":2,"
		"\"state\":{\"terminated\":{\"exitCode\":9,\"reason\":\"Error\",\"containerID\":\"coracle://a2\","
		"\"finishedAt\":\"2025-12-31T01:00:00Z\"}},"
		"\"lastState\":{\"terminated\":{\"exitCode\":7,\"reason\":\"Error\",\"containerID\":\"coracle://a1\","
		"\"finishedAt\":\"2025-12-31T00:00:00Z\"}}}]}";
	struct err err = ERR_INIT;
	autojson js *old = js_parse(status_text, strlen(status_text), NULL, &err);
	struct life l;
	begin(&l, POD(ONE));
	l.hold = 1u << ACT_START;
	machine_adopt(&l.m, old, &list, l.now);
	settle(&l);
	expect_acts(&l, "volumes image(a) start(a) ");
	expect_container(&l, "a", "restartCount", "2"); /* as it was told before */
	expect_container(&l, "a", "state.terminated.exitCode", "9");
	expect_container(&l, "a", "lastState.terminated.exitCode", "7");
	assert_int_equal(l.m.c[0].attempt, 3);
	end(&l);
	ctr.c.state = RUNTIME_RUNNING;
	ctr.c.started_ns = T0;
	begin(&l, POD(ONE));
	machine_adopt(&l.m, old, &list, l.now);
	settle(&l);
	expect_container(&l, "a", "restartCount", "3");
	expect_container(&l, "a", "lastState.terminated.exitCode", "9");
	end(&l);
	/* The API has not heard of the last runs. */
	ctr.c.state = RUNTIME_CREATED;
	ctr.attempt = 5;
	begin(&l, POD(ONE));
	machine_adopt(&l.m, old, &list, l.now);
	assert_int_equal(l.m.c[0].attempt, 5);
	end(&l);
	begin(&l, POD(ONE));
	machine_adopt(&l.m, NULL, &list, l.now);
	assert_int_equal(l.m.c[0].attempt, 5);
	end(&l);
}

/* It had ended and was taken down; the API server was away. */
static void test_adopt_ended(void **state)
{
	struct runtime_list nothing = {0};
	static const char text[] =
		"{\"phase\":\"Succeeded\",\"startTime\":\"2025-12-31T00:00:00Z\",\"containerStatuses\":[{\"name\":\"a\","
		"\"restartCount\":2,\"state\":{\"terminated\":{\"exitCode\":0,\"reason\":\"Completed\","
		"\"message\":\"bye\",\"containerID\":\"coracle://a2\",\"finishedAt\":\"2025-12-31T01:00:00Z\"}}}]}";
	struct err err = ERR_INIT;
	autojson js *last = js_parse(text, strlen(text), NULL, &err);
	struct life l;
	begin(&l, POD(ONE));
	machine_adopt_ended(&l.m, last, &nothing, l.now);
	settle(&l);
	expect_acts(&l, ""); /* nothing is done again */
	expect_phase(&l, "Succeeded");
	expect_container(&l, "a", "restartCount", "2");
	expect_container(&l, "a", "state.terminated.message", "bye");
	assert_false(l.m.settled); /* it is still to be told */
	end(&l);
	js_set_str(last, "phase", "Failed");
	js_set_str(last, "reason", "Evicted");
	begin(&l, POD(ONE));
	machine_adopt_ended(&l.m, last, &nothing, l.now);
	settle(&l);
	expect_phase(&l, "Failed");
	assert_string_equal(l.m.reason, "Evicted");
	end(&l);
}

/* ---- an agent that comes back in the middle of something ---- */

#define CTR(name, more) "{'name':'" name "','image':'i:1'" more "}"
#define EXEC "{'exec':{'command':['x']}}"
#define LIVE(meta, spec)                                                                                     \
	JSON("{'metadata':{'name':'p','namespace':'ns','uid':'u1','generation':1" meta "},'spec':{" spec "}}")
#define TOLD(name, more)                                                                                     \
	"{'name':'" name "','containerID':'coracle://" name                                                  \
	"0','state':{'running':{'startedAt':'2025-12-31T00:00:00Z'}}" more "}"

/* All of the containers `names` run, as `told` says. */
static void comes_back(struct life *l, const char *pod, const char *const *names, const char *told)
{
	struct runtime_list_sandbox sandbox = {.s = {.id = "sb", .ips = {"10.244.0.9"}, .ready = true},
					       .pod_uid = "u1"};
	struct runtime_list_container ctrs[4] = {0};
	struct runtime_list list = {&sandbox, 1, ctrs, 0};
	struct err err = ERR_INIT;
	autojson js *old = js_parse(told, strlen(told), NULL, &err);
	assert_non_null(old);
	for (; names[list.n_containers]; list.n_containers++) {
		struct runtime_list_container *c = &ctrs[list.n_containers];
		*c = (struct runtime_list_container){.c = {.state = RUNTIME_RUNNING, .started_ns = T0},
						     .pod_uid = (char *)"u1",
						     .name = (char *)names[list.n_containers]};
		snprintf(c->c.id, sizeof(c->c.id), "%s0", c->name);
	}
	begin(l, pod);
	machine_adopt(&l->m, old, &list, l->now);
	settle(l);
}

/* Ready and started are what they were until a probe says otherwise; of a run that the API was not told of nothing is known. */
static void test_back_with_probes(void **state)
{
	static const char *const names[] = {"a", NULL};
	const char *pod =
		LIVE("", "'containers':[" CTR("a", ",'startupProbe':" EXEC ",'readinessProbe':" EXEC) "]");
	const struct {
		const char *told, *started, *ready;
	} rows[] = {
		{JSON("{'containerStatuses':[" TOLD("a", ",'started':true,'ready':true") "]}"), "true",
		 "true"},
		{JSON("{'containerStatuses':[" TOLD("a", ",'started':true,'ready':false") "]}"), "true",
		 "false"},
		{JSON("{'containerStatuses':[" TOLD("a", ",'started':false,'ready':false") "]}"), "false",
		 "false"},
		{JSON("{'containerStatuses':[{'name':'a','containerID':'coracle://old','started':true,'ready':true,"
		      "'state':{'running':{}}}]}"),
		 "false", "false"},
		{"{}", "false", "false"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct life l;
		comes_back(&l, pod, names, rows[i].told);
		expect_container(&l, "a", "started", rows[i].started);
		expect_container(&l, "a", "ready", rows[i].ready);
		end(&l);
	}
}

/* A postStart hook that was under way is not run again: the container runs. */
static void test_back_in_post_start(void **state)
{
	static const char *const names[] = {"a", NULL};
	struct life l;
	comes_back(&l,
		   LIVE("", "'containers':[" CTR("a", ",'lifecycle':{'postStart':" EXEC "}") "," CTR("b",
												     "") "]"),
		   names, "{}");
	expect_acts(&l, "volumes image(b) start(b) ");
	expect_container(&l, "a", "ready", "true");
	end(&l);
}

/* A stop that was under way begins anew: the whole grace, the hook, the order. */
static void test_back_in_a_stop(void **state)
{
	static const char *const names[] = {"s", "a", NULL};
	struct life l;
	const char *pod =
		LIVE(",'deletionTimestamp':'2025-12-31T23:59:59Z','deletionGracePeriodSeconds':20",
		     "'initContainers':[" CTR("s", ",'restartPolicy':'Always'") "],'containers':[" CTR(
			     "a", ",'lifecycle':{'preStop':" EXEC "}") "]");
	comes_back(&l, pod, names, "{}");
	expect_acts(&l, "hook(a,pre) signal(a) ");
	advance_s(&l, 19.9);
	expect_acts(&l, "");
	advance_s(&l, 0.1);
	expect_acts(&l, "signal(a,9) signal(s) ");
	end(&l);
}

/* In the middle of the init containers: a sidecar that is started lets the next one go on, one that is not does not. */
static void test_back_while_initializing(void **state)
{
	static const char *const names[] = {"s", NULL};
	const char *pod = LIVE(
		"", "'initContainers':[" CTR("s", ",'restartPolicy':'Always','startupProbe':" EXEC) "," CTR(
			    "i", "") "],'containers':[" CTR("a", "") "]");
	struct life l;
	comes_back(&l, pod, names, JSON("{'initContainerStatuses':[" TOLD("s", ",'started':true") "]}"));
	expect_acts(&l, "volumes image(i) start(i) ");
	end(&l);
	comes_back(&l, pod, names, JSON("{'initContainerStatuses':[" TOLD("s", ",'started':false") "]}"));
	expect_acts(&l, "volumes ");
	probed(&l, 0, PROBE_STARTUP, PROBE_SUCCESS);
	expect_acts(&l, "image(i) start(i) ");
	end(&l);
}

/* The app container runs: no init container is run again, although nobody knows of one any more; a sidecar is. */
static void test_back_when_initialized(void **state)
{
	static const char *const names[] = {"a", NULL};
	struct life l;
	comes_back(&l,
		   LIVE("", "'initContainers':[" CTR("i", "") "," CTR(
				    "s", ",'restartPolicy':'Always'") "],'containers':[" CTR("a", "") "]"),
		   names, "{}");
	expect_acts(&l, "volumes image(s) start(s) ");
	expect_condition(&l, "Initialized", "True", "", "");
	end(&l);
}

/* An ephemeral container that is gone with its runtime's memory is not started a second time. */
static void test_back_after_an_ephemeral(void **state)
{
	static const char *const names[] = {"a", NULL};
	struct life l;
	comes_back(&l, LIVE("", "'containers':[" CTR("a", "") "],'ephemeralContainers':[" CTR("e", "") "]"),
		   names, JSON("{'ephemeralContainerStatuses':[" TOLD("e", "") "]}"));
	expect_acts(&l, "volumes ");
	expect_container(&l, "e", "state.terminated.reason", "ContainerStatusUnknown");
	end(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adopt_running),	      cmocka_unit_test(test_adopt_other_image),
		cmocka_unit_test(test_adopt_after_reboot),    cmocka_unit_test(test_adopt_finished),
		cmocka_unit_test(test_adopt_between_runs),    cmocka_unit_test(test_adopt_ended),
		cmocka_unit_test(test_back_with_probes),      cmocka_unit_test(test_back_in_post_start),
		cmocka_unit_test(test_back_in_a_stop),	      cmocka_unit_test(test_back_while_initializing),
		cmocka_unit_test(test_back_when_initialized), cmocka_unit_test(test_back_after_an_ephemeral),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
