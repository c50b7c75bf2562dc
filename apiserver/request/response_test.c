/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/buf.h"
#include "request/response.h"

static void said_once(void **state)
{
	struct response rs = {.status = 200};

	for (int i = 0; i < 3; i++)
		response_warn(&rs, "field %s", "a");
	response_warn(&rs, "field b");
	assert_int_equal(rs.n_warnings, 2);
	assert_string_equal(rs.warnings[1], "field b");
	response_release(&rs);
	assert_null(rs.warnings);
}

/* Headers stay headers, however long what the client sent is: whole until there is too much, then cut between runes. */
static void bounded(void **state)
{
	struct response rs = {.status = 200};
	autobuf struct buf b = BUF_INIT;
	size_t all = 0;

	for (int i = 0; i < 2000; i++)
		buf_adds(&b, "é");
	response_warn(&rs, "a%s", buf_str(&b));
	assert_int_equal(strlen(rs.warnings[0]), 4001);
	for (int i = 0; i < 100; i++)
		response_warn(&rs, "%d%s%s", i, buf_str(&b), buf_str(&b));
	assert_in_range(rs.n_warnings, 16, 17);
	for (size_t i = 0; i < rs.n_warnings; i++)
		all += strlen(rs.warnings[i]);
	assert_in_range(all, 2 * 4096 - 64, 2 * 4096 + 512);
	assert_int_equal(strlen(rs.warnings[0]), 1 + 2 * 255);
	response_release(&rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(said_once), cmocka_unit_test(bounded)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
