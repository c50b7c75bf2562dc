/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See cron_zone.h. A file has its data twice, with times of 32 and of 64 bits; the second is read where there is one. Behind it
 * stands a rule as in POSIX's TZ, for all time after the last change.
 */
#include "object/cron/cron_zone.h"

#include <ctype.h>
#include <endian.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/buf.h"
#include "base/mem.h"

#define ZONES "/usr/share/zoneinfo/"
#define SHOWN_MAX 200 /* bytes of a name that an error repeats */
#define FILE_BYTES_MAX ((size_t)64 << 10)
#define CHANGES_MAX 4096
#define DAY_S 86400

enum cron_zone_rule_kind { RULE_JULIAN, RULE_DAY, RULE_MONTH };
struct cron_zone_rule {
	enum cron_zone_rule_kind kind;
	int month, week, day;
	int32_t time_s; /* of that day, by the clock before the change */
};

struct cron_zone_change {
	int64_t at;
	int32_t offset_s; /* from then on */
};

struct cron_zone {
	int32_t first_offset_s;
	struct cron_zone_change *changes; /* rising */
	size_t n_changes;
	/* behind the last change */
	bool has_tail, has_rules;
	int32_t std_s, dst_s;
	struct cron_zone_rule to_dst, to_std;
};

/* ---- the rule behind the file ---- */

static bool read_int(const char **s, int max, int *ret)
{
	int v = 0;
	const char *p = *s;

	for (; isdigit((unsigned char)*p) && v <= max; p++)
		v = v * 10 + (*p - '0');
	if (p == *s || v > max)
		return false;
	*s = p;
	*ret = v;
	return true;
}

