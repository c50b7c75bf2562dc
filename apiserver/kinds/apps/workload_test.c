/* SPDX-License-Identifier: Apache-2.0 */
#include "kinds/apps/workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_status(void **state)
{
	static const struct {
		const char *json, *field, *detail; /* NULL: nothing is wrong */
	} rows[] = {
		{"{\"status\":{\"replicas\":3,\"own\":3,\"readyReplicas\":2,\"availableReplicas\":1}}", NULL,
		 NULL},
		{"{}", NULL, NULL},
		{"{\"status\":{\"replicas\":3,\"own\":4}}", "status.own",
		 "cannot be greater than status.replicas"},
		{"{\"status\":{\"replicas\":1,\"readyReplicas\":2}}", "status.readyReplicas",
		 "cannot be greater than status.replicas"},
		{"{\"status\":{\"replicas\":3,\"readyReplicas\":1,\"availableReplicas\":2}}",
		 "status.availableReplicas", "cannot be greater than readyReplicas"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct field_errors errs = {.n = 0};
		autojson js *o = js_parse(rows[i].json, strlen(rows[i].json), NULL, &err);
		workload_validate_status(o, "own", &errs);
		assert_int_equal(errs.n, rows[i].field != NULL);
		if (rows[i].field) {
			assert_string_equal(errs.v[0].field, rows[i].field);
			assert_non_null(strstr(errs.v[0].message, rows[i].detail));
		}
		field_errors_release(&errs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_status)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
