/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/json.h"
#include "object/json_test.h"
#include "object/scan.h"

static void walks_a_document(void **state)
{
	static const char doc[] =
		" {\"kind\" : \"Pod\", \"skip\":[{\"a\":[1,{}]},\"]}\"], \"meta\\u0064ata\":{\"rv\":12,\"x\":\"\\u0041\\n\"},"
		"\"list\":[1,true,null,-5e-1], \"empty\":{}, \"none\":[]}";
	autobuf struct buf b = BUF_INIT;
	const char *key, *p;
	size_t klen, n, items = 0, members = 0;
	bool escaped, flag;
	int64_t v;
	struct scan s;

	scan_init(&s, doc, sizeof(doc) - 1);
	assert_true(scan_enter_object(&s));
	for (; scan_key(&s, &key, &klen); members++) {
		if (scan_key_is(key, klen, "kind")) {
			assert_true(scan_string(&s, &p, &n, &escaped));
			assert_memory_equal(p, "Pod", n);
			assert_false(escaped);
		} else if (scan_key_is(key, klen, "metadata")) {
			assert_true(scan_enter_object(&s));
			assert_true(scan_key(&s, &key, &klen));
			assert_true(scan_int(&s, &v));
			assert_int_equal(v, 12);
			assert_true(scan_key(&s, &key, &klen));
			assert_true(scan_string(&s, &p, &n, &escaped));
			assert_true(escaped);
			scan_unescape(&b, p, n);
			assert_string_equal(buf_str(&b), "A\n");
			assert_false(scan_key(&s, &key, &klen));
		} else if (scan_key_is(key, klen, "list")) {
			static const enum scan_type types[] = {SCAN_NUMBER, SCAN_TRUE, SCAN_NULL,
							       SCAN_NUMBER};

			assert_true(scan_enter_array(&s));
			for (; scan_item(&s); items++) {
				assert_int_equal(scan_peek(&s), types[items]);
				assert_true(items == 1 ? scan_bool(&s, &flag) : scan_skip(&s));
			}
			assert_true(flag);
		} else {
			assert_true(scan_skip(&s));
		}
	}
	assert_int_equal(items, 4);
	assert_int_equal(members, 6);
	assert_false(scan_failed(&s));
	assert_true(scan_finish(&s));
	assert_int_equal(s.depth, 0);
}

static void wrong_types_fail(void **state)
{
	struct scan s;
	struct err err = ERR_INIT;
	const char *key;
	size_t n;
	int64_t v;

	scan_init(&s, "[1]", 3);
	assert_false(scan_enter_object(&s));
	assert_true(scan_failed(&s));
	assert_false(scan_key(&s, &key, &n));
	assert_false(scan_skip(&s));
	assert_int_equal(scan_peek(&s), SCAN_ERROR);
	assert_int_equal(scan_err(&s, &err), -1);
	assert_string_equal(err.msg, "value of another type (byte 0)");
	scan_init(&s, "1.5", 3);
	assert_false(scan_int(&s, &v));
	scan_init(&s, "9223372036854775808", 19);
	assert_false(scan_int(&s, &v));
	scan_init(&s, "-9223372036854775808", 20);
	assert_true(scan_int(&s, &v));
	assert_int_equal(v, INT64_MIN);
	scan_init(&s, NULL, 0);
	assert_int_equal(scan_peek(&s), SCAN_END);
	assert_false(scan_skip(&s));
	scan_err(&s, &err);
	assert_string_equal(err.msg, "unexpected end of JSON input");
}

static void skip_checks_grammar(void **state)
{
	const struct {
		const char *text;
		bool ok;
	} rows[] = {
		{JSON("{'a':[{'b':1},[]]}"), true},
		{JSON("{'a':[{'b':1],[]}}"), false},
		{"[1,]", false},
		{"{,}", false},
		{"[1}", false},
		{JSON("{'a':1]"), false},
		{"\"\\q\"", false},
		{"[\"\t\"]", false},
		{"[[[[", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scan s;

		scan_init(&s, rows[i].text, strlen(rows[i].text));
		assert_int_equal(scan_skip(&s) && scan_finish(&s), rows[i].ok);
	}
	char deep[2 * JS_MAX_DEPTH + 2];
	struct scan s;

	memset(deep, '[', JS_MAX_DEPTH + 1);
	memset(deep + JS_MAX_DEPTH + 1, ']', JS_MAX_DEPTH + 1);
	scan_init(&s, deep, sizeof(deep));
	assert_false(scan_skip(&s));
	scan_init(&s, deep + 1, sizeof(deep) - 2);
	assert_true(scan_skip(&s) && scan_finish(&s));
}

/* Every byte at every place of a string, with every place behind it where it might end. */
static void strings_end_where_they_do(void **state)
{
	for (size_t at = 0; at < 20; at++)
		for (size_t n = at + 1; n < 20; n++)
			for (unsigned c = 0; c < 256; c++) {
				char text[32] = "\"";
				const char *p;
				size_t len;
				bool escaped;
				struct scan s;

				memset(text + 1, 'a', n);
				text[1 + at] = (char)c;
				text[1 + n] = '"';
				scan_init(&s, text, n + 2);
				if (c == '\\' || c < 0x20) {
					assert_false(scan_string(&s, &p, &len, &escaped));
					if (c != '\\')
						assert_int_equal(s.p - text, 1 + at);
					continue;
				}
				assert_true(scan_string(&s, &p, &len, &escaped));
				assert_ptr_equal(p, text + 1);
				assert_int_equal(len, c == '"' ? at : n);
				assert_false(escaped);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_a_document),
		cmocka_unit_test(wrong_types_fail),
		cmocka_unit_test(skip_checks_grammar),
		cmocka_unit_test(strings_end_where_they_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
