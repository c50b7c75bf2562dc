/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing accepts what Go's time.Parse accepts for RFC 3339 (a fraction of any length, numeric offsets, an hour of
 * one digit) and words its refusals alike. Nanoseconds in an int64 reach from 1678 to 2262; who asks for those gets the
 * end of that range for what lies outside, which orders rightly with any time that happens.
 */
#include "object/rfc3339.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"

#define LAYOUT "2006-01-02T15:04:05Z07:00"
#define LAYOUT_MICRO "2006-01-02T15:04:05.000000Z07:00"
/* seconds at the beginning of these years */
#define YEAR_0 INT64_C(-62167219200)
#define YEAR_10000 INT64_C(253402300800)

/* Days since 1970 of a date of the proleptic Gregorian calendar, counted in 400-year eras that begin in
 * March. */
static int64_t days_from_civil(int y, int m, int d)
{
	y -= m <= 2;
	int era = (y < 0 ? y - 399 : y) / 400, year = y - era * 400;
	int day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return (int64_t)era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

static int days_in_month(int y, int m)
{
	static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return m == 2 && y % 4 == 0 && (y % 100 || y % 400 == 0) ? 29 : days[m - 1];
}

/* n digits at *s, which moves behind them. */
static bool number(const char **s, int n, int *ret)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		char c = (*s)[i];

		if (c < '0' || c > '9')
			return false;
		v = v * 10 + (c - '0');
	}
	*s += n;
	*ret = v;
	return true;
}

/* ---- reading ---- */
#define QUOTED_MAX 72
struct time_reader {
	const char *text, *s; /* all of it; what is left */
	const char *layout;
	struct err *err;
};

/* As Go's package time quotes, of long ones the beginning. */
static const char *quoted(const char *s, char out[QUOTED_MAX])
{
	size_t n = 0;

	out[n++] = '"';
	for (; *s && n < QUOTED_MAX - sizeof("\\x00\""); s++) {
		unsigned char c = (unsigned char)*s;
		if (c >= 0x80 || c < ' ')
			n += (size_t)snprintf(out + n, QUOTED_MAX - n, "\\x%02x", c);
		else
			n += (size_t)snprintf(out + n, QUOTED_MAX - n, "%s%c", strchr("\"\\", c) ? "\\" : "",
					      c);
	}
	out[n++] = '"';
	out[n] = 0;
	return out;
}

static int cannot(const struct time_reader *r, const char *what)
{
	char text[QUOTED_MAX], left[QUOTED_MAX];

	return err_set(r->err, REASON_BAD_REQUEST, "parsing time %s as \"%s\": cannot parse %s as \"%s\"",
		       quoted(r->text, text), r->layout, quoted(r->s, left), what);
}

static int out_of_range(const struct time_reader *r, const char *what)
{
	char text[QUOTED_MAX];

	return err_set(r->err, REASON_BAD_REQUEST, "parsing time %s: %s out of range", quoted(r->text, text),
		       what);
}

static int extra(const struct time_reader *r)
{
	char text[QUOTED_MAX], left[QUOTED_MAX];

	return err_set(r->err, REASON_BAD_REQUEST, "parsing time %s: extra text: %s", quoted(r->text, text),
		       quoted(r->s, left));
}

static int read_fraction(struct time_reader *r, int32_t *ns)
{
	int64_t unit = NS_PER_S / 10, v = 0;
	const char *s = r->s;

	*ns = 0;
	if ((*s != '.' && *s != ',') || s[1] < '0' || s[1] > '9')
		return 0;
	for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
		v += (*s - '0') * unit;
	*ns = (int32_t)v;
	r->s = s;
	return 0;
}

/* Exactly six digits. */
static int read_micros(struct time_reader *r, int32_t *ns)
{
	const char *s = r->s;
	int micros;

	if (*s != '.' && *s != ',')
		return cannot(r, ".000000");
	s++;
	if (!number(&s, 6, &micros))
		return cannot(r, ".000000");
	*ns = micros * 1000;
	r->s = s;
	return 0;
}

/* "Z" or "+hh:mm", in seconds. */
static int read_offset(struct time_reader *r, int64_t *ret)
{
	const char *s = r->s;
	int h, m, sign = *s == '-' ? -1 : 1;

	*ret = 0;
	if (*s == 'Z') {
		r->s++;
		return 0;
	}
	if (*s != '+' && *s != '-')
		return cannot(r, "Z07:00");
	s++;
	if (!number(&s, 2, &h) || *s++ != ':' || !number(&s, 2, &m))
		return cannot(r, "Z07:00");
	if (h > 24)
		return out_of_range(r, "time zone offset hour");
	if (m > 60)
		return out_of_range(r, "time zone offset minute");
	*ret = sign * (h * 60 + m) * INT64_C(60);
	r->s = s;
	return 0;
}

enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, FIELDS };

static int read_fields(struct time_reader *r, int v[FIELDS])
{
	static const struct {
		const char *layout;
		int digits, min, max;
		const char *then, *name;
		bool brief; /* one digit is enough */
	} fields[FIELDS] = {
		{"2006", 4, 0, 9999, "-", "year", false}, {"01", 2, 1, 12, "-", "month", false},
		{"02", 2, 0, 99, "T", "day", false},	  {"15", 2, 0, 23, ":", "hour", true},
		{"04", 2, 0, 59, ":", "minute", false},	  {"05", 2, 0, 59, "", "second", false},
	};

	for (int i = 0; i < FIELDS; i++) {
		if (!number(&r->s, fields[i].digits, &v[i]) && !(fields[i].brief && number(&r->s, 1, &v[i])))
			return cannot(r, fields[i].layout);
		if (v[i] < fields[i].min || v[i] > fields[i].max)
			return out_of_range(r, fields[i].name);
		if (*fields[i].then && *r->s != *fields[i].then)
			return cannot(r, fields[i].then);
		r->s += *fields[i].then != 0;
	}
	return 0;
}

