/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two binary searches find a key: over the chunks by their first keys, then inside one. A full chunk splits
 * in halves, except at the very end, where a new one is begun, so that keys that arrive in order leave full
 * chunks behind. A chunk merges with its right neighbour when both together fill half of one, so deletions do
 * not leave dust.
 */
#include "storage/cache/cache_order_internal.h"

#include <stdatomic.h>
#include <stdlib.h>

struct chunk {
	atomic_uint refs; /* the order's own, and one per snapshot */
	unsigned n;
	struct obj *v[ORDER_CHUNK];
};

static struct chunk *chunk_new(void)
{
	struct chunk *c = mem_alloc(sizeof(*c));
	atomic_init(&c->refs, 1);
	c->n = 0;
	return c;
}

static void chunk_unref(struct chunk *c)
{
	if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_release) != 1)
		return;
	(void)atomic_load_explicit(&c->refs, memory_order_acquire);
	for (unsigned i = 0; i < c->n; i++)
		obj_unref(c->v[i]);
	free(c);
}

/* The chunk at ci, made ours alone. New references come only from cache_order_snapshot, which the caller's lock
 * keeps away. */
static struct chunk *chunk_own(struct cache_order *o, size_t ci)
{
	struct chunk *c = o->chunks[ci];
	if (atomic_load_explicit(&c->refs, memory_order_acquire) == 1)
		return c;
	struct chunk *copy = chunk_new();
	copy->n = c->n;
	for (unsigned i = 0; i < c->n; i++)
		copy->v[i] = obj_ref(c->v[i]);
	o->chunks[ci] = copy;
	chunk_unref(c);
	return copy;
}

static void chunks_insert(struct cache_order *o, size_t at, struct chunk *c)
{
	if (o->n == o->cap) {
		o->cap = o->cap ? o->cap * 2 : 4;
		o->chunks = mem_realloc_array(o->chunks, o->cap, sizeof(*o->chunks));
	}
	memmove(o->chunks + at + 1, o->chunks + at, (o->n - at) * sizeof(*o->chunks));
	o->chunks[at] = c;
	o->n++;
}

static void chunks_remove(struct cache_order *o, size_t at)
{
	chunk_unref(o->chunks[at]);
	o->n--;
	memmove(o->chunks + at, o->chunks + at + 1, (o->n - at) * sizeof(*o->chunks));
}

