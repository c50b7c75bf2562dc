/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One item per key that is queued, processed, waiting or remembered for its failures; one map finds it. An
 *item is
 *
 *	dirty		must be looked at: in the FIFO, or (while processing) put there by workqueue_done
 *	processing	some worker has it
 *	waiting		in the heap until its time
 *
 * and goes away when it is none of these and has no failures to remember. So a key is never processed by two
 *workers at once, and never lost.
 *
 * All waiting is on one condition variable. Of the idle workers one at a time watches the heap's clock; the
 *others sleep until signalled. Whoever leaves with work passes the turn on, so a due timer wakes one thread,
 *not all.
 */
#include "controller/workqueue.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "serve/metric.h"

/* client-go util/workqueue DefaultTypedControllerRateLimiter's per-item half. */
#define BACKOFF_BASE_NS (5 * NS_PER_MS)
#define BACKOFF_MAX_NS (1000 * NS_PER_S)

struct item {
	char *key;
	struct list fifo;
	struct heap_node timer;
	int64_t ready_ns; /* while waiting */
	int64_t since_ns; /* queued since; from workqueue_get on: processing since */
	int failures;
	bool dirty, processing;
};

struct workqueue {
	pthread_mutex_t lock; /* guards all below; taken alone */
	pthread_cond_t cond;
	struct map items;
	struct list fifo;
	size_t n_queued;
	struct heap timers;
	bool timekeeper; /* some worker waits for the heap's first */
	bool stopped;
	struct metric_series *depth, *adds, *retries, *queue_time, *work_time;
};

static bool timer_less(const struct heap_node *a, const struct heap_node *b)
{
	return CONTAINER_OF(a, struct item, timer)->ready_ns < CONTAINER_OF(b, struct item, timer)->ready_ns;
}

static const double time_buckets[] = {1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 0};

static const struct metric_def metric_depth = {"workqueue_depth", "Current depth of workqueue", METRIC_GAUGE,
					       "name", NULL};
static const struct metric_def metric_adds = {
	"workqueue_adds_total", "Total number of adds handled by workqueue", METRIC_COUNTER, "name", NULL};
static const struct metric_def metric_retries = {"workqueue_retries_total",
						 "Total number of retries handled by workqueue",
						 METRIC_COUNTER, "name", NULL};
static const struct metric_def metric_queue_time = {
	"workqueue_queue_duration_seconds",
	"How long in seconds an item stays in workqueue before being requested.", METRIC_HISTOGRAM, "name",
	time_buckets};
static const struct metric_def metric_work_time = {
	"workqueue_work_duration_seconds", "How long in seconds processing an item from workqueue takes.",
	METRIC_HISTOGRAM, "name", time_buckets};

struct workqueue *workqueue_new(const char *name)
{
	struct workqueue *q = MEM_NEW(struct workqueue);

	pthread_mutex_init(&q->lock, NULL);
	clock_cond_init(&q->cond);
	list_init(&q->fifo);
	q->timers = (struct heap)HEAP_INIT(timer_less);
	q->depth = metric_series(metric_register(&metric_depth), name);
	q->adds = metric_series(metric_register(&metric_adds), name);
	q->retries = metric_series(metric_register(&metric_retries), name);
	q->queue_time = metric_series(metric_register(&metric_queue_time), name);
	q->work_time = metric_series(metric_register(&metric_work_time), name);
	return q;
}

static struct item *item_get(struct workqueue *q, const char *key)
{
	struct item *i = map_get(&q->items, key);

