/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "object/rfc3339.h"

static void round_trips(void **state)
{
	static const struct {
		const char *text, *nano;
	} rows[] = {
		{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000000Z"},
		{"2026-01-02T15:04:05Z", "2026-01-02T15:04:05.000000000Z"},
		{"2026-01-02T15:04:05.5Z", "2026-01-02T15:04:05.500000000Z"},
		{"2026-01-02T15:04:05,123456789999Z", "2026-01-02T15:04:05.123456789Z"},
		{"2026-01-02T15:04:05+01:30", "2026-01-02T13:34:05.000000000Z"},
		{"2026-12-31T23:59:59.999999999-01:00", "2027-01-01T00:59:59.999999999Z"},
		{"2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000000000Z"},
		{"2000-02-29T12:00:00Z", "2000-02-29T12:00:00.000000000Z"},
		{"1969-12-31T23:59:59.25Z", "1969-12-31T23:59:59.250000000Z"},
		{"1678-01-01T00:00:00Z", "1678-01-01T00:00:00.000000000Z"},
		{"2261-12-31T23:59:59Z", "2261-12-31T23:59:59.000000000Z"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[RFC3339_MAX];
		struct err err = ERR_INIT;
		int64_t ns;

		assert_int_equal(rfc3339_parse(rows[i].text, &ns, &err), 0);
		rfc3339_format_nano(ns, text);
		assert_string_equal(text, rows[i].nano);
	}
	char text[RFC3339_MAX];

	rfc3339_format(INT64_C(1767366245999999999), text);
	assert_string_equal(text, "2026-01-02T15:04:05Z");
	rfc3339_format_micro(INT64_C(1767366245000001999), text);
	assert_string_equal(text, "2026-01-02T15:04:05.000001Z");
}

static void refused(void **state)
{
#define AS "\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \""
	static const char *const rows[][2] = {
		{"", "parsing time \"" AS "\" as \"2006\""},
		{"\xc3\xa9\"\\\x01",
		 "parsing time \"\\xc3\\xa9\\\"\\\\\\x01" AS "\\xc3\\xa9\\\"\\\\\\x01\" as \"2006\""},
		{"yesterday", "parsing time \"yesterday" AS "yesterday\" as \"2006\""},
		{"2026-01-02", "parsing time \"2026-01-02" AS "\" as \"T\""},
		{"2026-01-02 15:04:05Z", "parsing time \"2026-01-02 15:04:05Z" AS " 15:04:05Z\" as \"T\""},
		{"2026-1-02T15:04:05Z", "parsing time \"2026-1-02T15:04:05Z" AS "1-02T15:04:05Z\" as \"01\""},
		{"2026-01-02T15:04:05", "parsing time \"2026-01-02T15:04:05" AS "\" as \"Z07:00\""},
		{"2026-01-02T15:04:05.Z", "parsing time \"2026-01-02T15:04:05.Z" AS ".Z\" as \"Z07:00\""},
		{"2026-01-02T15:04:05+0100",
		 "parsing time \"2026-01-02T15:04:05+0100" AS "+0100\" as \"Z07:00\""},
		{"2026-01-02T15:04:05Zz", "parsing time \"2026-01-02T15:04:05Zz\": extra text: \"z\""},
		{"2026-13-02T15:04:05Z", "parsing time \"2026-13-02T15:04:05Z\": month out of range"},
		{"2025-02-29T15:04:05Z", "parsing time \"2025-02-29T15:04:05Z\": day out of range"},
		{"1900-02-29T15:04:05Z", "parsing time \"1900-02-29T15:04:05Z\": day out of range"},
		{"2026-01-00T15:04:05Z", "parsing time \"2026-01-00T15:04:05Z\": day out of range"},
		{"2026-01-02T24:04:05Z", "parsing time \"2026-01-02T24:04:05Z\": hour out of range"},
		{"2026-01-02T15:60:05Z", "parsing time \"2026-01-02T15:60:05Z\": minute out of range"},
		{"2026-01-02T15:04:60Z", "parsing time \"2026-01-02T15:04:60Z\": second out of range"},
		{"0000-01-01T00:00:00+00:01",
		 "parsing time \"0000-01-01T00:00:00+00:01\": year out of range"},
		{"2026-13-02Tx", "parsing time \"2026-13-02Tx\": month out of range"},
		{"2026-01-02T15:04:05+25:00",
		 "parsing time \"2026-01-02T15:04:05+25:00\": time zone offset hour out of range"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		int64_t ns = 7;

		assert_int_equal(rfc3339_parse(rows[i][0], &ns, &err), -1);
		assert_string_equal(err.msg, rows[i][1]);
		assert_int_equal(ns, 7);
	}
}

/* Every year that four digits can write, whichever int64 nanoseconds could hold. */
static void wide(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: the same */
		bool zero;
		int64_t ns;
	} rows[] = {
		{"0001-01-01T00:00:00Z", NULL, true, INT64_MIN},
		{"0001-01-01T01:00:00+01:00", "0001-01-01T00:00:00Z", true, INT64_MIN},
		{"0001-01-01T00:00:00.5Z", "0001-01-01T00:00:00Z", false, INT64_MIN},
		{"0000-01-01T00:00:00Z", NULL, false, INT64_MIN},
		{"1600-02-29T23:59:59Z", NULL, false, INT64_MIN},
		{"1970-01-01T0:00:01Z", "1970-01-01T00:00:01Z", false, NS_PER_S},
		{"9999-12-31T23:59:59Z", NULL, false, INT64_MAX},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[RFC3339_MAX];
		struct err err = ERR_INIT;
		struct rfc3339_time t;
		int64_t ns;

		assert_int_equal(rfc3339_read(rows[i].text, false, &t, &err), 0);
		rfc3339_write(&t, 0, text);
		assert_string_equal(text, rows[i].want ? rows[i].want : rows[i].text);
		assert_int_equal(rfc3339_is_zero(&t), rows[i].zero);
		assert_int_equal(rfc3339_parse(rows[i].text, &ns, &err), 0);
		assert_int_equal(ns, rows[i].ns);
	}
}

/* MicroTime has six digits, not fewer and not more. */
static void micro(void **state)
{
#define AS_MICRO "\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \""
	static const char *const rows[][2] = {
		{"2026-01-02T15:04:05.000001Z", NULL},
		{"2026-01-02T15:04:05.000001+01:00", NULL},
		{"2026-01-02T15:04:05Z", "parsing time \"2026-01-02T15:04:05Z" AS_MICRO "Z\" as \".000000\""},
		{"2026-01-02T15:04:05.5Z",
		 "parsing time \"2026-01-02T15:04:05.5Z" AS_MICRO ".5Z\" as \".000000\""},
		{"2026-01-02T15:04:05.1234567Z",
		 "parsing time \"2026-01-02T15:04:05.1234567Z" AS_MICRO "7Z\" as \"Z07:00\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct rfc3339_time t;

		assert_int_equal(rfc3339_read(rows[i][0], true, &t, &err), rows[i][1] ? -1 : 0);
		if (rows[i][1])
			assert_string_equal(err.msg, rows[i][1]);
		else
			assert_int_equal(t.ns, 1000);
	}
}

static void human(void **state)
{
	static const struct {
		int64_t seconds;
		const char *want;
	} rows[] = {
		{-2, "<invalid>"},
		{-1, "0s"},
		{0, "0s"},
		{119, "119s"},
		{120, "2m"},
		{312, "5m12s"},
		{599, "9m59s"},
		{600, "10m"},
		{10799, "179m"},
		{10800, "3h"},
		{12300, "3h25m"},
		{28799, "7h59m"},
		{28800, "8h"},
		{172799, "47h"},
		{172800, "2d"},
		{334800, "3d21h"},
		{691199, "7d23h"},
		{691200, "8d"},
		{47 * 86400, "47d"},
		{729 * 86400, "729d"},
		{730 * 86400, "2y"},
		{840 * 86400, "2y110d"},
		{8 * 365 * 86400, "8y"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[RFC3339_MAX];

		rfc3339_human(rows[i].seconds * NS_PER_S, text);
		assert_string_equal(text, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(round_trips), cmocka_unit_test(refused),
					   cmocka_unit_test(wide), cmocka_unit_test(micro),
					   cmocka_unit_test(human)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
