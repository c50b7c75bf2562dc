/* SPDX-License-Identifier: Apache-2.0 */
/* See framework.h. */
#include "framework.h"

#include <stdlib.h>
#include <string.h>

bool framework_has(const struct plugin *p, enum hook h)
{
	switch (h) {
	case HOOK_PREFILTER:
		return p->prefilter;
	case HOOK_FILTER:
		return p->filter;
	case HOOK_POSTFILTER:
		return p->postfilter;
	case HOOK_PRESCORE:
		return p->prescore;
	case HOOK_SCORE:
		return p->score;
	case HOOK_RESERVE:
		return p->reserve || p->unreserve;
	case HOOK_PERMIT:
		return p->permit;
	case HOOK_PREBIND:
		return p->prebind;
	}
	return false;
}

static size_t count_at(const struct framework *f, enum hook h)
{
	return f->profile ? f->profile->n[h] : f->n;
}

static size_t place_at(const struct framework *f, enum hook h, size_t i)
{
	return f->profile ? f->profile->order[h][i] : i;
}

/* The next plugin that has the hook; its place becomes the current one. */
static const struct plugin *next_at(const struct framework *f, enum hook h, size_t *i, struct cycle_state *st)
{
	while (*i < count_at(f, h)) {
		const struct plugin *p = f->plugins[st->current = place_at(f, h, (*i)++)];

		if (framework_has(p, h))
			return p;
	}
	return NULL;
}