int rfc3339_read(const char *text, bool micro, struct rfc3339_time *ret, struct err *err)
{
	struct time_reader r = {text, text, micro ? LAYOUT_MICRO : LAYOUT, err};
	struct rfc3339_time t = {0};
	int64_t off = 0;
	int v[FIELDS];

	if (read_fields(&r, v) < 0 || (micro ? read_micros : read_fraction)(&r, &t.ns) < 0 ||
	    read_offset(&r, &off) < 0)
		return -1;
	if (*r.s)
		return extra(&r);
	if (v[DAY] < 1 || v[DAY] > days_in_month(v[YEAR], v[MONTH]))
		return out_of_range(&r, "day");
	t.s = days_from_civil(v[YEAR], v[MONTH], v[DAY]) * 86400 + v[HOUR] * 3600 + v[MINUTE] * 60 +
	      v[SECOND] - off;
	if (!rfc3339_writable(&t)) /* by the offset */
		return out_of_range(&r, "year");
	*ret = t;
	return 0;
}

bool rfc3339_writable(const struct rfc3339_time *t)
{
	return t->s >= YEAR_0 && t->s < YEAR_10000 && t->ns >= 0 && t->ns < NS_PER_S;
}

bool rfc3339_is_zero(const struct rfc3339_time *t)
{
	return t->s == RFC3339_ZERO_S && !t->ns;
}

int rfc3339_parse(const char *text, int64_t *ret_ns, struct err *err)
{
	struct rfc3339_time t;
	int64_t ns;

	if (rfc3339_read(text, false, &t, err) < 0)
		return -1;
	if (__builtin_mul_overflow(t.s, NS_PER_S, &ns) || __builtin_add_overflow(ns, t.ns, &ns))
		ns = t.s < 0 ? INT64_MIN : INT64_MAX;
	*ret_ns = ns;
	return 0;
}

/* ---- writing ---- */
/* Writes n digits of v and returns the place behind them. */
static char *put(char *out, int64_t v, int n)
{
	for (int i = n - 1; i >= 0; i--, v /= 10)
		out[i] = (char)('0' + v % 10);
	return out + n;
}

void rfc3339_write(const struct rfc3339_time *time, int digits, char out[RFC3339_MAX])
{
	time_t t = (time_t)time->s;
	int64_t frac = time->ns;
	struct tm tm;

	gmtime_r(&t, &tm);
	out = put(out, tm.tm_year + 1900, 4);
	*out++ = '-';
	out = put(out, tm.tm_mon + 1, 2);
	*out++ = '-';
	out = put(out, tm.tm_mday, 2);
	*out++ = 'T';
	out = put(out, tm.tm_hour, 2);
	*out++ = ':';
	out = put(out, tm.tm_min, 2);
	*out++ = ':';
	out = put(out, tm.tm_sec, 2);
	if (digits) {
		for (int i = digits; i < 9; i++)
			frac /= 10;
		*out++ = '.';
		out = put(out, frac, digits);
	}
	*out++ = 'Z';
	*out = '\0';
}

static void format(int64_t ns, char out[RFC3339_MAX], int digits)
{
	struct rfc3339_time t = {ns / NS_PER_S, (int32_t)(ns % NS_PER_S)};

	if (t.ns < 0) {
		t.s--;
		t.ns += (int32_t)NS_PER_S;
	}
	rfc3339_write(&t, digits, out);
}

void rfc3339_format(int64_t ns, char out[RFC3339_MAX])
{
	format(ns, out, 0);
}

void rfc3339_format_micro(int64_t ns, char out[RFC3339_MAX])
{
	format(ns, out, 6);
}

void rfc3339_format_nano(int64_t ns, char out[RFC3339_MAX])
{
	format(ns, out, 9);
}

/* "5m12s", or "5m" when the small part is 0. */
static void two(char *out, int64_t big, char big_unit, int64_t small, char small_unit)
{
	if (small)
		snprintf(out, RFC3339_MAX, "%lld%c%lld%c", (long long)big, big_unit, (long long)small,
			 small_unit);
	else
		snprintf(out, RFC3339_MAX, "%lld%c", (long long)big, big_unit);
}

void rfc3339_human(int64_t duration_ns, char out[RFC3339_MAX])
{
	int64_t s = duration_ns / NS_PER_S, m = s / 60, h = m / 60, d = h / 24;

	if (s < -1)
		snprintf(out, RFC3339_MAX, "<invalid>"); /* a second back is clock skew between machines */
	else if (s < 0)
		snprintf(out, RFC3339_MAX, "0s");
	else if (s < 120)
		two(out, s, 's', 0, 0);
	else if (m < 10)
		two(out, m, 'm', s % 60, 's');
	else if (m < 180)
		two(out, m, 'm', 0, 0);
	else if (h < 8)
		two(out, h, 'h', m % 60, 'm');
	else if (h < 48)
		two(out, h, 'h', 0, 0);
	else if (h < 24 * 8)
		two(out, d, 'd', h % 24, 'h');
	else if (d < 365 * 2)
		two(out, d, 'd', 0, 0);
	else if (d < 365 * 8)
		two(out, d / 365, 'y', d % 365, 'd');
	else
		two(out, d / 365, 'y', 0, 0);
}
