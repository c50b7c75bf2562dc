/* SPDX-License-Identifier: Apache-2.0 */
/* Who is inside holds the closing, who still replies holds it only so long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/thread.h"
#include "http/gate.h"

static void *leave(void *arg)
{
	struct gate *g = arg;

	gate_replies(g);
	gate_leave(g);
	return NULL;
}

static void test_close_waits(void **state)
{
	struct gate g = {.closed = false};

	gate_init(&g);
	assert_true(gate_enter(&g));
	pthread_t t = thread_start("leave", leave, &g);
	gate_close(&g);
	assert_int_equal(g.inside, 0);
	assert_false(gate_enter(&g));
	pthread_join(t, NULL);
	gate_replied(&g);
	gate_drain(&g, CLOCK_NEVER / 2);
	gate_release(&g);
}

static void *reply(void *arg)
{
	gate_replied(arg);
	return NULL;
}

static void test_drain(void **state)
{
	struct gate g = {.closed = false};

	gate_init(&g);
	gate_replies(&g);
	gate_replies(&g);
	gate_close(&g);
	pthread_t t = thread_start("reply", reply, &g);
	gate_drain(&g, NS_PER_MS); /* one of them never reads */
	pthread_join(t, NULL);
	assert_int_equal(g.replying, 1);
	gate_replied(&g);
	gate_drain(&g, CLOCK_NEVER / 2);
	gate_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_close_waits), cmocka_unit_test(test_drain)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
