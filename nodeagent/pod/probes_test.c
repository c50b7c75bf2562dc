/* SPDX-License-Identifier: Apache-2.0 */
/* After upstream's pkg/kubelet/prober/worker_test.go and prober_test.go. */
#include "pod/scene_test.h"

#define LIVE "'livenessProbe':{'exec':{'command':['live']}"
#define READY "'readinessProbe':{'exec':{'command':['ready']}"
#define START "'startupProbe':{'exec':{'command':['start']}"

static enum probe_result result(struct scene *s, enum probe_kind k)
{
	return s->w->m.c[0].probed[k];
}

static void expect_asked(struct scene *s, int n)
{
	assert_int_equal(s->asked, n);
}

/* At once, and then every period; the delay is looked at when it ticks. */
static void test_ticks(void **state)
{
	struct scene s;
	scene_begin(&s, JSON(LIVE ",'periodSeconds':4}"));
	expect_asked(&s, 1);
	scene_advance(&s, 3.5);
	expect_asked(&s, 1);
	scene_advance(&s, 0.5);
	expect_asked(&s, 2);
	scene_advance(&s, 8);
	expect_asked(&s, 4);
	assert_int_equal(result(&s, PROBE_LIVENESS), PROBE_SUCCESS);
	scene_end(&s);
	scene_begin(&s, JSON(READY ",'periodSeconds':4,'initialDelaySeconds':5}"));
	scene_advance(&s, 7.5);
	expect_asked(&s, 0);
	scene_advance(&s, 0.5);
	expect_asked(&s, 1);
	scene_end(&s);
}

/* What was answered is counted, over the runs of a container; an error is no answer. */
static void test_series(void **state)
{
	struct scene s;
	autobuf struct buf b = BUF_INIT;
	scene_begin(&s, JSON(LIVE ",'periodSeconds':1,'failureThreshold':3}"));
	probes_write(s.w, TALLY_TOTAL, &b);
	assert_non_null(strstr(buf_str(&b), "probe_type=\"Liveness\",result=\"successful\"} 1\n"));
	assert_null(strstr(buf_str(&b), "failed"));
	s.code = 1;
	scene_advance(&s, 2);
	s.code = 0;
	scene_run(&s, "run2");
	buf_clear(&b);
	probes_write(s.w, TALLY_TOTAL, &b);
	assert_non_null(strstr(buf_str(&b), "result=\"failed\"} 2\n"));
	assert_non_null(strstr(buf_str(&b), "result=\"successful\"} 2\n"));
	probes_write(s.w, TALLY_DURATION, &b);
	assert_non_null(strstr(buf_str(&b), "probe_type=\"Liveness\"} 2\n"));
	scene_end(&s);
}

/* A liveness probe that has failed asks no more, until there is a new run. */
static void test_liveness(void **state)
{
	struct scene s;
	scene_begin(&s, JSON(LIVE ",'periodSeconds':1,'failureThreshold':3}"));
	assert_int_equal(result(&s, PROBE_LIVENESS), PROBE_SUCCESS);
	s.code = 1;
	scene_advance(&s, 2);
	assert_int_equal(result(&s, PROBE_LIVENESS), PROBE_SUCCESS);
	s.code = 0; /* the row is broken */
	scene_advance(&s, 1);
	s.code = 1;
	scene_advance(&s, 2);
	assert_int_equal(result(&s, PROBE_LIVENESS), PROBE_SUCCESS);
	scene_advance(&s, 1);
	assert_int_equal(result(&s, PROBE_LIVENESS), PROBE_FAILURE);
	expect_asked(&s, 7);
	scene_advance(&s, 5);
	expect_asked(&s, 7);
	s.code = 0;
	scene_run(&s, "run2");
	expect_asked(&s, 8);
	assert_int_equal(result(&s, PROBE_LIVENESS), PROBE_SUCCESS);
	scene_end(&s);
}

static void test_readiness(void **state)
{
	struct scene s;
	scene_begin(&s, JSON(READY ",'periodSeconds':1,'successThreshold':3,'failureThreshold':2}"));
	scene_advance(&s, 1);
	assert_int_equal(result(&s, PROBE_READINESS), PROBE_UNKNOWN);
	scene_advance(&s, 1);
	assert_int_equal(result(&s, PROBE_READINESS), PROBE_SUCCESS);
	s.code = 1;
	scene_advance(&s, 1);
	assert_int_equal(result(&s, PROBE_READINESS), PROBE_SUCCESS);
	scene_advance(&s, 1);
	assert_int_equal(result(&s, PROBE_READINESS), PROBE_FAILURE);
	s.code = 0;
	scene_advance(&s, 3);
	assert_int_equal(result(&s, PROBE_READINESS), PROBE_SUCCESS);
	expect_asked(&s, 8);
	scene_end(&s);
}

