/* SPDX-License-Identifier: Apache-2.0 */
/* What two pages come to. */
#include "rest/usage/gauge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define NOW (INT64_C(1767225600) * NS_PER_S)

static void take(struct gauge *g, int after_s, const char *text)
{
	autofree char *copy = mem_strdup(text);

	gauge_take(g, copy, "self", NOW + after_s * NS_PER_S);
}

static const struct gauge_figure *figure(const struct gauge *g, const char *set, size_t i)
{
	const struct gauge_set *s = map_get(&g->sets, set);

	assert_non_null(s);
	assert_in_range(i, 0, s->n - 1);
	return &s->v[i];
}

#define POD(cpu, start)                                                                                      \
	"container_cpu_usage_seconds_total{container=\"c\",namespace=\"n\",pod=\"p\"} " cpu "\n"             \
	"container_memory_working_set_bytes{container=\"c\",namespace=\"n\",pod=\"p\"} 4096\n"               \
	"container_start_time_seconds{container=\"c\",namespace=\"n\",pod=\"p\"} " start "\n"

static void expect(const struct gauge *g, int64_t cpu_nano, int64_t window_s)
{
	struct gauge_usage u;

	assert_true(gauge_measure(figure(g, "n/p", 0), &u));
	assert_int_equal(u.cpu_nano, cpu_nano);
	assert_int_equal(u.window_ns, window_s * NS_PER_S);
	assert_int_equal(u.memory, 4096);
}

static void test_difference(void **state)
{
	struct gauge g = {0};

	take(&g, 0, POD("100", "1767225500"));
	assert_false(g.twice);
	expect(&g, 1000000000, 100); /* since it began */
	take(&g, 10, POD("105", "1767225500"));
	assert_true(g.twice);
	expect(&g, 500000000, 10);
	take(&g, 10, POD("105", "1767225500")); /* the same moment again: no window */
	expect(&g, 500000000, 10);
	take(&g, 30, POD("105", "1767225500"));
	expect(&g, 0, 20);

	take(&g, 40, POD("1", "1767225635")); /* another container of its name */
	expect(&g, 200000000, 5);
	take(&g, 50, POD("0.5", "1767225635")); /* a counter that goes back is none */
	expect(&g, 33333333, 15);
	take(&g, 60, "");
	assert_int_equal(map_len(&g.sets), 0);
	gauge_release(&g);
}

static void test_not_yet(void **state)
{
	struct gauge g = {0};
	struct gauge_usage u;

	take(&g, 0, POD("1", "1767225600")); /* it has just begun */
	assert_false(gauge_measure(figure(&g, "n/p", 0), &u));
	take(&g, 0, "container_cpu_usage_seconds_total{container=\"c\",namespace=\"n\",pod=\"p\"} 5\n");
	assert_false(gauge_measure(figure(&g, "n/p", 0), &u)); /* no memory, no beginning */
	take(&g, 0, "container_cpu_usage_seconds_total{namespace=\"n\",pod=\"p\"} 5\n");
	assert_int_equal(map_len(&g.sets), 0); /* of nobody */
	gauge_release(&g);
}

static void test_nodes(void **state)
{
	static const char first[] = "node_cpu_usage_seconds_total 5\nnode_memory_working_set_bytes 7\n"
				    "node_cpu_usage_seconds_total{node=\"other\"} 50\n"
				    "node_memory_working_set_bytes{node=\"other\"} 70\n",
			  second[] = "node_cpu_usage_seconds_total 6\nnode_memory_working_set_bytes 8\n"
				     "node_cpu_usage_seconds_total{node=\"other\"} 54\n"
				     "node_memory_working_set_bytes{node=\"other\"} 71\n";
	struct gauge g = {0};
	struct gauge_usage u;

	take(&g, 0, first);
	assert_false(gauge_measure(figure(&g, "/self", 0), &u));
	take(&g, 2, second);
	assert_true(gauge_measure(figure(&g, "/self", 0), &u));
	assert_int_equal(u.cpu_nano, 500000000);
	assert_int_equal(u.memory, 8);
	assert_true(gauge_measure(figure(&g, "/other", 0), &u));
	assert_int_equal(u.cpu_nano, 2000000000);
	assert_int_equal(u.at_ns, NOW + 2 * NS_PER_S);
	gauge_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_difference), cmocka_unit_test(test_not_yet),
					   cmocka_unit_test(test_nodes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
