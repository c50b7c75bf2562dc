/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of indexes. One pass, however long the list is. */
#include <stdlib.h>
#include <string.h>
#include "kinds/batch/jobspec.h"

#define SHOWN_MAX 200

struct interval {
	int64_t first, last;
};

/* As Go's strconv.Atoi: digits with a sign, all of them. */
static bool parse_int(const char *s, size_t n, int64_t *ret)
{
	size_t i = n && (*s == '-' || *s == '+');
	int64_t v = 0;

	if (i == n || n > 18)
		return false;
	for (; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (s[i] - '0');
	}
	*ret = *s == '-' ? -v : v;
	return true;
}

static int parse_index(const char *s, size_t n, int64_t completions, int64_t *ret, struct err *err)
{
	int shown = (int)(n < SHOWN_MAX ? n : SHOWN_MAX);

	if (!parse_int(s, n, ret))
		return err_set(err, REASON_INVALID, "cannot convert string to integer for index: \"%.*s\"",
			       shown, s);
	if (*ret >= completions)
		return err_set(err, REASON_INVALID, "too large index: \"%.*s\"", shown, s);
	return 0;
}

static int out_of_order(int64_t previous, int64_t current, struct err *err)
{
	return err_set(err, REASON_INVALID, "non-increasing order, previous: %lld, current: %lld",
		       (long long)previous, (long long)current);
}

static int parse_interval(const char *s, size_t n, int64_t completions, struct interval *ret, struct err *err)
{
	const char *dash = memchr(s, '-', n);
	size_t low = dash ? (size_t)(dash - s) : n;

	if (dash && memchr(dash + 1, '-', n - low - 1))
		return err_set(
			err, REASON_INVALID,
			"the fragment \"%.*s\" violates the requirement that an index interval can have at most two parts separated by '-'",
			(int)(n < SHOWN_MAX ? n : SHOWN_MAX), s);
	if (parse_index(s, low, completions, &ret->first, err) < 0)
		return -1;
	ret->last = ret->first;
	if (!dash)
		return 0;
	if (parse_index(dash + 1, n - low - 1, completions, &ret->last, err) < 0)
		return -1;
	return ret->first < ret->last ? 0 : out_of_order(ret->first, ret->last, err);
}

/* The next interval of *s, which moves behind it and becomes NULL at the end. */
static int next_interval(const char **s, int64_t completions, struct interval *ret, struct err *err)
{
	const char *p = *s;
	size_t n = strcspn(p, ",");

	*s = p[n] ? p + n + 1 : NULL;
	return parse_interval(p, n, completions, ret, err);
}

int64_t jobspec_count_indexes(const char *s, int64_t completions, struct err *err)
{
	struct interval i, before = {-1, -1};
	bool first = true;
	int64_t total = 0;

	for (const char *p = *s ? s : NULL; p; first = false) {
		if (next_interval(&p, completions, &i, err) < 0)
			return -1;
		if (!first && before.last >= i.first)
			return out_of_order(before.last, i.first, err);
		total += i.last - i.first + 1;
		before = i;
	}
	return total;
}

/* The next that is one; false at the end. */
static bool next_valid(const char **s, int64_t completions, struct interval *ret)
{
	struct err ignore = ERR_INIT;

	while (*s)
		if (next_interval(s, completions, ret, &ignore) == 0)
			return true;
	return false;
}

int64_t jobspec_common_index(const char *a, const char *b, int64_t completions)
{
	struct interval x, y;

	if (!*a || !*b)
		return -1;
	bool more = next_valid(&a, completions, &x) && next_valid(&b, completions, &y);
	while (more) {
		if (x.first <= y.last && y.first <= x.last)
			return x.first > y.first ? x.first : y.first;
		more = x.first <= y.first ? next_valid(&a, completions, &x) : next_valid(&b, completions, &y);
	}
	return -1;
}
