/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work queue of string keys: FIFO + dirty set + processing set, with delays and per-key exponential back-off
 * (client-go util/workqueue: 5 ms * 2^n up to 1000 s).
 *
 * A key added while queued is queued once; added while being processed, it runs again after workqueue_done.
 * A queue is served by whoever calls workqueue_get, or, with others, by a pool of threads (worker_pool.h).
 * Any thread.
 */
#ifndef CONTROLLER_WORKQUEUE_H
#define CONTROLLER_WORKQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct workqueue;
struct workqueue *workqueue_new(const char *name); /* for tests; the name labels its metrics */
void workqueue_free(struct workqueue *q);
void workqueue_add(struct workqueue *q, const char *key);
void workqueue_add_after(struct workqueue *q, const char *key, int64_t delay_ns);
void workqueue_add_rate_limited(struct workqueue *q, const char *key); /* one more failure of this key */
void workqueue_forget(struct workqueue *q, const char *key);	       /* resets its back-off */
int workqueue_failures(struct workqueue *q, const char *key);
/* Waits for a key; NULL after shutdown. The caller frees it after workqueue_done(q, key). */
char *workqueue_get(struct workqueue *q);     /* for tests */
char *workqueue_try_get(struct workqueue *q); /* the same without waiting: NULL when none is due */
void workqueue_done(struct workqueue *q, const char *key);
void workqueue_shutdown(struct workqueue *q); /* for tests */
size_t workqueue_len(struct workqueue *q);    /* for tests */

#endif
