/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schedules of CronJobs as upstream's parser reads them (github.com/robfig/cron/v3 ParseStandard): five fields, or a name
 * such as @daily, or "@every 1h30m"; with the parser's own words for what is wrong. When they come, in a time zone of the
 * machine's tzdata (cron_zone.h), to the second as upstream does across changes of daylight-saving time.
 *
 * A schedule is a value. Any thread.
 */
#ifndef OBJECT_CRON_CRON_H
#define OBJECT_CRON_CRON_H

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

struct cron_zone;
/* The first time after `after_ns` (wall) that the schedule names, whole seconds; CRON_NEVER when there is none within five
   years: the 31st of February. */
#define CRON_NEVER INT64_MAX
int64_t cron_next(const struct cron *c, const struct cron_zone *z, int64_t after_ns);
/* The last such time from first_ns, which is one, to now_ns. However many lie between, it takes milliseconds at most. */
int64_t cron_last(const struct cron *c, const struct cron_zone *z, int64_t first_ns, int64_t now_ns);

#endif
