/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cancel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void count(void *arg)
{
	++*(int *)arg;
}

static void test_once(void **state)
{
	struct cancel c;
	int n = 0;
	cancel_init(&c);
	assert_true(cancel_hook(&c, count, &n));
	assert_false(cancel_canceled(&c));
	cancel_now(&c);
	cancel_now(&c);
	assert_int_equal(n, 1);
	assert_true(cancel_canceled(&c));
	assert_false(cancel_hook(&c, count, &n));
	cancel_unhook(&c);
	cancel_release(&c);
	assert_int_equal(n, 1);
}

static void test_unhooked(void **state)
{
	struct cancel c;
	int n = 0;
	cancel_init(&c);
	assert_true(cancel_hook(&c, count, &n));
	cancel_unhook(&c);
	cancel_now(&c);
	assert_int_equal(n, 0);
	assert_true(cancel_canceled(&c));
	cancel_release(&c);
}

static void *now(void *arg)
{
	cancel_now(arg);
	return NULL;
}

/* Whoever unhooks knows that the hook is through. */
static void test_threads(void **state)
{
	for (int i = 0; i < 200; i++) {
		struct cancel c;
		int n = 0;
		pthread_t t;
		cancel_init(&c);
		assert_true(cancel_hook(&c, count, &n));
		assert_int_equal(pthread_create(&t, NULL, now, &c), 0);
		cancel_unhook(&c);
		assert_true(n == 0 || n == 1);
		n = 7;
		pthread_join(t, NULL);
		assert_int_equal(n, 7);
		cancel_release(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_unhooked),
		cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
