/* SPDX-License-Identifier: Apache-2.0 */
#include "kinds/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void addresses(void **state)
{
	assert_true(check_is_ip("10.9.8.7"));
	assert_true(check_is_ip("2001:db8::ffff"));
	assert_false(check_is_ip("10.9.8"));
	assert_false(check_is_ip(""));
}

static void selectors(void **state)
{
	static const struct {
		const char *json, *field;
	} rows[] = {
		{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"x\"]}]}", NULL},
		{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\"}]}", NULL},
		{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\"}]}",
		 "s.matchExpressions[0].values"},
		{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\",\"values\":[\"x\"]}]}",
		 "s.matchExpressions[0].values"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct field_errors errs = {.n = 0};
		autojson js *o = js_parse(rows[i].json, strlen(rows[i].json), NULL, &err);
		check_label_selector(o, "s", &errs);
		assert_int_equal(errs.n, rows[i].field != NULL);
		if (rows[i].field)
			assert_string_equal(errs.v[0].field, rows[i].field);
		field_errors_release(&errs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(addresses), cmocka_unit_test(selectors)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
