/* SPDX-License-Identifier: Apache-2.0 */
/* Threads come with work and go without it; queues share them fairly. */
#include "controller/worker_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread_test.h"

struct world {
	struct loop *loop;
	struct worker_pool *p;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool hold;	/* keys of queue "a" stay until released */
	int held, most; /* of "a" at once */
	int done_a, done_b;
};
static struct world w;

static void run(void *owner, const char *key)
{
	bool is_a = *(const char *)owner == 'a';

	pthread_mutex_lock(&w.lock);
	if (is_a) {
		w.held++;
		w.most = w.held > w.most ? w.held : w.most;
		pthread_cond_broadcast(&w.cond);
		while (w.hold)
			pthread_cond_wait(&w.cond, &w.lock);
		w.held--;
		w.done_a++;
	} else {
		w.done_b++;
	}
	pthread_cond_broadcast(&w.cond);
	pthread_mutex_unlock(&w.lock);
}

static void wait_for(const int *what, int n)
{
	pthread_mutex_lock(&w.lock);
	while (*what < n)
		pthread_cond_wait(&w.cond, &w.lock);
	pthread_mutex_unlock(&w.lock);
}

static void let_go(void)
{
	pthread_mutex_lock(&w.lock);
	w.hold = false;
	pthread_cond_broadcast(&w.cond);
	pthread_mutex_unlock(&w.lock);
}

static int set_up(void **state)
{
	clock_fake(NS_PER_S);
	w = (struct world){.loop = loop_new(NULL)};
	w.p = worker_pool_new("test", 3, w.loop);
	loop_start(w.loop, "loop");
	pthread_mutex_init(&w.lock, NULL);
	pthread_cond_init(&w.cond, NULL);
	return 0;
}

static int tear_down(void **state)
{
	worker_pool_stop(w.p);
	assert_true(worker_pool_wait(w.p, CLOCK_NEVER));
	worker_pool_free(w.p);
	loop_join(w.loop);
	loop_free(w.loop);
	pthread_cond_destroy(&w.cond);
	pthread_mutex_destroy(&w.lock);
	clock_real();
	return 0;
}

static void add_n(struct workqueue *q, int n)
{
	char key[16];

	for (int i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "%d", i);
		workqueue_add(q, key);
	}
}

static void test_nothing_costs_nothing(void **state)
{
	struct workqueue *a = worker_pool_queue(w.p, "a", 2, run, (void *)"a");

	add_n(a, 5);
	assert_int_equal(worker_pool_threads(w.p), 0); /* paused */
	worker_pool_resume(a);
	wait_for(&w.done_a, 5);
	while (worker_pool_threads(w.p)) { /* idle threads end; their time begins when they do */
		clock_advance(11 * NS_PER_S);
		sched_yield();
	}
	add_n(a, 1);
	wait_for(&w.done_a, 6); /* and come again */
}

static void test_limits(void **state)
{
	struct workqueue *a = worker_pool_queue(w.p, "a", 2, run, (void *)"a");
	struct workqueue *b = worker_pool_queue(w.p, "b", 2, run, (void *)"b");

	w.hold = true;
	worker_pool_resume(a);
	worker_pool_resume(b);
	add_n(a, 10);
	wait_for(&w.held, 2);
	add_n(b, 10); /* the third thread is theirs */
	wait_for(&w.done_b, 10);
	assert_int_equal(w.most, 2);
	assert_true(worker_pool_threads(w.p) <= 3);
	let_go();
	wait_for(&w.done_a, 10);
	assert_true(w.most <= 2);
}

