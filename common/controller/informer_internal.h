/* SPDX-License-Identifier: Apache-2.0 */
/* Between informer.c (sets, stores, the thread) and informer_sync.c (the list and watch protocol). */
#ifndef CONTROLLER_INFORMER_INTERNAL_H
#define CONTROLLER_INFORMER_INTERNAL_H

#include <stdatomic.h>

#include "base/heap.h"
#include "base/list.h"
#include "controller/informer.h"
#include "controller/indexer.h"
#include "client/lines.h"

#define INFORMER_PAGE_ITEMS 500
#define INFORMER_EVENT_MAX                                                                                   \
	((size_t)16 << 20) /* an object may have 1.5 MiB; escapes and managed fields on top */

struct handler {
	informer_handler *fn;
	void *arg;
};

struct informer {
	struct informer_set *set;
	const struct informer_type *type;
	char *query; /* NULL = none */
	struct handler *handlers;
	size_t n_handlers;
	struct informer_store store;
	pthread_mutex_t deliver; /* order of events; taken before the store's lock */
	_Atomic uint64_t rv;	 /* the watch's position; written under deliver */
	bool synced;		 /* under the set's lock */

	/* The set's thread only. */
	struct list link; /* in fresh or want_list */
	struct heap_node timer;
	int64_t at_ns;
	bool need_list, listing;
	int failures;
	struct http_call *call;
	int status;
	struct lines lines;
	struct buf error_body; /* of a watch that did not get 200 */
	bool had_event, gone, broken;
	int64_t started_ns;
	char *cont; /* the list's continue token */
	uint64_t list_rv;
	bool rewound; /* the list is older than what we have seen: the store behind the API was restored */
	uint32_t generation;
	size_t page_items;
};

struct informer_set {
	const struct rest_config *config;
	struct rest *rest;
	pthread_t thread;
	bool started;
	atomic_bool stopping;
	pthread_mutex_t lock; /* guards synced flags, counts, all, fresh */
	pthread_cond_t cond;
	struct map all; /* "resource.version.group?query" -> struct informer */
	size_t n_synced;
	struct list fresh; /* added, not yet taken up by the thread */

	/* The thread only. */
	struct heap timers;
	struct list want_list; /* informers waiting for a free list place */
	size_t n_listing;
	bool trimmed;
};

/* ---- of informer.c; on the set's thread, not under any lock ---- */

void informer_apply_listed(struct informer *i, const js *o);
void informer_apply_watched(struct informer *i, const js *o);
void informer_apply_deleted(struct informer *i, const js *o);
void informer_bookmark(struct informer *i, const js *o);
/* The list is complete: what it did not show is gone. */
void informer_list_applied(struct informer *i);
void informer_schedule(struct informer *i, int64_t delay_ns);

/* ---- of informer_sync.c: starts what the informer needs next, a list or a watch ---- */

void informer_start(struct informer *i);

#endif