/* Those but the ones that said that they have nothing to say. */
static void set_filters(const struct framework *f, struct cycle_state *st, unsigned skip)
{
	st->n_filters = 0;
	for (size_t i = 0; i < count_at(f, HOOK_FILTER); i++) {
		size_t at = place_at(f, HOOK_FILTER, i);

		if (f->plugins[at]->filter && !(skip >> at & 1))
			st->filters[st->n_filters++] = (uint8_t)at;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void framework_list(const struct framework *f, unsigned plugins, struct buf *out)
{
	const char *names[PLUGINS_MAX] = {NULL};
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (plugins >> i & 1)
			names[n++] = f->plugins[i]->name;
	qsort(names, n, sizeof(*names), by_name);
	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s%s", i ? " " : "", names[i]);
	buf_addc(out, ']');
}

/* Several said which nodes come into question, and meant different ones. */
static bool none_left(const struct framework *f, const struct cycle_state *st, struct reasons *why)
{
	autobuf struct buf text = BUF_INIT;
	bool one = !(st->only_plugins & (st->only_plugins - 1));

	if (!st->only || st->n_only || !st->only_emptied)
		return false;
	framework_list(f, st->only_plugins, &text);
	autofree char *names = mem_strdup(buf_str(&text));
	if (one)
		names[strlen(names) - 1] = '\0';
	autofree char *all = one ? mem_printf("node(s) didn't satisfy plugin %s", names + 1)
				 : mem_printf("node(s) didn't satisfy plugin(s) %s simultaneously", names);
	reasons_add_final(why, all);
	return true;
}

bool framework_prefilter(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
			 const struct snapshot *s, struct reasons *why)
{
	const struct plugin *pl;
	unsigned skip = 0;

	for (size_t i = 0; (pl = next_at(f, HOOK_PREFILTER, &i, st));) {
		enum verdict v = pl->prefilter(st, p, s, why);

		if (v != VERDICT_REJECT && none_left(f, st, why)) {
			why->plugins |= st->only_plugins;
			v = VERDICT_REJECT;
		}
		if (v == VERDICT_REJECT) {
			why->plugins |= 1u << st->current;
			why->whole = true;
			set_filters(f, st, 0); /* forks ask everybody */
			return false;
		}
		skip |= v == VERDICT_SKIP ? 1u << st->current : 0;
	}
	set_filters(f, st, skip);
	return true;
}

bool framework_filter(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
		      const struct node_state *n, struct reasons *why)
{
	for (size_t i = 0; i < st->n_filters; i++) {
		st->current = st->filters[i];
		why->final = false;
		if (!f->plugins[st->current]->filter(st, p, n, why)) {
			why->plugins |= 1u << st->current;
			return false;
		}
	}
	return true;
}

void framework_postfilter(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
			  const struct snapshot *s, const struct reasons *why, struct nomination *ret)
{
	const struct plugin *pl;

	*ret = (struct nomination){0};
	for (size_t i = 0; (pl = next_at(f, HOOK_POSTFILTER, &i, st));)
		if (pl->postfilter(st, p, s, why, ret))
			return;
}

static void prescore(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
		     const struct snapshot *s, const struct node_state *const *nodes, size_t n)
{
	const struct plugin *pl;

	for (size_t i = 0; (pl = next_at(f, HOOK_PRESCORE, &i, st));)
		if (pl->prescore(st, p, s, nodes, n) == VERDICT_SKIP)
			st->skip_score |= 1u << st->current;
}

void framework_score(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
		     const struct snapshot *s, const struct node_state *const *nodes, size_t n,
		     int64_t *total, int64_t *scratch)
{
	const struct plugin *pl;

	memset(total, 0, n * sizeof(*total));
	prescore(f, st, p, s, nodes, n);
	for (size_t i = 0; (pl = next_at(f, HOOK_SCORE, &i, st));) {
		int weight = f->profile ? f->profile->weights[st->current] : pl->weight;

		if (st->skip_score >> st->current & 1)
			continue;
		for (size_t k = 0; k < n; k++)
			scratch[k] = pl->score(st, p, nodes[k], s);
		if (pl->normalize)
			pl->normalize(st, scratch, n);
		for (size_t k = 0; k < n; k++)
			total[k] += weight * scratch[k];
		if (st->on_score)
			st->on_score(st->on_score_arg, st->current, weight, scratch, n);
	}
}

/* Those before the end of the order, the last first. */
static void unreserve_before(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
			     const struct node_state *n, size_t end)
{
	for (size_t i = end; i-- > 0;) {
		st->current = place_at(f, HOOK_RESERVE, i);
		if (f->plugins[st->current]->unreserve)
			f->plugins[st->current]->unreserve(st, p, n);
	}
}

void framework_unreserve(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
			 const struct node_state *n)
{
	unreserve_before(f, st, p, n, count_at(f, HOOK_RESERVE));
}

static bool reserve(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
		    const struct node_state *n, struct reasons *why)
{
	const struct plugin *pl;

	for (size_t i = 0; (pl = next_at(f, HOOK_RESERVE, &i, st));) {
		if (!pl->reserve || pl->reserve(st, p, n, why))
			continue;
		why->plugins |= 1u << st->current;
		/* The one that could not reserve gives back too, as upstream: unreserve takes half done. */
		unreserve_before(f, st, p, n, i);
		return false;
	}
	return true;
}

enum verdict framework_commit(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
			      const struct node_state *n, struct reasons *why, struct permit *ret)
{
	const struct plugin *pl;

	*ret = (struct permit){0};
	if (!reserve(f, st, p, n, why))
		return VERDICT_REJECT;
	for (size_t i = 0; (pl = next_at(f, HOOK_PERMIT, &i, st));) {
		size_t at = st->current;
		int64_t timeout_ns = 0;
		enum verdict v = pl->permit(st, p, n, why, &timeout_ns);

		if (v == VERDICT_REJECT) {
			why->plugins |= 1u << at;
			framework_unreserve(f, st, p, n);
			return v;
		}
		if (v == VERDICT_WAIT) {
			ret->waits |= 1u << at;
			ret->timeout_ns[at] = timeout_ns < PERMIT_MAX_NS ? timeout_ns : PERMIT_MAX_NS;
		}
	}
	return ret->waits ? VERDICT_WAIT : VERDICT_OK;
}

bool framework_prebind(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
		       const struct node_state *n, struct reasons *why)
{
	const struct plugin *pl;

	for (size_t i = 0; (pl = next_at(f, HOOK_PREBIND, &i, st));) {
		if (pl->prebind(st, p, n, why))
			continue;
		why->plugins |= 1u << st->current;
		framework_unreserve(f, st, p, n);
		return false;
	}
	return true;
}

unsigned framework_listeners(const struct framework *f, unsigned types)
{
	unsigned ret = 0;

	for (size_t i = 0; i < f->n; i++)
		for (const struct event_hint *h = f->plugins[i]->hints; h && h->types; h++)
			ret |= h->types & types ? 1u << i : 0;
	return ret;
}

bool framework_helps(const struct framework *f, unsigned rejected, const struct sched_pod *p,
		     const struct cluster_event *e)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct event_hint *h = rejected >> i & 1 ? f->plugins[i]->hints : NULL;
		for (; h && h->types; h++)
			if ((h->types & e->types) && (!h->helps || h->helps(p, e)))
				return true;
	}
	return false;
}

