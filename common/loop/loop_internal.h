/* SPDX-License-Identifier: Apache-2.0 */
/* Between the loop's own parts: life, posts and timers (loop.c), descriptors (loop_io.c), jobs (loop_job.c).
 */
#ifndef LOOP_LOOP_INTERNAL_H
#define LOOP_LOOP_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/list.h"
#include "loop/loop.h"

struct loop_post {
	struct loop_post *next;
	loop_fn *fn;
	void *arg;
};

struct loop_queue { /* a lane at work */
	struct pool *pool;
	struct list waiting;
	size_t running;
};

struct loop {
	uv_loop_t uv;
	uv_async_t wake;
	uv_timer_t timer;
	uv_check_t check;
	struct heap timers[2]; /* [1]: on the kernel's clock */
	struct loop_config config;
	struct loop_queue *queues; /* config.n_lanes */
	struct loop_timer hungry;  /* a lane with jobs has no thread at all: tries again */
	pthread_t thread;	   /* of loop_start */
	bool turning;		   /* in loop_turn */
	bool firing;		   /* in run_timers */
	_Atomic uint64_t turns, posts, jobs;
	atomic_size_t ios, waiting, at_work;

	pthread_mutex_t lock; /* guards what follows; nothing is called under it */
	pthread_cond_t signalled;
	struct loop_post *head, **tail;
	bool stopped; /* loop_stop was called */
	bool running; /* a thread is in loop_run, or about to be */
};

void loop_jobs_init(struct loop *l);
void loop_jobs_release(struct loop *l);

#endif
