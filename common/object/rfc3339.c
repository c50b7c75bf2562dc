/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing accepts what Go's time.Parse accepts for RFC 3339 (a fraction of any length, numeric offsets) and
 * words its refusals alike. Nanoseconds in an int64 reach from 1678 to 2261; what lies outside is refused.
 */
#include "object/rfc3339.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"

#define LAYOUT "2006-01-02T15:04:05Z07:00"
#define MINUTE_NS (60 * NS_PER_S)
#define YEAR_MIN 1678
#define YEAR_MAX 2261

/* Days since 1970 of a date of the proleptic Gregorian calendar, counted in 400-year eras that begin in
 * March. */
static int64_t days_from_civil(int y, int m, int d)
{
	y -= m <= 2;
	int era = y / 400, year = y % 400;
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

static const char *fraction(const char *s, int64_t *ns)
{
	int64_t unit = NS_PER_S / 10;

	*ns = 0;
	if ((*s != '.' && *s != ',') || s[1] < '0' || s[1] > '9')
		return s;
	for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
		*ns += (*s - '0') * unit;
	return s;
}

/* "Z" or "+hh:mm"; NULL when it is neither. */
static const char *offset(const char *s, int64_t *ns)
{
	int h, m, sign = *s == '-' ? -1 : 1;

	*ns = 0;
	if (*s == 'Z')
		return s + 1;
	if (*s != '+' && *s != '-')
		return NULL;
	s++;
	if (!number(&s, 2, &h) || *s++ != ':' || !number(&s, 2, &m) || h > 24 || m > 60)
		return NULL;
	*ns = sign * (h * 60 + m) * MINUTE_NS;
	return s;
}

int rfc3339_parse(const char *text, int64_t *ret_ns, struct err *err)
{
	enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, FIELDS };
	static const struct {
		const char *layout;
		int digits, min, max;
		char then;
		const char *name;
	} fields[FIELDS] = {
		{"2006", 4, YEAR_MIN, YEAR_MAX, '-', "year"},
		{"01", 2, 1, 12, '-', "month"},
		{"02", 2, 1, 31, 'T', "day"},
		{"15", 2, 0, 23, ':', "hour"},
		{"04", 2, 0, 59, ':', "minute"},
		{"05", 2, 0, 59, 0, "second"},
	};
	const char *s = text, *range = NULL, *missing = NULL;
	int v[FIELDS] = {0};
	char then[2] = "";

	for (int i = 0; i < FIELDS && !missing; i++) {
		if (!number(&s, fields[i].digits, &v[i])) {
			missing = fields[i].layout;
		} else if (fields[i].then && *s++ != fields[i].then) {
			s--;
			then[0] = fields[i].then;
			missing = then;
		} else if (!range && (v[i] < fields[i].min || v[i] > fields[i].max)) {
			range = fields[i].name;
		}
	}
	int64_t frac = 0, off = 0;

	if (!missing) {
		s = fraction(s, &frac);
		const char *end = offset(s, &off);

		if (!end)
			missing = "Z07:00";
		else
			s = end;
	}
	if (missing)
		return err_set(err, REASON_BAD_REQUEST,
			       "parsing time \"%.64s\" as \"" LAYOUT "\": cannot parse \"%.64s\" as \"%s\"",
			       text, s, missing);
	if (*s)
		return err_set(err, REASON_BAD_REQUEST, "parsing time \"%.64s\": extra text: \"%.64s\"", text,
			       s);
	if (!range && v[DAY] > days_in_month(v[YEAR], v[MONTH]))
		range = fields[DAY].name;
	if (range)
		return err_set(err, REASON_BAD_REQUEST, "parsing time \"%.64s\": %s out of range", text,
			       range);
	int64_t seconds = days_from_civil(v[YEAR], v[MONTH], v[DAY]) * 86400 + v[HOUR] * 3600 +
			  v[MINUTE] * 60 + v[SECOND];

	*ret_ns = seconds * NS_PER_S + frac - off;
	return 0;
}

/* Writes n digits of v and returns the place behind them. */
static char *put(char *out, int64_t v, int n)
{
	for (int i = n - 1; i >= 0; i--, v /= 10)
		out[i] = (char)('0' + v % 10);
	return out + n;
}

/* `frac_digits` of the fraction, cut rather than rounded, as Go does. */
static void format(int64_t ns, char *out, int frac_digits)
{
	int64_t s = ns / NS_PER_S, frac = ns % NS_PER_S;
	struct tm tm;

	if (frac < 0) {
		s--;
		frac += NS_PER_S;
	}
	time_t t = (time_t)s;

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
	if (frac_digits) {
		for (int i = frac_digits; i < 9; i++)
			frac /= 10;
		*out++ = '.';
		out = put(out, frac, frac_digits);
	}
	*out++ = 'Z';
	*out = '\0';
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