bool framework_listens(const struct framework *f, unsigned rejected, unsigned types)
{
	return framework_listeners(f, types) & rejected;
}

/* ---- what if? ---- */
void framework_fork_init(struct framework_fork *k, const struct framework *f, const struct cycle_state *st,
			 const struct sched_pod *p, const struct node_state *n)
{
	*k = (struct framework_fork){.framework = f, .node = node_state_copy(n), .pod = p};
	k->state.framework = f;
	k->state.n_filters = st->n_filters;
	memcpy(k->state.filters, st->filters, sizeof(st->filters));
	for (size_t i = 0; i < f->n; i++) {
		const struct plugin *pl = f->plugins[i];
		/* Data that no Pod changes is shared. */
		k->state.data[i] =
			pl->clone && st->data[i] ? pl->clone(st->data[i], &k->state.arena) : st->data[i];
	}
}

void framework_fork_release(struct framework_fork *k)
{
	cycle_state_release(&k->state);
	node_state_unref(k->node);
	k->node = NULL;
}

void framework_fork_add(struct framework_fork *k, const struct sched_pod *came)
{
	node_state_add(k->node, came);
	for (size_t i = 0; i < k->framework->n; i++) {
		k->state.current = i;
		if (k->framework->plugins[i]->add_pod)
			k->framework->plugins[i]->add_pod(&k->state, k->pod, came, k->node);
	}
}

void framework_fork_remove(struct framework_fork *k, const struct sched_pod *went)
{
	if (!node_state_remove(k->node, went->base.meta.uid))
		return;
	for (size_t i = 0; i < k->framework->n; i++) {
		k->state.current = i;
		if (k->framework->plugins[i]->remove_pod)
			k->framework->plugins[i]->remove_pod(&k->state, k->pod, went, k->node);
	}
}

bool framework_fork_fits(struct framework_fork *k, struct reasons *why)
{
	struct reasons ignored = {0};
	bool fits = framework_filter(k->framework, &k->state, k->pod, k->node, why ? why : &ignored);
	reasons_release(&ignored);
	return fits;
}

bool framework_fits_nominated(const struct framework *f, const struct cycle_state *st,
			      const struct sched_pod *p, const struct node_state *n, const struct snapshot *s,
			      struct reasons *why)
{
	struct framework_fork k = {0};
	bool fits = true;

	for (const struct nominated *o = snapshot_nominations(s, n->index); o;
	     o = snapshot_next_nomination(s, o)) {
		if (o->pod->priority < p->priority || !strcmp(o->pod->base.meta.uid, p->base.meta.uid))
			continue;
		if (!k.node)
			framework_fork_init(&k, f, st, p, n);
		framework_fork_add(&k, o->pod);
	}
	if (k.node) {
		fits = framework_fork_fits(&k, why);
		framework_fork_release(&k);
	}
	return fits;
}
