/* SPDX-License-Identifier: Apache-2.0 */
/* See cache_event_window_internal.h. Revisions in the ring only grow, so places are found by binary search. */
#include "storage/cache/cache_event_window_internal.h"

#include <assert.h>
#include <stdlib.h>

#define CAP_MIN 16

static struct change *slot(struct cache_event_window *w, uint64_t seq)
{
	return &w->v[seq & (w->cap - 1)];
}

/* What only the window keeps alive. The state after a change is the cache's, or the state before a later one.
 */
static size_t weight(const struct change *c)
{
	return (c->old ? obj_size(c->old) : 0) + (c->deleted ? obj_size(c->cur) : 0);
}

static void drop_oldest(struct cache_event_window *w)
{
	struct change *c = slot(w, w->tail++);
	w->start = c->rev;
	w->bytes -= weight(c);
	obj_unref(c->old);
	obj_unref(c->cur);
}

static void resize(struct cache_event_window *w, size_t cap)
{
	struct change *v = mem_alloc(cap * sizeof(*v));
	for (uint64_t s = w->tail; s != w->head; s++)
		v[s & (cap - 1)] = *slot(w, s);
	free(w->v);
	w->v = v;
	w->cap = cap;
}

void cache_event_window_release(struct cache_event_window *w)
{
	while (w->tail != w->head)
		drop_oldest(w);
	free(w->v);
	*w = (struct cache_event_window){0};
}

static size_t budget(const struct cache_event_window *w, size_t least)
{
	size_t n = w->held / 4;
	return n < least ? least : n > WINDOW_BYTES_MAX ? WINDOW_BYTES_MAX : n;
}

/* How old the oldest of n changes may get; 0 = it must go now. */
static int64_t age_limit(const struct cache_event_window *w, size_t n)
{
	if (n > w->max || w->bytes > budget(w, WINDOW_BYTES_MIN))
		return 0;
	if (n > WINDOW_FLOOR && w->bytes > budget(w, WINDOW_BYTES_CALM))
		return WINDOW_CALM_NS;
	if (n > WINDOW_KEEP)
		return WINDOW_YOUNG_NS;
	return n > WINDOW_FLOOR ? WINDOW_OLD_NS : CLOCK_NEVER;
}

/* When the oldest has to go, as far as that is sooner than `far_ns` from when it came. */
static int64_t excess(const struct cache_event_window *w, int64_t far_ns)
{
	if (w->tail == w->head)
		return CLOCK_NEVER;
	int64_t limit = age_limit(w, w->head - w->tail);
	return limit >= far_ns ? CLOCK_NEVER : cache_event_window_at(w, w->tail)->at_ns + limit;
}

int64_t cache_event_window_due(const struct cache_event_window *w)
{
	return excess(w, WINDOW_OLD_NS);
}

static void make_room(struct cache_event_window *w, int64_t now_ns)
{
	while (excess(w, CLOCK_NEVER) <= now_ns)
		drop_oldest(w);
}

void cache_event_window_push(struct cache_event_window *w, const struct change *c)
{
	assert(w->tail == w->head || cache_event_window_at(w, w->head - 1)->rev <= c->rev);
	if (w->head - w->tail >= w->max)
		drop_oldest(w);
	if (w->head - w->tail == w->cap)
		resize(w, w->cap ? w->cap * 2 : CAP_MIN);
	*slot(w, w->head++) = *c;
	w->bytes += weight(c);
	make_room(w, c->at_ns);
}

uint64_t cache_event_window_seek(const struct cache_event_window *w, uint64_t rev)
{
	uint64_t lo = w->tail, hi = w->head;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (cache_event_window_at(w, mid)->rev <= rev)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void cache_event_window_reset(struct cache_event_window *w, uint64_t rev)
{
	while (w->tail != w->head)
		drop_oldest(w);
	w->start = rev;
}

void cache_event_window_trim(struct cache_event_window *w, int64_t now_ns)
{
	make_room(w, now_ns);
	size_t cap = w->cap;
	while (cap > CAP_MIN && w->head - w->tail <= cap / 4)
		cap /= 2;
	if (cap < w->cap)
		resize(w, cap);
}
