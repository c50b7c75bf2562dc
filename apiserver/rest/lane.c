/* SPDX-License-Identifier: Apache-2.0 */
/* A counter, a queue, and somebody else's threads. */
#include "rest/lane.h"

#include <assert.h>
#include <stdlib.h>
#include "base/mem.h"

struct lane {
	struct pool *pool;
	void (*begin)(struct exchange *x, struct lane *lane);
	size_t max, max_waiting;
	pthread_mutex_t lock; /* guards all below; taken alone */
	size_t in_flight, n_waiting;
	struct list waiting;
};

struct lane *lane_new(struct pool *pool, size_t in_flight, size_t waiting,
		      void (*begin)(struct exchange *x, struct lane *lane))
{
	struct lane *l = MEM_NEW(struct lane);

	l->pool = pool;
	l->begin = begin;
	l->max = in_flight;
	l->max_waiting = waiting;
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

bool lane_enter(struct lane *l, struct exchange *x, bool here)
{
	bool go = false, wait = false;

	x->lane = l;
	pthread_mutex_lock(&l->lock);
	if (l->in_flight < l->max) {
		l->in_flight++;
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

void lane_leave(struct lane *l)
{
	pthread_mutex_lock(&l->lock);
	struct list *next = list_pop_front(&l->waiting);
	if (next)
		l->n_waiting--;
	else
		l->in_flight--;
	pthread_mutex_unlock(&l->lock);
	if (next)
		lane_again(l, begin, list_entry(next, struct exchange, link));
}
