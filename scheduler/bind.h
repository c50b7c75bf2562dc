/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way out: bindings, `PodScheduled=False` conditions and deletions of victims, as calls on the daemon's loop with
 * many in flight (DESIGN §6: search is cheap, the write path is the limit). Bounded: binder_push waits while too much
 * is on its way.
 */
#ifndef BIND_H
#define BIND_H

#include "client/rest.h"
#include "queue.h"

/* A binding (node), a condition (message), the end of a nomination (clear), a deletion (victim) or a patch (path). Pods and nodes are
   references. */
struct bind_item {
	const struct sched_pod *pod;
	/* A binding: the Pod goes to this node. */
	const struct node_state *node;
	struct queued_pod *queued; /* in flight; handed back through `done` */
	struct cycle_state *state; /* for unreserve; NULL where nobody needs it */
	/* A condition: why the Pod does not fit, and where room is being made (or NULL). */
	char *message;
	const struct node_state *nominated;
	bool clear; /* room is made nowhere any more */
	/* A deletion: the Pod has to go for another. It is marked first. */
	const struct sched_pod *preemptor;
	bool marked;
	/* A merge patch of something else, for a Pod that waits for it. */
	char *path, *body;
};

void bind_item_release(struct bind_item *i); /* its contents */

struct binder;
/* r is on the daemon's loop. `done` runs there, once per binding and deletion; err->reason is REASON_NONE on success. */
struct binder *binder_new(struct rest *r,
			  void (*done)(void *arg, const struct bind_item *i, const struct err *err),
			  void *arg);
/* Any thread but the loop's. Takes what the item holds; may wait. */
void binder_push(struct binder *b, struct bind_item *i);
void binder_stop(struct binder *b); /* any thread: binder_push waits no longer, and drops what it gets */
void binder_free(struct binder *b); /* stopped, nobody pushes any more: drops what is queued or under way */

#endif
