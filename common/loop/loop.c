/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libuv's loop with one uv_async (somebody posted), one uv_timer (the earliest of our own heap, because
 * thousands of Pods each have a deadline) and two thread pools. Posts are a singly linked list under a mutex
 * that is taken whole: a burst of events costs one wake-up.
 */
#include "loop/loop.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <uv.h>

#include "base/list.h"
#include "base/thread.h"

struct post {
	struct post *next;
	loop_fn *fn;
	void *arg;
};

struct job {
	struct list link;
	struct loop *l;
	enum loop_lane lane;
	loop_fn *work, *done;
	void *arg;
};

struct lane {
	struct pool *pool;
	struct list waiting;
	size_t running, max;
};

struct loop {
	uv_loop_t uv;
	uv_async_t wake;
	uv_timer_t timer;
	struct heap timers;
	struct lane lanes[LANES];
	bool inline_jobs;

	pthread_mutex_t lock; /* guards the three below; nothing is called under it */
	struct post *head, **tail;
	bool stopped;
};

static const size_t lane_workers[LANES] = {[LANE_WORK] = 6, [LANE_PULL] = 2};
static const char *const lane_names[LANES] = {[LANE_WORK] = "work", [LANE_PULL] = "pull"};

static bool sooner(const struct heap_node *a, const struct heap_node *b)
{
	return CONTAINER_OF(a, struct loop_timer, node)->at_ns <
	       CONTAINER_OF(b, struct loop_timer, node)->at_ns;
}

/* ---- timers ---- */

static void on_timer(uv_timer_t *t);

static void arm(struct loop *l)
{
	struct heap_node *first = heap_peek(&l->timers);
	if (!first) {
		uv_timer_stop(&l->timer);
		return;
	}
	int64_t left = CONTAINER_OF(first, struct loop_timer, node)->at_ns - clock_mono_ns();
	/* Rounded up: a timer never fires before its time. */
	uint64_t ms = left > 0 ? (uint64_t)((left + NS_PER_MS - 1) / NS_PER_MS) : 0;
	uv_update_time(&l->uv);
	uv_timer_start(&l->timer, on_timer, ms, 0);
}

static void on_timer(uv_timer_t *t)
{
	struct loop *l = t->data;
	int64_t now = clock_mono_ns();
	struct heap_node *first;
	while ((first = heap_peek(&l->timers))) {
		struct loop_timer *lt = CONTAINER_OF(first, struct loop_timer, node);
		if (lt->at_ns > now)
			break;
		heap_pop(&l->timers);
		lt->fn(lt->arg);
	}
	arm(l);
}

void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_ns)
{
	bool queued = t->node.pos != 0;
	if (queued ? t->at_ns == at_ns : at_ns == CLOCK_NEVER)
		return;
	struct heap_node *first = heap_peek(&l->timers);
	if (queued)
		heap_remove(&l->timers, &t->node);
	t->at_ns = at_ns;
	if (at_ns != CLOCK_NEVER)
		heap_push(&l->timers, &t->node);
	if (first == &t->node || heap_peek(&l->timers) != first)
		arm(l);
}

/* ---- posts ---- */

static void run_posts(struct loop *l)
{
	pthread_mutex_lock(&l->lock);
	struct post *p = l->head;
	l->head = NULL;
	l->tail = &l->head;
	bool stopped = l->stopped;
	pthread_mutex_unlock(&l->lock);
	for (struct post *next; p; p = next) {
		next = p->next;
		p->fn(p->arg);
		free(p);
	}
	if (stopped)
		uv_stop(&l->uv);
}

static void on_wake(uv_async_t *a)
{
	run_posts(a->data);
}

static bool post(struct loop *l, loop_fn *fn, void *arg, bool waits)
{
	struct post *p = MEM_NEW(struct post);
	p->fn = fn;
	p->arg = arg;
	pthread_mutex_lock(&l->lock);
	bool ok = !l->stopped || !waits;
	if (ok) {
		*l->tail = p;
		l->tail = &p->next;
		uv_async_send(&l->wake);
	}
	pthread_mutex_unlock(&l->lock);
	if (!ok)
		free(p);
	return ok;
}

void loop_post(struct loop *l, loop_fn *fn, void *arg)
{
	(void)post(l, fn, arg, false);
}

