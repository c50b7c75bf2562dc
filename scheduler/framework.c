/* SPDX-License-Identifier: Apache-2.0 */
/* See framework.h. */
#include "framework.h"

#include <string.h>

/* Nobody said that he has nothing to say: forks of a Pod that prefilter refused ask everybody. */
static void all_filters(const struct framework *f, struct cycle_state *st)
{
	st->n_filters = 0;
	for (size_t i = 0; i < f->n; i++)
		if (f->plugins[i]->filter)
			st->filters[st->n_filters++] = (uint8_t)i;
}

bool framework_prefilter(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
			 const struct snapshot *s, struct reasons *why)
{
	for (size_t i = 0; i < f->n; i++) {
		st->current = i;
		enum verdict v =
			f->plugins[i]->prefilter ? f->plugins[i]->prefilter(st, p, s, why) : VERDICT_OK;
		if (v == VERDICT_REJECT) {
			why->plugins |= 1u << i;
			all_filters(f, st);
			return false;
		}
		if (v != VERDICT_SKIP && f->plugins[i]->filter)
			st->filters[st->n_filters++] = (uint8_t)i;
	}
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
	*ret = (struct nomination){0};
	for (size_t i = 0; i < f->n; i++) {
		st->current = i;
		if (f->plugins[i]->postfilter && f->plugins[i]->postfilter(st, p, s, why, ret))
			return;
	}
}

void framework_score(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
		     const struct snapshot *s, const struct node_state *const *nodes, size_t n,
		     int64_t *total, int64_t *scratch)
{
	memset(total, 0, n * sizeof(*total));
	for (size_t i = 0; i < f->n; i++) {
		const struct plugin *pl = f->plugins[i];
		st->current = i;
		if (!pl->score || (pl->prescore && pl->prescore(st, p, s, nodes, n) == VERDICT_SKIP)) {
			st->skip_score |= 1u << i;
			continue;
		}
		for (size_t k = 0; k < n; k++)
			scratch[k] = pl->score(st, p, nodes[k], s);
		if (pl->normalize)
			pl->normalize(st, scratch, n);
		for (size_t k = 0; k < n; k++)
			total[k] += pl->weight * scratch[k];
	}
}

static void unreserve_before(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
			     const struct node_state *n, size_t end)
{
	for (size_t i = end; i-- > 0;) {
		st->current = i;
		if (f->plugins[i]->unreserve)
			f->plugins[i]->unreserve(st, p, n);
	}
}

void framework_unreserve(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
			 const struct node_state *n)
{
	unreserve_before(f, st, p, n, f->n);
}

static bool reserve(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
		    const struct node_state *n, struct reasons *why)
{
	for (size_t i = 0; i < f->n; i++) {
		st->current = i;
		if (!f->plugins[i]->reserve || f->plugins[i]->reserve(st, p, n, why))
			continue;
		why->plugins |= 1u << i;
		/* The one that could not reserve gives back too, as upstream: unreserve takes half done. */
		unreserve_before(f, st, p, n, i + 1);
		return false;
	}
	return true;
}

enum verdict framework_commit(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
			      const struct node_state *n, struct reasons *why, struct permit *ret)
{
	*ret = (struct permit){0};
	if (!reserve(f, st, p, n, why))
		return VERDICT_REJECT;
	for (size_t i = 0; i < f->n; i++) {
		int64_t timeout_ns = 0;

		st->current = i;
		enum verdict v = f->plugins[i]->permit ? f->plugins[i]->permit(st, p, n, why, &timeout_ns)
						       : VERDICT_OK;

		if (v == VERDICT_REJECT) {
			why->plugins |= 1u << i;
			framework_unreserve(f, st, p, n);
			return v;
		}
		if (v == VERDICT_WAIT) {
			ret->waits |= 1u << i;
			ret->timeout_ns[i] = timeout_ns < PERMIT_MAX_NS ? timeout_ns : PERMIT_MAX_NS;
		}
	}
	return ret->waits ? VERDICT_WAIT : VERDICT_OK;
}

bool framework_prebind(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
		       const struct node_state *n, struct reasons *why)
{
	for (size_t i = 0; i < f->n; i++) {
		st->current = i;
		if (!f->plugins[i]->prebind || f->plugins[i]->prebind(st, p, n, why))
			continue;
		why->plugins |= 1u << i;
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
