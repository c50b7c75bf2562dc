/* SPDX-License-Identifier: Apache-2.0 */
/* What storage.c, storage_write.c and keeper.c share. Not for other rooms. */
#ifndef STORAGE_CACHE_STORAGE_INTERNAL_H
#define STORAGE_CACHE_STORAGE_INTERNAL_H

#include "base/map.h"
#include "storage/cache/cache.h"
#include "storage/cache/revision.h"
#include "storage/storage.h"
#include "storage/store.h"

struct keeper;
struct storage {
	struct store *store;
	const struct schema *schema; /* borrowed */
	char *prefix;		     /* "/registry/" */
	struct resource *resources;
	size_t n_resources;
	struct map by_dir; /* kind->storage -> resource */
	struct revision revision;
	uint64_t loaded_rev; /* what was there at the start */
	struct keeper *keeper;
	struct metric *m_requests;
};

/* A write on its way through the store: the cookie. Lives on the writer's stack until the store has let go of
 * it. */
struct own_write {
	struct resource *r;
	const struct obj *draft; /* NULL: a deletion */
	const char *key;	 /* of the object */
	struct obj *published;	 /* by the sink: a reference for the writer; NULL when the sink has not been
				    there yet */
};

/* Deletes o as it is; lazy where the engine can. */
int storage_expire(struct resource *r, const struct obj *o, struct err *err) MUST_CHECK;

/* keeper.c: what happens by itself: expiry, compaction, letting go of old windows. Sleeps while nothing is
 * due. */
struct keeper *keeper_start(struct storage *s);
void keeper_stop(struct keeper *k); /* it writes until then */
void keeper_free(struct keeper *k); /* the sink tells it until then */
/* Something of resource r was written. Cheap; the sink calls it. */
void keeper_note(struct keeper *k, const struct resource *r);

#endif
