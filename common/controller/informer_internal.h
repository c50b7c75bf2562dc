/* SPDX-License-Identifier: Apache-2.0 */
/* Between informer.c (sets, what an event does) and reflector.c (the list and watch protocol). */
#ifndef CONTROLLER_INFORMER_INTERNAL_H
#define CONTROLLER_INFORMER_INTERNAL_H

#include <stdatomic.h>

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
	bool late;		 /* informer_late.c's: nobody waits for it; owns its type */
	bool asleep;		 /* under the set's lock: has been asked to stop */
	bool stopped;		 /* the loop only */

	/* The loop only. */
	struct list link;	 /* in fresh or want_list */
	struct loop_timer timer; /* when to list or watch next */
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
	struct rest *rest; /* on the loop; borrowed, as the loop */
	struct loop *loop;
	atomic_bool stopping;
	pthread_mutex_t lock; /* guards started, synced flags, counts, all, fresh */
	pthread_cond_t cond;
	bool started;
	struct map all; /* by type and query -> struct informer */
	size_t n_synced, n_late;
	struct any {
		informer_handler *fn;
		loop_fn *listed;
		void *arg;
	} * any; /* does not change once started */
	size_t n_any;
	struct list fresh; /* added, not yet taken up by the loop */
	loop_fn *on_synced;
	void *on_synced_arg;
	loop_fn *on_listed;
	void *on_listed_arg;

	/* The loop only. */
	struct list want_list; /* informers waiting for a free list place */
	size_t n_listing;
	bool settled; /* all have listed once */
};

/* ---- of informer.c; on the loop, not under any lock ---- */

/* The bytes of one object; -1 when they are malformed. */
int informer_apply_listed(struct informer *i, const char *p, size_t n, struct err *err);
int informer_apply_watched(struct informer *i, const char *p, size_t n, struct err *err);
int informer_apply_deleted(struct informer *i, const char *p, size_t n, struct err *err);
void informer_bookmark(struct informer *i, uint64_t rv);
/* The list is complete: what it did not show is gone. */
void informer_list_applied(struct informer *i);
void informer_schedule(struct informer *i, int64_t delay_ns);
/* Everything that it holds is gone. */
void informer_emptied(struct informer *i);
/* Under the set's lock: one more, that nobody has started. */
struct informer *informer_join(struct informer_set *s, const char *key, const struct informer_type *t,
			       const char *query);

/* ---- of reflector.c: the timer's function, starts what the informer needs next, a list or a watch ---- */

void reflector_start(void *informer);
void reflector_stop(struct informer *i); /* what is under way ends; it will list when it starts again */

#endif
