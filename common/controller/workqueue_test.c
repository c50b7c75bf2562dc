/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/workqueue.h"

#include <assert.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"

static int setup(void **state)
{
	clock_fake(0);
	*state = workqueue_new("test");
	return 0;
}

static int teardown(void **state)
{
	workqueue_free(*state);
	clock_real();
	return 0;
}

static void expect(struct workqueue *q, const char *want)
{
	autofree char *key = workqueue_get(q);

	assert_string_equal(key, want);
}

static void test_order_and_dirty(void **state)
{
	struct workqueue *q = *state;

	workqueue_add(q, "a");
	workqueue_add(q, "b");
	workqueue_add(q, "a"); /* queued once */
	assert_int_equal(workqueue_len(q), 2);
	expect(q, "a");
	workqueue_add(q, "a"); /* while processed: not before done */
	workqueue_add(q, "a");
	assert_int_equal(workqueue_len(q), 1);
	expect(q, "b");
	workqueue_done(q, "a");
	assert_int_equal(workqueue_len(q), 1);
	expect(q, "a");
	workqueue_done(q, "a");
	workqueue_done(q, "b");
	workqueue_done(q, "unknown");
	assert_int_equal(workqueue_len(q), 0);
}

static void test_delays(void **state)
{
	struct workqueue *q = *state;

	workqueue_add_after(q, "late", 3 * NS_PER_S);
	workqueue_add_after(q, "early", 1 * NS_PER_S);
	workqueue_add_after(q, "late", 2 * NS_PER_S); /* the earlier time wins */
	workqueue_add_after(q, "late", 9 * NS_PER_S);
	workqueue_add_after(q, "now", 0);
	assert_int_equal(workqueue_len(q), 1);
	expect(q, "now");
	clock_advance(1 * NS_PER_S);
	expect(q, "early");
	clock_advance(1 * NS_PER_S);
	expect(q, "late");
	workqueue_done(q, "late");
	clock_advance(100 * NS_PER_S);
	workqueue_add(q, "only");
	expect(q, "only"); /* nothing was left behind */
	assert_int_equal(workqueue_len(q), 0);
}

static void test_backoff(void **state)
{
	static const int64_t want_ms[] = {5, 10, 20, 40, 80};
	struct workqueue *q = *state;

	for (size_t i = 0; i < ARRAY_LEN(want_ms); i++) {
		workqueue_add_rate_limited(q, "k");
		workqueue_add(q, "probe");
		clock_advance(want_ms[i] * NS_PER_MS - 1);
		expect(q, "probe");
		workqueue_done(q, "probe");
		assert_int_equal(workqueue_len(q), 0);
		clock_advance(1);
		expect(q, "k");
		workqueue_done(q, "k");
		assert_int_equal(workqueue_failures(q, "k"), i + 1);
	}
	for (int i = 0; i < 40; i++)
		workqueue_add_rate_limited(q, "k");
	clock_advance(1000 * NS_PER_S); /* the cap */
	expect(q, "k");
	workqueue_forget(q, "k");
	workqueue_done(q, "k");
	assert_int_equal(workqueue_failures(q, "k"), 0);
	workqueue_forget(q, "never");
}

enum { KEYS = 50, ROUNDS = 400 };
struct crowd {
	struct workqueue *q;
	atomic_int busy[KEYS], adds[KEYS], seen[KEYS];
};

static void *crowd_main(void *arg)
{
	struct crowd *c = arg;
	char *key;

	while ((key = workqueue_get(c->q))) {
		int i = atoi(key);

		assert(atomic_fetch_add(&c->busy[i], 1) == 0);
		atomic_store(&c->seen[i], atomic_load(&c->adds[i]));
		assert(atomic_fetch_sub(&c->busy[i], 1) == 1);
		workqueue_done(c->q, key);
		free(key);
	}
	return NULL;
}

/* Each key's last add is followed by a look at it, and no key is in two hands. */
static void test_workers(void **state)
{
	struct crowd *c = MEM_NEW(struct crowd);
	int64_t deadline;
	pthread_t t[4];
	char key[16];

	clock_real();
	c->q = *state;
	for (int i = 0; i < 4; i++)
		t[i] = thread_start("worker", crowd_main, c);
	for (int r = 0; r < ROUNDS; r++) {
		for (int i = 0; i < KEYS; i++) {
			snprintf(key, sizeof(key), "%d", i);
			atomic_fetch_add(&c->adds[i], 1);
			if (r % 3 == 0)
				workqueue_add_after(c->q, key, 100 * NS_PER_US);
			else
				workqueue_add(c->q, key);
		}
	}
	deadline = clock_mono_ns() + 120 * NS_PER_S;
	for (int i = 0; i < KEYS; i++)
		while (atomic_load(&c->seen[i]) != ROUNDS && clock_mono_ns() < deadline)
			sched_yield();
	workqueue_shutdown(c->q);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < KEYS; i++)
		assert_int_equal(atomic_load(&c->seen[i]), ROUNDS);
	assert_null(workqueue_get(c->q));
	workqueue_add(c->q, "after shutdown");
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_order_and_dirty),
		T(test_delays),
		T(test_backoff),
		T(test_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
