/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/base64.h"

static void vectors(void **state)
{
	static const struct {
		const char *bytes, *std, *url;
	} rows[] = {
		{"", "", ""},
		{"f", "Zg==", "Zg"},
		{"fo", "Zm8=", "Zm8"},
		{"foo", "Zm9v", "Zm9v"},
		{"foob", "Zm9vYg==", "Zm9vYg"},
		{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
		{"\xfb\xff\xfe", "+//+", "-__-"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf a = BUF_INIT, b = BUF_INIT, c = BUF_INIT, d = BUF_INIT;
		struct err err;

		base64_encode(&a, rows[i].bytes, strlen(rows[i].bytes));
		assert_string_equal(buf_str(&a), rows[i].std);
		base64url_encode(&b, rows[i].bytes, strlen(rows[i].bytes));
		assert_string_equal(buf_str(&b), rows[i].url);
		assert_int_equal(base64_decode(&c, a.p ? a.p : "", a.len, &err), 0);
		assert_string_equal(buf_str(&c), rows[i].bytes);
		assert_int_equal(base64url_decode(&d, b.p ? b.p : "", b.len, &err), 0);
		assert_string_equal(buf_str(&d), rows[i].bytes);
	}
}

static void refusals(void **state)
{
	static const struct {
		const char *text;
		bool url_too; /* refused by the URL form as well */
	} rows[] = {
		{"Zg", false},	{"Zg=", true},	{"Zg===", true},    {"Z", true},
		{"=", true},	{"====", true}, {"Zm 9", true},	    {"Zm9v\n", true},
		{"Z===", true}, {"Zm=v", true}, {"Zg==Zg==", true}, {"\xff\xff\xff\xff", true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf b = BUF_INIT;
		struct err err = ERR_INIT;

		buf_adds(&b, "kept");
		assert_int_equal(base64_decode(&b, rows[i].text, strlen(rows[i].text), &err), -1);
		assert_int_equal(err.reason, REASON_BAD_REQUEST);
		assert_string_equal(buf_str(&b), "kept");
		assert_int_equal(base64url_decode(&b, rows[i].text, strlen(rows[i].text), &err),
				 rows[i].url_too ? -1 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(vectors), cmocka_unit_test(refusals)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
