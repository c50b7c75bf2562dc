/* SPDX-License-Identifier: Apache-2.0 */
/* Objects after a template, a JSON file in which every @ stands for the object's number: scheduler_perf's workloads. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "load_internal.h"

static struct buf template = BUF_INIT; /* of `file` */
static size_t first;

static void read_file(const char *path, struct buf *ret)
{
	char part[4096];
	size_t n;
	FILE *f = fopen(path, "re");

	if (!f)
		load_die(&(struct err){.msg = "no such template"});
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(ret, part, n);
	fclose(f);
}

static void fill(struct buf *b, const struct buf *from, size_t number)
{
	for (size_t i = 0; i < from->len; i++) {
		if (from->p[i] == '@')
			buf_addf(b, "%zu", number);
		else
			buf_addc(b, from->p[i]);
	}
}

static void body(struct buf *b, size_t i)
{
	fill(b, &template, first + i);
}

void load_file(char **a)
{
	read_file(a[1], &template);
	first = strtoul(a[2], NULL, 10);
	load_create(a[0], body, strtoul(a[3], NULL, 10), strtoul(a[4], NULL, 10));
}

/* ---- churn ---- */
static void call(struct conn *c, const char *method, const char *path, const char *text)
{
	load_call(c, method, path, text);
	/* Somebody else may have taken it away. */
	if (c->status / 100 != 2 && !(c->status == 404 && !strcmp(method, "DELETE")))
		load_bad_status(c);
}

/* The name in the body: the first one. */
static char *name_in(const struct buf *b)
{
	const char *p = strstr(b->p, "\"name\":\"");

	if (!p)
		load_die(&(struct err){.msg = "a template without a name"});
	p += strlen("\"name\":\"");
	return mem_printf("%.*s", (int)strcspn(p, "\""), p);
}

static void once(struct conn *c, const char *path, const char *file, size_t number, bool recreate)
{
	autobuf struct buf text = BUF_INIT;
	autobuf struct buf now = BUF_INIT;
	autobuf struct buf before = BUF_INIT;

	read_file(file, &text);
	fill(&now, &text, number);
	buf_addc(&now, '\0');
	if (recreate && number) {
		fill(&before, &text, number - 1);
		buf_addc(&before, '\0');
		autofree char *name = name_in(&before);
		autofree char *one = mem_printf("%s/%s", path, name);

		call(c, "DELETE", one, NULL);
	}
	call(c, "POST", path, now.p);
}

void load_churn(char **a)
{
	bool recreate = !strcmp(a[0], "recreate");
	int64_t every_ns = strtol(a[1], NULL, 10) * NS_PER_MS, next = clock_mono_ns();
	struct conn c;

	load_open(&c);
	for (size_t number = 0;; number++) {
		for (char **at = a + 2; at[0] && at[1]; at += 2)
			once(&c, at[0], at[1], number, recreate);
		next += every_ns;
		int64_t left = next - clock_mono_ns();
		if (left > 0)
			poll(NULL, 0, (int)(left / NS_PER_MS));
	}
}
