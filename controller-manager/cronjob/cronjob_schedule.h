/* SPDX-License-Identifier: Apache-2.0 */
/* When a CronJob is due. Any thread. */
#ifndef CRONJOB_CRONJOB_SCHEDULE_H
#define CRONJOB_CRONJOB_SCHEDULE_H

#include "decode/cronjob.h"
#include "object/cron/cron.h"

struct cronjob_schedule {
	struct cron cron;
	struct cron_zone *zone;
};
/* Of its schedule and its time zone, or this machine's. REASON_INVALID with the parser's text. */
int cronjob_schedule_open(const struct cm_cronjob *c, struct cronjob_schedule *ret,
			  struct err *err) MUST_CHECK;
void cronjob_schedule_release(struct cronjob_schedule *s);

struct cronjob_due {
	int64_t at_ns; /* the newest time that has come since the last Job; 0: none has */
	bool many;     /* so many have been missed that something is wrong: more than a hundred */
};
/* -1: the schedule has no second time. */
int cronjob_due(const struct cm_cronjob *c, const struct cronjob_schedule *s, int64_t now_ns,
		struct cronjob_due *ret, struct err *err) MUST_CHECK;
/* The first time after all that have been due; CRON_NEVER. */
int64_t cronjob_next(const struct cm_cronjob *c, const struct cronjob_schedule *s, int64_t now_ns);

#endif
