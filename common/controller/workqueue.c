/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One item per key that is queued, processed, waiting or remembered for its failures; one map finds it.
 * An item is
 *
 *	dirty		must be looked at: in the FIFO, or (while processing) put there by workqueue_done
 *	processing	some worker has it
 *	waiting		in the heap until its time
 *
 * and goes away when it is none of these and has no failures to remember. So a key is never processed by two
 * workers at once, and never lost.
 *
 * All waiting of a group is on one condition variable. Of the idle threads one at a time watches the heap's clock;
 * the others sleep until signalled. Whoever leaves passes the turn on, so a due timer wakes one thread, not all.
 */
#include "controller/workqueue_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

/* client-go util/workqueue DefaultTypedControllerRateLimiter's per-item half. */
#define BACKOFF_BASE_NS (5 * NS_PER_MS)
#define BACKOFF_MAX_NS (1000 * NS_PER_S)

struct item {
	struct workqueue *q;
	char *key;
	struct list fifo;
	struct heap_node timer;
	int64_t ready_ns; /* while waiting */
	int64_t since_ns; /* queued since; once taken: processing since */
	int failures;
	bool dirty, processing;
};

static bool timer_less(const struct heap_node *a, const struct heap_node *b)
{
	return CONTAINER_OF(a, struct item, timer)->ready_ns < CONTAINER_OF(b, struct item, timer)->ready_ns;
}

static const double time_buckets[] = {1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 0};

static const struct metric_def metric_depth = {"workqueue_depth", "[ALPHA] Current depth of workqueue",
					       METRIC_GAUGE, "name", NULL};
static const struct metric_def metric_adds = {"workqueue_adds_total",
					      "[ALPHA] Total number of adds handled by workqueue",
					      METRIC_COUNTER, "name", NULL};
static const struct metric_def metric_retries = {"workqueue_retries_total",
						 "[ALPHA] Total number of retries handled by workqueue",
						 METRIC_COUNTER, "name", NULL};
static const struct metric_def metric_queue_time = {
	"workqueue_queue_duration_seconds",
	"[ALPHA] How long in seconds an item stays in workqueue before being requested.", METRIC_HISTOGRAM,
	"name", time_buckets};
static const struct metric_def metric_work_time = {
	"workqueue_work_duration_seconds",
	"[ALPHA] How long in seconds processing an item from workqueue takes.", METRIC_HISTOGRAM, "name",
	time_buckets};

/* ---- groups and queues ---- */

void workqueue_group_init(struct workqueue_group *g)
{
	*g = (struct workqueue_group){.timers = HEAP_INIT(timer_less)};
	pthread_mutex_init(&g->lock, NULL);
	clock_cond_init(&g->cond);
	list_init(&g->ready);
}

void workqueue_group_release(struct workqueue_group *g)
{
	heap_release(&g->timers);
	pthread_cond_destroy(&g->cond);
	pthread_mutex_destroy(&g->lock);
}

struct workqueue *workqueue_new_in(struct workqueue_group *g, const char *name)
{
	struct workqueue *q = MEM_NEW(struct workqueue);

	q->g = g;
	list_init(&q->ready);
	list_init(&q->all);
	list_init(&q->fifo);
	q->depth = metric_series(metric_register(&metric_depth), name);
	q->adds = metric_series(metric_register(&metric_adds), name);
	q->retries = metric_series(metric_register(&metric_retries), name);
	q->queue_time = metric_series(metric_register(&metric_queue_time), name);
	q->work_time = metric_series(metric_register(&metric_work_time), name);
	return q;
}

struct workqueue *workqueue_new(const char *name)
{
	struct workqueue_group *g = MEM_NEW(struct workqueue_group);
	struct workqueue *q;

	workqueue_group_init(g);
	q = workqueue_new_in(g, name);
	q->own_group = true;
	return q;
}

static struct item *item_get(struct workqueue *q, const char *key)
{
	struct item *i = map_get(&q->items, key);

	if (!i) {
		i = MEM_NEW(struct item);
		i->q = q;
		i->key = mem_strdup(key);
		list_init(&i->fifo);
		map_set(&q->items, key, i);
	}
	return i;
}

static void item_free(struct item *i)
{
	free(i->key);
	free(i);
}

