/* SPDX-License-Identifier: Apache-2.0 */
/* How many replicas a metric asks for: the cases of upstream's replica_calculator_test.go, and some of this house. */
#include "autoscaler/hpa_replicas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "object/rfc3339.h"

#define NOW (INT64_C(1767225600) * NS_PER_S)

enum kind { UTILIZATION, USAGE, TOTAL, SHARE };
struct row {
	const char *name;
	enum kind kind;
	int32_t current, want;
	const char *error;
	/* A letter per Pod; by default: ready (True, False, Unknown), started long ago (hot, cool), Running (Pending,
	   Failed, Succeeded), not being deleted. */
	const char *ready, *start, *phase, *deleted;
	const char *container, *resource;
	const char *requests; /* of each of two containers, by Pod; millis */
	const char *levels;   /* what was measured, by Pod; "-" is nothing */
	bool stranger;	      /* the sample is of another Pod */
	int64_t aim;
	int32_t utilization;
	int64_t usage;
	double tolerance;
	bool tolerant; /* it stands there */
};

static const struct row rows[] = {
	{"disjoint resources metrics", UTILIZATION, .current = 1, .want = 0,
	 .error = "no metrics returned matched known pods", .requests = "1000", .levels = "200",
	 .stranger = true, .aim = 100},
	{"scale up", UTILIZATION, .current = 3, .want = 5, .requests = "1000 1000 1000",
	 .levels = "600 1000 1400", .aim = 30, .utilization = 50, .usage = 1000},
	{"container scale up", UTILIZATION, .current = 3, .want = 5, .container = "two",
	 .requests = "1000 1000 1000", .levels = "300 500 700", .aim = 30, .utilization = 50, .usage = 500},
	{"scale up unready less scale", UTILIZATION, .current = 3, .want = 4, .ready = "FTT",
	 .requests = "1000 1000 1000", .levels = "600 1000 1400", .aim = 30, .utilization = 60,
	 .usage = 1200},
	{"scale up container hot cpu less scale", UTILIZATION, .current = 3, .want = 4, .start = "hcc",
	 .container = "two", .requests = "1000 1000 1000", .levels = "300 500 700", .aim = 30,
	 .utilization = 60, .usage = 600},
	{"scale up hot cpu less scale", UTILIZATION, .current = 3, .want = 4, .start = "hcc",
	 .requests = "1000 1000 1000", .levels = "600 1000 1400", .aim = 30, .utilization = 60,
	 .usage = 1200},
	{"scale up unready no scale", UTILIZATION, .current = 3, .want = 3, .ready = "TFF",
	 .requests = "1000 1000 1000", .levels = "800 1000 1400", .aim = 30, .utilization = 40, .usage = 800},
	{"external per pod metric replica overflow", SHARE, .current = 1, .want = INT32_MAX,
	 .levels = "9223372036854775807", .aim = 1, .usage = INT64_MAX},
	{"external per pod metric usage overflow", SHARE, .current = 1, .want = 1,
	 .levels = "9223372036854775807", .aim = INT64_MAX, .usage = INT64_MAX},
	{"scale hot cpu no scale", UTILIZATION, .current = 3, .want = 3, .ready = "TFF", .start = "chh",
	 .requests = "1000 1000 1000", .levels = "800 1000 1400", .aim = 30, .utilization = 40, .usage = 800},
	{"scale up ignores failed pods", UTILIZATION, .current = 2, .want = 4, .ready = "TTFF",
	 .phase = "RRFF", .requests = "1000 1000 1000 1000", .levels = "1000 1400", .aim = 30,
	 .utilization = 60, .usage = 1200},
	{"missing container metric scale up ignores failed pods", UTILIZATION, .current = 2, .want = 4,
	 .ready = "TTFF", .phase = "RRFF", .container = "two", .requests = "1000 1000 1000 1000",
	 .levels = "500 700 - -", .aim = 30, .utilization = 60, .usage = 600},
	{"scale up container ignores failed pods", UTILIZATION, .current = 2, .want = 4, .ready = "TTFF",
	 .phase = "RRFF", .container = "two", .requests = "1000 1000 1000 1000", .levels = "500 700",
	 .aim = 30, .utilization = 60, .usage = 600},
	{"scale up ignores deletion pods", UTILIZATION, .current = 2, .want = 4, .ready = "TTFF",
	 .phase = "RRRR", .deleted = "--xx", .requests = "1000 1000 1000 1000", .levels = "1000 1400",
	 .aim = 30, .utilization = 60, .usage = 1200},
	{"scale up container ignores deletion pods", UTILIZATION, .current = 2, .want = 4, .ready = "TTFF",
	 .phase = "RRRR", .deleted = "--xx", .container = "one", .requests = "1000 1000 1000 1000",
	 .levels = "500 700", .aim = 30, .utilization = 60, .usage = 600},
	{"scale up by custom", USAGE, .current = 3, .want = 4, .levels = "20000 10000 30000", .aim = 15000,
	 .usage = 20000},
	{"scale up by custom unready hot cpu no less scale", USAGE, .current = 3, .want = 6, .ready = "TTF",
	 .start = "cch", .levels = "50000 10000 30000", .aim = 15000, .usage = 30000},
	{"scale up by custom unready hot cpu scale would scale down", USAGE, .current = 3, .want = 7,
	 .ready = "FTF", .start = "hch", .levels = "50000 15000 30000", .aim = 15000, .usage = 31666},
	{"scale up by custom object", TOTAL, .current = 3, .want = 4, .levels = "20000", .aim = 15000,
	 .usage = 20000},
	{"scale up by custom per pod object", SHARE, .current = 3, .want = 4, .levels = "20000", .aim = 5000,
	 .usage = 6667},
	{"scale up by custom object ignores unready pods", TOTAL, .current = 3, .want = 5, .ready = "FTF",
	 .levels = "50000", .aim = 10000, .usage = 50000},
	{"scale up by external", USAGE, .current = 1, .want = 2, .levels = "8600", .aim = 4400,
	 .usage = 8600},
	{"scale up by external ignores unready pods", TOTAL, .current = 3, .want = 2, .ready = "FTF",
	 .levels = "8600", .aim = 4400, .usage = 8600},
	{"scale up by external no labels", USAGE, .current = 1, .want = 2, .levels = "8600", .aim = 4400,
	 .usage = 8600},
	{"scale up per pod external", SHARE, .current = 3, .want = 4, .levels = "8600", .aim = 2150,
	 .usage = 2867},
	{"scale down", UTILIZATION, .current = 5, .want = 3, .requests = "1000 1000 1000 1000 1000",
	 .levels = "200 600 1000 500 500", .aim = 50, .utilization = 28, .usage = 560},
	{"container scale down", UTILIZATION, .current = 5, .want = 3, .container = "two",
	 .requests = "1000 1000 1000 1000 1000", .levels = "100 300 500 250 250", .aim = 50,
	 .utilization = 28, .usage = 280},
	{"scale down by custom", USAGE, .current = 5, .want = 3, .levels = "12000 12000 12000 12000 12000",
	 .aim = 20000, .usage = 12000},
	{"scale down per pod object", SHARE, .current = 5, .want = 3, .levels = "6000", .aim = 2000,
	 .usage = 1200},
	{"scale down by custom object", TOTAL, .current = 5, .want = 3, .levels = "12000", .aim = 20000,
	 .usage = 12000},
	{"scale down by custom external", TOTAL, .current = 5, .want = 3, .levels = "8600", .aim = 14334,
	 .usage = 8600},
	{"scale down per pod external", SHARE, .current = 5, .want = 3, .levels = "8600", .aim = 2867,
	 .usage = 1720},
	{"scale down exclude unready pods", UTILIZATION, .current = 5, .want = 2, .ready = "TTTFF",
	 .requests = "1000 1000 1000 1000 1000", .levels = "200 600 1000 500 500", .aim = 50,
	 .utilization = 30, .usage = 600},
	{"scale down container exclude unready pods", UTILIZATION, .current = 5, .want = 2, .ready = "TTTFF",
	 .container = "two", .requests = "1000 1000 1000 1000 1000", .levels = "100 300 500 250 250",
	 .aim = 50, .utilization = 30, .usage = 300},
	{"scale down exclude unscheduled pods", UTILIZATION, .current = 5, .want = 1, .ready = "TFFFF",
	 .phase = "RPPPP", .requests = "1000 1000 1000 1000 1000", .levels = "200", .aim = 50,
	 .utilization = 10, .usage = 200},
	{"scale down container exclude unscheduled pods", UTILIZATION, .current = 5, .want = 1,
	 .ready = "TFFFF", .phase = "RPPPP", .container = "two", .requests = "1000 1000 1000 1000 1000",
	 .levels = "100 300 500 250 250", .aim = 50, .utilization = 10, .usage = 100},
	{"scale down ignore hot cpu pods", UTILIZATION, .current = 5, .want = 2, .start = "ccchh",
	 .requests = "1000 1000 1000 1000 1000", .levels = "200 600 1000 500 500", .aim = 50,
	 .utilization = 30, .usage = 600},
	{"scale down container ignore hot cpu pods", UTILIZATION, .current = 5, .want = 2, .start = "ccchh",
	 .container = "two", .requests = "1000 1000 1000 1000 1000", .levels = "100 300 500 1000 1000",
	 .aim = 50, .utilization = 30, .usage = 300},
	{"scale down ignores failed pods", UTILIZATION, .current = 5, .want = 3, .ready = "TTTTTFF",
	 .phase = "RRRRRFF", .requests = "1000 1000 1000 1000 1000 1000 1000",
	 .levels = "200 600 1000 500 500", .aim = 50, .utilization = 28, .usage = 560},
	{"scale down container ignores failed pods", UTILIZATION, .current = 5, .want = 3, .ready = "TTTTTFF",
	 .phase = "RRRRRFF", .container = "two", .requests = "1000 1000 1000 1000 1000 1000 1000",
	 .levels = "100 300 500 250 250", .aim = 50, .utilization = 28, .usage = 280},
	{"scale down ignores deletion pods", UTILIZATION, .current = 5, .want = 3, .ready = "TTTTTFF",
	 .phase = "RRRRRRR", .deleted = "-----xx", .requests = "1000 1000 1000 1000 1000 1000 1000",
	 .levels = "200 600 1000 500 500", .aim = 50, .utilization = 28, .usage = 560},
	{"scale down ignores deletion pods_ still running", UTILIZATION, .current = 5, .want = 3,
	 .ready = "TTTTTFF", .phase = "RRRRRRR", .deleted = "-----xx", .container = "two",
	 .requests = "1000 1000 1000 1000 1000 1000 1000", .levels = "100 300 500 250 250", .aim = 50,
	 .utilization = 28, .usage = 280},
	{"tolerance", UTILIZATION, .current = 3, .want = 3, .requests = "900 1000 1100",
	 .levels = "2020 2060 2040", .aim = 100, .utilization = 102, .usage = 2040},
	{"tolerance of custom", USAGE, .current = 3, .want = 3, .levels = "20000 21000 21000", .aim = 20000,
	 .usage = 20666},
	{"tolerance of custom object", TOTAL, .current = 3, .want = 3, .levels = "20666", .aim = 20000,
	 .usage = 20666},
	{"tolerance per pod object", SHARE, .current = 4, .want = 4, .levels = "20166", .aim = 5000,
	 .usage = 5042},
	{"tolerance of custom external", TOTAL, .current = 3, .want = 3, .levels = "8600", .aim = 8888,
	 .usage = 8600},
	{"tolerance per pod external", SHARE, .current = 3, .want = 3, .levels = "8600", .aim = 2900,
	 .usage = 2867},
	{"outside of a 0% tolerance", UTILIZATION, .current = 3, .want = 4, .requests = "900 1000 1100",
	 .levels = "1818 2020 2222", .aim = 100, .utilization = 101, .usage = 2020, .tolerance = 0.0,
	 .tolerant = true},
	{"within a 200% scale-up tolerance", UTILIZATION, .current = 3, .want = 3,
	 .requests = "900 1000 1100", .levels = "3780 3820 3800", .aim = 100, .utilization = 190,
	 .usage = 3800, .tolerance = 2.0, .tolerant = true},
	{"outside 8% scale-up tolerance (and superfluous scale-down tolerance)", UTILIZATION, .current = 3,
	 .want = 4, .requests = "900 1000 1100", .levels = "2200 2160 2180", .aim = 100, .utilization = 109,
	 .usage = 2180, .tolerance = 0.08, .tolerant = true},
	{"within a 36% scale-down tolerance", UTILIZATION, .current = 3, .want = 3,
	 .requests = "900 1000 1100", .levels = "1320 1280 1300", .aim = 100, .utilization = 65,
	 .usage = 1300, .tolerance = 0.36, .tolerant = true},
	{"outside a 34% scale-down tolerance", UTILIZATION, .current = 3, .want = 2,
	 .requests = "900 1000 1100", .levels = "1320 1280 1300", .aim = 100, .utilization = 65,
	 .usage = 1300, .tolerance = 0.34, .tolerant = true},
	{"configurable tolerance of custom", USAGE, .current = 3, .want = 4, .levels = "20000 21000 21000",
	 .aim = 20000, .usage = 20666, .tolerance = 0.01, .tolerant = true},
	{"configurable tolerance of custom object", TOTAL, .current = 3, .want = 4, .levels = "20666",
	 .aim = 20000, .usage = 20666, .tolerance = 0.01, .tolerant = true},
	{"configurable tolerance per pod object", SHARE, .current = 4, .want = 5, .levels = "20208",
	 .aim = 5000, .usage = 5052, .tolerance = 0.01, .tolerant = true},
	{"configurable tolerance of custom external", TOTAL, .current = 3, .want = 4, .levels = "8900",
	 .aim = 8800, .usage = 8900, .tolerance = 0.01, .tolerant = true},
	{"configurable tolerance per pod external", SHARE, .current = 3, .want = 4, .levels = "8600",
	 .aim = 2800, .usage = 2867, .tolerance = 0.01, .tolerant = true},
	{"superfluous metrics", UTILIZATION, .current = 4, .want = 24, .requests = "1000 1000 1000 1000",
	 .levels = "8000 19000 6000 14000 6400 4000", .aim = 100, .utilization = 587, .usage = 11750},
	{"missing metrics", UTILIZATION, .current = 4, .want = 3, .requests = "1000 1000 1000 1000",
	 .levels = "800 190", .aim = 100, .utilization = 24, .usage = 495},
	{"empty metrics", UTILIZATION, .current = 4, .want = 0,
	 .error = "did not receive metrics for targeted pods (pods might be unready)",
	 .requests = "1000 1000 1000", .levels = "", .aim = 100},
	{"empty cpu request", UTILIZATION, .current = 1, .want = 0, .error = "missing request for",
	 .requests = "", .levels = "400", .aim = 100},
	{"plain metric replica calc missing metrics no change eq", USAGE, .current = 5, .want = 5,
	 .levels = "20000 19000 21000", .aim = 20000, .usage = 20000},
	{"missing metrics no change eq", UTILIZATION, .current = 2, .want = 2, .requests = "1000 1000",
	 .levels = "2000", .aim = 100, .utilization = 100, .usage = 2000},
	{"missing metrics no change gt", UTILIZATION, .current = 2, .want = 2, .requests = "1000 1000",
	 .levels = "3800", .aim = 100, .utilization = 190, .usage = 3800},
	{"missing metrics no change lt", UTILIZATION, .current = 2, .want = 2, .requests = "1000 1000",
	 .levels = "1200", .aim = 100, .utilization = 60, .usage = 1200},
	{"missing metrics unready change", UTILIZATION, .current = 3, .want = 3, .ready = "FTT",
	 .requests = "1000 1000 1000", .levels = "200 900", .aim = 50, .utilization = 45, .usage = 900},
	{"missing metrics hot cpu no change", UTILIZATION, .current = 3, .want = 3, .start = "hcc",
	 .requests = "1000 1000 1000", .levels = "200 900", .aim = 50, .utilization = 45, .usage = 900},
	{"missing metrics unready scale up", UTILIZATION, .current = 3, .want = 4, .ready = "FTT",
	 .requests = "1000 1000 1000", .levels = "200 4000", .aim = 50, .utilization = 200, .usage = 4000},
	{"missing metrics hot cpu scale up", UTILIZATION, .current = 3, .want = 4, .ready = "FTT",
	 .start = "hcc", .requests = "1000 1000 1000", .levels = "200 4000", .aim = 50, .utilization = 200,
	 .usage = 4000},
	{"missing metrics unready scale down", UTILIZATION, .current = 4, .want = 3, .ready = "FTTT",
	 .requests = "1000 1000 1000 1000", .levels = "200 200 200", .aim = 50, .utilization = 10,
	 .usage = 200},
	{"missing metrics scale down target over 100", UTILIZATION, .current = 4, .want = 2, .ready = "FTTT",
	 .requests = "1000 1000 2000 2000", .levels = "400 200 200", .aim = 300, .utilization = 6,
	 .usage = 200},
	{"during rolling update with max surge", UTILIZATION, .current = 2, .want = 2, .phase = "RRR",
	 .requests = "1000 1000 1000", .levels = "200 200", .aim = 50, .utilization = 10, .usage = 200},
	{"during rolling update with max surge by custom", USAGE, .current = 2, .want = 2, .phase = "RRR",
	 .levels = "10000 10000", .aim = 17000, .usage = 10000},
};

