/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schedules of CronJobs as upstream's parser reads them (github.com/robfig/cron/v3 ParseStandard): five fields, or a name
 * such as @daily, or "@every 1h30m"; with the parser's own words for what is wrong. And the names of time zones.
 *
 * A schedule is a value. Any thread; cron_check_zone looks into the machine's zone files.
 */
#ifndef OBJECT_CRON_H
#define OBJECT_CRON_H

#include <stdint.h>
#include "base/err.h"

#define CRON_STAR (1ull << 63) /* of day and weekday: any, so that the other alone decides */
struct cron {
	int64_t every_ns; /* @every; the fields are empty then. 0: there is none */
	uint64_t minutes, hours, days, months, weekdays; /* a bit per value */
	char zone[64]; /* of an old TZ= or CRON_TZ= in front of the fields; "" = none */
};

/* REASON_INVALID with the parser's text alone. */
int cron_parse(const char *s, struct cron *ret, struct err *err) MUST_CHECK;
/* Whether the machine knows a zone of that name; "UTC" and "Local" are always known. REASON_INVALID as Go's
   time.LoadLocation says it. */
int cron_check_zone(const char *name, struct err *err) MUST_CHECK;

#endif
