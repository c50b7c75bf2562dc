/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for permission, under a clock that the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "make_test.h"
#include "waiting.h"

static const struct plugin a = {.name = "A"}, b = {.name = "B"};
static const struct plugin *const plugins[] = {&a, &b};
static const struct framework profile = {.plugins = plugins, .n = ARRAY_LEN(plugins)};
#define A 1u
#define B 2u

static int setup(void **state)
{
	clock_fake(1000 * NS_PER_S);
	*state = waiting_new(&profile);
	return 0;
}

static int teardown(void **state)
{
	waiting_free(*state);
	clock_real();
	return 0;
}

static void add(struct waiting *w, const char *uid, int64_t a_ns, int64_t b_ns)
{
	autofree char *yaml = mem_printf("metadata: {name: p, uid: '%s'}", uid);
	struct permit permit = {.waits = (a_ns ? A : 0) | (b_ns ? B : 0), .timeout_ns = {a_ns, b_ns}};

	waiting_add(w, &(struct bind_item){.pod = make_pod(yaml)}, &permit);
}

static void expect(struct waiting *w, const char *uid, bool ended, unsigned rejected, const char *why)
{
	struct waiting_pod *p = waiting_take(w);

	assert_non_null(p);
	assert_string_equal(p->item.pod->base.meta.uid, uid);
	assert_int_equal(p->ended, ended);
	assert_int_equal(p->rejected, rejected);
	if (why)
		assert_string_equal(p->why, why);
	else
		assert_null(p->why);
	bind_item_release(&p->item);
	free(p->why);
	free(p);
}

static void test_all_who_asked_must_allow(void **state)
{
	struct waiting *w = *state;

	assert_null(waiting_take(w));
	assert_true(waiting_next_ns(w) == CLOCK_NEVER);
	add(w, "x", NS_PER_S, 2 * NS_PER_S);
	assert_true(waiting_next_ns(w) == clock_mono_ns() + NS_PER_S);
	assert_true(waiting_allow(w, "x", 0));
	assert_null(waiting_take(w));
	assert_true(waiting_next_ns(w) == clock_mono_ns() + 2 * NS_PER_S); /* the other's time goes on */
	assert_true(waiting_allow(w, "x", 1));
	assert_true(waiting_next_ns(w) == 0);
	expect(w, "x", false, 0, NULL);
	assert_null(waiting_take(w));
	assert_false(waiting_allow(w, "x", 1));
}

static void test_one_word_is_enough_against_it(void **state)
{
	struct waiting *w = *state;

	add(w, "x", NS_PER_S, NS_PER_S);
	add(w, "z", NS_PER_S, 0);
	assert_true(waiting_reject(w, "x", 1, "no"));
	assert_false(waiting_allow(w, "x", 0)); /* too late */
	waiting_drop(w, "z");
	waiting_drop(w, "nobody");
	expect(w, "x", true, B, "no");
	expect(w, "z", true, 0, NULL);
}

static void test_time_runs_out(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = {
		{50 * NS_PER_MS, "50ms"},    {NS_PER_S, "1s"},
		{1500 * NS_PER_MS, "1.5s"},  {60 * NS_PER_S, "1m0s"},
		{3723 * NS_PER_S, "1h2m3s"},
	};
	struct waiting *w = *state;

	for (size_t i = ARRAY_LEN(rows); i-- > 0;) {
		autofree char *uid = mem_printf("%zu", i);

		add(w, uid, 2 * 3600 * NS_PER_S, rows[i].ns);
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) { /* the shortest first */
		autofree char *uid = mem_printf("%zu", i);
		autofree char *why =
			mem_printf("rejected due to timeout after waiting %s at plugin B", rows[i].text);

		assert_null(waiting_take(w));
		clock_advance(waiting_next_ns(w) - clock_mono_ns());
		expect(w, uid, true, B, why);
	}
}

static void look(void *arg, const struct sched_pod *p, const struct node_state *n)
{
	++*(size_t *)arg;
}

static void test_what_waits_at_the_end_is_freed(void **state)
{
	struct waiting *w = *state;
	size_t n = 0;

	add(w, "x", NS_PER_S, 0);
	add(w, "z", NS_PER_S, 0);
	waiting_reject(w, "z", 0, "no");
	waiting_each(w, look, &n);
	assert_int_equal(n, 1); /* the other is decided */
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_all_who_asked_must_allow),
		TEST(test_one_word_is_enough_against_it),
		TEST(test_time_runs_out),
		TEST(test_what_waits_at_the_end_is_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