static void item_drop_if_unused(struct workqueue *q, struct item *i)
{
	if (i->dirty || i->processing || i->timer.pos || i->failures)
		return;
	map_del(&q->items, i->key);
	item_free(i);
}

void workqueue_free(struct workqueue *q)
{
	struct workqueue_group *g;

	if (!q)
		return;
	g = q->g;
	pthread_mutex_lock(&g->lock);
	list_del(&q->ready);
	for (struct map_iter it = {0}; map_next(&q->items, &it);) {
		heap_remove(&g->timers, &((struct item *)it.value)->timer);
		item_free(it.value);
	}
	pthread_mutex_unlock(&g->lock);
	map_release(&q->items);
	metric_add(q->depth, -(double)q->n_queued);
	if (q->own_group) {
		workqueue_group_release(g);
		free(g);
	}
	free(q);
}

/* ---- adding ---- */

static void wake(struct workqueue_group *g)
{
	if (g->n_waiting)
		pthread_cond_signal(&g->cond);
	else if (g->hungry && !g->stopped)
		g->hungry(g);
}

void workqueue_make_ready(struct workqueue *q)
{
	if (q->paused || list_empty(&q->fifo) || !list_empty(&q->ready) ||
	    (q->limit && q->n_active >= q->limit))
		return;
	list_push_back(&q->g->ready, &q->ready);
	wake(q->g);
}

static void enqueue(struct workqueue *q, struct item *i)
{
	list_push_back(&q->fifo, &i->fifo);
	i->since_ns = clock_mono_ns();
	q->n_queued++;
	metric_add(q->depth, 1);
	workqueue_make_ready(q);
}

static void add_locked(struct workqueue *q, struct item *i)
{
	if (i->dirty)
		return;
	i->dirty = true;
	metric_add(q->adds, 1);
	if (!i->processing)
		enqueue(q, i);
}

void workqueue_add(struct workqueue *q, const char *key)
{
	pthread_mutex_lock(&q->g->lock);
	if (!q->g->stopped)
		add_locked(q, item_get(q, key));
	pthread_mutex_unlock(&q->g->lock);
}

/* A key that waits already keeps the earlier of the two times. */
static void wait_locked(struct workqueue *q, struct item *i, int64_t ready_ns)
{
	struct workqueue_group *g = q->g;

	if (i->timer.pos && i->ready_ns <= ready_ns)
		return;
	heap_remove(&g->timers, &i->timer);
	i->ready_ns = ready_ns;
	heap_push(&g->timers, &i->timer);
	if (heap_peek(&g->timers) != &i->timer)
		return;
	if (g->timekeeper)
		pthread_cond_broadcast(&g->cond); /* whoever it is, has the wrong time */
	else
		wake(g);
}

void workqueue_add_after(struct workqueue *q, const char *key, int64_t delay_ns)
{
	pthread_mutex_lock(&q->g->lock);
	if (!q->g->stopped) {
		struct item *i = item_get(q, key);

		if (delay_ns <= 0)
			add_locked(q, i);
		else
			wait_locked(q, i, clock_mono_ns() + delay_ns);
	}
	pthread_mutex_unlock(&q->g->lock);
}

static int64_t backoff(int failures)
{
	int64_t d = BACKOFF_BASE_NS;

	while (failures-- > 0 && d < BACKOFF_MAX_NS)
		d *= 2;
	return d < BACKOFF_MAX_NS ? d : BACKOFF_MAX_NS;
}

void workqueue_add_rate_limited(struct workqueue *q, const char *key)
{
	pthread_mutex_lock(&q->g->lock);
	if (!q->g->stopped) {
		struct item *i = item_get(q, key);

		metric_add(q->retries, 1);
		wait_locked(q, i, clock_mono_ns() + backoff(i->failures++));
	}
	pthread_mutex_unlock(&q->g->lock);
}

void workqueue_forget(struct workqueue *q, const char *key)
{
	struct item *i;

	pthread_mutex_lock(&q->g->lock);
	i = map_get(&q->items, key);
	if (i) {
		i->failures = 0;
		item_drop_if_unused(q, i);
	}
	pthread_mutex_unlock(&q->g->lock);
}

