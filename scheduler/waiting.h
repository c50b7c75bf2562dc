/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods that have a node and wait there for the permission of plugins (kubernetes/kubernetes pkg/scheduler/framework/runtime
 * waiting_pods_map.go): members of a gang, until all of them have a place.
 *
 * A permit hook that answers VERDICT_WAIT puts its Pod here, with the time after which the wait ends by itself. The Pod
 * goes on when every plugin that asked for the wait has allowed it; it comes back when one rejects it or its time is over.
 * Hooks allow and reject; the cycle's thread takes what is decided. Nothing here calls out, so hooks may call it whatever
 * lock their caller holds. Any thread.
 */
#ifndef WAITING_H
#define WAITING_H

#include "bind.h"

struct waiting_pod {
	struct heap_node node; /* by deadline_ns */
	struct list link;      /* once decided */
	struct bind_item item; /* all of it is the owner's, who takes the Pod */
	unsigned pending;      /* plugins that have not allowed it yet */
	unsigned rejected;     /* the one that turned it down; 0 when nobody did, or the Pod itself is gone */
	bool ended;	       /* not to be bound */
	char *why;	       /* of a rejection, the caller's to free; NULL = none */
	int64_t start_ns, deadline_ns;
	size_t first; /* the pending plugin whose time ends first */
	struct permit permit;
};

struct waiting *waiting_new(const struct framework *f);
void waiting_free(struct waiting *w);

/* ---- for hooks ---- */

/* fn looks at every Pod that waits; it runs under the lock and calls nothing here. */
void waiting_each(struct waiting *w,
		  void (*fn)(void *arg, const struct sched_pod *p, const struct node_state *n), void *arg);
/* The plugin has no objection any more. False: no such Pod waits. */
bool waiting_allow(struct waiting *w, const char *uid, size_t plugin);
/* The plugin will not have it. */
bool waiting_reject(struct waiting *w, const char *uid, size_t plugin, const char *why); /* for tests */

/* ---- for the scheduler ---- */

/* Takes what the item holds. */
void waiting_add(struct waiting *w, const struct bind_item *item, const struct permit *permit);
/* What it waits for failed: it is tried again, no plugin has turned it down. */
void waiting_fail(struct waiting *w, const char *uid, const char *why);
/* More important ones need its place; false: no such Pod waits. */
bool waiting_preempt(struct waiting *w, const char *uid);
/* The Pod is gone, or has a node from somebody else: nothing to wait for. */
void waiting_drop(struct waiting *w, const char *uid);
/* The next one that is decided or whose time is over, to be freed; NULL when there is none now. */
struct waiting_pod *waiting_take(struct waiting *w);
/* When waiting_take is worth calling; CLOCK_NEVER when nobody waits. */
int64_t waiting_next_ns(struct waiting *w);

#endif
