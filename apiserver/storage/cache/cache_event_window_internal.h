/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recent changes of one resource, in order: what watchers read, and what lists at an older revision are
 * computed from. A ring addressed by an absolute sequence number, so a watcher is a number.
 *
 * How much is kept: WINDOW_KEEP changes, up to the maximum while the oldest is younger than WINDOW_YOUNG_NS
 * (upstream's watch cache aims at 75 s: a bookmark period and a margin, kubernetes/apiserver
 * pkg/storage/cacher), less when the superseded objects that only the window keeps alive exceed its budget (which is
 * smaller for those older than WINDOW_CALM_NS: a storm must not push out whoever lags a little, nor stay afterwards),
 * and WINDOW_FLOOR once they are older than WINDOW_OLD_NS (the five minutes after which upstream compacts
 * etcd). Nothing happens on a timer but cache_event_window_trim, which the owner calls when cache_event_window_due says so.
 *
 * Threads: the resource's lock.
 */
#ifndef STORAGE_CACHE_CACHE_EVENT_WINDOW_INTERNAL_H
#define STORAGE_CACHE_CACHE_EVENT_WINDOW_INTERNAL_H

#include <stdbool.h>
#include "base/clock.h"
#include "storage/obj.h"

#define WINDOW_FLOOR 128
#define WINDOW_KEEP 1024
#define WINDOW_MAX 8192
#define WINDOW_CALM_NS (15 * NS_PER_S)
#define WINDOW_YOUNG_NS (75 * NS_PER_S)
#define WINDOW_OLD_NS (300 * NS_PER_S)
/* The budget is a quarter of what the resource holds, between these. */
#define WINDOW_BYTES_MIN ((size_t)4 << 20)
#define WINDOW_BYTES_CALM ((size_t)512 << 10) /* instead of the smaller one, when old */
#define WINDOW_BYTES_MAX ((size_t)16 << 20)

struct change {
	uint64_t rev;
	int64_t at_ns;	 /* monotonic */
	struct obj *old; /* state before; NULL: created */
	struct obj *cur; /* state after; of a deletion, the last state with the deletion's revision */
	bool deleted;
};

struct cache_event_window {
	struct change *v;
	size_t cap;	     /* power of two, 0 at first */
	size_t max;	     /* most changes ever kept */
	uint64_t tail, head; /* sequence numbers: [tail, head) is held */
	uint64_t start;	     /* every change after this revision is held */
	size_t bytes;	     /* of the superseded objects, their index included */
	size_t held;	     /* by the resource, likewise; the owner keeps it */
};

void cache_event_window_release(struct cache_event_window *w);
/* Takes over the references in c. Revisions must not go back. */
void cache_event_window_push(struct cache_event_window *w, const struct change *c);
static inline const struct change *cache_event_window_at(const struct cache_event_window *w, uint64_t seq)
{
	return &w->v[seq & (w->cap - 1)];
}
/* The first sequence number whose change is newer than rev. */
uint64_t cache_event_window_seek(const struct cache_event_window *w, uint64_t rev);
/* Forgets everything; changes after `rev` will be complete. */
void cache_event_window_reset(struct cache_event_window *w, uint64_t rev);
/* Lets go what is too old. */
void cache_event_window_trim(struct cache_event_window *w, int64_t now_ns);
/* When it will hold more than it should, and the owner is to call cache_event_window_trim: monotonic. CLOCK_NEVER: any time
   will do. */
int64_t cache_event_window_due(const struct cache_event_window *w);

#endif
