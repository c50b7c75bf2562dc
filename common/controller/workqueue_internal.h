/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between workqueue.c (keys: what is due, what is being processed) and worker_pool.c (threads: who takes it).
 *
 * Queues that the same threads serve form a group under one lock, with one heap of delays and one list of the queues
 * that have something to take. A queue of its own is a group of one.
 */
#ifndef CONTROLLER_WORKQUEUE_INTERNAL_H
#define CONTROLLER_WORKQUEUE_INTERNAL_H

#include <pthread.h>

#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "controller/workqueue.h"
#include "serve/metric.h"

struct workqueue_group {
	pthread_mutex_t lock; /* guards all of the group and its queues; inside it only a loop's posts */
	pthread_cond_t cond;
	struct heap timers; /* items that wait */
	struct list ready;  /* queues with a key that may be taken now */
	bool stopped;
	bool timekeeper; /* one of those that wait watches the clock */
	size_t n_waiting;
	/* There is something to do, or a clock to watch, and nobody waits for it. Under the lock; may be NULL. */
	void (*hungry)(struct workqueue_group *g);
};

struct workqueue {
	struct workqueue_group *g;
	bool own_group;
	void (*run)(void *owner, const char *key); /* the pool's user's, with owner */
	void *owner;
	size_t limit, n_active; /* keys being processed at once; 0 = no limit */
	bool paused;		/* keys gather, none is taken */
	struct list ready;	/* in g->ready */
	struct list all;	/* in the pool's list */
	struct map items;
	struct list fifo;
	size_t n_queued;
	struct metric_series *depth, *adds, *retries, *queue_time, *work_time;
};

void workqueue_group_init(struct workqueue_group *g);
void workqueue_group_release(struct workqueue_group *g); /* its queues are freed */
struct workqueue *workqueue_new_in(struct workqueue_group *g, const char *name);

/* ---- with the lock held ---- */

/* The next key of any queue, now being processed; NULL when none is due. */
char *workqueue_group_take(struct workqueue_group *g, struct workqueue **ret);
/* Waits for a change until then (monotonic). False when that passed. */
bool workqueue_group_wait(struct workqueue_group *g, int64_t deadline_ns);
/* Passes the turn on, if there is more to do or the clock to watch. Before whoever leaves with or without a key. */
void workqueue_group_pass(struct workqueue_group *g);
/* Puts the queue where it may be taken from, if it may. */
void workqueue_make_ready(struct workqueue *q);

#endif
