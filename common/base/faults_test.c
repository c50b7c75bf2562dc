/* SPDX-License-Identifier: Apache-2.0 */
#include "base/faults.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_text(void **state)
{
	autofaults struct faults f = {.n = 0};
	struct err err = ERR_INIT;

	assert_int_equal(faults_end(&f, REASON_INVALID, "no: ", true, &err), 0);
	assert_int_equal(err.reason, REASON_NONE);
	faults_add(&f, "%s is %d", "a", 1);
	assert_int_equal(faults_end(&f, REASON_INVALID, "no: ", true, &err), -1);
	assert_string_equal(err.msg, "no: a is 1");
	assert_int_equal(err.reason, REASON_INVALID);
	faults_add(&f, "b");
	assert_int_equal(faults_end(&f, REASON_INVALID, "no: ", true, &err), -1);
	assert_string_equal(err.msg, "no: [a is 1, b]");
	assert_int_equal(faults_end(&f, REASON_INVALID, "", false, &err), -1);
	assert_string_equal(err.msg, "a is 1, b");
}

static void test_bound(void **state)
{
	autofaults struct faults f = {.n = 0};

	for (int i = 0; i < 2 * FAULTS_MAX; i++)
		faults_add(&f, "x");
	assert_int_equal(f.n, 2 * FAULTS_MAX);
	assert_int_equal(f.text.len, 3 * FAULTS_MAX - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_bound)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
