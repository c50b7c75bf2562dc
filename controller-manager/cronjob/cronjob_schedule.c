/* SPDX-License-Identifier: Apache-2.0 */
/* See cronjob_schedule.h; kubernetes/kubernetes pkg/controller/cronjob/utils.go. */
#include "cronjob/cronjob_schedule.h"

#include <string.h>
#include "base/clock.h"
#include "object/cron/cron_zone.h"

#define MISSED_MAX 100

int cronjob_schedule_open(const struct cm_cronjob *c, struct cronjob_schedule *ret, struct err *err)
{
	struct err why = ERR_INIT;
	const char *zone = "Local";

	*ret = (struct cronjob_schedule){.zone = NULL};
	if (cron_parse(c->schedule, &ret->cron, err) < 0)
		return -1;
	if (*ret->cron.zone)
		zone = ret->cron.zone;
	else if (c->zone && cron_zone_check(c->zone, &why) == 0)
		zone = c->zone;
	ret->zone = cron_zone_open(zone, err);
	return ret->zone ? 0 : -1;
}

void cronjob_schedule_release(struct cronjob_schedule *s)
{
	cron_zone_free(s->zone);
	*s = (struct cronjob_schedule){.zone = NULL};
}

/* Since when times count. */
static int64_t earliest(const struct cm_cronjob *c)
{
	return c->status.last_schedule_ns ? c->status.last_schedule_ns : c->base.meta.created_ns;
}

static int due_since(const struct cronjob_schedule *s, int64_t since_ns, int64_t now_ns,
		     struct cronjob_due *ret, struct err *err)
{
	int64_t first = cron_next(&s->cron, s->zone, since_ns);
	int64_t second = first == CRON_NEVER ? CRON_NEVER : cron_next(&s->cron, s->zone, first);

	*ret = (struct cronjob_due){0};
	if (first == CRON_NEVER)
		return err_set(err, REASON_INVALID,
			       "time difference between two schedules is less than 1 second");
	if (now_ns < first)
		return 0;
	ret->at_ns = first;
	if (now_ns < second)
		return 0;
	ret->at_ns = cron_last(&s->cron, s->zone, first, now_ns);
	ret->many = (now_ns - first) / (second - first) + 1 > MISSED_MAX;
	return 0;
}

int cronjob_due(const struct cm_cronjob *c, const struct cronjob_schedule *s, int64_t now_ns,
		struct cronjob_due *ret, struct err *err)
{
	int64_t since_ns = earliest(c);

	if (c->deadline_s != CRONJOB_UNSET && c->deadline_s < now_ns / NS_PER_S &&
	    now_ns - c->deadline_s * NS_PER_S > since_ns)
		since_ns = now_ns - c->deadline_s * NS_PER_S;
	return due_since(s, since_ns, now_ns, ret, err);
}

int64_t cronjob_next(const struct cm_cronjob *c, const struct cronjob_schedule *s, int64_t now_ns)
{
	struct err ignored = ERR_INIT;
	struct cronjob_due due = {.at_ns = now_ns};

	if (due_since(s, earliest(c), now_ns, &due, &ignored) < 0)
		due.at_ns = now_ns;
	return cron_next(&s->cron, s->zone, due.at_ns ? due.at_ns : earliest(c));
}
