/* SPDX-License-Identifier: Apache-2.0 */
/* See tally.h. */
#include "tally.h"

#include <stdlib.h>
#include <string.h>
#include "base/map.h"

static void tally_free(struct tally *t)
{
	arena_release(&t->arena);
	buf_release(&t->text);
	free(t->counts);
	free(t);
}

void tally_release(struct tallies *t)
{
	for (size_t i = 0; i < t->n; i++)
		tally_free(t->v[i]);
	*t = (struct tallies){0};
}

static uint32_t *count_at(struct tally *t, size_t place)
{
	if (place >= t->cap) {
		size_t cap = place + 1 > 2 * t->cap ? place + 1 : 2 * t->cap;

		t->counts = mem_realloc_array(t->counts, cap, sizeof(*t->counts));
		memset(t->counts + t->cap, 0, (cap - t->cap) * sizeof(*t->counts));
		t->cap = cap;
	}
	return &t->counts[place];
}

static struct tally *find(struct tallies *t, const struct buf *text, uint64_t hash)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i]->hash == hash && t->v[i]->text.len == text->len &&
		    !memcmp(t->v[i]->text.p, text->p, text->len))
			return t->v[i];
	return NULL;
}

/* The place for a new one. */
static struct tally **make_room(struct tallies *t)
{
	struct tally **oldest = &t->v[0];

	if (t->n < TALLIES_MAX)
		return &t->v[t->n++];
	for (size_t i = 1; i < t->n; i++)
		if (t->v[i]->used < (*oldest)->used)
			oldest = &t->v[i];
	tally_free(*oldest);
	return oldest;
}

static struct tally *tally_new(const struct pod_query *q, struct buf *text, uint64_t hash,
			       const struct node_state *const *nodes, size_t n)
{
	struct tally *t = MEM_NEW(struct tally);

	t->query = pod_query_copy(q, &t->arena);
	t->text = *text;
	*text = (struct buf)BUF_INIT;
	t->hash = hash;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < nodes[i]->n_pods; k++)
			if (pod_query_counts(q, nodes[i]->pods[k]))
				++*count_at(t, i);
	return t;
}

const uint32_t *tally_get(struct tallies *all, const struct pod_query *q,
			  const struct node_state *const *nodes, size_t n)
{
	autobuf struct buf text = BUF_INIT;

	pod_query_write(q, &text);
	uint64_t hash = map_hash(text.p, text.len);
	struct tally *t = find(all, &text, hash);

	if (!t)
		*make_room(all) = t = tally_new(q, &text, hash, nodes, n);
	t->used = all->clock;
	if (n)
		count_at(t, n - 1);
	return t->counts;
}

void tally_change(struct tallies *all, size_t place, const struct sched_pod *p, bool came)
{
	for (size_t i = 0; i < all->n; i++)
		if (pod_query_counts(all->v[i]->query, p))
			*count_at(all->v[i], place) += came ? 1 : -1u;
}

void tally_move(struct tallies *all, size_t from, size_t to)
{
	for (size_t i = 0; i < all->n; i++) {
		*count_at(all->v[i], to) = *count_at(all->v[i], from);
		all->v[i]->counts[from] = 0;
	}
}

void tally_age(struct tallies *all)
{
	size_t n = 0;

	if (++all->clock % TALLY_FORGET)
		return;
	for (size_t i = 0; i < all->n; i++) {
		if (all->v[i]->used + TALLY_FORGET < all->clock)
			tally_free(all->v[i]);
		else
			all->v[n++] = all->v[i];
	}
	all->n = n;
}
