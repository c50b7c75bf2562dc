/* SPDX-License-Identifier: Apache-2.0 */
/* What the files behind storage.h share. Not for other rooms. */
#ifndef STORAGE_CACHE_STORAGE_INTERNAL_H
#define STORAGE_CACHE_STORAGE_INTERNAL_H

#include "base/map.h"
#include "storage/cache/resource_internal.h"
#include "storage/cache/revision_internal.h"
#include "storage/storage.h"
#include "storage/store.h"

/* Reads that wait for the cache to get further: storage_wait.c. */
struct freshness {
	pthread_mutex_t lock;
	struct list list; /* struct storage_wait */
	atomic_size_t n;
	int64_t armed_ns; /* when the compactor looks for late ones; CLOCK_NEVER: it does not */
};
void freshness_init(struct freshness *w);
void freshness_release(struct storage *s);  /* who still waits is told that the store is closed */
void freshness_advanced(struct storage *s); /* the sink */
/* Tells who has waited too long; returns when the next one has. The compactor. */
int64_t freshness_expire(struct storage *s);
struct store_past;
void freshness_catch_up(struct storage *s, const struct store_past *past); /* at start; BLOCKS */

/* Far beyond what discovery documents could carry. */
#define KIND_CHUNK 256
#define KIND_CHUNKS 256

/*
 * strays.c: which directories of the store hold something that no kind is served from. A kind that is added to any other has
 * nothing yet. Under the apply_lock, or before others see the storage; only grows.
 */
struct strays {
	struct map dirs; /* "pods" of "pods/default/a", "sea.io/boats" of "sea.io/boats/default/a" */
	bool any;	 /* there were too many to remember */
};
void strays_release(struct strays *s);
void strays_note(struct strays *s, const char *key); /* behind the store's prefix */
void strays_note_dir(struct strays *s, const char *dir);
bool strays_have(const struct strays *s, const char *dir);

/* storage_gone.c: under the apply_lock. */
void storage_gone_add(struct storage *s, struct resource *r);
/* Those that nobody can hold any more, or all. */
void storage_gone_free(struct storage *s, bool all);

struct compactor;
struct storage {
	struct store *store;
	const struct schema *schema; /* borrowed */
	char *prefix;		     /* "/registry/" */
	struct metric *m_objects;
	size_t window;
	struct resource *_Atomic
		*_Atomic by_kind[KIND_CHUNKS]; /* by kind->id; chunks of KIND_CHUNK, never freed */
	struct resource
		*_Atomic resources; /* newest first; who goes through them holds a pin or the apply_lock */
	struct resource *gone;	    /* removed ones that somebody may hold */
	/* Held by whoever changes what the cache holds: the sink for a batch, a reset, adding and removing. */
	pthread_mutex_t apply_lock;
	size_t n_resources; /* above every index */
	/* between storage_hold and storage_fill: kinds that are not served yet, with their resources */
	bool holding;
	struct held {
		const struct kind *kind;
		struct resource *r;
	} * held;
	size_t n_held;
	struct map by_dir; /* kind->storage -> resource, without the removed */
	struct strays strays;
	struct revision revision;
	atomic_size_t past_bytes;     /* that only lists under way keep alive */
	atomic_size_t selected_bytes; /* of long selectors, held by watches */
	atomic_size_t let_go_bytes;   /* of those, since memory was last given back */
	struct freshness waits;
	uint64_t loaded_rev;		  /* what was there at the start */
	void (*on_dependants)(void *arg); /* apply_lock, as its argument */
	void *on_dependants_arg;
	struct compactor *compactor;
	struct metric *m_requests, *m_totals;
};

/* A write on its way through the store: the cookie. One allocation, which lives until its writer is told. */
struct own_write {
	struct store_write io;
	struct storage_write *w;
	struct resource *r;
	const struct obj *draft; /* NULL: a deletion */
	const char *key;	 /* of the object */
	struct obj *published;	 /* by the sink: a reference for the writer, to the new state or of a deletion
				    to the last; NULL when the sink has not been there yet */
	int64_t begun_ns;
	char path[]; /* the store's key; perhaps the value behind it */
};

/* compactor.c: what happens by itself: expiry, compaction, letting go of old windows. Sleeps while nothing is
 * due. */
struct compactor *compactor_start(struct storage *s);
void compactor_stop(struct compactor *k); /* it writes until then */
void compactor_free(struct compactor *k); /* the sink tells it until then */
void compactor_kick(struct compactor *k); /* look now */
unsigned long compactor_sweeps(
	const struct compactor *k); /* for tests: how often it passed over the objects of a resource */
void compactor_give_back(struct compactor *k); /* there are holes in the heap */
/* Something of resource r was written. Cheap; the sink calls it. */
void compactor_note(struct compactor *k, const struct resource *r);

#endif
