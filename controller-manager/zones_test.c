/* SPDX-License-Identifier: Apache-2.0 */
/* States of zones, and what may be done in them. */
#include "zones.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "decode/make_test.h"

static struct cm_node *make(const char *zone, bool ready)
{
	autofree char *yaml = mem_printf("metadata: {name: n, labels: {%s}}\n"
					 "status: {conditions: [{type: Ready, status: '%s'}]}",
					 zone, ready ? "True" : "Unknown");

	return make_decoded(&cm_node_type, yaml);
}

#define A "topology.kubernetes.io/zone: a"
#define B "topology.kubernetes.io/zone: b"

static struct zones *z;
static int64_t now;

static void make_zones(float rate, float secondary_rate, float unhealthy, int large)
{
	z = zones_new(&(struct zones_config){rate, secondary_rate, unhealthy, large});
	now = NS_PER_S;
}

static int set_up(void **state)
{
	make_zones(0.1f, 0.01f, 0.55f, 50);
	return 0;
}

static int tear_down(void **state)
{
	zones_free(z);
	return 0;
}

static enum zones_change add(const char *zone, bool ready, size_t n)
{
	autofree struct cm_node *node = make(zone, ready);
	enum zones_change ret = ZONES_SAME;

	for (size_t i = 0; i < n; i++)
		ret = zones_see(z, NULL, node);
	return ret;
}

static enum zones_change turn(const char *zone, bool ready)
{
	autofree struct cm_node *old = make(zone, !ready), *new = make(zone, ready);

	return zones_see(z, old, new);
}

static enum zones_change drop(const char *zone, bool ready)
{
	autofree struct cm_node *node = make(zone, ready);

	return zones_see(z, node, NULL);
}

static int64_t take(const char *zone)
{
	autofree struct cm_node *node = make(zone, false);

	return zones_take(z, node, now);
}

static void test_one_every_ten_seconds(void **state)
{
	add(A, true, 5);
	add(B, true, 5);
	assert_int_equal(turn(A, false), ZONES_SAME);
	turn(A, false);
	turn(B, false);
	assert_int_equal(take(A), 0);
	assert_int_equal(take(A), 10 * NS_PER_S);
	assert_int_equal(take(B), 0); /* each zone has its own pace */
	now += 9 * NS_PER_S;
	assert_int_equal(take(A), NS_PER_S);
	now += NS_PER_S;
	assert_int_equal(take(A), 0);
}

static void test_most_of_a_zone(void **state)
{
	static const struct {
		size_t ready, not_ready;
		int64_t second; /* s, to wait for the second node; -1 = for ever, from the first on */
	} rows[] = {
		{1, 2, 10},		     /* two are never many */
		{3, 3, 10},		     /* 50 % */
		{2, 3, -1},		     /* 60 % */
		{9, 11, -1},		     /* 55 % */
		{10, 11, 10}, {10, 41, 100}, /* a large zone */
		{10, 40, -1}, {0, 5, 10},    /* all of it, while there are others */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		add(B, true, 1);
		add(A, true, rows[i].ready);
		add(A, false, rows[i].not_ready);
		int64_t first = take(A), second = take(A);

		if (first != (rows[i].second < 0 ? INT64_MAX : 0) ||
		    second != (rows[i].second < 0 ? INT64_MAX : rows[i].second * NS_PER_S))
			fail_msg("row %zu", i);
		tear_down(NULL);
		set_up(NULL);
	}
}

#define NEVER (-1)

static void test_settings(void **state)
{
	static const struct {
		float rate, secondary_rate, unhealthy;
		int large;
		size_t ready, not_ready;
		int64_t second_ms; /* to wait for the second node */
	} rows[] = {
		{2, 1, 0.55f, 50, 5, 5, 500},
		{2, 1, 0.5f, 50, 5, 5, NEVER},
		{2, 0.25f, 0.5f, 9, 5, 5, 4000},
		{2, 0.25f, 0.5f, 10, 5, 5, NEVER},
		{2, 0.25f, 1.5f, 1, 1, 9, 500}, /* no zone is ever so unhealthy */
		{2, 0.25f, 0, 1, 7, 2, 500},	/* but two are never many */
		{2, 0.25f, 0, 0, 97, 3, 4000},
		{0, 1, 0.55f, 50, 5, 1, NEVER},
		{-1, 1, 0.55f, 50, 5, 1, NEVER},
		{1e-12f, 1, 0.55f, 50, 5, 1, NEVER},
		{1, 0, 0.55f, 1, 1, 5, NEVER},
		{4, 0, 0.55f, 1, 0, 5, 250}, /* nobody there is ready, but elsewhere */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		tear_down(NULL);
		make_zones(rows[i].rate, rows[i].secondary_rate, rows[i].unhealthy, rows[i].large);
		add(B, true, 1);
		add(A, true, rows[i].ready);
		add(A, false, rows[i].not_ready);
		int64_t first = take(A), second = take(A);
		bool never = rows[i].second_ms == NEVER;

		if (first != (never ? INT64_MAX : 0) ||
		    second != (never ? INT64_MAX : rows[i].second_ms * NS_PER_MS))
			fail_msg("row %zu: %lld %lld", i, (long long)first, (long long)second);
	}
}

/* Nobody waits out the slow pace of a zone that has recovered. */
static void test_the_pace_quickens(void **state)
{
	add(A, true, 20);
	add(A, false, 40);
	assert_int_equal(take(A), 0);
	assert_int_equal(take(A), 100 * NS_PER_S);
	add(A, true, 30);
	assert_int_equal(take(A), 10 * NS_PER_S);
	now += 10 * NS_PER_S;
	assert_int_equal(take(A), 0);
}

static void test_nobody_is_ready(void **state)
{
	assert_false(zones_stopped(z)); /* nobody is there */
	add(A, true, 1);
	add(B, true, 1);
	assert_int_equal(turn(A, false), ZONES_CHANGED);
	assert_false(zones_stopped(z));
	assert_int_equal(turn(B, false), ZONES_CHANGED);
	assert_true(zones_stopped(z));
	assert_int_equal(take(A), INT64_MAX);
	assert_int_equal(turn(A, true), ZONES_RESUMED);
	assert_false(zones_stopped(z));
	assert_int_equal(take(B), 0);
	assert_int_equal(drop(A, true), ZONES_CHANGED); /* the last ready one is gone */
	assert_true(zones_stopped(z));
	assert_int_equal(drop(B, false), ZONES_RESUMED);
	assert_int_equal(add(A, true, 1), ZONES_SAME);
}

static void test_excluded(void **state)
{
	add(A ", node.kubernetes.io/exclude-disruption: ''", true, 3);
	assert_int_equal(take(A), 0);
	add(A, false, 1);
	assert_true(zones_stopped(z)); /* the excluded do not count */
}

static void test_a_node_that_moves(void **state)
{
	autofree struct cm_node *a = make(A, false), *b = make(B, false);

	add(B, true, 1);
	zones_see(z, NULL, a);
	assert_int_equal(zones_see(z, a, b), ZONES_CHANGED);
	assert_int_equal(zones_see(z, b, b), ZONES_SAME);
	assert_false(zones_stopped(z));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_one_every_ten_seconds), TEST(test_most_of_a_zone),  TEST(test_settings),
		TEST(test_the_pace_quickens),	  TEST(test_nobody_is_ready), TEST(test_excluded),
		TEST(test_a_node_that_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
