/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The controller shape: one const struct per controller; the run loop here owns queue, retry, back-off,
 * events sink and metrics, the file owns `sync(key)`.
 *
 * sync looks at the whole present state and takes the next step; a missing object is success. Returning -1
 * retries with back-off (logged once, here; REASON_CONFLICT silently at --v<4), but for
 * REASON_ENDING, which is success. `requeue_after_ns` >= 0 asks for
 * another run after that time.
 */
#ifndef CONTROLLER_CONTROLLER_H
#define CONTROLLER_CONTROLLER_H

#include "controller/event.h"
#include "controller/informer.h"
#include "client/rest.h"
#include "controller/workqueue.h"

struct controller_ctx {
	struct rest *rest;	     /* this worker's alone until sync returns */
	struct events *events;	     /* shared recorder */
	struct workqueue *queue;     /* shared */
	struct informer **informers; /* in the order of the controller's watches */
	struct informer_set *set;    /* they are in: for late ones */
	void *state;		     /* what init returned; shared between workers */
	const char *component;	     /* of the controller */
	int64_t requeue_after_ns;    /* out; -1 at entry */
};

struct controller_watch {
	const struct informer_type *type;
	const char *query; /* may be NULL */
	/* Which keys an event concerns: enqueues them on q. old or new may be NULL. `state` as in ctx. */
	void (*enqueue)(struct workqueue *q, void *state, struct informer **informers, const void *old,
			const void *new);
};
#define CONTROLLER_MAX_WATCHES 12

struct controller {
	const char *name;					 /* "replicaset": queue, metrics, log */
	struct controller_watch watches[CONTROLLER_MAX_WATCHES]; /* ends at type NULL */
	const char *
		component; /* what its events are from: "replicaset-controller"; may be NULL without events */
	const char *account; /* the ServiceAccount of kube-system that it is, when each is one; may be NULL */
	int workers;	     /* keys that are looked at at once, of the threads that all controllers share */
	/* Optional: of every informer that any controller has or comes to have, what concerns this one. Its queue is served
	   when those of its own watches have listed. `listed`: one of them has. */
	void (*any)(struct workqueue *q, void *state, const void *old, const void *new);
	void (*listed)(struct workqueue *q, void *state);
	int (*sync)(struct controller_ctx *ctx, const char *key, struct err *err);
	void *(*init)(struct informer **informers, struct workqueue *q); /* optional */
	void (*destroy)(void *state);					 /* optional */
};

/* Ready-made enqueue functions: the object itself; its controller owner of `kind`. */
void controller_enqueue_self(struct workqueue *q, void *state, struct informer **informers, const void *old,
			     const void *new);
void controller_enqueue_owner(struct workqueue *q, const char *kind, const void *old, const void *new);

struct controller_set;
/* Makes the informers (shared between controllers) and queues. Table of pointers ends with NULL. */
struct controller_set *controller_set_new(const struct controller *const *table, struct rest *r,
					  const char *component);
/* Before the start: controllers with an account speak as it, not as the daemon; informers and events stay the daemon's. */
void controller_set_use_accounts(struct controller_set *s);
/* Starts informers; a controller's keys are taken from when its own informers have listed. Does not
   wait. Call once elected. */
void controller_set_start(struct controller_set *s);
/* For a readiness check: every informer has listed; also true before the start, of a standby. */
bool controller_set_synced(struct controller_set *s);
struct informer_set *
controller_set_informers(struct controller_set *s); /* to add further informers before start */
void controller_set_free(struct controller_set *s); /* stops everything, joins */

#endif
