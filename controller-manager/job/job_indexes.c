/* SPDX-License-Identifier: Apache-2.0 */
/* See job_indexes.h. */
#include "job/job_indexes.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include "base/mem.h"

void job_indexes_release(struct job_indexes *s)
{
	free(s->v);
	*s = (struct job_indexes){0};
}

/* Ranges come in the order of their beginnings. */
static void append(struct job_indexes *s, struct job_range r)
{
	struct job_range *last = s->n ? &s->v[s->n - 1] : NULL;

	if (last && r.first <= last->last + 1) {
		last->last = r.last > last->last ? r.last : last->last;
		return;
	}
	if ((s->n & (s->n - 1)) == 0) /* full: 0, 1, 2, 4 … */
		s->v = mem_realloc_array(s->v, s->n ? 2 * s->n : 1, sizeof(*s->v));
	s->v[s->n++] = r;
}

static const char *read_number(const char *p, int *ret)
{
	char *end;
	long n = isdigit((unsigned char)*p) ? strtol(p, &end, 10) : -1;

	if (n < 0 || n > INT_MAX - 1)
		return NULL;
	*ret = (int)n;
	return end;
}

struct job_indexes job_indexes_parse(const char *text, int completions)
{
	struct job_indexes s = {0};

	for (const char *p = text; p && *p; p = *p ? p + 1 : p) {
		struct job_range r;
		const char *end = read_number(p, &r.first);

		r.last = r.first;
		if (end && *end == '-')
			end = read_number(end + 1, &r.last);
		p = end && (!*end || *end == ',') ? end : p + strcspn(p, ",");
		if (p != end || r.last < r.first)
			continue;
		if (r.first >= completions)
			break;
		r.last = r.last < completions ? r.last : completions - 1;
		if (!s.n || r.first > s.v[s.n - 1].last)
			append(&s, r);
	}
	return s;
}

static int by_value(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

struct job_indexes job_indexes_of(int *v, size_t n)
{
	struct job_indexes s = {0};

	if (n)
		qsort(v, n, sizeof(*v), by_value);
	for (size_t i = 0; i < n; i++)
		append(&s, (struct job_range){v[i], v[i]});
	return s;
}

void job_indexes_merge(struct job_indexes *s, const struct job_indexes *more)
{
	struct job_indexes both = {0};
	size_t i = 0, k = 0;

	while (i < s->n || k < more->n)
		if (k == more->n || (i < s->n && s->v[i].first < more->v[k].first))
			append(&both, s->v[i++]);
		else
			append(&both, more->v[k++]);
	job_indexes_release(s);
	*s = both;
}

static int by_range(const void *key, const void *range)
{
	int i = *(const int *)key;
	const struct job_range *r = range;

	return i < r->first ? -1 : i > r->last;
}

bool job_indexes_has(const struct job_indexes *s, int i)
{
	return s->n && bsearch(&i, s->v, s->n, sizeof(*s->v), by_range);
}

int job_indexes_count(const struct job_indexes *s)
{
	int n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->v[i].last - s->v[i].first + 1;
	return n;
}

int job_indexes_common(const struct job_indexes *a, const struct job_indexes *b)
{
	int n = 0;

	for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
		int first = a->v[i].first > b->v[k].first ? a->v[i].first : b->v[k].first;
		int last = a->v[i].last < b->v[k].last ? a->v[i].last : b->v[k].last;

		n += last >= first ? last - first + 1 : 0;
		if (a->v[i].last < b->v[k].last)
			i++;
		else
			k++;
	}
	return n;
}

void job_indexes_write(const struct job_indexes *s, struct buf *out)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct job_range *r = &s->v[i];

		buf_addf(out, "%s%d", i ? "," : "", r->first);
		if (r->last > r->first)
			buf_addf(out, "%c%d", r->last == r->first + 1 ? ',' : '-', r->last);
	}
}

size_t job_indexes_free(const struct job_indexes *s, int completions, int *ret, size_t max)
{
	size_t n = 0;
	int candidate = 0;

	for (size_t i = 0; i <= s->n; i++) {
		int end = i < s->n && s->v[i].first < completions ? s->v[i].first : completions;

		while (candidate < end && n < max)
			ret[n++] = candidate++;
		if (i < s->n && candidate <= s->v[i].last)
			candidate = s->v[i].last + 1;
	}
	return n;
}
