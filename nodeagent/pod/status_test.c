/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>

#include "base/gate.h"
#include "object/condition.h"
#include "pod/make_test.h"
#include "pod/status.h"
#include "object/json_test.h"

static js *parse(const char *s)
{
	struct err err = ERR_INIT;
	js *o = js_parse(s, strlen(s), NULL, &err);
	assert_non_null(o);
	return o;
}

#define COND(type, status, more) "{\"type\":\"" type "\",\"status\":\"" status "\"" more "}"

static const struct status_node node = {"1.2.3.4", "coracle"};

static void expect_patch(struct status_known *known, const struct machine *m, int64_t now_s, const char *want)
{
	autojson js *patch = status_patch(known, m, &node, now_s * NS_PER_S, known);
	autobuf struct buf b = BUF_INIT;
	if (patch)
		js_write(&b, js_obj(patch, "status", NULL));
	assert_string_equal(buf_str(&b), want);
}

#define CONTAINER                                                                                             \
	"{\"name\":\"a\",\"state\":{\"running\":{\"startedAt\":\"1970-01-01T00:00:00Z\"}},\"lastState\":{},"  \
	"\"ready\":true,\"restartCount\":0,\"image\":\"i\",\"imageID\":\"\",\"containerID\":\"coracle://x\"," \
	"\"started\":true,\"resources\":{}}"

/* Each mount is told of, and whether what is read-only is so in its depth. */
static void test_volume_mounts(void **state)
{
	struct pod *p = make_pod(JSON(
		"{'metadata':{'name':'p','uid':'u'},'spec':{'containers':[{'name':'a','image':'i','volumeMounts':["
		"{'name':'x','mountPath':'/x'},{'name':'y','mountPath':'/y','readOnly':true},"
		"{'name':'z','mountPath':'/z','readOnly':true,'recursiveReadOnly':'IfPossible'},"
		"{'name':'d','mountPath':'/d','readOnly':true,'recursiveReadOnly':'Disabled'}]},"
		"{'name':'b','image':'i'}]}}"));
	struct machine m;
	machine_init(&m, p, (struct instant){0, 0});
	autojson js *whole = status_build(&m, &node, NULL, NS_PER_S);
	autobuf struct buf b = BUF_INIT;
	js_write(&b, js_arr(status_container(whole, "a"), "volumeMounts", NULL));
	assert_string_equal(
		buf_str(&b),
		JSON("[{'name':'x','mountPath':'/x'},{'name':'y','mountPath':'/y','readOnly':true,'recursiveReadOnly':'Disabled'},"
		     "{'name':'z','mountPath':'/z','readOnly':true,'recursiveReadOnly':'Enabled'},"
		     "{'name':'d','mountPath':'/d','readOnly':true,'recursiveReadOnly':'Disabled'}]"));
	assert_null(js_arr(status_container(whole, "b"), "volumeMounts", NULL));
	machine_release(&m);
	free_pod(p);
}

/* The signal of the run that is shown, by the name that the Pod has for it. */
static void test_stop_signal(void **state)
{
	static const struct {
		const char *gates, *said;
		int sig;
		const char *want;
	} rows[] = {
		{"ContainerStopSignals=true", "SIGUSR1", SIGUSR1, "SIGUSR1"},
		{"ContainerStopSignals=true", "SIGCLD", SIGCHLD, "SIGCLD"},
		{"ContainerStopSignals=true", "", SIGCHLD, "SIGCHLD"},
		{"ContainerStopSignals=true", "", SIGTERM, "SIGTERM"},
		/* it was begun before that was said */
		{"ContainerStopSignals=true", "SIGUSR1", SIGTERM, "SIGTERM"},
		{"ContainerStopSignals=true", "", 0, NULL},
		{"", "SIGUSR1", SIGUSR1, NULL},
	};
	struct err err = ERR_INIT;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[256];
		snprintf(
			text, sizeof(text),
			JSON("{'metadata':{'name':'p','uid':'u'},'spec':{'containers':[{'name':'a','image':'i',"
			     "'lifecycle':{'stopSignal':'%s'}}]}}"),
			rows[i].said);
		gate_forget();
		assert_int_equal(gate_say(rows[i].gates, &err), 0);
		struct pod *p = make_pod(text);
		struct machine m;
		machine_init(&m, p, (struct instant){0, 0});
		autojson js *waits = status_build(&m, &node, NULL, NS_PER_S);
		assert_null(js_str(status_container(waits, "a"), "stopSignal", NULL));
		m.c[0].state = CTR_RUNNING;
		m.c[0].cur.id = mem_strdup("x");
		m.c[0].cur.stop_signal = rows[i].sig;
		autojson js *runs = status_build(&m, &node, NULL, NS_PER_S);
		const char *got = js_str(status_container(runs, "a"), "stopSignal", NULL);
		if (!got != !rows[i].want || (got && strcmp(got, rows[i].want) != 0))
			fail_msg("row %zu: %s", i, got);
		machine_release(&m);
		free_pod(p);
	}
	gate_forget();
}

