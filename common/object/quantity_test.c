/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/mem.h"
#include "object/quantity.h"

static struct quantity parse(const char *s)
{
	struct quantity q;
	struct err err = ERR_INIT;

	if (quantity_parse(s, &q, &err))
		fail_msg("%s: %s", s, err.msg);
	return q;
}

static void canonical(void **state)
{
	static const char *const rows[][2] = {
		{"0", "0"},
		{"0.0", "0"},
		{"-0", "0"},
		{"1", "1"},
		{"+5", "5"},
		{"007", "7"},
		{"0.1", "100m"},
		{".5", "500m"},
		{"1.", "1"},
		{"1000m", "1"},
		{"1500m", "1500m"},
		{"1.5", "1500m"},
		{"1k", "1k"},
		{"1000", "1k"},
		{"1024", "1024"},
		{"1000k", "1M"},
		{"1.5Gi", "1536Mi"},
		{"2048Ki", "2Mi"},
		{"1024Mi", "1Gi"},
		{"1Ki", "1Ki"},
		{"0.5Ki", "512"},
		{"0.0001Ki", "102400u"},
		{"1.1Ki", "1126400m"},
		{"-1.5Gi", "-1536Mi"},
		{"1e3", "1e3"},
		{"1E3", "1e3"},
		{"12e2", "1200"},
		{"100e-3", "100e-3"},
		{"1e0", "1"},
		{"1e-9", "1e-9"},
		{"1e4", "10e3"},
		{"0.1e3", "100"},
		{"1n", "1n"},
		{"0.1n", "1n"},
		{"1.0000000001", "1000000001n"},
		{"100u", "100u"},
		{"1E", "1E"},
		{"5P", "5P"},
		{"9Ei", "9223372036854775807"},
		{"7Ei", "7Ei"},
		{"9223372036854775807", "9223372036854775807"},
		{"99999999999999999999Ki", "9223372036854775807"},
		{"1e100", "9223372036854775807"},
		{"1e-100", "1e-9"},
		{"Ki", "0"},
		{"-100m", "-100m"},
		{"123456789.123456789", "123456789123456789n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct quantity q = parse(rows[i][0]);
		char text[QUANTITY_TEXT_MAX];

		quantity_format(&q, text);
		assert_string_equal(text, rows[i][1]);
	}
}

static void refused(void **state)
{
	static const char format[] =
		"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
	static const char suffix[] = "unable to parse quantity's suffix";
	static const char *const rows[][2] = {
		{"", format},	 {" 1", format},  {"1 ", format},   {"1x", format},   {"1.2.3", format},
		{"--1", suffix}, {"1,5", format}, {"1Kib", format}, {"1K", suffix},   {"1ki", suffix},
		{"1mi", suffix}, {"1e", suffix},  {"1e+", suffix},  {"1Ki5", suffix}, {"1ee3", suffix},
		{"1+", suffix},	 {"abc", format},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct quantity q = {.nano = 42};
		struct err err = ERR_INIT;

		assert_int_equal(quantity_parse(rows[i][0], &q, &err), -1);
		assert_int_equal(err.reason, REASON_BAD_REQUEST);
		assert_string_equal(err.msg, rows[i][1]);
		assert_true(q.nano == 42);
	}
}

static void values(void **state)
{
	static const struct {
		const char *text;
		int64_t value, milli;
	} rows[] = {
		{"0", 0, 0},
		{"100m", 1, 100},
		{"1500m", 2, 1500},
		{"1n", 1, 1},
		{"2", 2, 2000},
		{"1Gi", 1073741824, INT64_C(1073741824000)},
		{"-1500m", -1, -1500},
		{"9Ei", INT64_MAX, INT64_MAX},
		{"-9Ei", -INT64_MAX, INT64_MIN},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct quantity q = parse(rows[i].text);

		assert_int_equal(quantity_value(&q), rows[i].value);
		assert_int_equal(quantity_milli(&q), rows[i].milli);
	}
}

static void rounding(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"0", "0"},	{"1m", "1m"},	{"1100u", "2m"}, {"1n", "1m"},
		{"-1n", "-1m"}, {"-1m", "-1m"}, {"1Gi", "1Gi"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct quantity q = parse(rows[i].text);
		char text[QUANTITY_TEXT_MAX];

		quantity_round_up_milli(&q);
		quantity_format(&q, text);
		assert_string_equal(text, rows[i].want);
	}
}

static void compared(void **state)
{
	static const struct {
		const char *a, *b;
		int cmp;
	} rows[] = {
		{"1", "1", 0},	    {"1k", "1Ki", -1}, {"0", "1Ki", -1},  {"1024", "1Ki", 0},
		{"100m", "0.1", 0}, {"-1", "1n", -1},  {"9Ei", "9Ei", 0}, {"2", "1", 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct quantity a = parse(rows[i].a), b = parse(rows[i].b);

		assert_int_equal(quantity_cmp(&a, &b), rows[i].cmp);
		assert_int_equal(quantity_cmp(&b, &a), -rows[i].cmp);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical), cmocka_unit_test(refused),	 cmocka_unit_test(values),
		cmocka_unit_test(rounding),  cmocka_unit_test(compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
