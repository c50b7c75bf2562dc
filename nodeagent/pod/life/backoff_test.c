/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pod/life/backoff.h"

/* 10, 20, 40 … 300 s, counted from the event; the first attempt is free; ten quiet minutes and it starts
 * again. */
static void test_row(void **state)
{
	static const int want_s[] = {0, 10, 20, 40, 80, 160, 300, 300};
	struct backoff b = {0};
	int64_t now = 1000 * NS_PER_S;
	for (size_t i = 0; i < sizeof(want_s) / sizeof(*want_s); i++) {
		int64_t event = now;
		assert_int_equal(backoff_left(&b, event, now), want_s[i] * NS_PER_S);
		if (want_s[i])
			assert_int_equal(backoff_left(&b, event, now + NS_PER_S), (want_s[i] - 1) * NS_PER_S);
		now += want_s[i] * NS_PER_S;
		assert_int_equal(backoff_left(&b, event, now), 0);
		backoff_next(&b, event, now);
	}
	assert_int_equal(backoff_left(&b, now + 600 * NS_PER_S, now + 600 * NS_PER_S), 300 * NS_PER_S);
	assert_int_equal(backoff_left(&b, now + 601 * NS_PER_S, now + 601 * NS_PER_S), 0);
	backoff_next(&b, now + 601 * NS_PER_S, now + 601 * NS_PER_S);
	assert_int_equal(b.delay_ns, BACKOFF_BASE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_row)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