/* The others wait for the startup probe, which asks no more once it is answered. */
static void test_startup(void **state)
{
	struct scene s;
	scene_begin_idle(&s, JSON(START ",'periodSeconds':1,'failureThreshold':5}," LIVE
					",'periodSeconds':100}," READY ",'periodSeconds':100}"));
	s.code = 1;
	scene_run(&s, "run1");
	scene_advance(&s, 2);
	expect_asked(&s, 3);
	assert_string_equal(s.command, "start");
	s.code = 0;
	scene_advance(&s, 1);
	/* Readiness at once, liveness when it ticks. */
	expect_asked(&s, 5);
	assert_string_equal(s.command, "ready");
	assert_int_equal(result(&s, PROBE_STARTUP), PROBE_SUCCESS);
	assert_int_equal(result(&s, PROBE_READINESS), PROBE_SUCCESS);
	assert_int_equal(result(&s, PROBE_LIVENESS), PROBE_UNKNOWN);
	scene_advance(&s, 96);
	expect_asked(&s, 5);
	scene_advance(&s, 1);
	expect_asked(&s, 6);
	assert_string_equal(s.command, "live");
	scene_end(&s);
}

static void test_startup_fails(void **state)
{
	struct scene s;
	scene_begin_idle(&s, JSON(START ",'periodSeconds':1,'failureThreshold':2}"));
	s.code = 1;
	scene_run(&s, "run1");
	scene_advance(&s, 1);
	assert_int_equal(result(&s, PROBE_STARTUP), PROBE_FAILURE);
	scene_advance(&s, 5);
	expect_asked(&s, 2);
	scene_end(&s);
}

/* What cannot be asked counts for nothing, and is asked three times. */
static void test_error(void **state)
{
	struct scene s;
	scene_begin_idle(&s, JSON(LIVE ",'periodSeconds':1,'failureThreshold':1}"));
	s.code = -1;
	scene_run(&s, "run1");
	expect_asked(&s, 3);
	scene_advance(&s, 1);
	expect_asked(&s, 6);
	assert_int_equal(result(&s, PROBE_LIVENESS), PROBE_UNKNOWN);
	scene_end(&s);
}

/* A Pod that ends is asked only whether it is ready. */
static void test_deletion(void **state)
{
	struct scene s;
	scene_begin(&s, JSON(LIVE ",'periodSeconds':1}," READY ",'periodSeconds':1}"));
	scene_advance(&s, 1);
	expect_asked(&s, 4);
	scene_delete(&s);
	scene_advance(&s, 3);
	expect_asked(&s, 7);
	assert_string_equal(s.command, "ready");
	scene_end(&s);
	scene_begin_idle(
		&s, JSON(START ",'periodSeconds':1,'failureThreshold':100}," READY ",'periodSeconds':1}"));
	s.code = 1;
	scene_run(&s, "run1");
	expect_asked(&s, 1);
	scene_delete(&s);
	assert_int_equal(result(&s, PROBE_STARTUP), PROBE_SUCCESS);
	scene_advance(&s, 1);
	assert_string_equal(s.command, "ready");
	scene_end(&s);
}

static void test_ends(void **state)
{
	struct scene s;
	scene_begin(&s, JSON(LIVE ",'periodSeconds':1}"));
	s.w->m.c[0].state = CTR_DONE;
	scene_kick(&s);
	scene_advance(&s, 3);
	expect_asked(&s, 1);
	scene_end(&s);
	/* Not before its postStart hook has returned. */
	scene_begin_idle(&s, JSON(LIVE ",'periodSeconds':1}"));
	s.w->m.c[0].state = CTR_RUNNING;
	s.w->m.c[0].cur.id = mem_strdup("run1");
	s.w->m.c[0].hooking[HOOK_POST_START] = true;
	scene_kick(&s);
	expect_asked(&s, 0);
	s.w->m.c[0].hooking[HOOK_POST_START] = false;
	scene_kick(&s);
	expect_asked(&s, 1);
	scene_end(&s);
}

