/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/labels.h"

static void parses(void **state)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"metadata.name=x", "metadata.name = x;"},
		{"b!=2,a==1", "a = 1;b ! 2;"},
		{",a=1,,", "a = 1;"},
		{"a=", "a = ;"},
		{"a=x\\,y\\=z\\\\", "a = x,y=z\\;"},
		{"=x", " = x;"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct field_selector f;
		struct err err = ERR_INIT;
		autobuf struct buf b = BUF_INIT;

		assert_int_equal(field_selector_parse(rows[i][0], &f, &err), 0);
		for (size_t j = 0; j < f.n; j++)
			buf_addf(&b, "%s %c %s;", f.v[j].field, f.v[j].negate ? '!' : '=', f.v[j].value);
		assert_string_equal(buf_str(&b), rows[i][1]);
		field_selector_release(&f);
	}
}

static void refused(void **state)
{
	static const char *const rows[][2] = {
		{"abc", "invalid selector: 'abc'; can't understand 'abc'"},
		{"a=1,b", "invalid selector: 'a=1,b'; can't understand 'b'"},
		{"a=b=c", "invalid field selector: unescaped character in value: 61"},
		{"a=\\x", "invalid field selector: invalid escape sequence: \\x"},
		{"a=x\\", "invalid field selector: invalid escape sequence: \\"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct field_selector f = {.n = 7};
		struct err err = ERR_INIT;

		assert_int_equal(field_selector_parse(rows[i][0], &f, &err), -1);
		assert_string_equal(err.msg, rows[i][1]);
		assert_int_equal(f.n, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(parses), cmocka_unit_test(refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
