/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads, a bounded worker pool, and the process-wide stop.
 *
 * All threads are made here: signals are blocked in them and their stacks are small (256 KiB). The pool's
 * size is its in-flight limit and its queue is bounded, so a caller learns at once that there is too much
 * work.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

/* Name is cut at 15 bytes. thread_try gives an errno when the kernel refuses, else 0; thread_start says so and
   ends the process with code 1, which is for threads that it cannot begin without. */
pthread_t thread_start(const char *name, void *(*fn)(void *), void *arg);
int thread_try(pthread_t *ret, const char *name, void *(*fn)(void *), void *arg) MUST_CHECK;

struct pool;
typedef void pool_fn(void *arg);
/* A worker is started when a job finds none idle, up to so many. name: static. */
struct pool *pool_new(const char *name, size_t workers, size_t queue_max);
/* False when the queue is full or closing, or when there is no worker and none can be started. */
bool pool_submit(struct pool *p, pool_fn *fn, void *arg);
size_t pool_queued(struct pool *p); /* for tests */
void pool_free(struct pool *p);	    /* runs what is queued, joins the workers */

/*
 * Process-wide stop. stop_install() (main thread, before any other thread) blocks SIGTERM, SIGINT and SIGHUP
 * and ignores SIGPIPE; stop_wait() returns when one of them arrives or stop_request() is called. stop_fd()
 * becomes readable then (poll it beside sockets); it is never drained. Any thread, except install and wait:
 * main.
 */
void stop_install(void);
void stop_wait(void);
void stop_request(void);
bool stop_requested(void);
int stop_fd(void);
/* Between fork and exec: gives the new program an empty signal mask and SIGPIPE back. Async-signal-safe. */
void stop_child_reset(void); /* for tests */

/* Starts this program anew in this process: same pid, arguments and log. For a daemon that lost its leader
   lease and must begin again from nothing without a supervisor. Returns only on failure. */
int stop_reexec(char **argv, struct err *err);

#endif
