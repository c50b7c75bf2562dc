/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/status_reason.h"

static void names_and_codes(void **state)
{
	static const struct {
		enum reason reason;
		const char *name;
		int code;
	} rows[] = {
		{REASON_NOT_FOUND, "NotFound", 404},
		{REASON_CONFLICT, "Conflict", 409},
		{REASON_INVALID, "Invalid", 422},
		{REASON_EXPIRED, "Expired", 410},
		{REASON_TOO_LARGE, "RequestEntityTooLarge", 413},
		{REASON_UNKNOWN, "", 500},
		{REASON_IO, "IO", 500},
		{REASON_NONE, "", 500},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(status_reason_name(rows[i].reason), rows[i].name);
		assert_int_equal(status_reason_code(rows[i].reason), rows[i].code);
	}
	for (int r = REASON_UNKNOWN; r < REASON_COUNT; r++) {
		assert_true(r == REASON_UNKNOWN || *status_reason_name((enum reason)r));
		assert_int_equal(status_reason_parse(status_reason_name((enum reason)r)), r);
	}
	assert_int_equal(status_reason_parse("Nonsense"), REASON_UNKNOWN);
}

static void bare_codes(void **state)
{
	static const struct {
		int code;
		enum reason reason;
	} rows[] = {
		{404, REASON_NOT_FOUND}, {409, REASON_CONFLICT}, {410, REASON_EXPIRED},
		{422, REASON_INVALID},	 {500, REASON_INTERNAL}, {503, REASON_UNAVAILABLE},
		{502, REASON_INTERNAL},	 {418, REASON_UNKNOWN},	 {429, REASON_TOO_MANY_REQUESTS},
		{0, REASON_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(status_reason_from_code(rows[i].code), rows[i].reason);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_codes),
		cmocka_unit_test(bare_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
