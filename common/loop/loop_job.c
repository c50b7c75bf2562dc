/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lanes. A job waits in the loop's own queue until its lane has a free thread, so the pool behind it never
 * holds more than it has workers, and a job that waits costs no lock. A pool is made with its lane's first
 * job: a daemon that never pulls an image has no threads for it.
 */
#include "loop/loop_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/thread.h"

#define HUNGRY_NS (100 * NS_PER_MS)

struct loop_job {
	struct list link;
	struct loop *l;
	size_t lane;
	loop_fn *work, *done;
	void *arg;
};

static void ended(void *arg);

static void work(void *arg)
{
	struct loop_job *j = arg;
	j->work(j->arg);
	loop_post(j->l, ended, j);
}

/* The pool holds as many jobs as it has workers, so it refuses only when the kernel gives it not one thread. */
static bool hand_over(struct loop *l, size_t lane, struct loop_job *j)
{
	struct loop_queue *q = &l->queues[lane];
	const struct loop_lane *t = &l->config.lanes[lane];
	if (l->config.inline_jobs) {
		work(j);
		return true;
	}
	if (!q->pool)
		q->pool = pool_new(t->name, t->workers, t->workers);
	return pool_submit(q->pool, work, j);
}

static bool begin(struct loop *l, size_t lane, struct loop_job *j)
{
	l->queues[lane].running++;
	atomic_fetch_add(&l->at_work, 1);
	atomic_fetch_sub(&l->waiting, 1);
	if (hand_over(l, lane, j))
		return true;
	l->queues[lane].running--;
	atomic_fetch_sub(&l->at_work, 1);
	atomic_fetch_add(&l->waiting, 1);
	list_push_front(&l->queues[lane].waiting, &j->link);
	loop_timer_set(l, &l->hungry, loop_real_ns() + HUNGRY_NS);
	return false;
}

static void feed(struct loop *l, size_t lane)
{
	struct loop_queue *q = &l->queues[lane];
	while (!list_empty(&q->waiting) &&
	       (l->config.inline_jobs || q->running < l->config.lanes[lane].workers))
		if (!begin(l, lane, list_entry(list_pop_front(&q->waiting), struct loop_job, link)))
			return;
}

static void on_hungry(void *arg)
{
	struct loop *l = arg;
	for (size_t i = 0; i < l->config.n_lanes; i++)
		feed(l, i);
}

static void ended(void *arg)
{
	struct loop_job *j = arg;
	struct loop *l = j->l;
	size_t lane = j->lane;
	l->queues[lane].running--;
	atomic_fetch_sub(&l->at_work, 1);
	atomic_fetch_add_explicit(&l->jobs, 1, memory_order_relaxed);
	j->done(j->arg);
	free(j);
	feed(l, lane);
}

struct loop_job *loop_job(struct loop *l, size_t lane, loop_fn *fn, loop_fn *done, void *arg)
{
	assert(lane < l->config.n_lanes);
	struct loop_job *j = MEM_NEW(struct loop_job);
	*j = (struct loop_job){.l = l, .lane = lane, .work = fn, .done = done, .arg = arg};
	list_init(&j->link);
	list_push_back(&l->queues[lane].waiting, &j->link);
	atomic_fetch_add(&l->waiting, 1);
	feed(l, lane);
	return j;
}

static void withdrawn(void *arg)
{
	struct loop_job *j = arg;
	atomic_fetch_sub(&j->l->at_work, 1);
	j->done(j->arg);
	free(j);
}

void loop_job_withdraw(struct loop_job *j)
{
	if (list_empty(&j->link))
		return;
	list_del(&j->link);
	atomic_fetch_add(&j->l->at_work, 1);
	atomic_fetch_sub(&j->l->waiting, 1);
	loop_post(j->l, withdrawn, j);
}

void loop_jobs_init(struct loop *l)
{
	size_t n = l->config.n_lanes;
	l->queues = n ? mem_array(n, sizeof(*l->queues)) : NULL;
	l->hungry = (struct loop_timer){.fn = on_hungry, .arg = l, .real = true};
	for (size_t i = 0; i < n; i++)
		list_init(&l->queues[i].waiting);
}

void loop_settle(struct loop *l)
{
	while (atomic_load(&l->waiting) || atomic_load(&l->at_work))
		loop_turn(l, CLOCK_NEVER);
}

void loop_jobs_release(struct loop *l)
{
	assert(!atomic_load(&l->waiting) && !atomic_load(&l->at_work)); /* else a job was left */
	for (size_t i = 0; i < l->config.n_lanes; i++)
		pool_free(l->queues[i].pool);
	free(l->queues);
}
