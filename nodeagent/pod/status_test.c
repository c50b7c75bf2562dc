/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "object/condition.h"
#include "pod/make_test.h"
#include "pod/status.h"

static js *parse(const char *s)
{
	struct err err = ERR_INIT;
	js *o = js_parse(s, strlen(s), NULL, &err);
	assert_non_null(o);
	return o;
}

static void expect_patch(const char *old_text, const char *new_text, const char *want)
{
	autojson js *old = old_text ? parse(old_text) : NULL, *new = parse(new_text);
	autojson js *patch = status_patch(old, new, "u1");
	autobuf struct buf b = BUF_INIT;
	if (patch)
		js_write(&b, patch);
	assert_string_equal(buf_str(&b), want);
}

#define COND(type, status, more) "{\"type\":\"" type "\",\"status\":\"" status "\"" more "}"

static void test_patch(void **state)
{
	/* Nothing changed: nothing is sent, whatever else the API's status holds. */
	expect_patch(
		"{\"phase\":\"Running\",\"resize\":\"x\",\"conditions\":[" COND("Ready", "True", "") "]}",
		"{\"phase\":\"Running\",\"conditions\":[" COND("Ready", "True", "") "]}", "");
	/* Only the conditions that changed travel, and a field that is gone is named. */
	expect_patch(
		"{\"phase\":\"Running\",\"conditions\":[" COND(
			"Ready", "False",
			",\"reason\":\"R\",\"message\":\"m\"") "," COND("PodScheduled", "True",
									"") "," COND("Theirs", "True",
										     "") "]}",
		"{\"phase\":\"Running\",\"conditions\":[" COND("Ready", "True", "") "," COND("PodScheduled",
											     "True", "") "]}",
		"{\"metadata\":{\"uid\":\"u1\"},\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\","
		"\"reason\":null,\"message\":null}]}}");
	expect_patch(
		"{\"phase\":\"Running\",\"podIP\":\"1\",\"conditions\":[]}",
		"{\"phase\":\"Failed\",\"reason\":\"X\",\"conditions\":[]}",
		"{\"metadata\":{\"uid\":\"u1\"},\"status\":{\"phase\":\"Failed\",\"reason\":\"X\",\"podIP\":null}}");
	expect_patch(NULL, "{\"phase\":\"Pending\"}",
		     "{\"metadata\":{\"uid\":\"u1\"},\"status\":{\"phase\":\"Pending\"}}");
}

/* A condition keeps its transition time until its status changes. */
static void test_transition_times(void **state)
{
	struct pod *p = make_pod(
		"{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\"},\"spec\":{\"containers\":["
		"{\"name\":\"b\",\"image\":\"i\"},{\"name\":\"a\",\"image\":\"i\"}]}}");
	const struct status_node node = {"1.2.3.4", "coracle"};
	struct machine m;
	machine_init(&m, p, (struct instant){0, 0});
	autojson js *first = status_build(&m, &node, NULL, 10 * NS_PER_S);
	struct runtime_sandbox s = {.id = "s", .ips = {"10.0.0.1", "fd00::1"}};
	machine_sandbox_up(&m, &s);
	autojson js *second = status_build(&m, &node, first, 20 * NS_PER_S);
	const js *ready = condition_find(js_arr(second, "conditions", NULL), "Ready");
	const js *start = condition_find(js_arr(second, "conditions", NULL), "PodReadyToStartContainers");
	assert_string_equal(js_str0(ready, "lastTransitionTime", NULL), "1970-01-01T00:00:10Z");
	assert_string_equal(js_str0(start, "lastTransitionTime", NULL), "1970-01-01T00:00:20Z");
	assert_string_equal(js_str0(js_at(js_arr(second, "podIPs", NULL), 1), "ip", NULL), "fd00::1");
	/* App containers are listed by name. */
	assert_string_equal(js_str0(js_at(js_arr(second, "containerStatuses", NULL), 0), "name", NULL), "a");
	machine_release(&m);
	free_pod(p);
}

static void test_readiness_gates(void **state)
{
	static const struct {
		const char *status, *is, *message;
	} rows[] = {
		{"{}", "False", "corresponding condition of pod readiness gate \"g\" does not exist."},
		{"{\"conditions\":[" COND("g", "False", "") "]}", "False",
		 "the status of pod readiness gate \"g\" is not \"True\", but False"},
		{"{\"conditions\":[" COND("g", "True", "") "]}", "True", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = mem_printf(
			"{\"metadata\":{\"name\":\"p\",\"uid\":\"u\"},\"spec\":{\"readinessGates\":["
			"{\"conditionType\":\"g\"}],\"containers\":[{\"name\":\"a\",\"image\":\"i\"}]},\"status\":%s}",
			rows[i].status);
		struct pod *p = make_pod(text);
		const struct status_node node = {"1.2.3.4", "coracle"};
		struct machine m;
		machine_init(&m, p, (struct instant){0, 0});
		m.c[0].state = CTR_RUNNING;
		m.c[0].cur.id = mem_strdup("x");
		autojson js *st = status_build(&m, &node, NULL, 0);
		const js *ready = condition_find(js_arr(st, "conditions", NULL), "Ready");
		assert_string_equal(js_str0(ready, "status", NULL), rows[i].is);
		assert_string_equal(js_str0(ready, "message", NULL), rows[i].message);
		const js *all = condition_find(js_arr(st, "conditions", NULL), "ContainersReady");
		assert_string_equal(js_str0(all, "status", NULL), "True");
		machine_release(&m);
		free_pod(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_patch),
					   cmocka_unit_test(test_transition_times),
					   cmocka_unit_test(test_readiness_gates)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
