/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/intstr.h"

static void scaled(void **state)
{
	static const struct {
		const char *json;
		int total;
		bool up;
		int want;
		const char *error;
	} rows[] = {
		{"3", 10, true, 3, NULL},
		{"-3", 10, true, -3, NULL},
		{"\"25%\"", 10, true, 3, NULL},
		{"\"25%\"", 10, false, 2, NULL},
		{"\"0%\"", 10, true, 0, NULL},
		{"\"100%\"", 7, false, 7, NULL},
		{"\"-25%\"", 10, true, -2, NULL},
		{"\"-25%\"", 10, false, -3, NULL},
		{"\"+50%\"", 10, false, 5, NULL},
		{"\"5\"", 10, true, 0,
		 "invalid value for IntOrString: invalid type: string is not a percentage"},
		{"\"%\"", 10, true, 0,
		 "invalid value for IntOrString: invalid value \"%\": strconv.Atoi: parsing \"\": invalid syntax"},
		{"\"x%\"", 10, true, 0,
		 "invalid value for IntOrString: invalid value \"x%\": strconv.Atoi: parsing \"x\": invalid syntax"},
		{"\"-%\"", 10, true, 0,
		 "invalid value for IntOrString: invalid value \"-%\": strconv.Atoi: parsing \"-\": invalid syntax"},
		{"true", 10, true, 0, "nil value for IntOrString"},
		{"4294967296", 10, true, 0, "invalid value for IntOrString: 4294967296 is not an int32"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autojson js *v = js_parse(rows[i].json, strlen(rows[i].json), NULL, &err);
		int ret = 0, rc = intstr_scaled(v, rows[i].total, rows[i].up, &ret, &err);

		assert_int_equal(rc, rows[i].error ? -1 : 0);
		assert_int_equal(ret, rows[i].want);
		assert_string_equal(err.msg, rows[i].error ? rows[i].error : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(scaled)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