/* An agent that begins anew has been told that it is started. */
static void test_started_before(void **state)
{
	struct scene s;
	scene_begin_idle(&s, JSON(START "}," READY ",'periodSeconds':1}"));
	s.w->m.c[0].state = CTR_RUNNING;
	s.w->m.c[0].cur.id = mem_strdup("run1");
	s.w->m.c[0].probed[PROBE_STARTUP] = PROBE_SUCCESS;
	scene_kick(&s);
	expect_asked(&s, 1);
	assert_string_equal(s.command, "ready");
	scene_end(&s);
}

/* What ran before the agent began is not all asked at once. */
static void test_jitter(void **state)
{
	struct scene s;
	int first = 0;
	for (int i = 0; i < 8; i++) {
		scene_begin_idle(&s, JSON(LIVE ",'periodSeconds':60}"));
		s.host.began_wall_ns = clock_wall_ns() + NS_PER_S;
		scene_run(&s, "run1");
		scene_advance(&s, 6);
		first += s.asked;
		scene_advance(&s, 54);
		expect_asked(&s, 1);
		scene_end(&s);
	}
	assert_true(first < 8);
}

/* A host without a prober pretends. */
static void test_pretended(void **state)
{
	struct scene s;
	struct probe_host *prober;
	scene_begin_idle(&s, JSON(START "}," READY "}"));
	prober = s.host.prober;
	s.host.prober = NULL;
	scene_run(&s, "run1");
	expect_asked(&s, 0);
	assert_null(s.w->probes);
	assert_int_equal(result(&s, PROBE_STARTUP), PROBE_SUCCESS);
	assert_int_equal(result(&s, PROBE_READINESS), PROBE_SUCCESS);
	s.host.prober = prober;
	scene_end(&s);
}

static void test_command(void **state)
{
	struct scene s;
	scene_begin(&s, JSON("'livenessProbe':{'exec':{'command':['sh','-c','some $(A) $(B) $$(A)']}}"));
	assert_string_equal(s.command, "sh -c some x $(B) $(A)");
	scene_end(&s);
}

/* (TestGetURLParts, TestGetTCPAddrParts) */
static void test_request(void **state)
{
	static const struct {
		const char *probe;
		const char *host;
		int port; /* 0: an error */
		const char *what;
	} rows[] = {
		{"{'httpGet':{'port':-1}}", NULL, 0, "invalid port number: -1"},
		{"{'httpGet':{'port':''}}", NULL, 0, "invalid port number: 0"},
		{"{'httpGet':{'port':'-1'}}", NULL, 0, "invalid port number: -1"},
		{"{'httpGet':{'port':'70000'}}", NULL, 0, "invalid port number: 70000"},
		{"{'httpGet':{'port':'not-found'}}", NULL, 0,
		 "strconv.Atoi: parsing \"not-found\": invalid syntax"},
		{"{'httpGet':{'port':'web'}}", "10.1.2.3", 93, NULL},
		{"{'httpGet':{'port':76,'host':'h'}}", "h", 76, NULL},
		{"{'tcpSocket':{'port':'118'}}", "10.1.2.3", 118, NULL},
		{"{'grpc':{'port':5}}", "10.1.2.3", 5, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene s;
		autoarena struct arena a = ARENA_INIT;
		autobuf struct buf b = BUF_INIT;
		struct probe_request rq;
		struct err err = ERR_INIT;
		buf_addf(&b, "'livenessProbe':%s", rows[i].probe);
		scene_begin_idle(&s, JSON(buf_str(&b)));
		snprintf(s.w->m.ips[0], sizeof(s.w->m.ips[0]), "10.1.2.3");
		int rc = probes_request(&a, s.w, 0, &s.pod->list.v[0].probe[PROBE_LIVENESS]->handler, "probe",
					&rq, &err);
		assert_int_equal(rc, rows[i].port ? 0 : -1);
		if (rc < 0) {
			assert_string_equal(err.msg, rows[i].what);
		} else {
			assert_string_equal(rq.host, rows[i].host);
			assert_int_equal(rq.port, rows[i].port);
		}
		scene_end(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_series),	 cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_liveness), cmocka_unit_test(test_readiness),
		cmocka_unit_test(test_startup),	 cmocka_unit_test(test_startup_fails),
		cmocka_unit_test(test_error),	 cmocka_unit_test(test_deletion),
		cmocka_unit_test(test_ends),	 cmocka_unit_test(test_started_before),
		cmocka_unit_test(test_jitter),	 cmocka_unit_test(test_pretended),
		cmocka_unit_test(test_command),	 cmocka_unit_test(test_request)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
