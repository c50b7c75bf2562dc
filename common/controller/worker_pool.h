/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that serve several work queues together.
 *
 * A thread is started when there is a key to take and nobody waits for one, and ends when it has had nothing to do for
 * a while; so thirty controllers that sleep cost no thread but the one that watches the clock for delayed keys. Queues
 * take turns, and none holds more threads than its limit, so one that is slow or flooded starves no other.
 * Any thread, but worker_pool_free.
 */
#ifndef CONTROLLER_WORKER_POOL_H
#define CONTROLLER_WORKER_POOL_H

#include "controller/workqueue.h"
#include "loop/loop.h"

struct worker_pool;
/* Processes one key of a queue; the pool calls workqueue_done afterwards. owner is the queue's. */
typedef void worker_fn(void *owner, const char *key);
/* The loop's timer tries again when the kernel gives not one thread; it is there until worker_pool_free. */
struct worker_pool *worker_pool_new(const char *name, size_t max_threads, struct loop *l);
/* A queue of the pool, which frees it. At most `limit` of its keys are processed at once. It gathers keys; none is
   processed before worker_pool_resume. */
struct workqueue *worker_pool_queue(struct worker_pool *p, const char *name, size_t limit, worker_fn *run,
				    void *owner);
void worker_pool_resume(struct workqueue *q);
size_t worker_pool_threads(struct worker_pool *p); /* for tests; how many there are now */
/* No further key is begun. */
void worker_pool_stop(struct worker_pool *p);
/* Waits until no thread is left, as there will be after a stop, or when all have been idle; false when the time passes
   first. */
bool worker_pool_wait(struct worker_pool *p, int64_t deadline_ns);
void worker_pool_free(struct worker_pool *p); /* stopped, and no thread is left */

#endif
