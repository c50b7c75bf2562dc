/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time, which tests can move.
 *
 * Everything that waits, backs off or stamps reads time here. Durations and monotonic instants are int64_t
 * nanoseconds (name them _ns); wall time is nanoseconds since 1970 UTC. clock_fake() freezes both clocks of
 * this process; clock_advance() moves them and wakes every clock_cond_wait(). Any thread.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)
#define CLOCK_NEVER INT64_MAX

int64_t clock_mono_ns(void);
int64_t clock_wall_ns(void);

/* A condition variable whose timed waits use clock_mono_ns. */
void clock_cond_init(pthread_cond_t *c);
/* Waits until signalled or until `deadline_ns` (monotonic; CLOCK_NEVER = no limit). May wake early, as
   condition variables do. Returns false once the deadline has passed. */
bool clock_cond_wait(pthread_cond_t *c, pthread_mutex_t *m, int64_t deadline_ns);

/* What poll(), epoll_wait() or a timer of the real world has to be given in order to sleep until `deadline_ns`
   (monotonic): milliseconds, rounded up so that nobody wakes early; -1 for CLOCK_NEVER, at most an hour. */
int clock_poll_ms(int64_t deadline_ns);

/* Tests only. The caller holds no mutex that a clock_cond_wait() uses. A wait that began under the real clock
   keeps the real deadline, so fake the clock before the threads under test start. */
void clock_fake(int64_t wall_ns);
void clock_advance(int64_t ns);
void clock_real(void);
/* Tests only: both clocks run `factor` times as fast as the real ones, for what sleeps by clock_cond_wait() or
   clock_poll_ms(): for waits that others take part in. clock_fake() is exact where every waiter is ours. Each goes on
   from where the one before it stood. Until clock_real(). */
void clock_hasten(int factor);
/* Tests only: the other way, for what only has to succeed, however busy the machine is. Deadlines are far, and what
   tries again still does, which under a clock that stands still nobody would. */
void clock_slow(int factor);
size_t clock_waiting(void); /* how many threads wait on the fake clock now */

#endif
