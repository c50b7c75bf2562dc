/* SPDX-License-Identifier: Apache-2.0 */
/* Each time ends when it should, on a clock of the test's own, and starts anew when it is set again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "http/limits.h"

struct thing {
	struct limits_node node;
	int expired;
};

static void on_expired(struct limits_node *n)
{
	CONTAINER_OF(n, struct thing, node)->expired++;
}

static struct loop *loop;
static struct limits limits;

static int set_up(void **state)
{
	clock_fake(0);
	loop = loop_new(NULL);
	limits_init(&limits, loop, on_expired);
	return 0;
}

static int tear_down(void **state)
{
	limits_release(&limits);
	loop_free(loop);
	clock_real();
	return 0;
}

static void pass(int64_t seconds)
{
	clock_advance(seconds * NS_PER_S);
	loop_wake(loop);
	loop_turn(loop, clock_mono_ns());
	loop_turn(loop, clock_mono_ns());
}

static void test_each(void **state)
{
	static const int64_t seconds[LIMITS] = {10, 32, 60, 60, 10, 80};
	for (size_t i = 0; i < LIMITS; i++) {
		struct thing t = {.expired = 0};
		limits_init_node(&t.node);
		limits_set(&limits, &t.node, (enum limit)i);
		pass(seconds[i] - 1);
		assert_int_equal(t.expired, 0);
		pass(1);
		assert_int_equal(t.expired, 1);
		pass(1000);
		assert_int_equal(t.expired, 1);
	}
}

static void test_anew(void **state)
{
	struct thing a = {.expired = 0}, b = a;
	limits_init_node(&a.node);
	limits_init_node(&b.node);
	limits_set(&limits, &a.node, LIMIT_IDLE);
	limits_set(&limits, &b.node, LIMIT_HANDSHAKE);
	pass(9);
	limits_set(&limits, &b.node, LIMIT_HANDSHAKE);
	pass(9);
	assert_int_equal(b.expired, 0);
	limits_clear(&b.node);
	pass(61);
	assert_int_equal(a.expired, 0);
	pass(1);
	assert_int_equal(a.expired, 1);
	assert_int_equal(b.expired, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_anew, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
