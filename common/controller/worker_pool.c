/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads of a group of queues; see worker_pool.h.
 *
 * Everything is under the group's one lock: that a thread waits for work, that it leaves, and that a new one is
 * needed. So no key comes between a thread's last look and its end: it is either taken by that look or starts another
 * thread. A thread that leaves touches nothing of the pool after it is counted out.
 */
#include "controller/worker_pool.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "controller/workqueue_internal.h"

#define IDLE_NS (10 * NS_PER_S) /* a thread without work ends after this time */
#define AGAIN_NS (100 * NS_PER_MS)

struct worker_pool {
	struct workqueue_group g;
	const char *name;
	size_t max, n;
	bool coming;  /* a thread was started and has not looked yet: it will, and pass the turn on */
	bool refused; /* there was none to be had, and the timer is being set */
	struct loop *loop;
	struct loop_timer again;
	pthread_cond_t ended; /* a thread has */
	struct list queues;
};

/* A key to process, or NULL when this thread is to end. */
static char *next_key(struct worker_pool *p, struct workqueue **ret)
{
	int64_t idle = clock_mono_ns() + IDLE_NS;
	char *key;

	while (!p->g.stopped) {
		key = workqueue_group_take(&p->g, ret);
		if (key)
			return key;
		/* Somebody stays while there is a clock to watch. */
		if (!workqueue_group_wait(&p->g, idle) && (p->g.n_waiting || !heap_peek(&p->g.timers)))
			return workqueue_group_take(&p->g, ret);
		if (clock_mono_ns() >= idle)
			idle = clock_mono_ns() + IDLE_NS;
	}
	return NULL;
}

static void *thread_main(void *arg)
{
	struct worker_pool *p = arg;
	struct workqueue *q;
	char *key;

	pthread_mutex_lock(&p->g.lock);
	p->coming = false;
	while ((key = next_key(p, &q))) {
		workqueue_group_pass(&p->g);
		pthread_mutex_unlock(&p->g.lock);
		q->run(q->owner, key);
		workqueue_done(q, key);
		free(key);
		pthread_mutex_lock(&p->g.lock);
	}
	p->n--;
	workqueue_group_pass(&p->g);
	pthread_cond_broadcast(&p->ended);
	pthread_mutex_unlock(&p->g.lock);
	return NULL;
}

static void on_again(void *arg)
{
	struct worker_pool *p = arg;

	pthread_mutex_lock(&p->g.lock);
	p->refused = false;
	workqueue_group_pass(&p->g);
	pthread_mutex_unlock(&p->g.lock);
}

static void set_timer(void *arg)
{
	struct worker_pool *p = arg;

	loop_timer_set(p->loop, &p->again, loop_real_ns() + AGAIN_NS);
}

static void drop_timer(void *arg)
{
	struct worker_pool *p = arg;

	loop_timer_set(p->loop, &p->again, CLOCK_NEVER);
}

static void hungry(struct workqueue_group *g)
{
	struct worker_pool *p = CONTAINER_OF(g, struct worker_pool, g);
	pthread_t t;

	if (p->coming || p->n == p->max)
		return; /* who comes, or comes back, takes it */
	p->n++;
	p->coming = true;
	if (thread_try(&t, p->name, thread_main, p) == 0) {
		pthread_detach(t);
		return;
	}
	p->n--;
	p->coming = false;
	if (p->refused)
		return;
	p->refused = true;
	loop_post(p->loop, set_timer, p);
}

struct worker_pool *worker_pool_new(const char *name, size_t max_threads, struct loop *l)
{
	struct worker_pool *p = MEM_NEW(struct worker_pool);

	workqueue_group_init(&p->g);
	p->g.hungry = hungry;
	p->name = name;
	p->max = max_threads;
	p->loop = l;
	p->again = (struct loop_timer){.fn = on_again, .arg = p, .real = true};
	clock_cond_init(&p->ended);
	list_init(&p->queues);
	return p;
}

struct workqueue *worker_pool_queue(struct worker_pool *p, const char *name, size_t limit, worker_fn *run,
				    void *owner)
{
	struct workqueue *q = workqueue_new_in(&p->g, name);

	q->limit = limit;
	q->run = run;
	q->owner = owner;
	q->paused = true;
	list_push_back(&p->queues, &q->all);
	return q;
}

void worker_pool_resume(struct workqueue *q)
{
	pthread_mutex_lock(&q->g->lock);
	q->paused = false;
	workqueue_make_ready(q);
	pthread_mutex_unlock(&q->g->lock);
}

size_t worker_pool_threads(struct worker_pool *p)
{
	size_t n;

	pthread_mutex_lock(&p->g.lock);
	n = p->n;
	pthread_mutex_unlock(&p->g.lock);
	return n;
}

void worker_pool_stop(struct worker_pool *p)
{
	pthread_mutex_lock(&p->g.lock);
	p->g.stopped = true;
	pthread_cond_broadcast(&p->g.cond);
	pthread_mutex_unlock(&p->g.lock);
}

bool worker_pool_wait(struct worker_pool *p, int64_t deadline_ns)
{
	bool ended;

	pthread_mutex_lock(&p->g.lock);
	while (!(ended = p->n == 0) && clock_cond_wait(&p->ended, &p->g.lock, deadline_ns))
		;
	pthread_mutex_unlock(&p->g.lock);
	return ended;
}

void worker_pool_free(struct worker_pool *p)
{
	struct list *l;

	if (!p)
		return;
	loop_finish(p->loop, drop_timer, p);
	while ((l = list_pop_front(&p->queues)))
		workqueue_free(list_entry(l, struct workqueue, all));
	workqueue_group_release(&p->g);
	pthread_cond_destroy(&p->ended);
	free(p);
}
