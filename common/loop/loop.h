/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop of every daemon (this room alone sees libuv), and the ways into it: interest in descriptors,
 * timers, ends of processes, closures posted from other threads, jobs that run on a pool and come back.
 *
 * Everything that is called back is called on the loop's thread, so what lives on a loop needs no locks; it
 * must not block. A loop runs on the thread that calls loop_run, on one of its own (loop_start), or by rounds
 * (loop_turn) for somebody who blocks until something has happened.
 *
 * Functions are for the loop's thread (or, while nobody runs the loop, for one thread at a time) unless they
 * say «any thread».
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <sys/types.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/heap.h"

struct loop;
typedef void loop_fn(void *arg);

/* ---- life ---- */

/*
 * A lane is a queue of jobs with threads of its own, so that slow jobs of one kind never hold up another
 * kind. Jobs start in order; how many wait is bounded by whoever asks for them. The threads start with the
 * lane's first job.
 */
struct loop_lane {
	const char *name; /* of its threads; static */
	size_t workers;
};
struct loop_config {
	const struct loop_lane *lanes; /* borrowed; a job names its lane by the place in this table */
	size_t n_lanes;
	bool inline_jobs; /* run jobs on the loop itself (a runtime that never blocks) */
};
/* c NULL: no lanes. NULL with errno when the kernel has no descriptors left. */
struct loop *loop_new(const struct loop_config *c);
void loop_run(struct loop *l);	/* this thread becomes the loop's; returns after loop_stop */
void loop_stop(struct loop *l); /* any thread; returns at once */
void loop_start(struct loop *l, const char *name); /* loop_run on a thread of that name; as thread_start */
/* The same as thread_try: an errno when there is no thread for it; may be tried again. */
int loop_try_start(struct loop *l, const char *name) MUST_CHECK;
void loop_join(struct loop *l); /* stops what loop_start began and waits for its end */
/* When nobody runs the loop any more, before what has asked for jobs is freed: until each of them has come back. Turns the
   loop meanwhile. */
void loop_settle(struct loop *l);
/* After loop_run, loop_join or without either. Nobody may post any more; no loop_io is left, and no job, which would not
   come back to whoever has its arg. NULL is fine. */
void loop_free(struct loop *l);
/* One round of a loop that nobody runs: waits until something happened or the deadline, and serves it. */
void loop_turn(struct loop *l, int64_t deadline_ns);
void loop_wake(struct loop *l); /* any thread: ends the running or next round, and looks at the timers */

/* ---- from other threads ---- */

/* Any thread: fn(arg) runs on the loop, after what was posted before. Once the loop has
   stopped it is kept, but not run any more. */
void loop_post(struct loop *l, loop_fn *fn, void *arg);
/* Any thread: as loop_post, and waits until fn has returned; on the loop's own thread fn runs at once. False,
   without a run, when the loop was told to stop. */
bool loop_call(struct loop *l, loop_fn *fn, void *arg); /* for tests */
/* For the end of something that lives on the loop: fn runs on the loop's thread while there is one, else
   here. Returns when fn has. */
void loop_finish(struct loop *l, loop_fn *fn, void *arg);
/*
 * Waiting for the loop. loop_signal (loop's thread) sets *flag; loop_wait (any other thread) returns true
 * when it is set, false at the deadline. When nobody runs the loop, the waiting thread turns it meanwhile.
 */
void loop_signal(struct loop *l, bool *flag);
bool loop_wait(struct loop *l, const bool *flag, int64_t deadline_ns);

/* ---- jobs ---- */

/* work(arg) on a thread of the lane, then done(arg) on the loop. What it returns is good until done is called. */
struct loop_job;
struct loop_job *loop_job(struct loop *l, size_t lane, loop_fn *work, loop_fn *done, void *arg);
/* One that has not begun does not begin any more; done is called in a later round. Else nothing. */
void loop_job_withdraw(struct loop_job *j);

/* ---- timers ---- */

struct loop_timer { /* zeroed, then fn and arg set; lives in its owner */
	struct heap_node node;
	int64_t at_ns; /* monotonic */
	loop_fn *fn;
	void *arg;
	bool real; /* at_ns is the kernel's clock (loop_real_ns), even while a test has frozen ours */
};
/* CLOCK_NEVER stops it. A timer that fires is stopped; fn may set it again. */
void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_ns);
int64_t loop_real_ns(void);

/* ---- descriptors ---- */

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HANGUP = 4 /* the peer will send no more */, LOOP_ERROR = 8 };
struct loop_io { /* zeroed, then fn and arg set; lives in its owner */
	struct loop *l;
	void *handle;
	unsigned events; /* of interest now */
	int fd;
	/* Level-triggered. With LOOP_ERROR the interest is over until the next loop_io_set; all that was of
	   interest is reported with it. */
	void (*fn)(void *arg, unsigned events);
	void *arg;
};
/* fd becomes non-blocking and stays the caller's. -1: the kernel cannot wait for it. */
int loop_io_start(struct loop *l, struct loop_io *io, int fd, unsigned events, struct err *err);
void loop_io_set(struct loop_io *io, unsigned events); /* 0: none for now */
void loop_io_stop(
	struct loop_io *io); /* before fd is closed; may be called from fn; no-op when not started */

/* ---- processes ---- */

struct loop_child { /* zeroed, then fn and arg set; lives in its owner */
	struct loop_io io;
	pid_t pid;
	/* Once, when the process has ended. status is waitpid's; -1 when it is not a child of ours, so that
	   its status is somebody else's to collect. May free the struct. */
	void (*fn)(void *arg, pid_t pid, int status);
	void *arg;
};
/* Waits for this one process and reaps no other. -1: there is no such process. */
int loop_child_start(struct loop *l, struct loop_child *c, pid_t pid, struct err *err); /* for tests */
void loop_child_stop(struct loop_child *c); /* for tests; no longer interested: whoever started it reaps it */

/* ---- counters ---- */

struct loop_stats {
	uint64_t turns, posts, jobs; /* rounds of the loop, closures run, jobs ended */
	size_t ios, waiting;	     /* now: descriptors watched; jobs not begun */
	size_t running;		     /* now: jobs begun, or withdrawn, whose done has not run */
};
void loop_stats(struct loop *l, struct loop_stats *ret); /* any thread */

#endif
