/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See waiting.h. A Pod stands in a heap by when its wait ends, so that thousands cost nothing while they wait, and goes over
 * into a list when it is decided.
 */
#include "waiting.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include "base/clock.h"

struct waiting {
	const struct framework *framework;
	pthread_mutex_t lock; /* guards below; taken last */
	struct heap undecided;
	struct list decided;
	struct map by_uid; /* the undecided: struct waiting_pod * */
};

static bool ends_before(const struct heap_node *a, const struct heap_node *b)
{
	return CONTAINER_OF(a, struct waiting_pod, node)->deadline_ns <
	       CONTAINER_OF(b, struct waiting_pod, node)->deadline_ns;
}

struct waiting *waiting_new(const struct framework *f)
{
	struct waiting *w = MEM_NEW(struct waiting);

	w->framework = f;
	w->undecided = (struct heap)HEAP_INIT(ends_before);
	list_init(&w->decided);
	pthread_mutex_init(&w->lock, NULL);
	return w;
}

static void pod_free(struct waiting_pod *p)
{
	bind_item_release(&p->item);
	free(p->why);
	free(p);
}

void waiting_free(struct waiting *w)
{
	struct heap_node *n;
	struct list *l;

	while ((n = heap_pop(&w->undecided)))
		pod_free(CONTAINER_OF(n, struct waiting_pod, node));
	while ((l = list_pop_front(&w->decided)))
		pod_free(list_entry(l, struct waiting_pod, link));
	heap_release(&w->undecided);
	map_release(&w->by_uid);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* Whose time ends first, of those that still have to say something. */
static void find_deadline(struct waiting_pod *p)
{
	p->deadline_ns = CLOCK_NEVER;
	for (size_t i = 0; i < PLUGINS_MAX; i++) {
		int64_t ends_ns = p->start_ns + p->permit.timeout_ns[i];

		if (!(p->pending >> i & 1) || ends_ns >= p->deadline_ns)
			continue;
		p->deadline_ns = ends_ns;
		p->first = i;
	}
}

void waiting_add(struct waiting *w, const struct bind_item *item, const struct permit *permit)
{
	struct waiting_pod *p = MEM_NEW(struct waiting_pod);

	p->item = *item;
	p->permit = *permit;
	p->pending = permit->waits;
	p->start_ns = clock_mono_ns();
	list_init(&p->link);
	find_deadline(p);
	pthread_mutex_lock(&w->lock);
	map_set(&w->by_uid, item->pod->base.meta.uid, p);
	heap_push(&w->undecided, &p->node);
	pthread_mutex_unlock(&w->lock);
}

void waiting_each(struct waiting *w,
		  void (*fn)(void *arg, const struct sched_pod *p, const struct node_state *n), void *arg)
{
	pthread_mutex_lock(&w->lock);
	for (struct map_iter it = {0}; map_next(&w->by_uid, &it);) {
		const struct waiting_pod *p = it.value;

		fn(arg, p->item.pod, p->item.node);
	}
	pthread_mutex_unlock(&w->lock);
}

/* Under the lock. */
static void decide(struct waiting *w, struct waiting_pod *p)
{
	map_del(&w->by_uid, p->item.pod->base.meta.uid);
	heap_remove(&w->undecided, &p->node);
	list_push_back(&w->decided, &p->link);
}

bool waiting_allow(struct waiting *w, const char *uid, size_t plugin)
{
	pthread_mutex_lock(&w->lock);
	struct waiting_pod *p = map_get(&w->by_uid, uid);

	if (p) {
		p->pending &= ~(1u << plugin);
		find_deadline(p);
		heap_update(&w->undecided, &p->node);
		if (!p->pending)
			decide(w, p);
	}
	pthread_mutex_unlock(&w->lock);
	return p != NULL;
}

static bool turn_down(struct waiting *w, const char *uid, unsigned plugins, const char *why)
{
	pthread_mutex_lock(&w->lock);
	struct waiting_pod *p = map_get(&w->by_uid, uid);

	if (p) {
		p->ended = true;
		p->rejected = plugins;
		p->why = why ? mem_strdup(why) : NULL;
		decide(w, p);
	}
	pthread_mutex_unlock(&w->lock);
	return p != NULL;
}

bool waiting_reject(struct waiting *w, const char *uid, size_t plugin, const char *why)
{
	return turn_down(w, uid, 1u << plugin, why);
}

void waiting_fail(struct waiting *w, const char *uid, const char *why)
{
	turn_down(w, uid, 0, why);
}

bool waiting_preempt(struct waiting *w, const char *uid)
{
	return turn_down(w, uid, 0, "preempted");
}

void waiting_drop(struct waiting *w, const char *uid)
{
	turn_down(w, uid, 0, NULL);
}

/* As Go prints durations, to the millisecond: 500ms, 2s, 1.5s, 10m0s. */
static void add_duration(struct buf *b, int64_t ns)
{
	int64_t ms = ns / NS_PER_MS, s = ms / 1000;

	if (s == 0) {
		buf_addf(b, "%" PRId64 "ms", ms);
		return;
	}
	if (s >= 3600)
		buf_addf(b, "%" PRId64 "h", s / 3600);
	if (s >= 60)
		buf_addf(b, "%" PRId64 "m", s / 60 % 60);
	buf_addf(b, "%" PRId64, s % 60);
	if (ms % 1000)
		buf_addf(b, ".%03" PRId64, ms % 1000);
	while (ms % 1000 && b->p[b->len - 1] == '0')
		buf_truncate(b, b->len - 1);
	buf_addc(b, 's');
}

/* Under the lock. */
static void expire(struct waiting *w, struct waiting_pod *p)
{
	autobuf struct buf waited = BUF_INIT;

	add_duration(&waited, p->permit.timeout_ns[p->first]);
	p->ended = true;
	p->rejected = 1u << p->first;
	p->why = mem_printf("rejected due to timeout after waiting %s at plugin %s", buf_str(&waited),
			    w->framework->plugins[p->first]->name);
	decide(w, p);
}

struct waiting_pod *waiting_take(struct waiting *w)
{
	struct waiting_pod *ret = NULL;

	pthread_mutex_lock(&w->lock);
	for (struct heap_node *n; (n = heap_peek(&w->undecided));) {
		struct waiting_pod *p = CONTAINER_OF(n, struct waiting_pod, node);

		if (p->deadline_ns > clock_mono_ns())
			break;
		expire(w, p);
	}
	struct list *l = list_pop_front(&w->decided);

	if (l)
		ret = list_entry(l, struct waiting_pod, link);
	pthread_mutex_unlock(&w->lock);
	return ret;
}

int64_t waiting_next_ns(struct waiting *w)
{
	int64_t ret = CLOCK_NEVER;

	pthread_mutex_lock(&w->lock);
	struct heap_node *n = heap_peek(&w->undecided);

	if (n)
		ret = CONTAINER_OF(n, struct waiting_pod, node)->deadline_ns;
	if (!list_empty(&w->decided))
		ret = 0;
	pthread_mutex_unlock(&w->lock);
	return ret;
}
