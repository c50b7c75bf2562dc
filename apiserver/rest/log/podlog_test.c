/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused before any node agent is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "rest/rig_test.h"

#define LOG "/api/v1/namespaces/default/pods/none/log"

static const struct row {
	const char *query;
	int status;
	const char *text; /* part of the message */
} rows[] = {
	{"", 404, "pods \"none\" not found"},
	{"?tailLines=9223372036854775807", 404, "pods \"none\" not found"},
	{"?tailLines=9223372036854775808", 400,
	 "strconv.ParseInt: parsing \"9223372036854775808\": value out of range"},
	{"?limitBytes=-9223372036854775809", 400,
	 "strconv.ParseInt: parsing \"-9223372036854775809\": value out of range"},
	{"?sinceSeconds=99999999999999999999", 400, "value out of range"},
	{"?tailLines=1x", 400, "strconv.ParseInt: parsing \"1x\": invalid syntax"},
	{"?tailLines=", 400, "strconv.ParseInt: parsing \"\": invalid syntax"},
	{"?tailLines=-1", 422, "tailLines: Invalid value: -1: must be greater than or equal to 0"},
	{"?limitBytes=0", 422, "limitBytes: Invalid value: 0: must be greater than 0"},
	{"?sinceTime=2020-01-01T00:00:00Z&sinceSeconds=1", 422, "at most one of"},
};

static void test_refusals(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *target = mem_printf(LOG "%s", rows[i].query);
		autoreply struct rig_reply r = rig_call(&rig, "GET", target, NULL);
		const char *message = js_str0(r.body, "message", NULL);
		if (r.status != rows[i].status || !strstr(message, rows[i].text))
			fail_msg("%s: %d %s", target, r.status, message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_refusals)};
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