static void write_pod(struct buf *out, const struct row *r, size_t i, const char *request)
{
	char start[RFC3339_MAX];
	const char *phase = "Running", *ready = "True", *resource = r->resource ? r->resource : "cpu";
	int64_t started = NS_PER_S;

	if (r->phase)
		phase = r->phase[i] == 'P' ? "Pending" : r->phase[i] == 'F' ? "Failed" : "Running";
	if (r->ready && i < strlen(r->ready))
		ready = r->ready[i] == 'F' ? "False" : "True";
	if (r->start)
		started = NOW - (r->start[i] == 'h' ? 30 : 180) * NS_PER_S;
	rfc3339_format(started, start);
	buf_addf(out, "%s{\"metadata\":{\"name\":\"pod-%zu\"", i ? "," : "", i);
	if (r->deleted && r->deleted[i] == 'x')
		buf_adds(out, ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"");
	buf_adds(out, "},\"spec\":{\"containers\":[");
	for (int c = 0; c < 2; c++) {
		buf_addf(out, "%s{\"name\":\"%s\"", c ? "," : "", c ? "two" : "one");
		if (*request)
			buf_addf(out, ",\"resources\":{\"requests\":{\"%s\":\"%sm\"}}", resource, request);
		buf_addc(out, '}');
	}
	buf_addf(out,
		 "]},\"status\":{\"phase\":\"%s\",\"startTime\":\"%s\",\"conditions\":[{\"type\":\"Ready\","
		 "\"status\":\"%s\"}]}}",
		 phase, start, ready);
}

