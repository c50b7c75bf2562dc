/* SPDX-License-Identifier: Apache-2.0 */
#include "stamps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_stamps(void **state)
{
	struct stamps *s = stamps_new(NULL, NULL);

	assert_int_equal(stamps_get(s, "a", -1), -1);
	assert_true(stamps_keep(s, "a", 5));
	assert_false(stamps_keep(s, "a", 6));
	assert_int_equal(stamps_get(s, "a", -1), 5);
	stamps_set(s, "a", 7);
	stamps_set(s, "b", 8);
	assert_int_equal(stamps_get(s, "a", -1), 7);
	assert_true(stamps_del(s, "a"));
	assert_false(stamps_del(s, "nobody"));
	assert_int_equal(stamps_get(s, "a", -1), -1);
	assert_int_equal(stamps_get(s, "b", -1), 8);
	stamps_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_stamps)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
