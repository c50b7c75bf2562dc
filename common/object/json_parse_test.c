/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "object/json.h"
#include "object/json_test.h"

/* Text and what js_write makes of its tree; NULL = the same text. */
static void accepted(void **state)
{
	const char *const rows[][2] = {
		{"{}", NULL},
		{"[]", NULL},
		{" { \"a\" : [ 1 , 2 ] , \"b\" : { } }\r\n\t", JSON("{'a':[1,2],'b':{}}")},
		{"[true,false,null]", NULL},
		{"\"top\"", NULL},
		{"[0,-1,9223372036854775807,-9223372036854775808,18446744073709551615]", NULL},
		{"[-0]", "[0]"},
		{"[1.50,1e3,1E+2,-0.0,123456789012345678901234567890]", NULL},
		{"[\"\\u00e9\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\\"\\\\\"]",
		 "[\"\xc3\xa9\xf0\x9f\x98\x80/\\b\\f\\n\\r\\t\\\"\\\\\"]"},
		{"[\"\\ud800\",\"\\udc00x\",\"\\ud800\\u0041\"]",
		 "[\"\xef\xbf\xbd\",\"\xef\xbf\xbdx\",\"\xef\xbf\xbd"
		 "A\"]"},
		{"{\"\\u0061\":1}", JSON("{'a':1}")},
		{JSON("{'':1}"), NULL},
		{JSON("{'a':1,'b':2,'a':3}"), JSON("{'a':3,'b':2}")},
		{"[\"a\\u0000b\"]", NULL},
		{"\"0123456789abcdef0123456789abcdef\"", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autojson js *o = js_parse(rows[i][0], strlen(rows[i][0]), NULL, &err);
		autobuf struct buf b = BUF_INIT;

		assert_string_equal(err.msg, "");
		assert_non_null(o);
		js_write(&b, o);
		assert_string_equal(buf_str(&b), rows[i][1] ? rows[i][1] : rows[i][0]);
	}
}

static void refused(void **state)
{
	const char *const rows[][2] = {
		{"", "unexpected end of JSON input"},
		{" ", "unexpected end of JSON input"},
		{"{", "unexpected end of JSON input"},
		{"[1,", "unexpected end of JSON input"},
		{JSON("{'a'"), "unexpected end of JSON input"},
		{JSON("{'a':"), "unexpected end of JSON input"},
		{"\"abc", "unexpected end of JSON input"},
		{"\"abc\\", "unexpected end of JSON input"},
		{"tru", "unexpected end of JSON input"},
		{"-", "unexpected end of JSON input"},
		{"1.", "unexpected end of JSON input"},
		{"1e", "unexpected end of JSON input"},
		{"xyz", "invalid character 'x' looking for beginning of value (byte 0)"},
		{"[1,]", "invalid character ']' looking for beginning of value (byte 3)"},
		{"[,1]", "invalid character ',' looking for beginning of value (byte 1)"},
		{"[1 2]", "invalid character '2' after array element (byte 3)"},
		{JSON("{'a':1,}"),
		 "invalid character '}' looking for beginning of object key string (byte 7)"},
		{"{a:1}", "invalid character 'a' looking for beginning of object key string (byte 1)"},
		{JSON("{'a' 1}"), "invalid character '1' after object key (byte 5)"},
		{JSON("{'a':1 'b'}"), "invalid character '\"' after object key:value pair (byte 7)"},
		{"{} {}", "invalid character '{' after top-level value (byte 3)"},
		{"01", "invalid character '1' after top-level value (byte 1)"},
		{"+1", "invalid character '+' looking for beginning of value (byte 0)"},
		{"-x", "invalid character 'x' in numeric literal (byte 1)"},
		{"1.x", "invalid character 'x' after decimal point in numeric literal (byte 2)"},
		{"1e+x", "invalid character 'x' in exponent of numeric literal (byte 3)"},
		{"nulL", "invalid character 'L' in literal null (expecting 'l') (byte 3)"},
		{"nUll", "invalid character 'U' in literal null (expecting 'u') (byte 1)"},
		{"truE", "invalid character 'E' in literal true (expecting 'e') (byte 3)"},
		{"faLse", "invalid character 'L' in literal false (expecting 'l') (byte 2)"},
		{"\"a\nb\"", "invalid character '\\n' in string literal (byte 2)"},
		{"\"\\x\"", "invalid character 'x' in string escape code (byte 2)"},
		{"\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape (byte 5)"},
		{"'a'", "invalid character '\\'' looking for beginning of value (byte 0)"},
		{"\"\xff\"", "invalid UTF-8 in JSON input (byte 1)"},
		{"\xef\xbb\xbf{}", "invalid character '\xc3\xaf' looking for beginning of value (byte 0)"},
		{"1e999", "number out of range (byte 0)"},
		{"{\"a\\u0000\":1}", "object key with U+0000 (byte 12)"},
		{"null", "Object 'Kind' is missing in 'null'"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;

		assert_null(js_parse(rows[i][0], strlen(rows[i][0]), NULL, &err));
		assert_int_equal(err.reason, REASON_BAD_REQUEST);
		assert_string_equal(err.msg, rows[i][1]);
	}
}

/* Every prefix of a document is refused, and nothing is read behind it. */
static void prefixes(void **state)
{
	static const char doc[] =
		"{\"a\":[1,-2.5e3,\"\\u00e9\\n\",true,false,null,{}],\"b\":{\"c\":\"\xc3\xa9\"}}";
	struct err err = ERR_INIT;

	for (size_t n = 0; n < sizeof(doc) - 1; n++) {
		autofree char *exact = mem_memdup(doc, n);

		assert_null(js_parse(exact, n, NULL, &err));
	}
}

static void depth(void **state)
{
	enum { DEEP = 100000 };
	autofree char *s = mem_alloc(2 * DEEP);
	struct err err = ERR_INIT;

	memset(s, '[', DEEP);
	memset(s + DEEP, ']', DEEP);
	assert_null(js_parse(s, 2 * DEEP, NULL, &err));
	assert_non_null(strstr(err.msg, "exceeded max depth"));
	assert_null(js_parse(s + DEEP - JS_MAX_DEPTH - 1, 2 * (JS_MAX_DEPTH + 1), NULL, &err));
	autojson js *o = js_parse(s + DEEP - JS_MAX_DEPTH, 2 * JS_MAX_DEPTH, NULL, &err);

	assert_non_null(o);
}

static void duplicates(void **state)
{
	static const char doc[] =
		"{\"spec\":{\"containers\":[{},{\"name\":\"a\",\"name\":\"b\",\"name\":\"c\"}],\"x\":1,\"x\":{}},\"spec\":1}";
	struct js_duplicates d = {0};
	struct err err = ERR_INIT;
	autojson js *o = js_parse(doc, sizeof(doc) - 1, &d, &err);

	assert_non_null(o);
	assert_int_equal(d.n, 3);
	assert_string_equal(d.path[0], "spec.containers[1].name");
	assert_string_equal(d.path[1], "spec.x");
	assert_string_equal(d.path[2], "spec");
	assert_int_equal(js_int(o, 0, "spec", NULL), 1);
	js_duplicates_release(&d);
	assert_int_equal(d.n, 0);
}

static void duplicates_are_bounded(void **state)
{
	autobuf struct buf b = BUF_INIT;
	struct js_duplicates d = {0};
	struct err err = ERR_INIT;

	buf_addc(&b, '{');
	for (int i = 0; i < 2 * 1000; i++)
		buf_addf(&b, "\"k%d\":0,", i % 1000);
	buf_adds(&b, "\"z\":0}");
	autojson js *o = js_parse(buf_str(&b), b.len, &d, &err);

	assert_non_null(o);
	assert_int_equal(js_len(o), 1001);
	assert_int_equal(d.n, JS_MAX_DUPLICATES);
	js_duplicates_release(&d);
}

static void number_of_values_is_bounded(void **state)
{
	static const char *const items[] = {"0,", "{},", "[],", "null,"};
	static const size_t cost[] = {1, JS_OBJECT_COST, 1, 1};

	for (size_t i = 0; i < ARRAY_LEN(items); i++) {
		autobuf struct buf b = BUF_INIT;
		struct err err = ERR_INIT;
		size_t fit = (JS_MAX_NODES - 2) / cost[i]; /* beside the array and the last value */

		buf_addc(&b, '[');
		for (size_t j = 0; j < fit; j++)
			buf_adds(&b, items[i]);
		buf_adds(&b, "0]");
		autojson js *o = js_parse(buf_str(&b), b.len, NULL, &err);

		assert_non_null(o);
		assert_int_equal(js_len(o), fit + 1);
		buf_truncate(&b, b.len - 2);
		buf_adds(&b, "0,0,0,0,0]");
		assert_null(js_parse(buf_str(&b), b.len, NULL, &err));
		assert_non_null(strstr(err.msg, "document has too many values"));
	}
}

/* Objects of a large document are cut to size, and stay usable. */
static void small_objects_of_large_documents(void **state)
{
	autobuf struct buf b = BUF_INIT, out = BUF_INIT;
	struct err err = ERR_INIT;

	buf_addc(&b, '[');
	for (int i = 0; i < 5000; i++) {
		buf_adds(&b, i ? ",{" : "{");
		for (int j = 0; j < i % 8; j++)
			buf_addf(&b, "%s\"k%d\":%d", j ? "," : "", j, j);
		buf_addc(&b, '}');
	}
	buf_addc(&b, ']');
	autojson js *o = js_parse(buf_str(&b), b.len, NULL, &err);

	js_write(&out, o);
	assert_string_equal(buf_str(&out), buf_str(&b));
	js_array_for_each (m, o) {
		for (int j = 0; j < 20; j++) {
			char key[16];

			snprintf(key, sizeof(key), "new%d", j);
			js_set_int(m, key, j);
		}
		assert_int_equal(js_len(m), m_i % 8 + 20);
		assert_int_equal(js_int(m, -1, "new19", NULL), 19);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(depth),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(duplicates_are_bounded),
		cmocka_unit_test(number_of_values_is_bounded),
		cmocka_unit_test(small_objects_of_large_documents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
