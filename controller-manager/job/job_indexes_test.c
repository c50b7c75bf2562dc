/* SPDX-License-Identifier: Apache-2.0 */
#include "job/job_indexes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void expect(const struct job_indexes *s, const char *text)
{
	autobuf struct buf b = BUF_INIT;

	job_indexes_write(s, &b);
	assert_string_equal(buf_str(&b), text);
}

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int completions, count;
		const char *want;
	} rows[] = {
		{NULL, 10, 0, ""},
		{"", 10, 0, ""},
		{"0", 10, 1, "0"},
		{"1,3-5,7", 10, 5, "1,3-5,7"},
		{"1,2", 10, 2, "1,2"},
		{"1,2,3", 10, 3, "1-3"},
		{"0-9", 5, 5, "0-4"},
		{"3,7-9", 5, 1, "3"},
		{"x,2,-1,4-,5-z,6", 10, 2, "2,6"},
		{"5-3,8", 10, 1, "8"},
		{"99999999999999999999,1", 10, 1, "1"},
		{",,2,,", 10, 1, "2"},
		{"4,2,5", 10, 2, "4,5"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct job_indexes s = job_indexes_parse(rows[i].text, rows[i].completions);

		assert_int_equal(job_indexes_count(&s), rows[i].count);
		expect(&s, rows[i].want);
		job_indexes_release(&s);
	}
}

static void test_sets(void **state)
{
	int v[] = {7, 3, 4, 3, 0, 9};
	struct job_indexes a = job_indexes_of(v, ARRAY_LEN(v)), b = job_indexes_parse("1-2,5,9-12", 100);

	expect(&a, "0,3,4,7,9");
	assert_int_equal(job_indexes_common(&a, &b), 1);
	assert_true(job_indexes_has(&a, 4));
	assert_false(job_indexes_has(&a, 5));
	assert_false(job_indexes_has(&a, 10));
	job_indexes_merge(&a, &b);
	expect(&a, "0-5,7,9-12");
	job_indexes_release(&a);
	job_indexes_release(&b);
}

static void test_free_ones(void **state)
{
	struct job_indexes s = job_indexes_parse("1-2,5", 8);
	int got[8];

	assert_int_equal(job_indexes_free(&s, 8, got, 3), 3);
	assert_int_equal(got[0], 0);
	assert_int_equal(got[1], 3);
	assert_int_equal(got[2], 4);
	assert_int_equal(job_indexes_free(&s, 8, got, 8), 5);
	assert_int_equal(got[4], 7);
	assert_int_equal(job_indexes_free(&s, 2, got, 8), 1);
	job_indexes_release(&s);
	assert_int_equal(job_indexes_free(&s, 2, got, 8), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_free_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
