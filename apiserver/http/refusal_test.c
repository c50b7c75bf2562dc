/* SPDX-License-Identifier: Apache-2.0 */
/* What wire_test sees on the wire, here to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/mem.h"
#include "http/refusal.h"

static void writes_a_status(void **state)
{
	static const struct {
		unsigned status;
		const char *body;
	} rows[] = {
		{413,
		 "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"the "
		 "request is too large\",\"reason\":\"RequestEntityTooLarge\",\"code\":413}\n"},
		{431,
		 "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"the "
		 "request's header fields are too large\",\"code\":431}\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf b = BUF_INIT;
		refusal_write(&b, rows[i].status);
		assert_string_equal(buf_str(&b), rows[i].body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(writes_a_status)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