/* The next of several words; "" when there are no more. */
static const char *word(const char **at, char out[24])
{
	size_t n = *at ? strcspn(*at, " ") : 0;

	assert_true(n < 24);
	memcpy(out, n ? *at : "", n);
	out[n] = '\0';
	if (*at)
		*at += n + ((*at)[n] == ' ');
	return out;
}

static void make_pods(const struct row *r, struct hpa_pods *pods)
{
	autobuf struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	const char *requests = r->requests;
	char request[24];
	size_t n = r->phase ? strlen(r->phase) : (size_t)r->current;

	buf_adds(&text, "{\"items\":[");
	for (size_t i = 0; i < n; i++)
		write_pod(&text, r, i, word(&requests, request));
	buf_adds(&text, "]}");
	assert_int_equal(hpa_pods_add(pods, text.p, text.len, &err), 0);
	assert_int_equal(pods->n, n);
}

static const char *const names[] = {"pod-0", "pod-1", "pod-2", "pod-3", "pod-4", "pod-5", "pod-6"};

static size_t make_samples(const struct row *r, struct hpa_sample *samples)
{
	const char *levels = r->levels;
	char level[24];
	size_t n = 0;

	for (size_t i = 0; *word(&levels, level); i++)
		if (strcmp(level, "-") != 0)
			samples[n++] = (struct hpa_sample){.pod = r->stranger ? "older" : names[i],
							   .milli = strtoll(level, NULL, 10),
							   .window_ns = 60 * NS_PER_S};
	return n;
}

