/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters, a queue, and somebody else's threads.
 *
 * Who waits is let in in order, so the head of the queue waits for its memory and what is behind it waits for the head:
 * many small ones cannot keep a large one out. What costs more than everything is let in alone.
 */
#include "rest/lane.h"

#include <assert.h>
#include <malloc.h>
#include <stdlib.h>
#include "base/mem.h"

#define LARGE (1 << 20) /* bytes: who leaves with so many has made holes in the heap */
#define TRIM (32 << 20) /* of these, in sum: worth giving back to the kernel */

struct lane {
	struct pool *pool;
	void (*begin)(struct exchange *x, struct lane *lane);
	size_t max, max_waiting, max_cost;
	pthread_mutex_t lock; /* guards all below; taken alone */
	size_t in_flight, n_waiting, cost;
	bool trimming; /* has a job for that in the pool */
	size_t left;   /* cost of the large ones that have left since memory was last given back */
	struct list waiting;
};

struct lane *lane_new(struct pool *pool, size_t in_flight, size_t waiting, size_t cost,
		      void (*begin)(struct exchange *x, struct lane *lane))
{
	struct lane *l = MEM_NEW(struct lane);

	l->pool = pool;
	l->begin = begin;
	l->max = in_flight;
	l->max_waiting = waiting;
	l->max_cost = cost;
	list_init(&l->waiting);
	pthread_mutex_init(&l->lock, NULL);
	return l;
}

void lane_free(struct lane *l)
{
	if (!l)
		return;
	assert(!l->in_flight);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

void lane_again(struct lane *l, pool_fn *fn, void *arg)
{
	bool ok = pool_submit(l->pool, fn, arg);

	assert(ok);
	(void)ok;
}

static void begin(void *arg)
{
	struct exchange *x = arg;
	struct lane *l = x->lane;

	l->begin(x, l);
}

static bool has_room(const struct lane *l, const struct exchange *x)
{
	return l->in_flight < l->max && (!l->in_flight || l->cost + x->cost <= l->max_cost);
}

static void let_in(struct lane *l, const struct exchange *x)
{
	l->in_flight++;
	l->cost += x->cost;
}

bool lane_enter(struct lane *l, struct exchange *x, bool here)
{
	bool go = false, wait = false;

	x->lane = l;
	pthread_mutex_lock(&l->lock);
	if (!l->n_waiting && has_room(l, x)) {
		let_in(l, x);
		go = true;
	} else if (l->n_waiting < l->max_waiting) {
		l->n_waiting++;
		list_push_back(&l->waiting, &x->link);
		wait = true;
	}
	pthread_mutex_unlock(&l->lock);
	if (go && here)
		l->begin(x, l);
	else if (go)
		lane_again(l, begin, x);
	return go || wait;
}

static void trim(void *arg)
{
	struct lane *l = arg;

	malloc_trim(0);
	pthread_mutex_lock(&l->lock);
	l->trimming = false;
	pthread_mutex_unlock(&l->lock);
}

/* Under the lock: the next one that may go on, or NULL. */
static struct exchange *next_in(struct lane *l)
{
	struct exchange *x = l->n_waiting ? list_entry(l->waiting.next, struct exchange, link) : NULL;

	if (!x || !has_room(l, x))
		return NULL;
	list_pop_front(&l->waiting);
	l->n_waiting--;
	let_in(l, x);
	return x;
}

/* As many come in as the one that leaves has made room for. */
void lane_leave(struct exchange *gone)
{
	struct lane *l = gone->lane;
	struct exchange *next;
	bool holes = false;

	pthread_mutex_lock(&l->lock);
	l->in_flight--;
	l->cost -= gone->cost;
	l->left += gone->cost >= LARGE ? gone->cost : 0;
	if (l->left >= TRIM && l->cost < LARGE && !l->trimming) {
		holes = l->trimming = true;
		l->left = 0;
	}
	while ((next = next_in(l))) {
		pthread_mutex_unlock(&l->lock);
		lane_again(l, begin, next);
		pthread_mutex_lock(&l->lock);
	}
	pthread_mutex_unlock(&l->lock);
	if (holes)
		(void)pool_submit(l->pool, trim, l); /* false only when all ends */
}
