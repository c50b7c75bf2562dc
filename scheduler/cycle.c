/* SPDX-License-Identifier: Apache-2.0 */
/* The search; see cycle.h. */
#include "cycle.h"

#include <stdlib.h>
#include <string.h>
#include "base/rand.h"

void cycle_init(struct cycle *c, const struct framework *f)
{
	*c = (struct cycle){.framework = f};
}

void cycle_release(struct cycle *c)
{
	cycle_state_release(&c->state);
	free(c->feasible);
	free(c->total);
	free(c->score);
	*c = (struct cycle){0};
}

static void reserve(struct cycle *c, size_t n)
{
	n = n < CYCLE_MAX_FEASIBLE ? n : CYCLE_MAX_FEASIBLE;
	if (n <= c->cap)
		return;
	c->cap = n;
	c->feasible = mem_realloc_array(c->feasible, n, sizeof(struct node_state *));
	c->total = mem_realloc_array(c->total, n, sizeof(*c->total));
	c->score = mem_realloc_array(c->score, n, sizeof(*c->score));
}

/* Prefilter named the nodes; the others are counted without a look. */
static size_t filter_only(struct cycle *c, const struct snapshot *s, const struct sched_pod *p,
			  struct reasons *why)
{
	size_t n = 0, others = s->n_nodes - c->state.n_only;
	for (size_t i = 0; i < c->state.n_only && n < c->cap; i++)
		if (framework_filter(c->framework, &c->state, p, c->state.only[i], why))
			c->feasible[n++] = c->state.only[i];
	if (others) {
		reasons_add_n(why, c->state.only_reason, others);
		why->plugins |= c->state.only_plugins;
	}
	return n;
}

static size_t filter_all(struct cycle *c, const struct snapshot *s, const struct sched_pod *p,
			 struct reasons *why)
{
	size_t limit = s->n_nodes < CYCLE_MAX_FEASIBLE ? s->n_nodes : CYCLE_MAX_FEASIBLE, n = 0;
	size_t at = s->n_nodes ? c->start % s->n_nodes : 0;
	for (size_t tried = 0; tried < s->n_nodes && n < limit; tried++) {
		const struct node_state *node = s->nodes[at];
		at = at + 1 == s->n_nodes ? 0 : at + 1;
		if (framework_filter(c->framework, &c->state, p, node, why))
			c->feasible[n++] = node;
	}
	c->start = at;
	return n;
}

static size_t find_feasible(struct cycle *c, const struct snapshot *s, const struct sched_pod *p,
			    struct reasons *why)
{
	if (!framework_prefilter(c->framework, &c->state, p, s, why))
		return 0;
	return c->state.only ? filter_only(c, s, p, why) : filter_all(c, s, p, why);
}

/* At random among the best: one draw, for the kernel's random numbers cost more than the whole of a score. */
static const struct node_state *pick(const struct cycle *c, size_t n)
{
	int64_t best = c->total[0];
	size_t equals = 0;
	for (size_t i = 0; i < n; i++) {
		if (c->total[i] > best) {
			best = c->total[i];
			equals = 0;
		}
		equals += c->total[i] == best;
	}
	uint64_t which = equals > 1 ? rand_below(equals) : 0;
	for (size_t i = 0; i < n; i++)
		if (c->total[i] == best && which-- == 0)
			return c->feasible[i];
	return c->feasible[0];
}

const struct node_state *cycle_run(struct cycle *c, const struct snapshot *s, const struct sched_pod *p,
				   struct reasons *why, struct nomination *ret)
{
	*ret = (struct nomination){0};
	cycle_state_release(&c->state);
	c->state.waiting = c->waiting;
	reserve(c, s->n_nodes);
	size_t n = find_feasible(c, s, p, why);
	if (n == 0) {
		framework_postfilter(c->framework, &c->state, p, s, why, ret);
		return NULL;
	}
	if (n == 1)
		return c->feasible[0];
	framework_score(c->framework, &c->state, p, s, c->feasible, n, c->total, c->score);
	return pick(c, n);
}

/* Upstream sorts the finished strings, counts included. */
static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void cycle_message(struct buf *out, size_t n_nodes, const struct reasons *why)
{
	if (n_nodes == 0) {
		buf_adds(out, "no nodes available to schedule pods");
		return;
	}
	char *texts[REASONS_MAX] = {0};
	for (size_t i = 0; i < why->n; i++)
		texts[i] = mem_printf("%zu %s", why->v[i].count, why->v[i].text);
	qsort(texts, why->n, sizeof(texts[0]), by_text);
	buf_addf(out, "0/%zu nodes are available", n_nodes);
	for (size_t i = 0; i < why->n; i++) {
		buf_adds(out, i ? ", " : ": ");
		buf_adds(out, texts[i]);
		free(texts[i]);
	}
	buf_addc(out, '.');
}