static bool read_name(const char **s)
{
	const char *p = *s;
	size_t n;

	if (*p == '<') {
		n = strcspn(p, ">");
		*s = p + n + (p[n] == '>');
		return p[n] == '>';
	}
	while (isalpha((unsigned char)*p))
		p++;
	n = (size_t)(p - *s);
	*s = p;
	return n >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(const char **s, int max_hours, int32_t *ret)
{
	int sign = **s == '-' ? -1 : 1, part[3] = {0};

	*s += **s == '-' || **s == '+';
	for (int i = 0; i < 3; i++) {
		if (i && **s != ':')
			break;
		*s += i > 0;
		if (!read_int(s, i ? 59 : max_hours, &part[i]))
			return false;
	}
	*ret = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
	return true;
}

static bool read_month(const char **s, struct cron_zone_rule *r)
{
	r->kind = RULE_MONTH;
	++*s;
	return read_int(s, 12, &r->month) && r->month && *(*s)++ == '.' && read_int(s, 5, &r->week) &&
	       r->week && *(*s)++ == '.' && read_int(s, 6, &r->day);
}

static bool read_rule(const char **s, struct cron_zone_rule *r)
{
	*r = (struct cron_zone_rule){.kind = RULE_DAY, .time_s = 2 * 3600};
	if (**s == 'M') {
		if (!read_month(s, r))
			return false;
	} else {
		if (**s == 'J') {
			r->kind = RULE_JULIAN;
			++*s;
		}
		if (!read_int(s, 365, &r->day) || (r->kind == RULE_JULIAN && !r->day))
			return false;
	}
	if (**s != '/')
		return true;
	++*s;
	return read_time(s, 167, &r->time_s);
}

/* "CET-1CEST,M3.5.0,M10.5.0/3": what stands there is subtracted from UTC. */
static bool read_tail(struct cron_zone *z, const char *s)
{
	if (!read_name(&s) || !read_time(&s, 24, &z->std_s))
		return false;
	z->std_s = -z->std_s;
	if (!*s)
		return true;
	if (!read_name(&s))
		return false;
	z->dst_s = -z->std_s - 3600;
	if (*s && *s != ',' && !read_time(&s, 24, &z->dst_s))
		return false;
	z->dst_s = -z->dst_s;
	z->has_rules = true;
	return *s++ == ',' && read_rule(&s, &z->to_dst) && *s++ == ',' && read_rule(&s, &z->to_std) && !*s;
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t date_s(int64_t year, int month, int day)
{
	struct tm tm = {.tm_year = (int)(year - 1900), .tm_mon = month - 1, .tm_mday = day};
	return timegm(&tm);
}

/* The week-th such weekday of a month; the fifth means the last. */
static int64_t month_rule_s(const struct cron_zone_rule *r, int64_t year)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int length = lengths[r->month - 1] + (r->month == 2 && is_leap(year));
	int64_t first = date_s(year, r->month, 1);
	int weekday = (int)(((first / DAY_S + 4) % 7 + 7) % 7); /* 1970 began on a Thursday */
	int day = (r->day - weekday + 7) % 7 + (r->week - 1) * 7;

	if (day >= length)
		day -= 7;
	return first + (int64_t)day * DAY_S;
}

/* When a year's change comes, by UTC, if the clock showed `offset_s` before. */
static int64_t rule_s(const struct cron_zone_rule *r, int64_t year, int32_t offset_s)
{
	int64_t day_s = date_s(year, 1, 1);

	if (r->kind == RULE_MONTH)
		day_s = month_rule_s(r, year);
	else if (r->kind == RULE_DAY)
		day_s += (int64_t)r->day * DAY_S;
	else /* the 29th of February is not counted */
		day_s += (int64_t)(r->day - 1 + (is_leap(year) && r->day > 59)) * DAY_S;
	return day_s + r->time_s - offset_s;
}

/* Changes of the year before and the one after are looked at as well: rules may reach over the year's end. */
static struct cron_zone_span tail_at(const struct cron_zone *z, int64_t s)
{
	struct cron_zone_span ret = {z->std_s, INT64_MIN, INT64_MAX};
	struct tm tm = {0};
	time_t t = s;

	if (!z->has_rules || !gmtime_r(&t, &tm))
		return ret;
	for (int64_t year = tm.tm_year + 1900 - 1; year <= tm.tm_year + 1900 + 1; year++) {
		const struct cron_zone_change v[] = {{rule_s(&z->to_dst, year, z->std_s), z->dst_s},
						     {rule_s(&z->to_std, year, z->dst_s), z->std_s}};
		for (size_t i = 0; i < ARRAY_LEN(v); i++)
			if (v[i].at <= s && v[i].at >= ret.begin) {
				ret.begin = v[i].at;
				ret.offset_s = v[i].offset_s;
			} else if (v[i].at > s && v[i].at < ret.end) {
				ret.end = v[i].at;
			}
	}
	return ret;
}

/* ---- the file ---- */

struct header {
	uint8_t version;
	size_t n_isut, n_isstd, n_leap, n_times, n_types, n_chars;
};
#define HEADER_BYTES 44
#define TYPE_BYTES 6

static uint32_t u32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static int64_t time_of(const uint8_t *p, size_t width)
{
	uint64_t v;

	if (width == 4)
		return (int32_t)u32(p);
	memcpy(&v, p, sizeof(v));
	return (int64_t)be64toh(v);
}

static bool read_header(const uint8_t *p, size_t n, struct header *h)
{
	if (n < HEADER_BYTES || memcmp(p, "TZif", 4) != 0)
		return false;
	*h = (struct header){p[4],	  u32(p + 20), u32(p + 24), u32(p + 28),
			     u32(p + 32), u32(p + 36), u32(p + 40)};
	return h->n_times <= CHANGES_MAX && h->n_types && h->n_types <= 256 && h->n_chars <= 4096 &&
	       h->n_leap <= 1024 && h->n_isut <= 256 && h->n_isstd <= 256;
}

static size_t block_bytes(const struct header *h, size_t width)
{
	return h->n_times * (width + 1) + h->n_types * TYPE_BYTES + h->n_chars + h->n_leap * (width + 4) +
	       h->n_isstd + h->n_isut;
}

static bool read_block(struct cron_zone *z, const uint8_t *p, const struct header *h, size_t width)
{
	const uint8_t *index = p + h->n_times * width, *types = index + h->n_times;
	size_t first = 0;

	for (size_t i = 0; i < h->n_types; i++)
		if (u32(types + i * TYPE_BYTES) > INT32_MAX / 2 &&
		    u32(types + i * TYPE_BYTES) < UINT32_MAX - INT32_MAX / 2)
			return false; /* no offset of this world */
	while (first < h->n_types &&
	       types[first * TYPE_BYTES + 4]) /* before all changes: no daylight-saving time */
		first++;
	z->first_offset_s = (int32_t)u32(types + (first < h->n_types ? first : 0) * TYPE_BYTES);
	z->changes = mem_array(h->n_times, sizeof(*z->changes));
	for (size_t i = 0; i < h->n_times; i++) {
		if (index[i] >= h->n_types)
			return false;
		z->changes[i] = (struct cron_zone_change){time_of(p + i * width, width),
							  (int32_t)u32(types + index[i] * TYPE_BYTES)};
		if (i && z->changes[i].at <= z->changes[i - 1].at)
			return false;
		z->n_changes++;
	}
	return true;
}

static bool read_file(struct cron_zone *z, const uint8_t *p, size_t n)
{
	struct header h;
	size_t width = 4;

	if (!read_header(p, n, &h) || block_bytes(&h, width) > n - HEADER_BYTES)
		return false;
	if (h.version >= '2') {
		size_t skip = HEADER_BYTES + block_bytes(&h, width);
		p += skip;
		n -= skip;
		width = 8;
		if (!read_header(p, n, &h) || block_bytes(&h, width) > n - HEADER_BYTES)
			return false;
	}
	if (!read_block(z, p + HEADER_BYTES, &h, width))
		return false;
	size_t at = HEADER_BYTES + block_bytes(&h, width);
	if (width == 4 || n - at < 2 || p[at] != '\n' || p[at + 1] == '\n')
		return true;
	const uint8_t *end = memchr(p + at + 1, '\n', n - at - 1);
	if (!end)
		return false;
	autofree char *tail = mem_strndup((const char *)p + at + 1, (size_t)(end - p) - at - 1);
	z->has_tail = true;
	return read_tail(z, tail);
}

struct cron_zone *cron_zone_parse(const void *p, size_t n, struct err *err)
{
	struct cron_zone *z = MEM_NEW(struct cron_zone);

	if (read_file(z, p, n))
		return z;
	cron_zone_free(z);
	(void)err_set(err, REASON_INVALID, "malformed time zone information");
	return NULL;
}

void cron_zone_free(struct cron_zone *z)
{
	if (!z)
		return;
	free(z->changes);
	free(z);
}

struct cron_zone_span cron_zone_at(const struct cron_zone *z, int64_t s)
{
	size_t low = 0, high = z->n_changes;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (z->changes[mid].at <= s)
			low = mid + 1;
		else
			high = mid;
	}
	struct cron_zone_span ret = {low ? z->changes[low - 1].offset_s : z->first_offset_s,
				     low ? z->changes[low - 1].at : INT64_MIN,
				     low < z->n_changes ? z->changes[low].at : INT64_MAX};
	if (low < z->n_changes || !z->has_tail)
		return ret;
	struct cron_zone_span tail = tail_at(z, s);
	if (tail.begin < ret.begin)
		tail.begin = ret.begin;
	return tail;
}

