/* SPDX-License-Identifier: Apache-2.0 */
/* See cycle_state.h. */
#include "cycle_state.h"

struct cycle_cleanup {
	void (*fn)(void *data);
	void *data;
	struct cycle_cleanup *next;
};

void cycle_state_on_release(struct cycle_state *st, void (*fn)(void *data), void *data)
{
	struct cycle_cleanup *c = arena_alloc(&st->arena, sizeof(*c));

	*c = (struct cycle_cleanup){fn, data, st->cleanups};
	st->cleanups = c;
}

void cycle_state_release(struct cycle_state *st)
{
	for (const struct cycle_cleanup *c = st->cleanups; c; c = c->next)
		c->fn(c->data);
	arena_release(&st->arena);
	*st = (struct cycle_state){0};
}

void *cycle_state_new(struct cycle_state *st, size_t n)
{
	return st->data[st->current] = arena_alloc(&st->arena, n);
}

static bool among(const struct node_state *const *v, size_t n, const struct node_state *node)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == node)
			return true;
	return false;
}

void cycle_state_only(struct cycle_state *st, const struct node_state *const *nodes, size_t n)
{
	const struct node_state **v = arena_array(&st->arena, n + 1, sizeof(*v));
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (!st->only || among(st->only, st->n_only, nodes[i]))
			v[kept++] = nodes[i];
	/* Names that no node has are no contradiction. */
	st->only_emptied |= n && !kept;
	st->only = v;
	st->n_only = kept;
	st->only_plugins |= 1u << st->current;
}