struct call {
	loop_fn *fn;
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t over;
	bool done;
};

static void run_call(void *arg)
{
	struct call *c = arg;
	c->fn(c->arg);
	pthread_mutex_lock(&c->lock);
	c->done = true;
	pthread_cond_signal(&c->over);
	pthread_mutex_unlock(&c->lock);
}

bool loop_call(struct loop *l, loop_fn *fn, void *arg)
{
	struct call c = {.fn = fn, .arg = arg};
	pthread_mutex_init(&c.lock, NULL);
	pthread_cond_init(&c.over, NULL);
	/* What was accepted is run: loop_run takes the last posts after it was stopped. */
	bool ok = post(l, run_call, &c, true);
	if (ok) {
		pthread_mutex_lock(&c.lock);
		while (!c.done)
			pthread_cond_wait(&c.over, &c.lock);
		pthread_mutex_unlock(&c.lock);
	}
	pthread_cond_destroy(&c.over);
	pthread_mutex_destroy(&c.lock);
	return ok;
}

/* ---- jobs ---- */

static void job_done(void *arg);

static void job_work(void *arg)
{
	struct job *j = arg;
	j->work(j->arg);
	loop_post(j->l, job_done, j);
}

static void feed(struct loop *l, enum loop_lane lane)
{
	struct lane *q = &l->lanes[lane];
	while (q->running < q->max && !list_empty(&q->waiting)) {
		struct job *j = list_entry(list_pop_front(&q->waiting), struct job, link);
		q->running++;
		if (l->inline_jobs) {
			j->work(j->arg);
			loop_post(l, job_done, j);
		} else if (!pool_submit(q->pool, job_work, j)) {
			assert(!"the pool holds as many jobs as it has workers");
		}
	}
}

static void job_done(void *arg)
{
	struct job *j = arg;
	struct loop *l = j->l;
	enum loop_lane lane = j->lane;
	l->lanes[lane].running--;
	j->done(j->arg);
	free(j);
	feed(l, lane);
}

void loop_job(struct loop *l, enum loop_lane lane, loop_fn *work, loop_fn *done, void *arg)
{
	struct job *j = MEM_NEW(struct job);
	*j = (struct job){.l = l, .lane = lane, .work = work, .done = done, .arg = arg};
	list_init(&j->link);
	list_push_back(&l->lanes[lane].waiting, &j->link);
	feed(l, lane);
}

/* ---- life ---- */

struct loop *loop_new(bool inline_jobs)
{
	struct loop *l = MEM_NEW(struct loop);
	l->timers = (struct heap)HEAP_INIT(sooner);
	l->inline_jobs = inline_jobs;
	l->tail = &l->head;
	pthread_mutex_init(&l->lock, NULL);
	if (uv_loop_init(&l->uv) || uv_async_init(&l->uv, &l->wake, on_wake) ||
	    uv_timer_init(&l->uv, &l->timer))
		abort(); /* no descriptors left at start-up */
	l->wake.data = l->timer.data = l;
	for (size_t i = 0; i < LANES; i++) {
		list_init(&l->lanes[i].waiting);
		l->lanes[i].max = inline_jobs ? SIZE_MAX : lane_workers[i];
		if (!inline_jobs)
			l->lanes[i].pool = pool_new(lane_names[i], lane_workers[i], lane_workers[i]);
	}
	return l;
}

void loop_run(struct loop *l)
{
	uv_run(&l->uv, UV_RUN_DEFAULT);
	run_posts(l);
}

void loop_stop(struct loop *l)
{
	pthread_mutex_lock(&l->lock);
	l->stopped = true;
	uv_async_send(&l->wake);
	pthread_mutex_unlock(&l->lock);
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < LANES; i++) {
		pool_free(l->lanes[i].pool);
		for (struct list *n; (n = list_pop_front(&l->lanes[i].waiting));)
			free(list_entry(n, struct job, link));
	}
	for (struct post *p = l->head, *next; p; p = next) {
		next = p->next;
		free(p);
	}
	uv_close((uv_handle_t *)&l->wake, NULL);
	uv_close((uv_handle_t *)&l->timer, NULL);
	while (uv_run(&l->uv, UV_RUN_ONCE))
		; /* until both are closed; a stop that is pending ends the first round early */
	uv_loop_close(&l->uv);
	heap_release(&l->timers);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
