/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane bounds how much of one sort is under way at once, whatever it is waiting for: what is in the lane has
 * the right to a worker, what is not waits in order, and beyond that is told to come again. Lanes may share a
 * pool. Any thread.
 */
#ifndef REST_LANE_H
#define REST_LANE_H

#include "base/thread.h"
#include "request/service.h"

struct lane;
/* The pool's queue must hold the in-flight limits of all its lanes: everything in a lane has at most one job; and one more
   for each lane, which gives memory back. */
/* `cost`: how much x->cost may be under way at once; what is larger is so alone. */
struct lane *lane_new(struct pool *pool, size_t in_flight, size_t waiting, size_t cost,
		      void (*begin)(struct exchange *x, struct lane *lane));
void lane_free(struct lane *l); /* when it is empty; NULL is fine */
/* `begin` will run on a worker, or with `here`, when there is room at once, has run on this thread; whoever ends
   x calls lane_leave. False: too many wait already. */
bool lane_enter(struct lane *l, struct exchange *x, bool here);
/* For what is in the lane: fn on a worker. */
void lane_again(struct lane *l, pool_fn *fn, void *arg);
void lane_leave(struct exchange *x);

#endif
