/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sched.h>
#include "base/clock.h"
#include "base/thread.h"

struct timer {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	int64_t deadline_ns;
	bool fired, cancelled;
};

static void *run_timer(void *arg)
{
	struct timer *t = arg;

	pthread_mutex_lock(&t->lock);
	while (!t->cancelled && clock_cond_wait(&t->cond, &t->lock, t->deadline_ns))
		;
	t->fired = !t->cancelled;
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static bool fired(struct timer *t)
{
	pthread_mutex_lock(&t->lock);
	bool f = t->fired;

	pthread_mutex_unlock(&t->lock);
	return f;
}

static void fake_time_wakes_waiters(void **state)
{
	enum { N = 8 };
	static struct timer t[N];
	pthread_t threads[N];

	clock_fake(1000 * NS_PER_S);
	int64_t start = clock_mono_ns();

	for (int i = 0; i < N; i++) {
		t[i] = (struct timer){.lock = PTHREAD_MUTEX_INITIALIZER,
				      .deadline_ns = start + (i + 1) * 3600 * NS_PER_S};
		if (i == N - 1)
			t[i].deadline_ns = CLOCK_NEVER;
		clock_cond_init(&t[i].cond);
		threads[i] = thread_start("timer", run_timer, &t[i]);
	}
	while (clock_waiting() < N)
		sched_yield();
	for (int i = 0; i < N - 1; i++) {
		assert_false(fired(&t[i]));
		clock_advance(3600 * NS_PER_S);
		pthread_join(threads[i], NULL);
		assert_true(fired(&t[i]));
	}
	assert_false(fired(&t[N - 1]));
	assert_int_equal(clock_wall_ns(), 1000 * NS_PER_S + (N - 1) * 3600 * NS_PER_S);
	assert_int_equal(clock_mono_ns(), start + (N - 1) * 3600 * NS_PER_S);
	pthread_mutex_lock(&t[N - 1].lock);
	t[N - 1].cancelled = true;
	pthread_cond_signal(&t[N - 1].cond);
	pthread_mutex_unlock(&t[N - 1].lock);
	pthread_join(threads[N - 1], NULL);
	for (int i = 0; i < N; i++)
		pthread_cond_destroy(&t[i].cond);
	clock_real();
	assert_true(clock_wall_ns() > 1000000 * NS_PER_S);
}

static void real_deadlines_pass(void **state)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t c;
	int64_t start = clock_mono_ns(), deadline = start + 5 * NS_PER_MS;

	clock_cond_init(&c);
	pthread_mutex_lock(&m);
	assert_false(clock_cond_wait(&c, &m, start - 1));
	assert_false(clock_cond_wait(&c, &m, -5));
	while (clock_cond_wait(&c, &m, deadline))
		;
	assert_true(clock_mono_ns() >= deadline);
	pthread_mutex_unlock(&m);
	pthread_cond_destroy(&c);
}

static void a_hastened_clock_keeps_its_pace(void **state)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t c;
	int64_t real = clock_mono_ns(), wall = clock_wall_ns(), start, ms;

	clock_cond_init(&c);
	clock_hasten(1000);
	start = clock_mono_ns();
	assert_true(start >= real && clock_wall_ns() >= wall);
	/* Fifty minutes of the real clock, so that no pause between two lines uses them up. */
	ms = clock_poll_ms(start + INT64_C(3000000) * NS_PER_S);
	assert_true(ms > 0 && ms <= 3000000);
	assert_int_equal(clock_poll_ms(CLOCK_NEVER), -1);
	assert_int_equal(clock_poll_ms(start), 0);
	pthread_mutex_lock(&m);
	while (clock_cond_wait(&c, &m, start + 20 * NS_PER_S))
		;
	pthread_mutex_unlock(&m);
	assert_true(clock_mono_ns() >= start + 20 * NS_PER_S);
	clock_real();
	assert_true(clock_mono_ns() - real >= 20 * NS_PER_MS);
	pthread_cond_destroy(&c);
}

/* Held and let go, it never goes back, and whoever waits does so for what is left. */
static void a_hastened_clock_can_be_held(void **state)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t c;
	int64_t deadline, held;

	clock_cond_init(&c);
	clock_hasten(1000);
	deadline = clock_mono_ns() + 20 * NS_PER_S;
	for (int i = 0; i < 3; i++) {
		clock_fake(clock_wall_ns());
		held = clock_mono_ns();
		clock_advance(NS_PER_S);
		assert_true(clock_mono_ns() == held + NS_PER_S);
		clock_hasten(1000);
		assert_true(clock_mono_ns() >= held + NS_PER_S);
	}
	pthread_mutex_lock(&m);
	while (clock_cond_wait(&c, &m, deadline))
		;
	pthread_mutex_unlock(&m);
	assert_true(clock_mono_ns() >= deadline);
	clock_fake(0);
	struct timer t = {.lock = PTHREAD_MUTEX_INITIALIZER, .deadline_ns = clock_mono_ns() + 20 * NS_PER_S};
	clock_cond_init(&t.cond);
	pthread_t thread = thread_start("timer", run_timer, &t);
	while (!clock_waiting())
		sched_yield();
	clock_hasten(1000);
	pthread_join(thread, NULL);
	assert_true(fired(&t) && clock_mono_ns() >= t.deadline_ns);
	clock_real();
	pthread_cond_destroy(&t.cond);
	pthread_cond_destroy(&c);
}

/* Deadlines are far, and still come; from a slow clock to a fast one is a step like any other. */
static void a_slow_clock_goes_on(void **state)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t c;
	int64_t real = clock_mono_ns(), start;

	clock_cond_init(&c);
	clock_slow(10);
	start = clock_mono_ns();
	assert_true(start >= real);
	assert_true(clock_poll_ms(start + 100 * NS_PER_S) >
		    900 * 1000); /* a hundred seconds of pause before that */
	assert_int_equal(clock_poll_ms(CLOCK_NEVER - 1), 3600 * 1000);
	assert_int_equal(clock_poll_ms(start), 0);
	pthread_mutex_lock(&m);
	while (clock_cond_wait(&c, &m, start + 2 * NS_PER_MS))
		;
	pthread_mutex_unlock(&m);
	assert_true(clock_mono_ns() >= start + 2 * NS_PER_MS);
	clock_hasten(1000);
	assert_true(clock_mono_ns() >= start + 2 * NS_PER_MS);
	start = clock_mono_ns();
	clock_slow(10);
	assert_true(clock_mono_ns() >= start);
	clock_real();
	assert_true(clock_mono_ns() - real >= 20 * NS_PER_MS);
	pthread_cond_destroy(&c);
}

static void polls_sleep_long_enough(void **state)
{
	clock_fake(0);
	assert_int_equal(clock_poll_ms(clock_mono_ns() + 1), 1);
	assert_int_equal(clock_poll_ms(clock_mono_ns() + NS_PER_MS), 1);
	assert_int_equal(clock_poll_ms(clock_mono_ns() + NS_PER_MS + 1), 2);
	assert_int_equal(clock_poll_ms(clock_mono_ns() - 1), 0);
	assert_int_equal(clock_poll_ms(CLOCK_NEVER - 1), 3600 * 1000);
	clock_real();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hastened_clock_keeps_its_pace),
		cmocka_unit_test(a_hastened_clock_can_be_held),
		cmocka_unit_test(a_slow_clock_goes_on),
		cmocka_unit_test(polls_sleep_long_enough),
		cmocka_unit_test(fake_time_wakes_waiters),
		cmocka_unit_test(real_deadlines_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
