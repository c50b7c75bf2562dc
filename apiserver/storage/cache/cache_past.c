/* SPDX-License-Identifier: Apache-2.0 */
/* See cache_past_internal.h. There are few states, so they are searched from one end to the other. */
#include "storage/cache/cache_past_internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "storage/cache/cache_event_window_internal.h"

void cache_past_init(struct cache_past *p, atomic_size_t *bytes)
{
	*p = (struct cache_past){.n = 0};
	p->bytes = bytes ? bytes : &p->mine;
	pthread_mutex_init(&p->lock, NULL);
}

void cache_past_release(struct cache_past *p)
{
	cache_past_clear(p);
	pthread_mutex_destroy(&p->lock);
}

/* ---- how much ---- */

static void count(struct cache_past *p, size_t bytes)
{
	atomic_fetch_add_explicit(&p->mine, bytes, memory_order_relaxed);
	if (p->bytes != &p->mine)
		atomic_fetch_add_explicit(p->bytes, bytes, memory_order_relaxed);
}

static void discount(struct cache_past *p, size_t bytes)
{
	atomic_fetch_sub_explicit(&p->mine, bytes, memory_order_relaxed);
	if (p->bytes != &p->mine)
		atomic_fetch_sub_explicit(p->bytes, bytes, memory_order_relaxed);
}

/* Of the state itself, whoever holds its objects. */
static size_t own_bytes(const struct past_state *s)
{
	return s->all.n * sizeof(s->all.chunks[0]) + s->copied * ORDER_CHUNK * sizeof(struct obj *);
}

/* Takes the state at i out of the counts: who holds what it held. */
static void hand_on(struct cache_past *p, size_t i)
{
	struct past_state *s = &p->v[i];
	discount(p, own_bytes(s) + s->held[i]);
	for (size_t j = 0; j < i; j++)
		p->v[i - 1].held[j] += s->held[j];
	for (size_t k = i + 1; k < p->n; k++) {
		size_t *held = p->v[k].held;
		held[i + 1] += held[i];
		memmove(held + i, held + i + 1, (PAST_STATES - i - 1) * sizeof(*held));
		held[PAST_STATES - 1] = 0;
	}
}

static void remove_state(struct cache_past *p, size_t i, struct cache_order_snapshot *ret)
{
	hand_on(p, i);
	*ret = p->v[i].all;
	p->n--;
	memmove(p->v + i, p->v + i + 1, (p->n - i) * sizeof(*p->v));
	if (!p->n) {
		free(p->v);
		p->v = NULL;
	}
}

static void drop(struct cache_past *p, size_t i)
{
	struct cache_order_snapshot all;
	remove_state(p, i, &all);
	cache_order_snapshot_release(&all);
}

void cache_past_clear(struct cache_past *p)
{
	while (p->n)
		drop(p, p->n - 1);
}

/* ---- readers ---- */

static struct past_state *find(struct cache_past *p, uint64_t rv)
{
	for (size_t i = p->n; i-- > 0;)
		if (p->v[i].rv <= rv)
			return rv <= p->v[i].upto ? &p->v[i] : NULL;
	return NULL;
}

void cache_past_take(struct cache_past *p, const struct cache_order *o, uint64_t change, uint64_t rv,
		     uint64_t now)
{
	pthread_mutex_lock(&p->lock);
	struct past_state *s = p->n ? &p->v[p->n - 1] : NULL;
	if (!s || s->change != change) {
		if (p->n == PAST_STATES)
			drop(p, 0);
		if (!p->v)
			p->v = mem_array(PAST_STATES, sizeof(*p->v));
		s = &p->v[p->n++];
		*s = (struct past_state){.rv = rv, .change = change};
		cache_order_snapshot(o, NULL, NULL, NULL, &s->all);
		count(p, own_bytes(s));
	}
	s->lists++;
	s->at_ns = clock_mono_ns();
	s->upto = now > s->upto ? now : s->upto;
	pthread_mutex_unlock(&p->lock);
}

bool cache_past_read(struct cache_past *p, uint64_t rv, const char *lo, const char *hi, const char *after,
		     bool begins, struct cache_order_snapshot *ret)
{
	pthread_mutex_lock(&p->lock);
	struct past_state *s = find(p, rv);
	if (s) {
		s->lists += begins;
		struct cache_order then = {.chunks = s->all.chunks, .n = s->all.n};
		cache_order_snapshot(&then, lo, hi, after, ret);
	}
	pthread_mutex_unlock(&p->lock);
	return s != NULL;
}

void cache_past_leave(struct cache_past *p, uint64_t rv, struct cache_order_snapshot *ret)
{
	*ret = (struct cache_order_snapshot){0};
	pthread_mutex_lock(&p->lock);
	struct past_state *s = find(p, rv);
	if (s && !--s->lists)
		remove_state(p, (size_t)(s - p->v), ret);
	pthread_mutex_unlock(&p->lock);
}

/* ---- whoever changes the present ---- */

void cache_past_changed(struct cache_past *p, const struct obj *old)
{
	if (!p->n)
		return;
	struct past_state *s = &p->v[p->n - 1];
	if (s->copied < s->all.n) {
		s->copied++;
		count(p, ORDER_CHUNK * sizeof(struct obj *));
	}
	if (old && old->rv <= s->rv) {
		size_t oldest = 0;
		while (p->v[oldest].rv < old->rv)
			oldest++;
		s->held[oldest] += obj_size(old);
		count(p, obj_size(old));
	}
	while (p->n && atomic_load_explicit(p->bytes, memory_order_relaxed) > PAST_BYTES_MAX)
		drop(p, 0);
}

static int64_t age_limit(const struct cache_past *p)
{
	return atomic_load_explicit(&p->mine, memory_order_relaxed) > PAST_BYTES_CALM ? WINDOW_YOUNG_NS
										      : WINDOW_OLD_NS;
}

void cache_past_trim(struct cache_past *p, int64_t now_ns)
{
	while (cache_past_due(p) <= now_ns) {
		size_t oldest = 0;
		for (size_t i = 1; i < p->n; i++)
			if (p->v[i].at_ns < p->v[oldest].at_ns)
				oldest = i;
		drop(p, oldest);
	}
}

int64_t cache_past_due(const struct cache_past *p)
{
	int64_t at_ns = CLOCK_NEVER;
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].at_ns < at_ns)
			at_ns = p->v[i].at_ns;
	return at_ns == CLOCK_NEVER ? CLOCK_NEVER : at_ns + age_limit(p);
}
