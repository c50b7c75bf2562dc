/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules, right and wrong ones, in the words of upstream's parser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "object/cron/cron.h"

static void wrong(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", "empty spec string"},
		{"* * * *", "expected exactly 5 fields, found 4: [* * * *]"},
		{" 1  2 3\t4 5 6", "expected exactly 5 fields, found 6: [1 2 3 4 5 6]"},
		{"x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"},
		{"- * * * *", "failed to parse int from : strconv.Atoi: parsing \"\": invalid syntax"},
		{"99999999999999999999 * * * *",
		 "failed to parse int from 99999999999999999999: strconv.Atoi: parsing \"99999999999999999999\": value out of range"},
		{"*/-5 * * * *", "negative number (-5) not allowed: -5"},
		{"60 * * * *", "end of range (60) above maximum (59): 60"},
		{"* 5-3 * * *", "beginning of range (5) beyond end of range (3): 5-3"},
		{"* * 0 * *", "beginning of range (0) below minimum (1): 0"},
		{"* * * 13 *", "end of range (13) above maximum (12): 13"},
		{"* * * * 7", "end of range (7) above maximum (6): 7"},
		{"1-2-3 * * * *", "too many hyphens: 1-2-3"},
		{"1/2/3 * * * *", "too many slashes: 1/2/3"},
		{"*/0 * * * *", "step of range should be a positive number: */0"},
		{"1,2,x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"},
		{"@often", "unrecognized descriptor: @often"},
		{"@every 5", "failed to parse duration @every 5: time: missing unit in duration \"5\""},
		{"@every", "unrecognized descriptor: @every"},
		{"TZ=Nowhere/At_All 0 * * * *",
		 "provided bad location Nowhere/At_All: unknown time zone Nowhere/At_All"},
		{"TZ=UTC", "provided bad location UTC: no schedule behind it"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct cron c;
		assert_int_equal(cron_parse(rows[i].text, &c, &err), -1);
		assert_string_equal(err.msg, rows[i].want);
	}
}

static void right(void **state)
{
	static const struct {
		const char *text;
		struct cron want;
	} rows[] = {
		{"0 0 1 1 *", {0, 1, 1, 2, 2, 127 | CRON_STAR, ""}},
		{"@yearly", {0, 1, 1, 2, 2, 127 | CRON_STAR, ""}},
		{"@every 1h30m", {5400 * NS_PER_S, 0, 0, 0, 0, 0, ""}},
		{"@every 1ms", {NS_PER_S, 0, 0, 0, 0, 0, ""}},
		{"50/5 1,3-5 ? JAN-mar,DEC Mon",
		 {0, 1ull << 50 | 1ull << 55, 2 | 8 | 16 | 32, 0xfffffffe | CRON_STAR, 14 | 1 << 12, 2, ""}},
		{"TZ=UTC 5 */12 2 3 4", {0, 32, 1 | 1 << 12, 4, 8, 16, "UTC"}},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct cron c;
		assert_int_equal(cron_parse(rows[i].text, &c, &err), 0);
		const struct cron *w = &rows[i].want;
		assert_true(c.every_ns == w->every_ns && c.minutes == w->minutes && c.hours == w->hours &&
			    c.days == w->days && c.months == w->months && c.weekdays == w->weekdays);
		assert_string_equal(c.zone, w->zone);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(wrong), cmocka_unit_test(right)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
