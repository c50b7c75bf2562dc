/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way out: bindings and `PodScheduled=False` conditions, written by threads that keep many requests in
 * flight (DESIGN §6: search is cheap, the write path is the limit). Bounded: bind_push waits while too much
 * is on its way.
 */
#ifndef BIND_H
#define BIND_H

#include "client/rest.h"
#include "queue.h"

struct bind_item {
	struct queued_pod *queued;   /* in flight; handed back through `done` (binds only) */
	const struct sched_pod *pod; /* a reference */
	char *node;		     /* bind to it; NULL: report `message` as why it does not fit */
	char *message;
};

struct binder;
/* `done` runs on a binder thread, once per bind; err->reason is REASON_NONE on success. */
struct binder *binder_new(const struct rest_config *c,
			  void (*done)(void *arg, const struct bind_item *i, const struct err *err),
			  void *arg);
void binder_push(struct binder *b, struct bind_item *i); /* takes the strings and the reference; may wait */
void binder_free(struct binder *b);			 /* drops what is queued, joins */

#endif