static int ask(const struct row *r, const struct hpa_question *q, struct hpa_answer *a, struct err *err)
{
	struct hpa_sample samples[16];
	size_t n = make_samples(r, samples);

	switch (r->kind) {
	case UTILIZATION:
		return hpa_replicas_of_utilization(q, samples, n, a, err);
	case USAGE:
		return hpa_replicas_of_usage(q, samples, n, a, err);
	case TOTAL:
		return hpa_replicas_of_total(q, samples[0].milli, a, err);
	default:
		hpa_replicas_of_share(q, samples[0].milli, a);
		return 0;
	}
}

static void check(const struct row *r)
{
	struct hpa_pods pods = {0};
	struct hpa_answer a = {0};
	struct err err = ERR_INIT;
	bool resource = r->kind == UTILIZATION || r->resource;

	make_pods(r, &pods);
	struct hpa_question q = {.pods = &pods,
				 .current = r->current,
				 .target = r->aim,
				 .tolerance = r->tolerant ? r->tolerance : 0.1,
				 .resource = !resource	   ? ""
					     : r->resource ? r->resource
							   : "cpu",
				 .container = r->container ? r->container : "",
				 .now_ns = NOW,
				 .cpu_initialization_ns = 120 * NS_PER_S,
				 .initial_readiness_ns = 10 * NS_PER_S};
	int rc = ask(r, &q, &a, &err);

	if (r->error) {
		assert_int_equal(rc, -1);
		assert_non_null(strstr(err.msg, r->error));
	} else if (rc < 0 || a.replicas != r->want || a.usage != r->usage ||
		   (r->kind == UTILIZATION && a.utilization != r->utilization)) {
		fail_msg("%s: %d %s, %d replicas, %d %%, %lld", r->name, rc, err.msg, a.replicas,
			 a.utilization, (long long)a.usage);
	}
	hpa_pods_release(&pods);
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&rows[i]);
}

