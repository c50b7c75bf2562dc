/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "base/buf.h"

static void appends(void **state)
{
	autobuf struct buf b = BUF_INIT;

	assert_string_equal(buf_str(&b), "");
	buf_adds(&b, "a");
	buf_addc(&b, 'b');
	buf_add(&b, "cde", 2);
	buf_addu(&b, UINT64_MAX);
	buf_addc(&b, ' ');
	buf_addi(&b, INT64_MIN);
	buf_addf(&b, " %s%03d", "x", 7);
	assert_string_equal(buf_str(&b), "abcd18446744073709551615 -9223372036854775808 x007");
	assert_int_equal(b.len, strlen(b.p));
	buf_consume(&b, 4);
	buf_truncate(&b, 3);
	assert_string_equal(buf_str(&b), "184");
	buf_clear(&b);
	assert_string_equal(buf_str(&b), "");
}

static void grows(void **state)
{
	autobuf struct buf b = BUF_INIT;

	for (int i = 0; i < 100000; i++)
		buf_addf(&b, "%05d", i);
	assert_int_equal(b.len, 500000);
	assert_memory_equal(b.p + 5 * 54321, "54321", 5);
	assert_int_equal(b.p[b.len], 0);
}

static void limit_drops_what_follows(void **state)
{
	autobuf struct buf b = BUF_INIT_MAX(5);

	buf_adds(&b, "12345");
	assert_false(buf_overflowed(&b));
	buf_addc(&b, '6');
	assert_true(buf_overflowed(&b));
	assert_string_equal(buf_str(&b), "12345");
	buf_clear(&b);
	buf_addf(&b, "%s", "123456");
	assert_true(buf_overflowed(&b));
	buf_adds(&b, "1");
	assert_string_equal(buf_str(&b), "");
	buf_clear(&b);
	buf_reserve(&b, 1000);
	buf_addf(&b, "%d", 12345);
	assert_false(buf_overflowed(&b));
}

static void take_moves(void **state)
{
	struct buf b = BUF_INIT;
	size_t n;
	autofree char *empty = buf_take(&b, &n);

	assert_int_equal(n, 0);
	assert_string_equal(empty, "");
	buf_adds(&b, "xy");
	autofree char *p = buf_take(&b, &n);

	assert_int_equal(n, 2);
	assert_string_equal(p, "xy");
	assert_null(b.p);
}

static void json_strings(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{"", "\"\""},
		{"plain text of more than eight bytes", "\"plain text of more than eight bytes\""},
		{"<a href=\"x\">&'/", "\"<a href=\\\"x\\\">&'/\""},
		{"\\\b\f\n\r\t\x01\x1f\x7f", "\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\""},
		{"aaaaaaa\"", "\"aaaaaaa\\\"\""},
		{"aaaaaaaaaaaaaaa\n", "\"aaaaaaaaaaaaaaa\\n\""},
		{"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
		 "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\""},
		{"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", "\"\\u2028\\u2029\xe2\x80\xaa\""},
		{"\xff\xc3(\xed\xa0\x80", "\"\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffd\""},
		{"\xe2\x82", "\"\\ufffd\\ufffd\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf b = BUF_INIT;

		buf_add_json_string(&b, rows[i].in, strlen(rows[i].in));
		assert_string_equal(buf_str(&b), rows[i].want);
	}
	autobuf struct buf nul = BUF_INIT;

	buf_add_json_string(&nul, "a\0b", 3);
	assert_string_equal(buf_str(&nul), "\"a\\u0000b\"");
}

static void utf8(void **state)
{
	static const struct {
		const char *in;
		size_t valid;
	} rows[] = {
		{"", 0},
		{"0123456789abcdef", 16},
		{"0123456\xc3\xa4", 9},
		{"\xc0\xaf", 0},	  /* overlong */
		{"a\xe0\x80\x80", 1},	  /* overlong */
		{"a\xed\xa0\x80", 1},	  /* surrogate */
		{"a\xf4\x90\x80\x80", 1}, /* beyond U+10FFFF */
		{"\xf4\x8f\xbf\xbf", 4},
		{"\xf0\x8f\xbf\xbf", 0},  /* overlong */
		{"012345678\xe2\x82", 9}, /* cut */
		{"\x80", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(buf_utf8_valid(rows[i].in, strlen(rows[i].in)), rows[i].valid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends),
		cmocka_unit_test(grows),
		cmocka_unit_test(limit_drops_what_follows),
		cmocka_unit_test(take_moves),
		cmocka_unit_test(json_strings),
		cmocka_unit_test(utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
