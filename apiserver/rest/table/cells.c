/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table cells that a path cannot express, one function each. A group's file (cells_GROUP.c) ends with the rows of its
 * own; the list of files stands here, and what all of them share.
 */
#include "rest/table/cells.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "object/rfc3339.h"

void cell_str(struct buf *out, const char *s)
{
	buf_add_json_string(out, s, strlen(s));
}

void cell_since(struct buf *out, const char *time, int64_t now_ns)
{
	int64_t t;
	char text[RFC3339_MAX];
	struct err err = ERR_INIT;
	if (!time || !*time || rfc3339_parse(time, &t, &err) < 0) {
		buf_adds(out, CELL_UNKNOWN);
		return;
	}
	rfc3339_human(now_ns - t, text);
	buf_adds(out, text);
}

void cell_text(struct buf *out, const struct buf *text, const char *empty)
{
	if (text->len)
		buf_add_json_string(out, text->p, text->len);
	else
		cell_str(out, empty);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void cell_balancers(struct buf *b, const js *status)
{
	const js *places = js_arr(status, "loadBalancer", "ingress", NULL);
	autofree const char **v = mem_array(js_len(places) + 1, sizeof(*v));
	size_t n = 0;
	js_array_for_each (p, places) {
		const char *ip = js_str0(p, "ip", NULL), *host = js_str0(p, "hostname", NULL);
		if (*ip || *host)
			v[n++] = *ip ? ip : host;
	}
	qsort(v, n, sizeof(*v), by_text);
	for (size_t i = 0; i < n; i++)
		if (!i || strcmp(v[i], v[i - 1]))
			cell_join(b, v[i]);
}

void cell_join(struct buf *b, const char *s)
{
	if (b->len)
		buf_addc(b, ',');
	buf_adds(b, s);
}

static void cell_age(struct buf *out, const struct cell *c)
{
	buf_addc(out, '"');
	cell_since(out, js_str(c->o, "metadata", "creationTimestamp", NULL), c->now_ns);
	buf_addc(out, '"');
}

static const struct cell_row cells_any[] = {
	{"age", cell_age},
	{NULL, NULL},
};

/* One line each: lists of groups grow in many branches at once. */
/* clang-format off */
static const struct cell_row *const files[] = {
	cells_any,
	cells_admission,
	cells_apps,
	cells_autoscaling,
	cells_batch,
	cells_certificates,
	cells_core,
	cells_discovery,
	cells_networking,
	cells_flow,
	cells_pod,
	cells_policy,
	cells_rbac,
	cells_resource,
	cells_storage,
	cells_volume,
};
/* clang-format on */

/* All of them by name, made of the files when the first is looked for. */
#define ROWS_MAX 128
static struct cell_row by_name[ROWS_MAX];
static size_t n_rows;

static int compare_rows(const void *a, const void *b)
{
	return strcmp(((const struct cell_row *)a)->name, ((const struct cell_row *)b)->name);
}

static void sort_rows(void)
{
	for (size_t f = 0; f < ARRAY_LEN(files); f++)
		for (const struct cell_row *r = files[f]; r->name; r++) {
			assert(n_rows < ROWS_MAX);
			by_name[n_rows++] = *r;
		}
	qsort(by_name, n_rows, sizeof(*by_name), compare_rows);
}

cell_fn *cell_find(const char *name)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const struct cell_row key = {.name = name, .fn = NULL};

	pthread_once(&once, sort_rows);
	const struct cell_row *found = bsearch(&key, by_name, n_rows, sizeof(*by_name), compare_rows);
	return found ? found->fn : NULL;
}