/* ---- which Pods count: upstream's TestGroupPods ---- */

struct group_row {
	const char *name, *status, *meta; /* of the Pod */
	bool sample;
	int64_t at_ns, window_ns;
	const char *resource;
	bool counts;
};
static const struct group_row groups[] = {
	{"count in a ready pod - memory", "{\"phase\":\"Succeeded\"}", NULL, true, NOW, 60 * NS_PER_S,
	 "memory", true},
	{"unready a pod without ready condition - CPU",
	 "{\"phase\":\"Succeeded\",\"startTime\":\"2026-01-01T00:00:00Z\"}", NULL, true, 0, 0, "cpu", false},
	{"count in a ready pod with fresh metrics during initialization period - CPU",
	 "{\"phase\":\"Succeeded\",\"startTime\":\"2025-12-31T23:59:00Z\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"lastTransitionTime\":\"2025-12-31T23:59:30Z\"}]}",
	 NULL, true, NOW, 30 * NS_PER_S, "cpu", true},
	{"unready a ready pod without fresh metrics during initialization period - CPU",
	 "{\"phase\":\"Succeeded\",\"startTime\":\"2025-12-31T23:59:00Z\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"lastTransitionTime\":\"2025-12-31T23:59:30Z\"}]}",
	 NULL, true, NOW, 60 * NS_PER_S, "cpu", false},
	{"unready an unready pod during initialization period - CPU",
	 "{\"phase\":\"Succeeded\",\"startTime\":\"2025-12-31T23:50:00Z\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"lastTransitionTime\":\"2025-12-31T23:50:06Z\"}]}",
	 NULL, true, 0, 0, "cpu", false},
	{"count in a ready pod without fresh metrics after initialization period - CPU",
	 "{\"phase\":\"Succeeded\",\"startTime\":\"2025-12-31T23:57:00Z\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"lastTransitionTime\":\"2025-12-31T23:57:00Z\"}]}",
	 NULL, true, NOW - 120 * NS_PER_S, 60 * NS_PER_S, "cpu", true},
	{"count in an unready pod that was ready after initialization period - CPU",
	 "{\"phase\":\"Succeeded\",\"startTime\":\"2025-12-31T23:50:00Z\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"lastTransitionTime\":\"2025-12-31T23:51:00Z\"}]}",
	 NULL, true, 0, 0, "cpu", true},
	{"unready pod that has never been ready after initialization period - CPU",
	 "{\"phase\":\"Succeeded\",\"startTime\":\"2025-12-31T23:50:00Z\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"lastTransitionTime\":\"2025-12-31T23:50:10Z\"}]}",
	 NULL, true, 0, 0, "cpu", true},
	{"a missing pod", "{\"phase\":\"Succeeded\",\"startTime\":\"2025-12-31T23:57:00Z\"}", NULL, false, 0,
	 0, "cpu", false},
	{"pending pods are unreadied", "{\"phase\":\"Pending\"}", NULL, false, 0, 0, "cpu", false},
	{"ignore pods with deletion timestamps", "{\"phase\":\"Pending\"}",
	 ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"", true, 0, 0, "cpu", false},
	{"ignore pods in a failed state", "{\"phase\":\"Failed\"}", NULL, true, 0, 0, "cpu", false},
};

