/* SPDX-License-Identifier: Apache-2.0 */
/* The search; see cycle.h. */
#include "cycle.h"

#include <stdlib.h>
#include <string.h>
#include "base/rand.h"

void cycle_init(struct cycle *c)
{
	*c = (struct cycle){0};
}

void cycle_release(struct cycle *c)
{
	free(c->feasible);
	free(c->total);
	free(c->score);
	*c = (struct cycle){0};
}

static void reserve(struct cycle *c, size_t n)
{
	if (n <= c->cap)
		return;
	c->cap = n;
	c->feasible = mem_realloc_array(c->feasible, n, sizeof(struct node_state *));
	c->total = mem_realloc_array(c->total, n, sizeof(*c->total));
	c->score = mem_realloc_array(c->score, n, sizeof(*c->score));
}

static size_t find_feasible(struct cycle *c, const struct snapshot *s, const struct sched_pod *p,
			    struct reasons *why)
{
	const struct plugin *filters[32];
	unsigned bits[32];
	size_t n_filters = 0, n = 0;
	for (size_t i = 0; plugin_table[i]; i++) {
		const struct plugin *pl = plugin_table[i];
		if (!pl->filter || (pl->wanted_filter && !pl->wanted_filter(p)))
			continue;
		bits[n_filters] = 1u << i;
		filters[n_filters++] = pl;
	}
	size_t limit = s->n_nodes < CYCLE_MAX_FEASIBLE ? s->n_nodes : CYCLE_MAX_FEASIBLE;
	size_t at = s->n_nodes ? c->start % s->n_nodes : 0;
	for (size_t tried = 0; tried < s->n_nodes && n < limit; tried++) {
		const struct node_state *node = s->nodes[at];
		at = at + 1 == s->n_nodes ? 0 : at + 1;
		size_t f = 0;
		while (f < n_filters && filters[f]->filter(p, node, why))
			f++;
		if (f == n_filters)
			c->feasible[n++] = node;
		else
			why->plugins |= bits[f];
	}
	c->start = at;
	return n;
}

static void normalize(const struct plugin *pl, int64_t *score, size_t n)
{
	int64_t max = 0;
	for (size_t i = 0; i < n; i++)
		if (score[i] > max)
			max = score[i];
	for (size_t i = 0; i < n; i++) {
		int64_t scaled = max ? score[i] * SCORE_MAX / max : 0;
		score[i] = pl->reverse ? SCORE_MAX - scaled : scaled;
	}
}

static void add_scores(struct cycle *c, const struct plugin *pl, const struct snapshot *s,
		       const struct sched_pod *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		c->score[i] = pl->score(p, c->feasible[i], s);
	if (pl->normalize)
		normalize(pl, c->score, n);
	for (size_t i = 0; i < n; i++)
		c->total[i] += pl->weight * c->score[i];
}

const struct node_state *cycle_run(struct cycle *c, const struct snapshot *s, const struct sched_pod *p,
				   struct reasons *why)
{
	reserve(c, s->n_nodes);
	size_t n = find_feasible(c, s, p, why);
	if (n <= 1)
		return n ? c->feasible[0] : NULL;
	memset(c->total, 0, n * sizeof(*c->total));
	for (size_t i = 0; plugin_table[i]; i++) {
		const struct plugin *pl = plugin_table[i];
		if (pl->score && (!pl->wanted_score || pl->wanted_score(p)))
			add_scores(c, pl, s, p, n);
	}
	size_t best = 0, equals = 1;
	for (size_t i = 1; i < n; i++) {
		if (c->total[i] > c->total[best]) {
			best = i;
			equals = 1;
		} else if (c->total[i] == c->total[best] && rand_below(++equals) == 0)
			best = i;
	}
	return c->feasible[best];
}

/* Upstream sorts the finished strings, counts included. */
static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void cycle_message(struct buf *out, const struct snapshot *s, const struct reasons *why)
{
	if (s->n_nodes == 0) {
		buf_adds(out, "no nodes available to schedule pods");
		return;
	}
	char *texts[REASONS_MAX] = {0};
	for (size_t i = 0; i < why->n; i++)
		texts[i] = mem_printf("%zu %s", why->v[i].count, why->v[i].text);
	qsort(texts, why->n, sizeof(texts[0]), by_text);
	buf_addf(out, "0/%zu nodes are available", s->n_nodes);
	for (size_t i = 0; i < why->n; i++) {
		buf_adds(out, i ? ", " : ": ");
		buf_adds(out, texts[i]);
		free(texts[i]);
	}
	buf_addc(out, '.');
}
