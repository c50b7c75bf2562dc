/* SPDX-License-Identifier: Apache-2.0 */
/* See gauge.h. */
#include "rest/usage/gauge.h"

#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "rest/usage/page.h"

#define SETS_MAX 200000
#define CONTAINERS_MAX 1000 /* of one Pod */
#define WINDOW_MIN_NS (NS_PER_S / 2)

static void set_free(struct gauge_set *s)
{
	for (size_t i = 0; s && i < s->n; i++)
		free(s->v[i].name);
	free(s ? s->v : NULL);
	free(s);
}

static void release_sets(struct map *sets)
{
	for (struct map_iter it = {0}; map_next(sets, &it);)
		set_free(it.value);
	map_release(sets);
}

void gauge_release(struct gauge *g)
{
	release_sets(&g->sets);
	*g = (struct gauge){0};
}

/* ---- taking ---- */

struct taking {
	struct map sets;
	const char *node;
	int64_t now_ns;
};

static struct gauge_figure *find(struct gauge_set *s, const char *name)
{
	for (size_t i = 0; s && i < s->n; i++)
		if (!strcmp(s->v[i].name, name))
			return &s->v[i];
	return NULL;
}

static struct gauge_figure *figure_of(struct taking *t, const struct page_line *l)
{
	bool node = l->family == PAGE_NODE_CPU || l->family == PAGE_NODE_MEMORY;
	autobuf struct buf key = BUF_INIT;

	if (!node && (!*l->pod || !*l->ns || !*l->container))
		return NULL;
	buf_addf(&key, "%s/%s", node ? "" : l->ns, node ? (*l->node ? l->node : t->node) : l->pod);
	struct gauge_set *s = map_get(&t->sets, buf_str(&key));
	struct gauge_figure *f = find(s, l->container);

	if (f || (s ? s->n >= CONTAINERS_MAX : map_len(&t->sets) >= SETS_MAX))
		return f;
	if (!s) {
		s = MEM_NEW(struct gauge_set);
		(void)map_set(&t->sets, buf_str(&key), s);
	}
	s->v = mem_realloc_array(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n] = (struct gauge_figure){.name = mem_strdup(l->container)};
	return &s->v[s->n++];
}

static void take_line(void *arg, const struct page_line *l)
{
	struct taking *t = arg;
	struct gauge_figure *f = figure_of(t, l);

	if (!f)
		return;
	switch (l->family) {
	case PAGE_CONTAINER_CPU:
	case PAGE_NODE_CPU:
		f->now = (struct gauge_point){l->value, l->at_ns ? l->at_ns : t->now_ns};
		break;
	case PAGE_CONTAINER_MEMORY:
	case PAGE_NODE_MEMORY:
		f->memory = (int64_t)l->value;
		f->has_memory = true;
		break;
	case PAGE_CONTAINER_START:
		f->start_ns = l->value < 9e9 ? (int64_t)(l->value * (double)NS_PER_S) : 0;
		break;
	}
}

/* Two pages in too short a time: the older one stays the one before. */
static void join(struct gauge_figure *f, const struct gauge_figure *old)
{
	bool other = old->start_ns != f->start_ns || f->now.cpu_s < old->now.cpu_s;

	if (other || !old->now.at_ns)
		return;
	f->before = f->now.at_ns - old->now.at_ns >= WINDOW_MIN_NS ? old->now : old->before;
}

void gauge_take(struct gauge *g, char *text, const char *node, int64_t now_ns)
{
	struct taking t = {.node = node, .now_ns = now_ns};
	bool again = map_len(&g->sets) > 0;

	page_read(text, take_line, &t);
	for (struct map_iter it = {0}; map_next(&t.sets, &it);) {
		struct gauge_set *s = it.value, *old = map_get(&g->sets, it.key);

		for (size_t i = 0; i < s->n; i++) {
			const struct gauge_figure *was = find(old, s->v[i].name);

			if (was)
				join(&s->v[i], was);
		}
	}
	release_sets(&g->sets);
	g->sets = t.sets;
	g->twice = again;
}

/* ---- measuring ---- */

/* Since the page before; of what has begun since then, since it began. */
bool gauge_measure(const struct gauge_figure *f, struct gauge_usage *ret)
{
	struct gauge_point since = f->before;

	if (!since.at_ns && f->start_ns)
		since = (struct gauge_point){0, f->start_ns};
	int64_t window = f->now.at_ns - since.at_ns;

	if (!f->now.at_ns || !since.at_ns || !f->has_memory || window < WINDOW_MIN_NS)
		return false;
	double nano = (f->now.cpu_s - since.cpu_s) / ((double)window / (double)NS_PER_S) * 1e9;

	*ret = (struct gauge_usage){.cpu_nano = nano < 0      ? 0
						: nano < 9e18 ? (int64_t)nano
							      : INT64_MAX,
				    .memory = f->memory,
				    .at_ns = f->now.at_ns,
				    .window_ns = window};
	return true;
}
