/* SPDX-License-Identifier: Apache-2.0 */
#include "base/unique.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void few_and_many(void **state)
{
	autounique struct unique u = {.n = 0};
	char key[32];
	for (size_t i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "key-%zu", i);
		assert_false(unique_has(&u, key));
		assert_int_equal(unique_first(&u, key, strlen(key), i), i);
		assert_true(unique_has(&u, key));
		assert_int_equal(unique_first(&u, "key-0", 5, i + 1000), 0);
		snprintf(key, sizeof(key), "key-%zu", i / 2);
		assert_int_equal(unique_first(&u, key, strlen(key), i + 1000), i / 2);
	}
}

static void any_bytes(void **state)
{
	autounique struct unique u = {.n = 0};
	assert_int_equal(unique_first(&u, "", 0, 5), 5);
	assert_int_equal(unique_first(&u, "", 0, 6), 5);
	assert_int_equal(unique_first(&u, "\0", 1, 7), 7);
	assert_true(unique_has_n(&u, "\0", 1));
	assert_false(unique_has_n(&u, "\0\0", 2));
}

static void seen_counts_itself(void **state)
{
	autounique struct unique u = {.n = 0};
	for (int i = 0; i < 30; i++)
		assert_false(unique_seen_f(&u, "%d/%s", i, "tcp"));
	assert_true(unique_seen(&u, "7/tcp"));
	assert_false(unique_seen(&u, "7/udp"));
	unique_release(&u);
	assert_false(unique_seen(&u, "7/tcp"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_and_many),
		cmocka_unit_test(any_bytes),
		cmocka_unit_test(seen_counts_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
