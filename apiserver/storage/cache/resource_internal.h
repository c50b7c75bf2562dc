/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is inside a resource; for the cache's own files only.
 *
 * One reader-writer lock per resource guards its objects, window and watchers. Only who holds the storage's
 * apply_lock (the sink) takes it for writing, apart from watch_open and watch_close; readers hold it for the length of a
 * snapshot, never while they look at objects. Nothing calls out under it: watchers to be woken are put on a
 * list and woken behind it.
 */
#ifndef STORAGE_CACHE_RESOURCE_INTERNAL_H
#define STORAGE_CACHE_RESOURCE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include "base/list.h"
#include "base/map.h"
#include "serve/health.h"
#include "storage/cache/cache_order_internal.h"
#include "storage/cache/cache_event_window_internal.h"
#include "storage/cache/cache_past_internal.h"
#include "storage/cache/query_internal.h"
#include "storage/storage.h"

struct revision; /* revision_internal.h */

struct resource {
	struct storage *storage;
	const struct kind *kind;   /* the stored version */
	const char *label;	   /* "deployments.apps", as messages and metrics name it; owned */
	struct revision *revision; /* of the whole cache; borrowed */
	struct metric_series *m_objects;
	struct metric_series *_Atomic m_writes[3]; /* by enum write_op; when first used */
	struct metric_series *_Atomic m_totals[3];
	struct resource *touched_next; /* the sink's: to be woken after the batch */
	bool touched;
	/* storage.c's */
	struct resource *_Atomic next; /* of all that are */
	size_t index, n_kinds;	       /* in the order of adding; kinds that are served from it */
	struct early *early;	       /* under apply_lock: being filled */
	atomic_bool removed, has_dependants;
	uint64_t removed_epoch;		   /* of the schema */
	atomic_size_t n_holders;	   /* watchers: they may stay longer than a pin */
	struct resource *gone_next;	   /* of the removed ones that somebody may hold */
	atomic_int_fast64_t window_due_ns; /* for who does not hold the lock */
	atomic_int_fast64_t sweep_at_ns;   /* the compactor's: nothing expires before; 0: it has to look */
	struct resource *successor; /* apply_lock: gets every change too, to stand in its place later on */
	_Atomic(struct resource *) replaced_by; /* it does */

	struct resource_observer *observers; /* apply_lock */

	pthread_rwlock_t lock;
	struct cache_order order;
	struct cache_event_window window;
	struct cache_past past;
	uint64_t last_rev;    /* newest change applied */
	struct list watchers; /* woken for every change that matches */
	struct map buckets;   /* struct bucket by value, storage_watch.c */
	size_t n_watchers;

	pthread_mutex_t wake_lock; /* taken inside lock or alone; held while wake functions run */
	struct list woken;
};

void resource_init(struct resource *r, struct storage *s, const struct kind *k, struct revision *rev,
		   size_t window);
void resource_release(struct resource *r);
/* Start-up: takes over the references; `rev` is the revision of the list, nothing has changed since `start`. */
void resource_load(struct resource *r, struct obj **v, size_t n, uint64_t rev, uint64_t start);
/* The changes so far cannot be gone on from. */
void resource_forget_past(struct resource *r);
/* One change, in revision order: obj is the new state (its reference is taken over) or NULL for a deletion of
   key. Older revisions than the newest applied one are dropped. *ret (may be NULL) becomes a reference to what
   watchers get. Under the apply_lock, as all that changes a resource. */
void resource_apply(struct resource *r, const char *key, struct obj *obj, uint64_t rev, struct obj **ret);
/* The same; the next change is of this revision too, which is not reached before that: who lists now and watches from
   there is told the rest. */
void resource_apply_part(struct resource *r, const char *key, struct obj *obj, uint64_t rev,
			 struct obj **ret);
/* Wakes what resource_apply has found. Under no lock. */
void resource_wake(struct resource *r);
/* After the store has lost its history: what the list at `rev` holds (references taken over) replaces
 * everything. */
void resource_replace(struct resource *r, struct obj **v, size_t n, uint64_t rev);
/* Forgets its objects and ends its watchers. */
void resource_remove(struct resource *r);
/* What stands where r stood: itself, unless its kinds were replaced. */
struct resource *resource_current(struct resource *r);
/* When the compactor is to let go what the window and the past states hold too long: monotonic. Under the lock. */
int64_t resource_due(const struct resource *r);
int resource_gone(struct err *err); /* the error of what is asked of a removed one */
struct obj *resource_get(struct resource *r, const char *key); /* a reference, or NULL */
/* The revision of what a reader sees under the lock. */
uint64_t resource_now(const struct resource *r);

/* storage_watch.c: under the write lock. */
void watch_note(struct resource *r, const struct change *c, uint64_t seq);
void watch_expire(struct resource *r); /* all of them have something to see: their end */

#endif
