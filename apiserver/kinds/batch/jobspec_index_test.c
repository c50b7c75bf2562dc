/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of indexes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "kinds/batch/jobspec.h"

static void counts(void **state)
{
	static const struct {
		const char *text;
		int64_t completions, want;
		const char *why;
	} rows[] = {
		{"", 5, 0, ""},
		{"0", 1, 1, ""},
		{"1,3-5,7", 8, 5, ""},
		{"0-99999", 100000, 100000, ""},
		{"1,,2", 5, -1, "cannot convert string to integer for index: \"\""},
		{"1,", 5, -1, "cannot convert string to integer for index: \"\""},
		{"a-2", 5, -1, "cannot convert string to integer for index: \"a\""},
		{"1-b", 5, -1, "cannot convert string to integer for index: \"b\""},
		{"1-2-3", 5, -1,
		 "the fragment \"1-2-3\" violates the requirement that an index interval can have at most two parts separated by '-'"},
		{"5", 5, -1, "too large index: \"5\""},
		{"3-9", 5, -1, "too large index: \"9\""},
		{"3-3", 5, -1, "non-increasing order, previous: 3, current: 3"},
		{"2,1", 5, -1, "non-increasing order, previous: 2, current: 1"},
		{"0-2,2", 5, -1, "non-increasing order, previous: 2, current: 2"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		assert_int_equal(jobspec_count_indexes(rows[i].text, rows[i].completions, &err),
				 rows[i].want);
		assert_string_equal(err.msg, rows[i].why);
	}
}

static void overlaps(void **state)
{
	static const struct {
		const char *a, *b;
		int64_t want;
	} rows[] = {
		{"", "1", -1},	 {"1", "1", 1},	    {"0-3,7", "4-6,8", -1}, {"0-3,7", "4-7", 7},
		{"0-9", "3", 3}, {"x,2", "0-2", 2}, {"1,3,5", "0,2,4", -1}, {"5", "x", -1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(jobspec_common_index(rows[i].a, rows[i].b, 10), rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(counts), cmocka_unit_test(overlaps)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
