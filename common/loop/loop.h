/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one event loop that owns the agent's state (the only file that sees libuv), and the ways into it:
 * closures posted from other threads, jobs that run on a pool and come back, timers.
 *
 * Everything that is called back is called on the loop's thread, so state needs no locks. Two lanes of jobs:
 * LANE_WORK for what takes milliseconds (mounts, containers), LANE_PULL for what may take minutes (image
 * pulls), so that the second never holds up the first. Jobs wait in the loop's own queue, in order; how many
 * there can be is bounded by the Pods that ask for them.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include "base/clock.h"
#include "base/heap.h"

struct loop;
typedef void loop_fn(void *arg);

/* inline_jobs: run jobs on the loop itself (a runtime that never blocks). */
struct loop *loop_new(bool inline_jobs);
void loop_run(struct loop *l);	/* this thread becomes the loop's; returns after loop_stop */
void loop_stop(struct loop *l); /* any thread */
void loop_free(struct loop *l); /* after loop_run, for tests: nobody may post any more */

/* Any thread: fn(arg) runs on the loop, after what was posted before. Once the loop has
   stopped it is kept, but not run any more. */
void loop_post(struct loop *l, loop_fn *fn, void *arg);
/* Any other thread: as loop_post, and waits until fn has returned. False when the loop has stopped. */
bool loop_call(struct loop *l, loop_fn *fn, void *arg);

enum loop_lane { LANE_WORK, LANE_PULL, LANES };
/* Loop thread: work(arg) on a pool thread, then done(arg) on the loop. */
void loop_job(struct loop *l, enum loop_lane lane, loop_fn *work, loop_fn *done, void *arg);

struct loop_timer { /* zeroed, then fn and arg set; lives in its owner */
	struct heap_node node;
	int64_t at_ns; /* monotonic */
	loop_fn *fn;
	void *arg;
};
/* CLOCK_NEVER stops it. A timer that fires is stopped; fn may set it again. */
void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_ns);

#endif
