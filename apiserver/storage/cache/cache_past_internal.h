/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states that lists in pages began with, so that their next pages are of the same revision however much has
 * changed meanwhile (upstream keeps such snapshots too: kubernetes/apiserver pkg/storage/cacher/store_btree.go).
 *
 * A state is a snapshot of the whole order, which costs references to its chunks; what it really costs is what it
 * alone keeps alive: chunks that were changed since, and objects that were replaced or deleted. That is counted, for
 * all resources together, and bounded: beyond PAST_BYTES_MAX the oldest goes, and its lists are answered from the
 * event window, or not any more. Lists that begin while nothing changes share a state. It goes when the last of them
 * has come to its end, and after WINDOW_OLD_NS (upstream's compaction) also when clients have left half-way; what
 * keeps much alive goes after WINDOW_YOUNG_NS.
 *
 * What a state keeps alive, older and newer ones may keep alive too: bytes are counted by the newest and the oldest state
 * that hold them (no other set is possible), so it is known what is free when any of them goes.
 *
 * Threads: taking, reading and leaving under the resource's read lock, all else under its write lock.
 */
#ifndef STORAGE_CACHE_CACHE_PAST_INTERNAL_H
#define STORAGE_CACHE_CACHE_PAST_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include "storage/cache/cache_order_internal.h"

#define PAST_STATES 16
#define PAST_BYTES_MAX ((size_t)32 << 20)
#define PAST_BYTES_CALM ((size_t)512 << 10) /* so much may stay long */

struct past_state {
	uint64_t rv, upto;	  /* the revisions that it was the state at */
	uint64_t change;	  /* sequence number of the next change */
	int64_t at_ns;		  /* monotonic */
	size_t lists;		  /* that have not come to their end */
	size_t copied;		  /* chunks that have been changed since */
	size_t held[PAST_STATES]; /* bytes whose newest holder this is, by their oldest one */
	struct cache_order_snapshot all;
};
struct cache_past {
	pthread_mutex_t lock; /* among readers */
	atomic_size_t *bytes; /* kept alive by all that share this; borrowed … */
	atomic_size_t mine;   /* … and by these */
	size_t n;
	struct past_state *v; /* oldest first; NULL: n is 0 */
};

/* `bytes`: NULL = shared with nobody. */
void cache_past_init(struct cache_past *p, atomic_size_t *bytes);
void cache_past_release(struct cache_past *p);
/* A list begins with the present state: `rv` is the newest change in it, `now` what the list calls itself. */
void cache_past_take(struct cache_past *p, const struct cache_order *o, uint64_t change, uint64_t rv,
		     uint64_t now);
/* The state at rv, from behind `after` and between lo and hi as cache_order_snapshot has it; false: it is not kept.
   `begins`: another list in pages begins with it. */
bool cache_past_read(struct cache_past *p, uint64_t rv, const char *lo, const char *hi, const char *after,
		     bool begins, struct cache_order_snapshot *ret);
/* A list of rv that began with `take` or `read` has come to its end. What nobody needs now becomes *ret: to be released, under no lock. */
void cache_past_leave(struct cache_past *p, uint64_t rv, struct cache_order_snapshot *ret);
/* The present state has changed; `old` is not in it any more (NULL: something is new). */
void cache_past_changed(struct cache_past *p, const struct obj *old);
void cache_past_clear(struct cache_past *p);
/* Lets go what is too old. */
void cache_past_trim(struct cache_past *p, int64_t now_ns);
/* When that will be something; CLOCK_NEVER. */
int64_t cache_past_due(const struct cache_past *p);

#endif
