/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "image/pullrate.h"

static int taken(struct pullrate *r, int tries)
{
	int n = 0;
	while (tries--)
		n += pullrate_take(r);
	return n;
}

static void test_rate(void **state)
{
	static const struct {
		int qps, burst, at_once, after_300ms, after_an_hour;
	} rows[] = {
		{5, 10, 10, 1, 10},  {5, 1, 1, 1, 1},	 {20, 2, 2, 2, 2}, {1, 10, 10, 0, 10},
		{0, 10, 50, 50, 50}, {0, 0, 50, 50, 50}, {5, 0, 0, 0, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pullrate r;
		clock_fake(0);
		pullrate_init(&r, rows[i].qps, rows[i].burst);
		assert_int_equal(taken(&r, 50), rows[i].at_once);
		clock_advance(300 * NS_PER_MS);
		assert_int_equal(taken(&r, 50), rows[i].after_300ms);
		clock_advance(3600 * NS_PER_S);
		assert_int_equal(taken(&r, 50), rows[i].after_an_hour);
		pullrate_release(&r);
		clock_real();
	}
	assert_true(pullrate_take(NULL));
}

/* What falls in bit by bit is not lost. */
static void test_parts(void **state)
{
	struct pullrate r;
	clock_fake(0);
	pullrate_init(&r, 5, 1);
	assert_int_equal(taken(&r, 2), 1);
	for (int i = 0; i < 19; i++) {
		clock_advance(10 * NS_PER_MS);
		assert_int_equal(taken(&r, 1), 0);
	}
	clock_advance(15 * NS_PER_MS);
	assert_int_equal(taken(&r, 2), 1);
	pullrate_release(&r);
	clock_real();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rate), cmocka_unit_test(test_parts)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