/* ---- names ---- */

static bool has_backstep(const char *s)
{
	for (const char *p = s; (p = strstr(p, "..")); p++)
		if ((p == s || p[-1] == '/') && (!p[2] || p[2] == '/'))
			return true;
	return false;
}

static FILE *open_zone(const char *name)
{
	const char *tz = getenv("TZ");

	if (strcmp(name, "Local") != 0) {
		autofree char *path = mem_printf(ZONES "%s", name);
		return strlen(name) < SHOWN_MAX ? fopen(path, "re") : NULL;
	}
	if (!tz)
		return fopen("/etc/localtime", "re");
	tz += *tz == ':';
	autofree char *path = *tz == '/' ? mem_strdup(tz) : mem_printf(ZONES "%s", tz);
	return *tz ? fopen(path, "re") : NULL;
}

static int load(const char *name, struct buf *ret, struct err *err)
{
	FILE *f;

	if (has_backstep(name) || *name == '/' || *name == '\\')
		return err_set(err, REASON_INVALID, "time: invalid location name");
	f = open_zone(name);
	if (f) {
		buf_reserve(ret, FILE_BYTES_MAX);
		ret->len = fread(ret->p, 1, FILE_BYTES_MAX, f);
		fclose(f);
	}
	if (ret->len > 4 && !memcmp(ret->p, "TZif", 4))
		return 0;
	return err_set(err, REASON_INVALID, "unknown time zone %.*s", SHOWN_MAX, name);
}

static bool is_utc(const char *name)
{
	return !*name || !strcmp(name, "UTC");
}

int cron_zone_check(const char *name, struct err *err)
{
	autobuf struct buf file = BUF_INIT;

	return is_utc(name) || !strcmp(name, "Local") ? 0 : load(name, &file, err);
}

struct cron_zone *cron_zone_open(const char *name, struct err *err)
{
	autobuf struct buf file = BUF_INIT;
	struct err why = ERR_INIT;

	if (is_utc(name))
		return MEM_NEW(struct cron_zone);
	if (load(name, &file, &why) == 0)
		return cron_zone_parse(file.p, file.len, err);
	if (!strcmp(name, "Local"))
		return MEM_NEW(struct cron_zone);
	*err = why;
	return NULL;
}