/* Only the parts that changed travel; what the API has already is not said again. */
static void test_patch(void **state)
{
	struct pod *p = make_pod(JSON("{'metadata':{'name':'p','uid':'u'},'spec':{"
				      "'containers':[{'name':'a','image':'i'}]}}"));
	struct status_known known = {0}, again;
	struct machine m;
	machine_init(&m, p, (struct instant){0, 0});
	autojson js *whole = status_build(&m, &node, NULL, NS_PER_S),
		    *first = status_patch(&known, &m, &node, NS_PER_S, &known);
	assert_string_equal(js_str0(first, "metadata", "uid", NULL), "u");
	assert_true(js_equal(whole, js_obj(first, "status", NULL)));
	expect_patch(&known, &m, 5, "");
	/* The same status read back, with what others have put there. */
	js_set_str(whole, "resize", "x");
	js_push(js_arr(whole, "conditions", NULL), parse(JSON("{'type':'Theirs','status':'True'}")));
	status_known_read(&again, whole);
	expect_patch(&again, &m, 5, "");
	struct runtime_sandbox s = {.id = "s", .ips = {"10.0.0.1"}};
	machine_sandbox_up(&m, &s);
	expect_patch(&known, &m, 6,
		     JSON("{'podIP':'10.0.0.1','podIPs':[{'ip':'10.0.0.1'}],'conditions':["
			  "{'type':'PodReadyToStartContainers','status':'True','observedGeneration':0,"
			  "'lastTransitionTime':'1970-01-01T00:00:06Z'}]}"));
	m.c[0].state = CTR_RUNNING;
	m.c[0].cur.id = mem_strdup("x");
	/* A field that is gone is named. */
	expect_patch(&known, &m, 7,
		     "{\"phase\":\"Running\",\"containerStatuses\":[" CONTAINER "],\"conditions\":["
		     "{\"type\":\"Ready\",\"status\":\"True\",\"observedGeneration\":0,"
		     "\"lastTransitionTime\":\"1970-01-01T00:00:07Z\",\"reason\":null,\"message\":null},"
		     "{\"type\":\"ContainersReady\",\"status\":\"True\",\"observedGeneration\":0,"
		     "\"lastTransitionTime\":\"1970-01-01T00:00:07Z\",\"reason\":null,\"message\":null}]}");
	/* Being deleted it is not ready at once, though its containers still are. */
	m.deleting = true;
	expect_patch(&known, &m, 8,
		     JSON("{'conditions':[{'type':'Ready','status':'False','observedGeneration':0,"
			  "'lastTransitionTime':'1970-01-01T00:00:08Z','reason':'PodTerminating'}]}"));
	/* Another address takes the place of the one before. */
	memcpy(m.ips[0], "10.0.0.2", sizeof("10.0.0.2"));
	expect_patch(&known, &m, 8,
		     JSON("{'podIP':'10.0.0.2','podIPs':[{'ip':'10.0.0.2'},{'$patch':'replace'}]}"));
	expect_patch(&known, &m, 8, "");
	/* An address outlives its sandbox. */
	*m.ips[0] = '\0';
	expect_patch(&known, &m, 9, "");
	machine_release(&m);
	free_pod(p);
}

/* Ready is told again when somebody else has changed it, and only then. */
static void test_ready_of_others(void **state)
{
	static const struct {
		const char *known, *now;
		bool theirs;
	} rows[] = {
		{COND("Ready", "True", ""), "{\"conditions\":[" COND("Ready", "True", "") "]}", false},
		{COND("Ready", "True", ""), "{\"conditions\":[" COND("Ready", "False", "") "]}", true},
		{COND("Ready", "True", ""), "{}", true},
		{COND("Ready", "False", ""), "{\"conditions\":[" COND("Ready", "True", "") "]}", true},
		{COND("Ready", "False", ""), "{\"conditions\":[" COND("x", "True", "") "]}", false},
		{COND("Initialized", "True", ""), "{\"conditions\":[" COND("Initialized", "False", "") "]}",
		 false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autofree char *text = mem_printf("{\"conditions\":[%s]}", rows[i].known);
		autojson js *before = js_parse(text, strlen(text), NULL, &err);
		struct status_known known;
		status_known_read(&known, before);
		if (status_known_correct(&known, rows[i].now) != rows[i].theirs)
			fail_msg("row %zu", i);
		assert_false(status_known_correct(&known, rows[i].now));
	}
}

/* A condition keeps its transition time until its status changes. */
static void test_transition_times(void **state)
{
	struct pod *p =
		make_pod(JSON("{'metadata':{'name':'p','namespace':'n','uid':'u'},'spec':{'containers':["
			      "{'name':'b','image':'i'},{'name':'a','image':'i'}]}}"));
	struct machine m;
	machine_init(&m, p, (struct instant){0, 0});
	struct status_known known;
	autojson js *first = status_build(&m, &node, NULL, 10 * NS_PER_S);
	status_known_read(&known, first);
	struct runtime_sandbox s = {.id = "s", .ips = {"10.0.0.1", "fd00::1"}};
	machine_sandbox_up(&m, &s);
	autojson js *second = status_build(&m, &node, &known, 20 * NS_PER_S);
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_volume_mounts),
					   cmocka_unit_test(test_stop_signal),
					   cmocka_unit_test(test_patch),
					   cmocka_unit_test(test_ready_of_others),
					   cmocka_unit_test(test_transition_times),
					   cmocka_unit_test(test_readiness_gates)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
