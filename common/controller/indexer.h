/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An informer's store: key -> decoded object, with secondary indexes. Inside the informer; others use
 * informer.h.
 *
 * The store holds one reference of each object and hands out further ones. Its lock is taken inside every
 * function and no callback but the type's pure index function runs under it. Any thread.
 */
#ifndef CONTROLLER_INDEXER_H
#define CONTROLLER_INDEXER_H

#include <pthread.h>
#include "base/map.h"
#include "controller/informer.h"

struct informer_store {
	const struct informer_type *type;
	pthread_mutex_t lock; /* guards all below; taken last */
	struct map objects;   /* key -> struct informer_object */
	struct map *indexes;  /* type->n_indexes of: index key -> struct bucket */
	struct informer_keys keys;
};

void informer_store_init(struct informer_store *s, const struct informer_type *t);
void informer_store_release(struct informer_store *s);
/* Puts o under key (takes ownership of its reference) and gives back the object that was there, or NULL. o
 * NULL deletes. */
struct informer_object *informer_store_set(struct informer_store *s, const char *key,
					   struct informer_object *o);
struct informer_object *informer_store_get(struct informer_store *s, const char *key); /* a new reference */
size_t informer_store_list(struct informer_store *s, size_t index, const char *index_key, const void ***ret);
size_t informer_store_len(struct informer_store *s);
/* Keys of the objects that `fn` picks, to free() one by one and as a whole. fn runs under the lock. */
size_t informer_store_pick(struct informer_store *s, bool (*fn)(void *arg, const struct informer_object *o),
			   void *arg, char ***ret);

#endif
