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
	free(c->verdicts);
	free(c->scores);
	map_release(&c->condemned);
	*c = (struct cycle){0};
}

/* How many nodes are worth a score. */
static size_t enough(const struct framework *f, size_t n)
{
	size_t percent = f->profile ? (size_t)f->profile->percentage : 0, least = 100;

	if (!percent || n < least)
		return n < CYCLE_MAX_FEASIBLE ? n : CYCLE_MAX_FEASIBLE;
	n = n * percent / 100;
	return n < least ? least : n;
}

static void reserve(struct cycle *c, size_t n)
{
	if (n > c->cap_verdicts) {
		c->cap_verdicts = n;
		c->verdicts = mem_realloc(c->verdicts, n);
	}
	if (n)
		memset(c->verdicts, NODE_UNSEEN, n);
	n = enough(c->framework, n);
	if (n <= c->cap)
		return;
	c->cap = n;
	c->feasible = mem_realloc_array(c->feasible, n, sizeof(struct node_state *));
	c->total = mem_realloc_array(c->total, n, sizeof(*c->total));
	c->score = mem_realloc_array(c->score, n, sizeof(*c->score));
	c->scores = mem_realloc_array(c->scores, n, c->framework->n);
}

static bool fits(struct cycle *c, const struct snapshot *s, const struct sched_pod *p,
		 const struct node_state *n, struct reasons *why)
{
	why->said = 0;
	if (framework_filter(c->framework, &c->state, p, n, why) &&
	    (!s->n_nominated || framework_fits_nominated(c->framework, &c->state, p, n, s, why)))
		return true;
	c->verdicts[n->index] = why->final ? NODE_FINAL : NODE_CROWDED;
	if (c->n_findings < CYCLE_FINDINGS_MAX)
		c->findings[c->n_findings++] = (struct cycle_finding){n, why->said, c->state.current};
	return false;
}

/* Prefilter named the nodes; the others are counted without a look. */
static size_t filter_only(struct cycle *c, const struct snapshot *s, const struct sched_pod *p,
			  struct reasons *why)
{
	size_t n = 0, others = s->n_nodes - c->state.n_only;

	for (size_t i = 0; i < c->state.n_only && n < c->cap; i++)
		if (fits(c, s, p, c->state.only[i], why))
			c->feasible[n++] = c->state.only[i];
	if (others) {
		autobuf struct buf text = BUF_INIT;

		buf_adds(&text, "node(s) didn't satisfy plugin(s) ");
		framework_list(c->framework, c->state.only_plugins, &text);
		reasons_add_n(why, buf_str(&text), others);
		why->plugins |= c->state.only_plugins;
	}
	return n;
}

static size_t filter_all(struct cycle *c, const struct snapshot *s, const struct sched_pod *p,
			 struct reasons *why)
{
	size_t limit = enough(c->framework, s->n_nodes), n = 0;
	size_t at = s->n_nodes ? c->start % s->n_nodes : 0;
	for (size_t tried = 0; tried < s->n_nodes && n < limit; tried++) {
		const struct node_state *node = s->nodes[at];
		at = at + 1 == s->n_nodes ? 0 : at + 1;
		if (fits(c, s, p, node, why))
			c->feasible[n++] = node;
	}
	c->start = at;
	return n;
}

/* Room was made for it on one node: if it is there now, no other is looked at. */
static bool nominated_fits(struct cycle *c, const struct snapshot *s, const struct sched_pod *p,
			   struct reasons *why)
{
	const struct nominated *own = s->n_nominated ? snapshot_nomination(s, p->base.meta.uid) : NULL;
	struct reasons ignored = {0};

	if (!own || own->place >= s->n_nodes || c->state.only)
		return false;
	bool yes = fits(c, s, p, s->nodes[own->place], &ignored);
	reasons_release(&ignored);
	c->feasible[0] = s->nodes[own->place];
	return yes;
}

static size_t find_feasible(struct cycle *c, const struct snapshot *s, const struct sched_pod *p,
			    struct reasons *why)
{
	if (!framework_prefilter(c->framework, &c->state, p, s, why)) {
		if (s->n_nodes)
			memset(c->verdicts, why->final ? NODE_FINAL : NODE_CROWDED, s->n_nodes);
		return 0;
	}
	if (nominated_fits(c, s, p, why))
		return 1;
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

static void note_scores(void *arg, size_t plugin, int weight, const int64_t *scores, size_t n)
{
	struct cycle *c = arg;
	int8_t *row = c->scores + plugin * c->cap;

	c->scored_by |= 1u << plugin;
	for (size_t i = 0; i < n; i++)
		row[i] = (int8_t)scores[i];
}

const struct node_state *cycle_run(struct cycle *c, const struct snapshot *s, const struct sched_pod *p,
				   struct reasons *why, struct nomination *ret)
{
	*ret = (struct nomination){0};
	cycle_state_release(&c->state);
	reserve(c, s->n_nodes);
	c->state.waiting = c->waiting;
	c->state.framework = c->framework;
	c->state.verdicts = c->verdicts;
	c->state.condemned = &c->condemned;
	c->state.write = c->write;
	c->state.write_arg = c->write_arg;
	c->state.on_score = note_scores;
	c->state.on_score_arg = c;
	c->scored_by = 0;
	c->n_findings = 0;
	size_t n = c->n_feasible = find_feasible(c, s, p, why);
	if (n == 0) {
		framework_postfilter(c->framework, &c->state, p, s, why, ret);
		return NULL;
	}
	if (n == 1)
		return c->feasible[0];
	framework_score(c->framework, &c->state, p, s, c->feasible, n, c->total, c->score);
	return pick(c, n);
}

#define CONDEMNED_S 60 /* by then the API says so, or the call has failed */
void cycle_condemn(struct cycle *c, const struct nomination *n)
{
	uintptr_t now = (uintptr_t)(clock_mono_ns() / NS_PER_S);

	for (struct map_iter it = {0}; map_next(&c->condemned, &it);)
		if ((uintptr_t)it.value < now)
			map_del(&c->condemned, it.key);
	for (size_t i = 0; i < n->n_victims; i++)
		map_set(&c->condemned, n->victims[i]->base.meta.uid, (void *)(now + CONDEMNED_S));
}
