/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a schedule comes next: months, days, hours, minutes are moved on in turn until each fits, and from the start again when
 * one of them turns over. Upstream's rules where a clock is set (github.com/robfig/cron/v3 spec.go, and what Go's time.Date
 * makes of a time that a day does not have): jobs of an hour that is left out are left out, jobs of one that comes
 * twice come twice.
 */
#include <stdbool.h>
#include <time.h>
#include "base/clock.h"
#include "base/mem.h"
#include "object/cron/cron.h"
#include "object/cron/cron_zone.h"

#define YEARS 5 /* no schedule that ever comes waits longer, but for one 29th of February */
#define HOUR_S 3600
#define DAY_S 86400

/* A second, and what the zone's clock shows then. */
struct cron_moment {
	const struct cron_zone *z;
	int64_t s;
	struct tm tm;
};

static void show(struct cron_moment *m, int64_t s)
{
	time_t local = s + cron_zone_at(m->z, s).offset_s;

	m->s = s;
	gmtime_r(&local, &m->tm);
}

/* The time when the clock shows this; where it never does, or twice, the one that Go takes. Parts may be out of range. */
static void set(struct cron_moment *m, struct tm tm)
{
	int64_t s = timegm(&tm);
	struct cron_zone_span span = cron_zone_at(m->z, s);
	int64_t utc = s - span.offset_s;

	if (span.offset_s && (utc < span.begin || utc >= span.end))
		utc = s - cron_zone_at(m->z, utc).offset_s;
	show(m, utc);
}

static bool has(uint64_t bits, int i)
{
	return bits >> i & 1;
}

/* Where both say something, one is enough. */
static bool day_fits(const struct cron *c, const struct tm *tm)
{
	bool day = has(c->days, tm->tm_mday), weekday = has(c->weekdays, tm->tm_wday);

	return (c->days | c->weekdays) & CRON_STAR ? day && weekday : day || weekday;
}

/* Each of these moves on to what fits; false: the next larger part has turned over. What is smaller begins anew
   when something moves for the first time (*moved). */

static bool find_month(const struct cron *c, struct cron_moment *m, bool *moved)
{
	while (!has(c->months, m->tm.tm_mon + 1)) {
		if (!*moved)
			set(m, (struct tm){.tm_year = m->tm.tm_year, .tm_mon = m->tm.tm_mon, .tm_mday = 1});
		*moved = true;
		struct tm next = m->tm;
		next.tm_mon++;
		set(m, next);
		if (m->tm.tm_mon == 0)
			return false;
	}
	return true;
}

/* A day that has no midnight, or another hour of it. */
static void to_midnight(struct cron_moment *m)
{
	int hour = m->tm.tm_hour;

	if (hour > 12)
		show(m, m->s + (24 - hour) * HOUR_S);
	else if (hour)
		show(m, m->s - hour * HOUR_S);
}

static bool find_day(const struct cron *c, struct cron_moment *m, bool *moved)
{
	while (!day_fits(c, &m->tm)) {
		struct tm next = m->tm;
		if (!*moved)
			next.tm_hour = next.tm_min = next.tm_sec = 0;
		if (!*moved)
			set(m, next);
		*moved = true;
		next = m->tm;
		next.tm_mday++;
		set(m, next);
		to_midnight(m);
		if (m->tm.tm_mday == 1)
			return false;
	}
	return true;
}

static bool find_hour(const struct cron *c, struct cron_moment *m, bool *moved)
{
	while (!has(c->hours, m->tm.tm_hour)) {
		struct tm begin = m->tm;
		begin.tm_min = begin.tm_sec = 0;
		if (!*moved)
			set(m, begin);
		*moved = true;
		show(m, m->s + HOUR_S);
		if (m->tm.tm_hour == 0)
			return false;
	}
	return true;
}

static bool find_minute(const struct cron *c, struct cron_moment *m, bool *moved)
{
	while (!has(c->minutes, m->tm.tm_min)) {
		if (!*moved)
			show(m, m->s - m->tm.tm_sec);
		*moved = true;
		show(m, m->s + 60);
		if (m->tm.tm_min == 0)
			return false;
	}
	return true;
}

/* There is one second that fits: who moves to it has turned over. */
static bool find_second(struct cron_moment *m, bool *moved)
{
	if (m->tm.tm_sec == 0)
		return true;
	*moved = true;
	show(m, m->s + 60 - m->tm.tm_sec);
	return false;
}

static int64_t floor_s(int64_t ns)
{
	return ns / NS_PER_S - (ns % NS_PER_S < 0);
}

int64_t cron_next(const struct cron *c, const struct cron_zone *z, int64_t after_ns)
{
	struct cron_moment m = {.z = z};
	bool moved = false;
	int64_t s = floor_s(after_ns), every_s = c->every_ns / NS_PER_S;

	if (every_s)
		return s > INT64_MAX / NS_PER_S - every_s ? CRON_NEVER : (s + every_s) * NS_PER_S;
	show(&m, s + 1);
	int last_year = m.tm.tm_year + YEARS;
	while (m.tm.tm_year <= last_year)
		if (find_month(c, &m, &moved) && find_day(c, &m, &moved) && find_hour(c, &m, &moved) &&
		    find_minute(c, &m, &moved) && find_second(&m, &moved))
			return m.s > INT64_MAX / NS_PER_S - 1 ? CRON_NEVER : m.s * NS_PER_S;
	return CRON_NEVER;
}

/* The next time depends on nothing but the time before, so the search may begin anywhere: as near to the end as one is found. */
int64_t cron_last(const struct cron *c, const struct cron_zone *z, int64_t first_ns, int64_t now_ns)
{
	static const int64_t backs[] = {HOUR_S, DAY_S, 40 * DAY_S, 400 * DAY_S, INT64_MAX / NS_PER_S};
	int64_t every_ns = c->every_ns / NS_PER_S * NS_PER_S;

	if (every_ns)
		return first_ns + (now_ns - first_ns) / every_ns * every_ns;
	for (size_t i = 0; i < ARRAY_LEN(backs); i++) {
		int64_t from =
			now_ns - first_ns > backs[i] * NS_PER_S ? now_ns - backs[i] * NS_PER_S : first_ns;
		int64_t last = from == first_ns ? first_ns : 0;
		for (int64_t t = cron_next(c, z, from); t <= now_ns; t = cron_next(c, z, t))
			last = t;
		if (last)
			return last;
	}
	return first_ns;
}