/* A key that must wait keeps one thread, which watches the clock for all queues. */
static void test_delayed_keys(void **state)
{
	struct workqueue *a = worker_pool_queue(w.p, "a", 2, run, (void *)"a");
	struct workqueue *b = worker_pool_queue(w.p, "b", 2, run, (void *)"b");

	worker_pool_resume(a);
	worker_pool_resume(b);
	workqueue_add_after(a, "late", 60 * NS_PER_S);
	workqueue_add_after(b, "early", 30 * NS_PER_S);
	assert_int_equal(worker_pool_threads(w.p), 1);
	clock_advance(30 * NS_PER_S);
	wait_for(&w.done_b, 1);
	assert_int_equal(w.done_a, 0);
	assert_true(worker_pool_threads(w.p) >= 1);
	clock_advance(30 * NS_PER_S);
	wait_for(&w.done_a, 1);
}

static void test_stop_does_not_wait_for_ever(void **state)
{
	struct workqueue *a = worker_pool_queue(w.p, "a", 1, run, (void *)"a");

	w.hold = true;
	worker_pool_resume(a);
	add_n(a, 3);
	wait_for(&w.held, 1);
	worker_pool_stop(w.p);
	assert_false(worker_pool_wait(w.p, clock_mono_ns()));
	let_go();
	assert_true(worker_pool_wait(w.p, CLOCK_NEVER));
	assert_int_equal(w.done_a, 1); /* the other keys were not begun */
}

/* A key for which there is no thread waits until there is one, though nothing else happens. */
static void test_no_thread(void **state)
{
	struct workqueue *a = worker_pool_queue(w.p, "a", 2, run, (void *)"a");

	worker_pool_resume(a);
	if (!thread_forbid())
		skip();
	add_n(a, 1);
	size_t n = worker_pool_threads(w.p);

	assert_true(thread_allow());
	assert_int_equal(n, 0);
	wait_for(&w.done_a, 1);
}

enum { KEYS = 40, ROUNDS = 300, QUEUES = 3 };
static atomic_int adds[QUEUES][KEYS], seen[QUEUES][KEYS], busy[QUEUES][KEYS];
static const int queue_index[QUEUES] = {0, 1, 2};

static void look(void *owner, const char *key)
{
	int q = *(const int *)owner, i = atoi(key);

	if (atomic_fetch_add(&busy[q][i], 1) != 0)
		abort();
	atomic_store(&seen[q][i], atomic_load(&adds[q][i]));
	atomic_fetch_sub(&busy[q][i], 1);
}

static bool all_seen(void)
{
	for (int q = 0; q < QUEUES; q++)
		for (int i = 0; i < KEYS; i++)
			if (atomic_load(&seen[q][i]) != ROUNDS)
				return false;
	return true;
}

/* Each key's last add is followed by a look at it, and no key is in two hands, however threads come and go. */
static void test_nothing_is_lost(void **state)
{
	struct workqueue *q[QUEUES];
	char key[16];

	clock_real();
	struct worker_pool *p = worker_pool_new("crowd", 4, w.loop);

	for (int k = 0; k < QUEUES; k++) {
		q[k] = worker_pool_queue(p, "crowd", 2, look, (void *)&queue_index[k]);
		worker_pool_resume(q[k]);
	}
	for (int r = 0; r < ROUNDS; r++)
		for (int i = 0; i < KEYS; i++)
			for (int k = 0; k < QUEUES; k++) {
				snprintf(key, sizeof(key), "%d", i);
				atomic_fetch_add(&adds[k][i], 1);
				if (r % 3 == 0)
					workqueue_add_after(q[k], key, 100 * NS_PER_US);
				else
					workqueue_add(q[k], key);
			}
	int64_t deadline = clock_mono_ns() + 120 * NS_PER_S;

	while (!all_seen() && clock_mono_ns() < deadline)
		sched_yield();
	assert_true(all_seen());
	worker_pool_stop(p);
	assert_true(worker_pool_wait(p, CLOCK_NEVER));
	worker_pool_free(p);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_costs_nothing),	TEST(test_limits),	    TEST(test_delayed_keys),
		TEST(test_stop_does_not_wait_for_ever), TEST(test_nothing_is_lost), TEST(test_no_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