int workqueue_failures(struct workqueue *q, const char *key)
{
	const struct item *i;
	int n;

	pthread_mutex_lock(&q->g->lock);
	i = map_get(&q->items, key);
	n = i ? i->failures : 0;
	pthread_mutex_unlock(&q->g->lock);
	return n;
}

/* ---- taking; with the lock held ---- */

static void take_due(struct workqueue_group *g)
{
	int64_t now = heap_peek(&g->timers) ? clock_mono_ns() : 0;
	struct heap_node *n;

	while ((n = heap_peek(&g->timers)) && CONTAINER_OF(n, struct item, timer)->ready_ns <= now) {
		struct item *i = CONTAINER_OF(n, struct item, timer);

		heap_pop(&g->timers);
		add_locked(i->q, i);
	}
}

static char *take_first(struct workqueue *q)
{
	struct item *i = list_entry(list_pop_front(&q->fifo), struct item, fifo);
	int64_t now = clock_mono_ns();

	metric_observe(q->queue_time, (double)(now - i->since_ns) / NS_PER_S);
	metric_add(q->depth, -1);
	q->n_queued--;
	q->n_active++;
	i->dirty = false;
	i->processing = true;
	i->since_ns = now;
	return mem_strdup(i->key);
}

/* Queues take turns: one that has more goes to the end of the line. */
char *workqueue_group_take(struct workqueue_group *g, struct workqueue **ret)
{
	struct list *l;
	char *key;

	take_due(g);
	l = list_pop_front(&g->ready);
	if (!l)
		return NULL;
	*ret = list_entry(l, struct workqueue, ready);
	key = take_first(*ret);
	workqueue_make_ready(*ret);
	return key;
}

bool workqueue_group_wait(struct workqueue_group *g, int64_t deadline_ns)
{
	struct heap_node *n = heap_peek(&g->timers);
	int64_t until = deadline_ns;
	bool keeper = n && !g->timekeeper, in_time;

	if (keeper) {
		g->timekeeper = true;
		if (CONTAINER_OF(n, struct item, timer)->ready_ns < until)
			until = CONTAINER_OF(n, struct item, timer)->ready_ns;
	}
	g->n_waiting++;
	in_time = clock_cond_wait(&g->cond, &g->lock, until);
	g->n_waiting--;
	if (keeper)
		g->timekeeper = false;
	return in_time || until != deadline_ns;
}

void workqueue_group_pass(struct workqueue_group *g)
{
	if (!list_empty(&g->ready) || (heap_peek(&g->timers) && !g->timekeeper))
		wake(g);
}

char *workqueue_try_get(struct workqueue *q)
{
	char *key = NULL;

	pthread_mutex_lock(&q->g->lock);
	take_due(q->g);
	if (!q->g->stopped && !list_empty(&q->fifo)) {
		list_del(&q->ready);
		key = take_first(q);
		workqueue_make_ready(q);
	}
	pthread_mutex_unlock(&q->g->lock);
	return key;
}

char *workqueue_get(struct workqueue *q)
{
	char *key = NULL;

	pthread_mutex_lock(&q->g->lock);
	while (!q->g->stopped && !(key = workqueue_group_take(q->g, &q)))
		workqueue_group_wait(q->g, CLOCK_NEVER);
	workqueue_group_pass(q->g);
	pthread_mutex_unlock(&q->g->lock);
	return key;
}

void workqueue_done(struct workqueue *q, const char *key)
{
	struct item *i;

	pthread_mutex_lock(&q->g->lock);
	i = map_get(&q->items, key);
	if (i && i->processing) {
		metric_observe(q->work_time, (double)(clock_mono_ns() - i->since_ns) / NS_PER_S);
		i->processing = false;
		q->n_active--;
		if (i->dirty)
			enqueue(q, i);
		else
			item_drop_if_unused(q, i);
		workqueue_make_ready(q);
	}
	pthread_mutex_unlock(&q->g->lock);
}

void workqueue_shutdown(struct workqueue *q)
{
	pthread_mutex_lock(&q->g->lock);
	q->g->stopped = true;
	pthread_cond_broadcast(&q->g->cond);
	pthread_mutex_unlock(&q->g->lock);
}

size_t workqueue_len(struct workqueue *q)
{
	size_t n;

	pthread_mutex_lock(&q->g->lock);
	n = q->n_queued;
	pthread_mutex_unlock(&q->g->lock);
	return n;
}
