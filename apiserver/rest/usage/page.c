/* SPDX-License-Identifier: Apache-2.0 */
/* See page.h. NAME{LABEL="VALUE",…} NUMBER [MILLISECONDS] */
#include "rest/usage/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"

#define SECONDS_MAX 1e12 /* beyond it a counter means nothing */
#define VALUE_MAX 9e18
#define TIME_MAX_MS 5e12

static const char *const families[] = {
	[PAGE_CONTAINER_CPU] = "container_cpu_usage_seconds_total",
	[PAGE_CONTAINER_MEMORY] = "container_memory_working_set_bytes",
	[PAGE_CONTAINER_START] = "container_start_time_seconds",
	[PAGE_NODE_CPU] = "node_cpu_usage_seconds_total",
	[PAGE_NODE_MEMORY] = "node_memory_working_set_bytes",
};

/* Unescapes the value that begins at p, in place; behind its quote, or NULL. */
static char *end_value(char *p)
{
	char *out = p;

	for (; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
		*out++ = *p;
	}
	if (*p != '"')
		return NULL;
	*out = '\0';
	return p + 1;
}

static void set_label(struct page_line *l, const char *name, size_t n, const char *value)
{
	const struct {
		const char *name, **to;
	} labels[] = {
		{"container", &l->container}, {"pod", &l->pod}, {"namespace", &l->ns}, {"node", &l->node}};

	for (size_t i = 0; i < ARRAY_LEN(labels); i++)
		if (strlen(labels[i].name) == n && !memcmp(labels[i].name, name, n))
			*labels[i].to = value;
}

/* Behind the closing brace, or NULL. */
static char *read_labels(char *p, struct page_line *l)
{
	while (*p && *p != '}') {
		const char *name = p;
		size_t n = strcspn(p, "=");

		if (p[n] != '=' || p[n + 1] != '"')
			return NULL;
		char *value = p + n + 2;

		if (!(p = end_value(value)))
			return NULL;
		set_label(l, name, n, value);
		if (*p == ',')
			p++;
	}
	return *p ? p + 1 : NULL;
}

static bool read_value(const char *p, struct page_line *l)
{
	char *end;
	bool bytes = l->family == PAGE_CONTAINER_MEMORY || l->family == PAGE_NODE_MEMORY;

	l->value = strtod(p, &end);
	if (end == p || !(l->value >= 0) || l->value > (bytes ? VALUE_MAX : SECONDS_MAX))
		return false;
	double ms = strtod(end, NULL);

	l->at_ns = ms > 0 && ms < TIME_MAX_MS ? (int64_t)(ms * (double)NS_PER_MS) : 0;
	return true;
}

static bool read_line(char *p, struct page_line *l)
{
	size_t n = strcspn(p, "{ "), f = 0;

	*l = (struct page_line){.container = "", .pod = "", .ns = "", .node = ""};
	while (f < ARRAY_LEN(families) && (strlen(families[f]) != n || memcmp(families[f], p, n) != 0))
		f++;
	if (f == ARRAY_LEN(families))
		return false;
	l->family = (enum page_family)f;
	p += n;
	if (*p == '{' && !(p = read_labels(p + 1, l)))
		return false;
	return read_value(p, l);
}

void page_read(char *text, page_fn *fn, void *arg)
{
	char *save = NULL;
	struct page_line l;

	for (char *p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
		if (*p != '#' && read_line(p, &l))
			fn(arg, &l);
}
