/* SPDX-License-Identifier: Apache-2.0 */
/* When schedules come: upstream's cases (github.com/robfig/cron/v3 spec_test.go), and the last one before now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "object/cron/cron.h"
#include "object/cron/cron_zone.h"
#include "object/rfc3339.h"

static int64_t at(const char *text)
{
	struct err err = ERR_INIT;
	int64_t ns = 0;
	assert_int_equal(rfc3339_parse(text, &ns, &err), 0);
	return ns;
}

struct parsed {
	struct cron cron;
	struct cron_zone *zone;
};

static struct parsed parse(const char *schedule)
{
	struct err err = ERR_INIT;
	struct parsed p;
	assert_int_equal(cron_parse(schedule, &p.cron, &err), 0);
	p.zone = cron_zone_open(p.cron.zone, &err);
	assert_non_null(p.zone);
	return p;
}

#define NEW_YORK "TZ=America/New_York "
#define SAO_PAULO "TZ=America/Sao_Paulo "

static void next(void **state)
{
	static const struct {
		const char *after, *schedule, *want; /* NULL: never */
	} rows[] = {
		{"2012-07-09T14:45:00Z", "0/15 * * * *", "2012-07-09T15:00:00Z"},
		{"2012-07-09T14:59:00Z", "0/15 * * * *", "2012-07-09T15:00:00Z"},
		{"2012-07-09T14:59:59Z", "0/15 * * * *", "2012-07-09T15:00:00Z"},
		{"2012-07-09T14:59:59.7Z", "* * * * *", "2012-07-09T15:00:00Z"},
		{"2012-07-09T15:45:00Z", "20-35/15 * * * *", "2012-07-09T16:20:00Z"},
		{"2012-07-09T23:46:00Z", "*/15 * * * *", "2012-07-10T00:00:00Z"},
		{"2012-07-09T23:45:00Z", "20-35/15 * * * *", "2012-07-10T00:20:00Z"},
		{"2012-07-09T23:35:51Z", "20-35/15 1/2 * * *", "2012-07-10T01:20:00Z"},
		{"2012-07-09T23:35:51Z", "20-35/15 10-12 * * *", "2012-07-10T10:20:00Z"},
		{"2012-07-09T23:35:51Z", "20-35/15 1/2 */2 * *", "2012-07-11T01:20:00Z"},
		{"2012-07-09T23:35:51Z", "20-35/15 * 9-20 * *", "2012-07-10T00:20:00Z"},
		{"2012-07-09T23:35:51Z", "20-35/15 * 9-20 Jul *", "2012-07-10T00:20:00Z"},
		{"2012-07-09T23:35:00Z", "0 0 9 Apr-Oct ?", "2012-08-09T00:00:00Z"},
		{"2012-07-09T23:35:00Z", "0 0 */5 Apr,Aug,Oct Mon", "2012-08-01T00:00:00Z"},
		{"2012-07-09T23:35:00Z", "0 0 */5 Oct Mon", "2012-10-01T00:00:00Z"},
		{"2012-07-09T23:35:00Z", "0 0 * Feb Mon", "2013-02-04T00:00:00Z"},
		{"2012-07-09T23:35:00Z", "0 0 * Feb Mon/2", "2013-02-01T00:00:00Z"},
		{"2012-12-31T23:59:45Z", "* * * * *", "2013-01-01T00:00:00Z"},
		{"2012-07-09T23:35:00Z", "0 0 29 Feb ?", "2016-02-29T00:00:00Z"},
		{"2012-07-09T23:35:00Z", "0 0 30 Feb ?", NULL},
		{"2012-07-09T23:35:00Z", "0 0 31 Apr ?", NULL},
		{"2096-03-01T00:00:00Z", "0 0 29 Feb ?", NULL}, /* 2100 is no leap year */
		{"2012-07-09T23:35:00.5Z", "@every 1h30m", "2012-07-10T01:05:00Z"},
		/* the clock is put forward: a time that is not there, one before, one after */
		{"2012-03-11T00:00:00-05:00", NEW_YORK "30 2 11 Mar ?", "2013-03-11T02:30:00-04:00"},
		{"2012-03-11T00:00:00-05:00", NEW_YORK "0 * * * ?", "2012-03-11T01:00:00-05:00"},
		{"2012-03-11T01:00:00-05:00", NEW_YORK "0 * * * ?", "2012-03-11T03:00:00-04:00"},
		{"2012-03-11T03:00:00-04:00", NEW_YORK "0 * * * ?", "2012-03-11T04:00:00-04:00"},
		{"2012-03-11T00:00:00-05:00", NEW_YORK "0 1 * * ?", "2012-03-11T01:00:00-05:00"},
		{"2012-03-11T01:00:00-05:00", NEW_YORK "0 1 * * ?", "2012-03-12T01:00:00-04:00"},
		{"2012-03-11T00:00:00-05:00", NEW_YORK "0 2 * * ?", "2012-03-12T02:00:00-04:00"},
		/* and back: one that comes twice */
		{"2012-11-04T00:00:00-04:00", NEW_YORK "30 2 04 Nov ?", "2012-11-04T02:30:00-05:00"},
		{"2012-11-04T01:45:00-04:00", NEW_YORK "30 1 04 Nov ?", "2012-11-04T01:30:00-05:00"},
		{"2012-11-04T00:00:00-04:00", NEW_YORK "0 * * * ?", "2012-11-04T01:00:00-04:00"},
		{"2012-11-04T01:00:00-04:00", NEW_YORK "0 * * * ?", "2012-11-04T01:00:00-05:00"},
		{"2012-11-04T01:00:00-05:00", NEW_YORK "0 * * * ?", "2012-11-04T02:00:00-05:00"},
		{"2012-11-04T00:00:00-04:00", NEW_YORK "0 1 * * ?", "2012-11-04T01:00:00-04:00"},
		{"2012-11-04T01:00:00-04:00", NEW_YORK "0 1 * * ?", "2012-11-04T01:00:00-05:00"},
		{"2012-11-04T01:00:00-05:00", NEW_YORK "0 1 * * ?", "2012-11-05T01:00:00-05:00"},
		{"2012-11-04T00:00:00-04:00", NEW_YORK "0 2 * * ?", "2012-11-04T02:00:00-05:00"},
		{"2012-11-04T00:00:00-04:00", NEW_YORK "0 3 * * ?", "2012-11-04T03:00:00-05:00"},
		{"2012-11-04T00:00:00-04:00", NEW_YORK "0 0 * * ?", "2012-11-05T00:00:00-05:00"},
		/* a day that has no midnight */
		{"2018-10-17T05:00:00-04:00", SAO_PAULO "0 9 10 * ?", "2018-11-10T06:00:00-05:00"},
		{"2018-02-14T05:00:00-05:00", SAO_PAULO "0 9 22 * ?", "2018-02-22T07:00:00-05:00"},
		{"2018-11-03T12:00:00-03:00", SAO_PAULO "30 0 * * ?", "2018-11-05T00:30:00-02:00"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct parsed p = parse(rows[i].schedule);
		int64_t got = cron_next(&p.cron, p.zone, at(rows[i].after));
		char text[RFC3339_MAX] = "never";
		if (got != CRON_NEVER)
			rfc3339_format(got, text);
		if (got != (rows[i].want ? at(rows[i].want) : CRON_NEVER))
			fail_msg("%s after %s: %s", rows[i].schedule, rows[i].after, text);
		cron_zone_free(p.zone);
	}
}

/* As by going from each to the next, wherever the search begins. */
static void last(void **state)
{
	static const char *const schedules[] = {
		"* * * * *",  "0 * * * *",	     "30 6-16/4 * * 1-5", "0 0 1 * *",
		"0 0 29 2 *", NEW_YORK "30 1 * * *", "@every 7m",
	};

	for (size_t i = 0; i < ARRAY_LEN(schedules); i++) {
		struct parsed p = parse(schedules[i]);
		int64_t first = cron_next(&p.cron, p.zone, at("2023-10-28T03:04:05Z")), want = first;
		for (int64_t now = first; now < at("2024-03-12T00:00:00Z"); now += 4567 * NS_PER_S) {
			for (int64_t t; (t = cron_next(&p.cron, p.zone, want)) <= now;)
				want = t;
			if (cron_last(&p.cron, p.zone, first, now) != want)
				fail_msg("%s %lld", schedules[i], (long long)now);
		}
		int64_t began = clock_mono_ns();
		assert_true(cron_last(&p.cron, p.zone, first, at("2250-01-01T00:00:00Z")) > first);
		assert_true(clock_mono_ns() - began < 10 * NS_PER_S);
		cron_zone_free(p.zone);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(next), cmocka_unit_test(last)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