	if (!i) {
		i = MEM_NEW(struct item);
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
	if (!q)
		return;
	for (struct map_iter it = {0}; map_next(&q->items, &it);)
		item_free(it.value);
	map_release(&q->items);
	heap_release(&q->timers);
	metric_add(q->depth, -(double)q->n_queued);
	pthread_cond_destroy(&q->cond);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static void enqueue(struct workqueue *q, struct item *i)
{
	list_push_back(&q->fifo, &i->fifo);
	i->since_ns = clock_mono_ns();
	q->n_queued++;
	metric_add(q->depth, 1);
	pthread_cond_signal(&q->cond);
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
	pthread_mutex_lock(&q->lock);
	if (!q->stopped)
		add_locked(q, item_get(q, key));
	pthread_mutex_unlock(&q->lock);
}

/* A key that waits already keeps the earlier of the two times. */
static void wait_locked(struct workqueue *q, struct item *i, int64_t ready_ns)
{
	if (i->timer.pos && i->ready_ns <= ready_ns)
		return;
	heap_remove(&q->timers, &i->timer);
	i->ready_ns = ready_ns;
	heap_push(&q->timers, &i->timer);
	if (heap_peek(&q->timers) == &i->timer)
		pthread_cond_broadcast(&q->cond); /* the timekeeper, whoever it is, has the wrong time */
}

void workqueue_add_after(struct workqueue *q, const char *key, int64_t delay_ns)
{
	pthread_mutex_lock(&q->lock);
	if (!q->stopped) {
		struct item *i = item_get(q, key);

		if (delay_ns <= 0)
			add_locked(q, i);
		else
			wait_locked(q, i, clock_mono_ns() + delay_ns);
	}
	pthread_mutex_unlock(&q->lock);
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
	pthread_mutex_lock(&q->lock);
	if (!q->stopped) {
		struct item *i = item_get(q, key);

		metric_add(q->retries, 1);
		wait_locked(q, i, clock_mono_ns() + backoff(i->failures++));
	}
	pthread_mutex_unlock(&q->lock);
}

void workqueue_forget(struct workqueue *q, const char *key)
{
	struct item *i;

	pthread_mutex_lock(&q->lock);
	i = map_get(&q->items, key);
	if (i) {
		i->failures = 0;
		item_drop_if_unused(q, i);
	}
	pthread_mutex_unlock(&q->lock);
}

int workqueue_failures(struct workqueue *q, const char *key)
{
	const struct item *i;
	int n;

	pthread_mutex_lock(&q->lock);
	i = map_get(&q->items, key);
	n = i ? i->failures : 0;
	pthread_mutex_unlock(&q->lock);
	return n;
}

static void take_due(struct workqueue *q)
{
	int64_t now = heap_peek(&q->timers) ? clock_mono_ns() : 0;
	struct heap_node *n;

	while ((n = heap_peek(&q->timers)) && CONTAINER_OF(n, struct item, timer)->ready_ns <= now) {
		heap_pop(&q->timers);
		add_locked(q, CONTAINER_OF(n, struct item, timer));
	}
}

static void wait_for_work(struct workqueue *q)
{
	struct heap_node *n = heap_peek(&q->timers);

	if (!n || q->timekeeper) {
		clock_cond_wait(&q->cond, &q->lock, CLOCK_NEVER);
		return;
	}
	q->timekeeper = true;
	clock_cond_wait(&q->cond, &q->lock, CONTAINER_OF(n, struct item, timer)->ready_ns);
	q->timekeeper = false;
}

/* The first key in line, now being processed; NULL when none is due. */
static char *take_locked(struct workqueue *q)
{
	struct item *i;
	struct list *l;
	int64_t now;

	take_due(q);
	l = list_pop_front(&q->fifo);
	if (!l)
		return NULL;
	i = list_entry(l, struct item, fifo);
	now = clock_mono_ns();
	metric_observe(q->queue_time, (double)(now - i->since_ns) / NS_PER_S);
	metric_add(q->depth, -1);
	q->n_queued--;
	i->dirty = false;
	i->processing = true;
	i->since_ns = now;
	return mem_strdup(i->key);
}

char *workqueue_try_get(struct workqueue *q)
{
	char *key;

	pthread_mutex_lock(&q->lock);
	key = q->stopped ? NULL : take_locked(q);
	pthread_mutex_unlock(&q->lock);
	return key;
}

char *workqueue_get(struct workqueue *q)
{
	char *key = NULL;

	pthread_mutex_lock(&q->lock);
	while (!q->stopped && !(key = take_locked(q)))
		wait_for_work(q);
	/* Pass on the turn: more work, or the clock to watch. */
	if (!list_empty(&q->fifo) || (heap_peek(&q->timers) && !q->timekeeper))
		pthread_cond_signal(&q->cond);
	pthread_mutex_unlock(&q->lock);
	return key;
}

void workqueue_done(struct workqueue *q, const char *key)
{
	struct item *i;

	pthread_mutex_lock(&q->lock);
	i = map_get(&q->items, key);
	if (i && i->processing) {
		metric_observe(q->work_time, (double)(clock_mono_ns() - i->since_ns) / NS_PER_S);
		i->processing = false;
		if (i->dirty)
			enqueue(q, i);
		else
			item_drop_if_unused(q, i);
	}
	pthread_mutex_unlock(&q->lock);
}

void workqueue_shutdown(struct workqueue *q)
{
	pthread_mutex_lock(&q->lock);
	q->stopped = true;
	pthread_cond_broadcast(&q->cond);
	pthread_mutex_unlock(&q->lock);
}

size_t workqueue_len(struct workqueue *q)
{
	size_t n;

	pthread_mutex_lock(&q->lock);
	n = q->n_queued;
	pthread_mutex_unlock(&q->lock);
	return n;
}
