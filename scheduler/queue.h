/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods waiting for a node, in three places as upstream (pkg/scheduler/backend/queue): activeQ (priority, then age),
 * backoffQ (failed lately: 1 s doubling to 10 s, or what the configuration says), unschedulable (until a plugin that turned them down takes an event for
 * helpful: queueing hints; after five minutes without one they are tried all the same). No timer runs while nothing waits.
 *
 * Everything here runs under the scheduler's lock. Pods are references held by the queue.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "base/heap.h"
#include "base/list.h"
#include "framework.h"

enum queue_place { QUEUE_ACTIVE, QUEUE_BACKOFF, QUEUE_UNSCHEDULABLE, QUEUE_IN_FLIGHT };

struct queued_pod {
	struct heap_node node; /* ACTIVE, BACKOFF */
	struct list link;      /* UNSCHEDULABLE, IN_FLIGHT */
	const struct sched_pod *pod;
	enum queue_place place;
	int attempts;
	unsigned rejected; /* plugins that turned it down last time; 0 = an error, retry after back-off */
	unsigned missed;   /* types of the events while it was in flight */
	int64_t added_ns;  /* first seen, monotonic */
	int64_t ready_ns;  /* BACKOFF: when it becomes active */
	int64_t parked_ns; /* UNSCHEDULABLE: since when */
	uint64_t n_added;  /* the queue's when it was taken */
	bool deleted;	   /* IN_FLIGHT: gone from the API meanwhile */
};

struct queue {
	const struct framework *framework; /* any profile: all have the same plugins */
	int64_t backoff_initial_ns, backoff_max_ns;
	struct heap active, backoff;
	struct list unschedulable, in_flight;
	size_t n_unschedulable, n_in_flight;
	size_t rejected_by[PLUGINS_MAX]; /* of the unschedulable: how many each plugin turned down */
	uint64_t n_added;  /* EVENT_POD_ADDED so far: too many to tell each of them to every Pod in flight */
	struct map by_uid; /* struct queued_pod * */
};

void queue_init(struct queue *q, const struct framework *f);
void queue_release(struct queue *q);
/* A waiting Pod was added or changed. */
void queue_set(struct queue *q, const struct sched_pod *pod);
/* An unschedulable Pod is tried again. */
void queue_activate(struct queue *q, const char *uid);
void queue_delete(struct queue *q, const char *uid);
bool queue_has(const struct queue *q, const char *uid); /* in flight, too */
/* Moves due Pods out of back-off and takes the next active one in flight; NULL when there is none now. */
struct queued_pod *queue_pop(struct queue *q);
/* When queue_pop is worth calling again without an event; CLOCK_NEVER when nothing waits. */
int64_t queue_next_ns(const struct queue *q);
/* The end of a flight: bound (or of no interest any more), or turned down by `rejected` (0: an error). Frees
 * p when done. */
void queue_done(struct queue *q, struct queued_pod *p);
void queue_retry(struct queue *q, struct queued_pod *p, unsigned rejected);
/* Something changed in the cluster: wakes the Pods it may help. */
void queue_event(struct queue *q, const struct cluster_event *e);

#endif
