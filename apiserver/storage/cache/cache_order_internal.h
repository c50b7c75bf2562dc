/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of one resource in key order, with snapshots that cost next to nothing.
 *
 * An array of chunks of up to ORDER_CHUNK references. A snapshot takes references to chunks, not to objects;
 * a chunk that some snapshot holds is copied before it is changed. So listing 150,000 objects holds the lock
 * for some 3,000 increments, and a thousand watchers that begin with the present state share one copy of it.
 *
 * Threads: changes and cache_order_snapshot exclude each other (the resource's lock); a taken snapshot is its
 * owner's, without any lock.
 */
#ifndef STORAGE_CACHE_CACHE_ORDER_INTERNAL_H
#define STORAGE_CACHE_CACHE_ORDER_INTERNAL_H

#include "storage/obj.h"

#define ORDER_CHUNK 64

struct chunk;
struct cache_order {
	struct chunk **chunks; /* none is empty */
	size_t n, cap;
	size_t count; /* objects */
};

void cache_order_release(struct cache_order *o);
struct obj *cache_order_find(const struct cache_order *o, const char *key); /* borrowed; NULL when absent */
/* Takes over one reference to obj. Returns the object that had its key, with its reference, or NULL. */
struct obj *cache_order_put(struct cache_order *o, struct obj *obj);
struct obj *cache_order_del(struct cache_order *o, const char *key); /* the same; NULL when absent */
/* Fills an empty order at start-up; takes over the references, sorts v. Keys must be distinct. */
void cache_order_load(struct cache_order *o, struct obj **v, size_t n);

struct cache_order_snapshot {
	struct chunk **chunks;
	size_t n, at; /* chunks; the one under the cursor */
	unsigned i;   /* cursor inside it */
	unsigned end; /* where the last chunk's part ends */
	size_t left;  /* objects from the cursor on */
};
/* Objects with lo <= key < hi (NULL = no bound), and key > after when that is not NULL. */
void cache_order_snapshot(const struct cache_order *o, const char *lo, const char *hi, const char *after,
			  struct cache_order_snapshot *ret);
/* Borrowed until the next call on this snapshot; NULL at the end. What is behind the cursor is let go. */
struct obj *cache_order_next(struct cache_order_snapshot *s);
void cache_order_snapshot_release(struct cache_order_snapshot *s);

#endif
