/* SPDX-License-Identifier: Apache-2.0 */
/* The parser. Fields are read left to right, and the first fault is the one that is told, as upstream's does. */
#include "object/cron/cron.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/flags.h"
#include "base/mem.h"
#include "object/cron/cron_zone.h"

#define SHOWN_MAX 200 /* bytes of what a client has sent that an error repeats */

struct bounds {
	unsigned min, max;
	const char *const *names; /* of min and what follows; NULL-terminated */
};

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
					  "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};
static const struct bounds bounds[] = {
	{0, 59, NULL}, {0, 23, NULL}, {1, 31, NULL}, {1, 12, month_names}, {0, 6, day_names},
};
#define N_FIELDS ARRAY_LEN(bounds)

static int fault(struct err *err, const char *fmt, ...) PRINTF(2, 3);
static int fault(struct err *err, const char *fmt, ...)
{
	char text[ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(err, REASON_INVALID, "%s", text);
}

/* ---- one field ---- */

/* Part of a text. */
struct part {
	const char *p;
	size_t n;
};
#define SHOW(part) (int)((part).n < SHOWN_MAX ? (part).n : SHOWN_MAX), (part).p

static struct part part_until(struct part *rest, char c)
{
	const char *end = memchr(rest->p, c, rest->n);
	struct part ret = {rest->p, end ? (size_t)(end - rest->p) : rest->n};

	rest->p += ret.n + (end != NULL);
	rest->n -= ret.n + (end != NULL);
	return ret;
}

static unsigned count_of(struct part t, char c)
{
	unsigned n = 1;

	for (size_t i = 0; i < t.n; i++)
		n += t.p[i] == c;
	return n;
}

static int bad_number(struct part t, const char *why, struct err *err)
{
	return fault(err, "failed to parse int from %.*s: strconv.Atoi: parsing \"%.*s\": %s", SHOW(t),
		     SHOW(t), why);
}

static int parse_number(struct part t, unsigned *ret, struct err *err)
{
	size_t i = t.n && (*t.p == '-' || *t.p == '+');
	__int128 v = 0;

	if (i == t.n)
		return bad_number(t, "invalid syntax", err);
	for (size_t d = i; d < t.n; d++) {
		if (!isdigit((unsigned char)t.p[d]))
			return bad_number(t, "invalid syntax", err);
		if (v <= INT64_MAX)
			v = v * 10 + (t.p[d] - '0');
	}
	if (v > INT64_MAX)
		return bad_number(t, "value out of range", err);
	if (*t.p == '-' && v)
		return fault(err, "negative number (-%lld) not allowed: %.*s", (long long)v, SHOW(t));
	*ret = v > UINT32_MAX ? UINT32_MAX : (unsigned)v;
	return 0;
}

static int parse_value(struct part t, const struct bounds *b, unsigned *ret, struct err *err)
{
	for (unsigned i = 0; b->names && b->names[i]; i++)
		if (strlen(b->names[i]) == t.n && !strncasecmp(b->names[i], t.p, t.n)) {
			*ret = b->min + i;
			return 0;
		}
	return parse_number(t, ret, err);
}

static bool is_any(struct part t)
{
	return t.n == 1 && (*t.p == '*' || *t.p == '?');
}

/* "*", "3", "mon-fri": sets what it spans; *single: nothing said where it ends. */
static int parse_span(struct part expr, struct part span, const struct bounds *b, unsigned *start,
		      unsigned *end, struct err *err)
{
	unsigned hyphens = count_of(span, '-') - 1;
	struct part low = part_until(&span, '-');

	if (is_any(low)) {
		*start = b->min;
		*end = b->max;
		return 0;
	}
	if (parse_value(low, b, start, err) < 0)
		return -1;
	*end = *start;
	if (hyphens > 1)
		return fault(err, "too many hyphens: %.*s", SHOW(expr));
	return hyphens ? parse_value(span, b, end, err) : 0;
}

static int check_span(struct part expr, const struct bounds *b, unsigned start, unsigned end, unsigned step,
		      struct err *err)
{
	if (start < b->min)
		return fault(err, "beginning of range (%u) below minimum (%u): %.*s", start, b->min,
			     SHOW(expr));
	if (end > b->max)
		return fault(err, "end of range (%u) above maximum (%u): %.*s", end, b->max, SHOW(expr));
	if (start > end)
		return fault(err, "beginning of range (%u) beyond end of range (%u): %.*s", start, end,
			     SHOW(expr));
	if (!step)
		return fault(err, "step of range should be a positive number: %.*s", SHOW(expr));
	return 0;
}

static int parse_range(struct part expr, const struct bounds *b, uint64_t *bits, struct err *err)
{
	struct part rest = expr, span = part_until(&rest, '/'), low = span;
	unsigned slashes = count_of(expr, '/') - 1, start, end, step = 1;
	bool single = !memchr(span.p, '-', span.n);

	if (parse_span(expr, span, b, &start, &end, err) < 0)
		return -1;
	if (slashes > 1)
		return fault(err, "too many slashes: %.*s", SHOW(expr));
	if (slashes && parse_number(rest, &step, err) < 0)
		return -1;
	if (slashes && single)
		end = b->max; /* N/step goes on to the end */
	if (check_span(expr, b, start, end, step, err) < 0)
		return -1;
	for (uint64_t i = start; i <= end; i += step)
		*bits |= 1ull << i;
	if (is_any(part_until(&low, '-')) && step == 1)
		*bits |= CRON_STAR;
	return 0;
}

static int parse_field(struct part field, const struct bounds *b, uint64_t *bits, struct err *err)
{
	while (field.n) {
		struct part expr = part_until(&field, ',');
		if (expr.n && parse_range(expr, b, bits, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the whole ---- */

/* What separates fields: white space as Go's unicode.IsSpace knows it, of ASCII. */
static bool is_blank(char c)
{
	return c && strchr(" \t\n\v\f\r", c);
}

static int parse_fields(const char *s, struct cron *ret, struct err *err)
{
	uint64_t *const into[] = {&ret->minutes, &ret->hours, &ret->days, &ret->months, &ret->weekdays};
	struct part fields[N_FIELDS];
	autobuf struct buf shown = BUF_INIT;
	size_t n = 0;

	for (const char *p = s; *p;) {
		if (is_blank(*p)) {
			p++;
			continue;
		}
		const char *end = p;
		while (*end && !is_blank(*end))
			end++;
		if (n < N_FIELDS)
			fields[n] = (struct part){p, (size_t)(end - p)};
		if (shown.len < SHOWN_MAX)
			buf_addf(&shown, "%s%.*s", n ? " " : "",
				 (int)(end - p < SHOWN_MAX ? end - p : SHOWN_MAX), p);
		n++;
		p = end;
	}
	if (n != N_FIELDS)
		return fault(err, "expected exactly %zu fields, found %zu: [%s]", N_FIELDS, n,
			     buf_str(&shown));
	for (size_t i = 0; i < N_FIELDS; i++)
		if (parse_field(fields[i], &bounds[i], into[i], err) < 0)
			return -1;
	return 0;
}

static int parse_descriptor(const char *s, struct cron *ret, struct err *err)
{
	static const struct {
		const char *name, *fields;
	} names[] = {
		{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
		{"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
		{"@hourly", "0 * * * *"},
	};
	static const char every[] = "@every ";
	struct err why = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i].name, s))
			return parse_fields(names[i].fields, ret, err);
	if (strncmp(s, every, strlen(every)))
		return fault(err, "unrecognized descriptor: %.*s", SHOWN_MAX, s);
	if (flags_duration(s + strlen(every), &ret->every_ns, &why) < 0)
		return fault(err, "failed to parse duration %.*s: %s", SHOWN_MAX, s, why.msg);
	if (ret->every_ns < NS_PER_S)
		ret->every_ns = NS_PER_S; /* upstream's shortest */
	return 0;
}

/* A zone in front of the fields; *s moves behind it. */
static int parse_zone(const char **s, struct cron *ret, struct err *err)
{
	const char *eq = strchr(*s, '='), *end = strchr(*s, ' ');
	struct err why = ERR_INIT;

	if (strncmp(*s, "TZ=", 3) && strncmp(*s, "CRON_TZ=", 8))
		return 0;
	if (!end)
		return fault(err, "provided bad location %.*s: no schedule behind it", SHOWN_MAX, eq + 1);
	autofree char *zone = end > eq ? mem_strndup(eq + 1, (size_t)(end - eq - 1)) : mem_strdup("");
	if (cron_zone_check(zone, &why) < 0)
		return fault(err, "provided bad location %.*s: %s", SHOWN_MAX, zone, why.msg);
	snprintf(ret->zone, sizeof(ret->zone), "%s", zone);
	for (*s = end; is_blank(**s);)
		++*s;
	return 0;
}

int cron_parse(const char *s, struct cron *ret, struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	if (!*s)
		return fault(err, "empty spec string");
	if (parse_zone(&s, ret, err) < 0)
		return -1;
	return *s == '@' ? parse_descriptor(s, ret, err) : parse_fields(s, ret, err);
}
