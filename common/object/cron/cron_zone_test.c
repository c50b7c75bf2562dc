/* SPDX-License-Identifier: Apache-2.0 */
/* Zones against the C library's, of which there is one at a time; names; files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/mem.h"
#include "object/cron/cron_zone.h"

static void zones(void **state)
{
	static const struct {
		const char *name, *want; /* NULL: it is one */
	} rows[] = {
		{"UTC", NULL},
		{"Local", NULL},
		{"Europe/Berlin", NULL},
		{"Europe", "unknown time zone Europe"}, /* a folder */
		{"zone.tab", "unknown time zone zone.tab"},
		{"../zoneinfo/UTC", "time: invalid location name"},
		{"/etc/localtime", "time: invalid location name"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		assert_int_equal(cron_zone_check(rows[i].name, &err), rows[i].want ? -1 : 0);
		assert_string_equal(err.msg, rows[i].want ? rows[i].want : "");
	}
}

static int32_t libc_offset(int64_t s)
{
	struct tm tm;
	time_t t = s;
	assert_non_null(localtime_r(&t, &tm));
	return (int32_t)tm.tm_gmtoff;
}

/* Every twelve hours and some from 1980 to 2100, and both sides of each change. */
static void as_the_c_library(void **state)
{
	static const char *const names[] = {
		"Europe/Berlin",       "America/New_York", "America/Sao_Paulo",	   "Asia/Kolkata",
		"Australia/Lord_Howe", "Europe/Dublin",	   "Africa/Casablanca",	   "Asia/Tehran",
		"Pacific/Apia",	       "America/Nuuk",	   "Pacific/Chatham",	   "Antarctica/Troll",
		"Asia/Gaza",	       "America/Santiago", "Africa/Cairo",	   "Etc/GMT+5",
		"America/Los_Angeles", "Asia/Kathmandu",   "America/Scoresbysund", "UTC",
	};
	const int64_t first = 315532800, last = 4102444800;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct err err = ERR_INIT;
		struct cron_zone *z = cron_zone_open(names[i], &err);
		assert_non_null(z);
		setenv("TZ", names[i], 1);
		tzset();
		for (int64_t s = first; s < last; s += 43261) {
			struct cron_zone_span span = cron_zone_at(z, s);
			if (span.offset_s != libc_offset(s) || span.begin > s || span.end <= s)
				fail_msg("%s at %lld: %d, not %d", names[i], (long long)s, span.offset_s,
					 libc_offset(s));
			if (span.begin > first && libc_offset(span.begin) != span.offset_s)
				fail_msg("%s: no change at %lld", names[i], (long long)span.begin);
			if (span.end < last && libc_offset(span.end - 1) != span.offset_s)
				fail_msg("%s: a change before %lld", names[i], (long long)span.end);
		}
		cron_zone_free(z);
	}
	unsetenv("TZ");
	tzset();
}

static void this_machines(void **state)
{
	static const struct {
		const char *tz;
		int32_t want;
	} rows[] = {{"Asia/Tokyo", 32400},
		    {":Asia/Tokyo", 32400},
		    {"/usr/share/zoneinfo/Asia/Tokyo", 32400},
		    {"", 0},
		    {"Nowhere", 0}};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		setenv("TZ", rows[i].tz, 1);
		struct cron_zone *z = cron_zone_open("Local", &err);
		assert_int_equal(cron_zone_at(z, 1767225600).offset_s, rows[i].want);
		cron_zone_free(z);
	}
	unsetenv("TZ");
}

/* A file of nothing but its rule. */
static struct cron_zone *of_rule(const char *rule)
{
	struct err err = ERR_INIT;
	char file[400] = {0};
	size_t n = 0;

	for (int i = 0; i < 2; i++) {
		memcpy(file + n, "TZif2", 5);
		file[n + 39] = 1; /* one type, of one letter */
		file[n + 43] = 1;
		n += 44 + 6 + 1;
	}
	n += (size_t)snprintf(file + n, sizeof(file) - n, "\n%s\n", rule);
	return cron_zone_parse(file, n, &err);
}

static void rules(void **state)
{
	static const struct {
		const char *rule;
		int32_t january, july;
	} good[] = {
		{"CET-1CEST,M3.5.0,M10.5.0/3", 3600, 7200},
		{"<-03>3", -10800, -10800},
		{"EST5EDT4:30,J60,J300/1:30:15", -18000, -16200},
		{"AEST-10AEDT,M10.1.0,M4.1.0/3", 39600, 36000},
		{"<X>-0:30<Y>,100/-26,300/30", 1800, 5400},
		{"IST-1GMT0,M10.5.0,M3.5.0/1", 0, 3600},
	};
	static const char *const bad[] = {"C",
					  "CET",
					  "CET-25",
					  "CET-1CEST",
					  "CET-1CEST,M3.5.0",
					  "CET-1CEST,M13.5.0,M1.1.1",
					  "CET-1CEST,M3.6.0,M1.1.1",
					  "CET-1CEST,J0,J1",
					  "CET-1CEST,366,1",
					  "CET-1CEST,M3.5.0/168,1",
					  "CET-1CEST,M3.5.0,M10.5.0/3x",
					  "<CET-1"};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct cron_zone *z = of_rule(good[i].rule);
		if (!z || cron_zone_at(z, 1767225600).offset_s != good[i].january ||
		    cron_zone_at(z, 1782864000).offset_s != good[i].july)
			fail_msg("%s", good[i].rule);
		cron_zone_free(z);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (of_rule(bad[i]))
			fail_msg("%s", bad[i]);
}

static void no_files(void **state)
{
	static const uint8_t whole[44 + 4 + 1 + 6 + 1] = {'T', 'Z',	 'i',	   'f',
							  0,   [35] = 1, [39] = 1, [43] = 1};
	struct err err = ERR_INIT;
	struct cron_zone *z = cron_zone_parse(whole, sizeof(whole), &err);

	assert_non_null(z);
	cron_zone_free(z);
	for (size_t n = 0; n < sizeof(whole); n++)
		assert_null(cron_zone_parse(whole, n, &err));
	assert_string_equal(err.msg, "malformed time zone information");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones), cmocka_unit_test(as_the_c_library), cmocka_unit_test(this_machines),
		cmocka_unit_test(rules), cmocka_unit_test(no_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