/* One that counts beside the Pod in question: with it the sum of samples that count tells whether both do. */
static void check_group(const struct group_row *g)
{
	struct hpa_pods pods = {0};
	struct hpa_answer a;
	struct err err = ERR_INIT;
	struct hpa_sample samples[] = {
		{.pod = "beside", .milli = 1000, .at_ns = NOW, .window_ns = 0},
		{.pod = "asked", .milli = 3000, .at_ns = g->at_ns, .window_ns = g->window_ns},
	};
	autofree char *text = mem_printf(
		"{\"items\":[{\"metadata\":{\"name\":\"beside\"},\"status\":{\"phase\":\"Running\","
		"\"startTime\":\"2020-01-01T00:00:00Z\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}},"
		"{\"metadata\":{\"name\":\"asked\"%s},\"status\":%s}]}",
		g->meta ? g->meta : "", g->status);

	assert_int_equal(hpa_pods_add(&pods, text, strlen(text), &err), 0);
	struct hpa_question q = {.pods = &pods,
				 .current = 2,
				 .target = 1000000,
				 .resource = g->resource,
				 .container = "",
				 .now_ns = NOW,
				 .cpu_initialization_ns = 120 * NS_PER_S,
				 .initial_readiness_ns = 10 * NS_PER_S};

	assert_int_equal(hpa_replicas_of_usage(&q, samples, g->sample ? 2 : 1, &a, &err), 0);
	if (a.usage != (g->counts ? 2000 : 1000))
		fail_msg("%s: %lld", g->name, (long long)a.usage);
	hpa_pods_release(&pods);
}

