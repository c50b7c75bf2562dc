/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "agent/pulls.h"
#include "base/mem.h"

static void test_at_a_time(void **state)
{
	static const struct {
		const char *serialize;
		int parallel;
		size_t want; /* 0: refused */
		const char *said;
	} rows[] = {
		{"true", 0, 1, NULL},
		{"true", 1, 1, NULL},
		{"false", 1, 1, NULL},
		{"false", 5, 5, NULL},
		{"false", 0, 64, NULL},
		{"false", 1000000, 64, NULL},
		{"maybe", 0, 0, "\"maybe\" is neither true nor false"},
		{"true", 2, 0,
		 "invalid configuration: maxParallelImagePulls cannot be larger than 1 unless SerializeImagePulls "
		 "(--serialize-image-pulls) is set to false"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		size_t n = 0;
		int rc = pulls_at_a_time(rows[i].serialize, rows[i].parallel, &n, &err);
		assert_int_equal(rc, rows[i].want ? 0 : -1);
		assert_int_equal(n, rows[i].want);
		if (rows[i].said)
			assert_non_null(strstr(err.msg, rows[i].said));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_at_a_time)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
