/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selectors of many requirements: a query of 1 MB has room for 200,000 of them, and every object of a list is held
 * against it. So what they say of one key is put together once, and then an object's own labels, which are few, are
 * looked up among the keys. Values are borrowed from the requirements.
 */
#include "object/selector_internal.h"

#include <stdlib.h>
#include <string.h>

struct group {
	const char *key;
	bool wanted;   /* it must be there … */
	bool unwanted; /* … or must not: both together match nothing */
	bool is_in;    /* with one of `in` */
	bool never;
	struct values in, out; /* sorted */
	bool numeric, has_above, has_below;
	int64_t above, below; /* with a number between */
};
struct selector_groups {
	size_t n, n_wanted;
	struct group v[];
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has(const char *const *v, size_t n, const char *value)
{
	return n && bsearch(&value, v, n, sizeof(*v), by_text);
}

/* ---- making ---- */

static void add_in(struct group *g, const struct requirement *r)
{
	size_t n = 0;

	if (!g->is_in)
		for (size_t i = 0; i < r->n; i++)
			selector_values_add(&g->in, r->values[i]);
	for (size_t i = 0; g->is_in && i < g->in.n; i++)
		if (has(r->values, r->n, g->in.v[i]))
			g->in.v[n++] = g->in.v[i];
	g->in.n = g->is_in ? n : g->in.n;
	g->is_in = true;
}

static void add_bound(struct group *g, const struct requirement *r)
{
	int64_t number = 0;

	g->never |= r->n != 1 || !selector_to_int(r->values[0], &number);
	g->numeric = true;
	if (r->op == SELECTOR_GT) {
		g->above = g->has_above && g->above > number ? g->above : number;
		g->has_above = true;
	} else {
		g->below = g->has_below && g->below < number ? g->below : number;
		g->has_below = true;
	}
}

static void add(struct group *g, const struct requirement *r)
{
	g->wanted |= r->op != SELECTOR_NOT_IN && r->op != SELECTOR_NOT_EXISTS;
	g->unwanted |= r->op == SELECTOR_NOT_EXISTS;
	if (r->op == SELECTOR_IN)
		add_in(g, r);
	if (r->op == SELECTOR_GT || r->op == SELECTOR_LT)
		add_bound(g, r);
	for (size_t i = 0; r->op == SELECTOR_NOT_IN && i < r->n; i++)
		selector_values_add(&g->out, r->values[i]);
}

static size_t count_keys(const struct selector *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += !i || strcmp(s->v[i].r.key, s->v[i - 1].r.key);
	return n;
}

struct selector_groups *selector_groups_new(const struct selector *s)
{
	size_t keys = count_keys(s);
	struct selector_groups *all = mem_zalloc(sizeof(*all) + keys * sizeof(all->v[0]));
	struct group *g = NULL;

	for (size_t i = 0; i < s->n; i++) {
		const struct requirement *r = &s->v[i].r;

		if (!g || strcmp(g->key, r->key)) {
			g = &all->v[all->n++];
			g->key = r->key;
		}
		add(g, r);
	}
	for (size_t i = 0; i < all->n; i++) {
		selector_values_sort(&all->v[i].out);
		all->n_wanted += all->v[i].wanted;
	}
	return all;
}

void selector_groups_free(struct selector_groups *all)
{
	for (size_t i = 0; all && i < all->n; i++) {
		free(all->v[i].in.v);
		free(all->v[i].out.v);
	}
	free(all);
}

/* ---- matching ---- */

static int by_key(const void *key, const void *group)
{
	return strcmp(key, ((const struct group *)group)->key);
}

static bool allows(const struct group *g, const char *value)
{
	int64_t number;

	if (g->unwanted || g->never || has(g->out.v, g->out.n, value))
		return false;
	if (g->is_in && !has(g->in.v, g->in.n, value))
		return false;
	if (!g->numeric)
		return true;
	return selector_to_int(value, &number) && (!g->has_above || number > g->above) &&
	       (!g->has_below || number < g->below);
}

bool selector_groups_match(const struct selector_groups *all, const struct labels *l)
{
	size_t found = 0;

	for (size_t i = 0; l && i < l->n; i++) {
		const struct group *g = bsearch(l->v[i].key, all->v, all->n, sizeof(*g), by_key);

		if (g && !allows(g, l->v[i].value))
			return false;
		found += g && g->wanted;
	}
	return found == all->n_wanted;
}