static void test_groups(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		check_group(&groups[i]);
}

/* ---- from and to nothing ---- */

static void test_zero(void **state)
{
	struct hpa_pods none = {0};
	struct hpa_answer a;
	struct err err = ERR_INIT;
	struct hpa_question q = {
		.pods = &none, .target = 15000, .tolerance = 0.1, .resource = "", .container = ""};

	assert_int_equal(hpa_replicas_of_total(&q, 20000, &a, &err), 0);
	assert_int_equal(a.replicas, 2);
	assert_int_equal(hpa_replicas_of_total(&q, 15000, &a, &err), 0);
	assert_int_equal(a.replicas, 1);
	assert_int_equal(hpa_replicas_of_total(&q, 0, &a, &err), 0);
	assert_int_equal(a.replicas, 0);
	hpa_replicas_of_share(&q, 0, &a);
	assert_int_equal(a.replicas, 0);
	hpa_replicas_of_share(&q, 31000, &a);
	assert_int_equal(a.replicas, 3);
	assert_int_equal(a.usage, 31000);

	q.current = 2;
	assert_int_equal(hpa_replicas_of_total(&q, 90000, &a, &err), -1);
	assert_string_equal(err.msg, "unable to calculate ready pods: no pods returned by selector while "
				     "calculating replica count");
	assert_int_equal(hpa_replicas_of_usage(&q, NULL, 0, &a, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_groups),
					   cmocka_unit_test(test_zero)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
