/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/metric.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/thread.h"

static double not_known(void *arg)
{
	(void)arg;
	return NAN;
}

static double answer(void *arg)
{
	return *(int *)arg;
}

static void test_write(void **state)
{
	static const double buckets[] = {0.005, 1, 2.5, 0};
	static const struct metric_def c = {"t_requests_total", "Requests.", METRIC_COUNTER, "verb,path",
					    NULL};
	static const struct metric_def g = {"t_depth", "Depth.", METRIC_GAUGE, NULL, NULL};
	static const struct metric_def h = {"t_seconds", "Time.", METRIC_HISTOGRAM, "name", buckets};
	static const struct metric_def f = {"t_answer", "Computed.", METRIC_GAUGE, NULL, NULL};
	static const struct metric_def sized = {"t_size_bytes", "Size.", METRIC_GAUGE, "of", NULL};
	static const struct metric_def unknown = {"t_unknown", "Not known.", METRIC_GAUGE, NULL, NULL};
	static int n = 42;
	struct metric_series *s;
	autobuf struct buf b = BUF_INIT;

	assert_ptr_equal(metric_register(&c), metric_register(&c));
	metric_add(metric_series(metric_register(&c), "PUT\x1f/a\"b\\\n"), 1);
	metric_add(metric_series(metric_register(&c), "GET\x1f/"), 1234567);
	metric_add(metric_series(metric_register(&c), "GET\x1f/"), 0.5);
	s = metric_series(metric_register(&g), NULL);
	metric_set(s, 7);
	metric_add(s, -9);
	s = metric_series(metric_register(&h), "q");
	metric_observe(s, 0.005);
	metric_observe(s, 2);
	metric_observe(s, 3);
	metric_gauge_fn(&f, NULL, answer, &n);
	metric_gauge_fn(&sized, "disk", answer, &n);
	metric_gauge_fn(&unknown, NULL, not_known, NULL);
	metric_write(&b);
	assert_string_equal(
		b.p, "# HELP t_answer Computed.\n# TYPE t_answer gauge\nt_answer 42\n"
		     "# HELP t_depth Depth.\n# TYPE t_depth gauge\nt_depth -2\n"
		     "# HELP t_requests_total Requests.\n# TYPE t_requests_total counter\n"
		     "t_requests_total{verb=\"GET\",path=\"/\"} 1234567.5\n"
		     "t_requests_total{verb=\"PUT\",path=\"/a\\\"b\\\\\\n\"} 1\n"
		     "# HELP t_seconds Time.\n# TYPE t_seconds histogram\n"
		     "t_seconds_bucket{name=\"q\",le=\"0.005\"} 1\n"
		     "t_seconds_bucket{name=\"q\",le=\"1\"} 1\n"
		     "t_seconds_bucket{name=\"q\",le=\"2.5\"} 2\n"
		     "t_seconds_bucket{name=\"q\",le=\"+Inf\"} 3\n"
		     "t_seconds_sum{name=\"q\"} 5.005\n"
		     "t_seconds_count{name=\"q\"} 3\n"
		     "# HELP t_size_bytes Size.\n# TYPE t_size_bytes gauge\nt_size_bytes{of=\"disk\"} 42\n");
	buf_clear(&b);
	metric_gauge_fn(&sized, "disk", NULL, NULL); /* its owner goes */
	metric_write(&b);
	assert_null(strstr(b.p, "t_size_bytes"));
}

static const struct metric_def many = {"t_many_total", "Many.", METRIC_COUNTER, "i", NULL};

static void *add_main(void *arg)
{
	for (int i = 0; i < 10000; i++)
		metric_add(metric_series(metric_register(&many), "x"), 1);
	return NULL;
}

static void test_threads_and_bound(void **state)
{
	struct metric *m = metric_register(&many);
	pthread_t t[4];
	char v[16];

	for (int i = 0; i < 4; i++)
		t[i] = thread_start("adder", add_main, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_true(metric_value(metric_series(m, "x")) == 40000);
	for (int i = 0; i < METRIC_MAX_SERIES - 1; i++) {
		snprintf(v, sizeof(v), "%d", i);
		metric_series(m, v);
	}
	assert_ptr_equal(metric_series(m, "beyond"), metric_series(m, "beyond2"));
	assert_ptr_not_equal(metric_series(m, "beyond"), metric_series(m, "x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_threads_and_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