/* The last chunk whose first key is <= key; 0 when key is before everything. o->n > 0. */
static size_t find_chunk(const struct cache_order *o, const char *key)
{
	size_t lo = 0, hi = o->n;
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;
		if (strcmp(o->chunks[mid]->v[0]->key, key) <= 0)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* The first place whose key is >= key (or > key); c->n when there is none. */
static unsigned find_place(const struct chunk *c, const char *key, bool past, bool *ret_found)
{
	unsigned lo = 0, hi = c->n;
	bool found = false;
	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		int cmp = strcmp(c->v[mid]->key, key);
		found |= cmp == 0;
		if (cmp < 0 || (past && cmp == 0))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (ret_found)
		*ret_found = found;
	return lo;
}

void cache_order_release(struct cache_order *o)
{
	for (size_t i = 0; i < o->n; i++)
		chunk_unref(o->chunks[i]);
	free(o->chunks);
	*o = (struct cache_order){0};
}

struct obj *cache_order_find(const struct cache_order *o, const char *key)
{
	bool found;
	if (!o->n)
		return NULL;
	const struct chunk *c = o->chunks[find_chunk(o, key)];
	unsigned i = find_place(c, key, false, &found);
	return found ? c->v[i] : NULL;
}

static void chunk_insert(struct chunk *c, unsigned at, struct obj *obj)
{
	memmove(c->v + at + 1, c->v + at, (c->n - at) * sizeof(c->v[0]));
	c->v[at] = obj;
	c->n++;
}

struct obj *cache_order_put(struct cache_order *o, struct obj *obj)
{
	bool found;
	if (!o->n)
		chunks_insert(o, 0, chunk_new());
	size_t ci = find_chunk(o, obj->key);
	unsigned at = find_place(o->chunks[ci], obj->key, false, &found);
	struct chunk *c = chunk_own(o, ci);
	if (found) {
		struct obj *old = c->v[at];
		c->v[at] = obj;
		return old;
	}
	o->count++;
	if (c->n == ORDER_CHUNK) {
		struct chunk *right = chunk_new();
		unsigned keep = ci + 1 == o->n && at == ORDER_CHUNK ? ORDER_CHUNK : ORDER_CHUNK / 2;
		right->n = c->n - keep;
		memcpy(right->v, c->v + keep, right->n * sizeof(c->v[0]));
		c->n = keep;
		chunks_insert(o, ci + 1, right);
		if (at > keep || keep == ORDER_CHUNK) {
			c = right;
			at -= keep;
		}
	}
	chunk_insert(c, at, obj);
	return NULL;
}

struct obj *cache_order_del(struct cache_order *o, const char *key)
{
	bool found;
	if (!o->n)
		return NULL;
	size_t ci = find_chunk(o, key);
	unsigned at = find_place(o->chunks[ci], key, false, &found);
	if (!found)
		return NULL;
	struct chunk *c = chunk_own(o, ci);
	struct obj *old = c->v[at];
	c->n--;
	memmove(c->v + at, c->v + at + 1, (c->n - at) * sizeof(c->v[0]));
	o->count--;
	if (c->n == 0) {
		chunks_remove(o, ci);
	} else if (ci + 1 < o->n && c->n + o->chunks[ci + 1]->n <= ORDER_CHUNK / 2) {
		struct chunk *right = chunk_own(o, ci + 1);
		memcpy(c->v + c->n, right->v, right->n * sizeof(c->v[0]));
		c->n += right->n;
		right->n = 0;
		chunks_remove(o, ci + 1);
	}
	return old;
}

static int key_cmp(const void *a, const void *b)
{
	return strcmp((*(struct obj *const *)a)->key, (*(struct obj *const *)b)->key);
}

void cache_order_load(struct cache_order *o, struct obj **v, size_t n)
{
	if (n)
		qsort(v, n, sizeof(*v), key_cmp);
	for (size_t i = 0; i < n; i++)
		cache_order_put(o, v[i]);
}

/* ---- snapshots ---- */

void cache_order_snapshot(const struct cache_order *o, const char *lo, const char *hi, const char *after,
			  struct cache_order_snapshot *ret)
{
	*ret = (struct cache_order_snapshot){0};
	if (!o->n)
		return;
	bool past = after && (!lo || strcmp(after, lo) >= 0);
	const char *from = past ? after : lo;
	size_t first = from ? find_chunk(o, from) : 0, last = o->n - 1;
	unsigned i = from ? find_place(o->chunks[first], from, past, NULL) : 0, end;
	if (i == o->chunks[first]->n) { /* between two chunks */
		first++;
		i = 0;
	}
	if (hi)
		last = find_chunk(o, hi);
	end = hi ? find_place(o->chunks[last], hi, false, NULL) : o->chunks[last]->n;
	if (first > last || (first == last && i >= end))
		return;
	ret->n = last - first + 1;
	ret->chunks = mem_alloc(ret->n * sizeof(*ret->chunks));
	ret->i = i;
	ret->end = end;
	for (size_t c = 0; c < ret->n; c++) {
		ret->chunks[c] = o->chunks[first + c];
		atomic_fetch_add_explicit(&ret->chunks[c]->refs, 1, memory_order_relaxed);
		ret->left += ret->chunks[c]->n;
	}
	ret->left -= i + (o->chunks[last]->n - end);
}

struct obj *cache_order_next(struct cache_order_snapshot *s)
{
	while (s->at < s->n) {
		struct chunk *c = s->chunks[s->at];
		unsigned end = s->at + 1 == s->n ? s->end : c->n;
		if (s->i < end) {
			s->left--;
			return c->v[s->i++];
		}
		chunk_unref(c);
		s->at++;
		s->i = 0;
	}
	return NULL;
}

void cache_order_snapshot_release(struct cache_order_snapshot *s)
{
	for (; s->at < s->n; s->at++)
		chunk_unref(s->chunks[s->at]);
	free(s->chunks);
	*s = (struct cache_order_snapshot){0};
}
