/* SPDX-License-Identifier: Apache-2.0 */
/* See term_index.h. */
#include "term_index.h"

#include <stdlib.h>
#include <string.h>

static void group_free(struct term_group *g)
{
	informer_unref(g->owner);
	free(g->v);
	free(g);
}

void term_index_release(struct term_index *x)
{
	for (struct map_iter it = {0}; map_next(&x->by_text, &it);)
		group_free(it.value);
	map_release(&x->by_text);
	for (size_t i = 0; i < TERM_ROLES; i++)
		free(x->role[i]);
	*x = (struct term_index){0};
}

static void add_text(struct buf *out, const char *s)
{
	buf_add(out, s, strlen(s) + 1);
}

static void add_query(struct buf *out, const struct label_query *q)
{
	buf_addc(out, q ? '{' : '-');
	for (size_t i = 0; q && q->equal && i < q->equal->n; i++) {
		add_text(out, q->equal->v[i].key);
		add_text(out, q->equal->v[i].value);
	}
	for (size_t i = 0; q && i < q->n; i++) {
		buf_addf(out, "\x1%u", (unsigned)q->requirements[i].op);
		add_text(out, q->requirements[i].key);
		for (size_t k = 0; k < q->requirements[i].n; k++)
			add_text(out, q->requirements[i].values[k]);
	}
}

/* Equal texts: terms that mean the same. */
static void write_term(struct buf *out, enum term_role role, int32_t weight, const struct pod_term *t,
		       const char *namespace)
{
	buf_addf(out, "%d %d ", (int)role, weight);
	add_text(out, t->topology_key);
	add_query(out, t->selector);
	add_query(out, t->namespace_selector);
	for (size_t i = 0; i < t->n_namespaces; i++)
		add_text(out, t->namespaces[i]);
	if (!t->n_namespaces && !t->namespace_selector)
		add_text(out, namespace);
}

static struct term_group *group_new(struct term_index *x, enum term_role role, int32_t weight,
				    const struct pod_term *t, const struct sched_pod *p)
{
	struct term_group *g = MEM_NEW(struct term_group);

	*g = (struct term_group){
		.role = role, .weight = weight, .term = t, .owner = informer_ref(p), .index = x->n[role]};
	if (x->n[role] == x->cap[role]) {
		x->cap[role] = x->cap[role] ? 2 * x->cap[role] : 8;
		x->role[role] = mem_realloc_array(x->role[role], x->cap[role], sizeof(g));
	}
	x->role[role][x->n[role]++] = g;
	x->n_selecting += t->namespace_selector != NULL;
	return g;
}

static void drop(struct term_index *x, const struct buf *text, struct term_group *g)
{
	struct term_group *last = x->role[g->role][--x->n[g->role]];

	map_deln(&x->by_text, text->p, text->len);
	last->index = g->index;
	x->role[g->role][g->index] = last;
	x->n_selecting -= g->term->namespace_selector != NULL;
	group_free(g);
}

/* The first entry that is not before the place. */
static size_t find_place(const struct term_group *g, size_t place)
{
	size_t from = 0, to = g->n;

	while (from < to) {
		size_t mid = (from + to) / 2;

		if (g->v[mid].place < place)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static void count(struct term_group *g, size_t place, bool came)
{
	size_t at = find_place(g, place);
	bool there = at < g->n && g->v[at].place == place;

	if (there && (came || g->v[at].count > 1)) {
		g->v[at].count += came ? 1 : -1u;
		return;
	}
	if (there) {
		memmove(&g->v[at], &g->v[at + 1], (--g->n - at) * sizeof(*g->v));
		return;
	}
	if (!came)
		return;
	if (g->n == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 4;
		g->v = mem_realloc_array(g->v, g->cap, sizeof(*g->v));
	}
	memmove(&g->v[at + 1], &g->v[at], (g->n++ - at) * sizeof(*g->v));
	g->v[at] = (struct term_place){(uint32_t)place, 1};
}

static void change(struct term_index *x, enum term_role role, int32_t weight, const struct pod_term *t,
		   const struct sched_pod *p, size_t place, bool came)
{
	autobuf struct buf text = BUF_INIT;

	write_term(&text, role, weight, t, p->base.meta.namespace);
	struct term_group *g = map_getn(&x->by_text, text.p, text.len);

	if (!g && !came)
		return;
	if (!g) {
		g = group_new(x, role, weight, t, p);
		map_setn(&x->by_text, text.p, text.len, g);
	}
	count(g, place, came);
	if (!g->n)
		drop(x, &text, g);
}

void term_index_change(struct term_index *x, size_t place, const struct sched_pod *p, bool came)
{
	const struct pod_affinity *a = p->affinity;

	for (size_t i = 0; i < a->n_required; i++)
		change(x, TERM_REQUIRED, 0, &a->required[i], p, place, came);
	for (size_t i = 0; i < a->n_required_anti; i++)
		change(x, TERM_REQUIRED_ANTI, 0, &a->required_anti[i], p, place, came);
	for (size_t i = 0; i < a->n_preferred; i++)
		change(x, TERM_PREFERRED, a->preferred[i].weight, &a->preferred[i].term, p, place, came);
	for (size_t i = 0; i < a->n_preferred_anti; i++)
		change(x, TERM_PREFERRED_ANTI, a->preferred_anti[i].weight, &a->preferred_anti[i].term, p,
		       place, came);
}
