/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include "base/err.h"

static void set_and_wrap(void **state)
{
	struct err e = ERR_INIT;

	assert_int_equal(err_set(&e, REASON_NOT_FOUND, "pods \"%s\" not found", "a"), -1);
	assert_int_equal(e.reason, REASON_NOT_FOUND);
	assert_string_equal(e.msg, "pods \"a\" not found");
	assert_int_equal(err_wrap(&e, "node %d", 1), -1);
	assert_int_equal(e.reason, REASON_NOT_FOUND);
	assert_string_equal(e.msg, "node 1: pods \"a\" not found");
	err_set(&e, REASON_INVALID, "[%s]", e.msg); /* its own text as an argument */
	assert_string_equal(e.msg, "[node 1: pods \"a\" not found]");
}

static void from_errno(void **state)
{
	struct err e = ERR_INIT;

	errno = ENOENT;
	assert_int_equal(err_errno(&e, "open %s", "/x"), -1);
	assert_int_equal(e.reason, REASON_IO);
	assert_string_equal(e.msg, "open /x: No such file or directory");
	assert_int_equal(errno, ENOENT);
}

static void long_messages_are_cut_between_characters(void **state)
{
	char text[2 * ERR_MSG_MAX];
	struct err e = ERR_INIT;

	for (size_t shift = 0; shift < 3; shift++) {
		memset(text, 'x', shift);
		for (size_t i = shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xe2\x82\xac", 4);
		err_set(&e, REASON_INVALID, "%s", text);
		size_t n = strlen(e.msg);

		assert_in_range(n, ERR_MSG_MAX - 4, ERR_MSG_MAX - 1);
		assert_int_equal((n - shift) % 3, 0);
		err_wrap(&e, "%s", text);
		assert_in_range(strlen(e.msg), ERR_MSG_MAX - 4, ERR_MSG_MAX - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_and_wrap),
		cmocka_unit_test(from_errno),
		cmocka_unit_test(long_messages_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
