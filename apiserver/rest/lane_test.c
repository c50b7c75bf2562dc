/* SPDX-License-Identifier: Apache-2.0 */
/* How many are in, how many wait, in which order, and on whose thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "base/mem.h"
#include "rest/lane.h"

static sem_t begun, may_end;
static atomic_int order, running, most;
static int began_as[8];
static struct exchange *x;
static _Atomic(pthread_t) began_on;

static void end(void *arg)
{
	struct exchange *one = arg;

	while (sem_wait(&may_end) < 0)
		;
	atomic_fetch_sub(&running, 1);
	lane_leave(one);
}

/* Comes back once through the pool, as everything does that waits. */
static void begin(struct exchange *one, struct lane *l)
{
	int now = atomic_fetch_add(&running, 1) + 1, before = atomic_load(&most);

	while (now > before && !atomic_compare_exchange_weak(&most, &before, now))
		;
	atomic_store(&began_on, pthread_self());
	began_as[one - x] = atomic_fetch_add(&order, 1) + 1;
	lane_again(l, end, one);
	sem_post(&begun);
}

static void wait_for(int n)
{
	while (n--)
		while (sem_wait(&begun) < 0)
			;
}

static void test_bounds(void **state)
{
	struct pool *p = pool_new("t", 4, 2);
	struct lane *l = lane_new(p, 2, 3, SIZE_MAX, begin);

	for (int i = 0; i < 5; i++)
		assert_true(lane_enter(l, &x[i], false));
	assert_false(lane_enter(l, &x[5], false));
	wait_for(2);
	assert_int_equal(atomic_load(&running), 2);
	for (int i = 0; i < 3; i++) { /* one leaves, the longest waiting comes */
		sem_post(&may_end);
		wait_for(1);
		assert_int_equal(began_as[2 + i], 3 + i);
	}
	assert_true(lane_enter(l, &x[5], true)); /* no room: it waits like the others */
	for (int i = 0; i < 3; i++)
		sem_post(&may_end);
	wait_for(1);
	pool_free(p);
	assert_int_equal(atomic_load(&most), 2);
	lane_free(l);
}

static void test_here(void **state)
{
	struct pool *p = pool_new("t", 1, 2);
	struct lane *l = lane_new(p, 2, 0, SIZE_MAX, begin);

	assert_true(lane_enter(l, &x[0], true));
	assert_true(pthread_equal(atomic_load(&began_on), pthread_self()));
	wait_for(1);
	sem_post(&may_end);
	pool_free(p);
	lane_free(l);
}

/* Memory is given out in order: what is large waits for what is under way, what is small waits behind it. */
static void test_costs(void **state)
{
	static const size_t costs[] = {6, 5, 1, 20, 1};
	struct pool *p = pool_new("t", 4, 8);
	struct lane *l = lane_new(p, 4, 8, 10, begin);

	atomic_store(&order, 0);
	atomic_store(&most, 0);
	for (int i = 0; i < 5; i++) {
		x[i] = (struct exchange){.cost = costs[i]};
		assert_true(lane_enter(l, &x[i], false));
	}
	wait_for(1);
	assert_int_equal(atomic_load(&running), 1); /* 6 of 10; 5 do not fit, and 1 stands behind them */
	sem_post(&may_end);
	wait_for(2);
	assert_int_equal(atomic_load(&running), 2); /* 5 + 1, but not 20 */
	sem_post(&may_end);
	sem_post(&may_end);
	wait_for(1);
	assert_int_equal(atomic_load(&running), 1); /* 20, alone */
	sem_post(&may_end);
	wait_for(1);
	sem_post(&may_end);
	pool_free(p);
	assert_true(began_as[0] == 1 && began_as[3] == 4 && began_as[4] == 5);
	lane_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_bounds), cmocka_unit_test(test_here),
					   cmocka_unit_test(test_costs)};

	x = mem_array(8, sizeof(*x));
	sem_init(&begun, 0, 0);
	sem_init(&may_end, 0, 0);
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	free(x);
	return rc;
}
