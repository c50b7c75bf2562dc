/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent finds that begins anew. */
#include "pod/life/life_test.h"

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
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adopt_running),	   cmocka_unit_test(test_adopt_other_image),
		cmocka_unit_test(test_adopt_after_reboot), cmocka_unit_test(test_adopt_finished),
		cmocka_unit_test(test_adopt_between_runs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
