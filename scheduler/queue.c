/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduling queue; see queue.h.
 *
 * An event that comes while a Pod is being tried is remembered in the Pod: if it could have helped, the Pod
 * goes to back-off instead of waiting for an event that was already there.
 */
#include "queue.h"

#include <string.h>
#include "base/clock.h"

#define BACKOFF_INITIAL_NS NS_PER_S
#define BACKOFF_MAX_NS (10 * NS_PER_S)
#define PARKED_MAX_NS (5 * 60 * NS_PER_S)

static bool active_less(const struct heap_node *a, const struct heap_node *b)
{
	const struct queued_pod *x = CONTAINER_OF(a, struct queued_pod, node),
				*y = CONTAINER_OF(b, struct queued_pod, node);
	if (x->pod->priority != y->pod->priority)
		return x->pod->priority > y->pod->priority;
	return x->added_ns < y->added_ns;
}

static bool backoff_less(const struct heap_node *a, const struct heap_node *b)
{
	return CONTAINER_OF(a, struct queued_pod, node)->ready_ns <
	       CONTAINER_OF(b, struct queued_pod, node)->ready_ns;
}

void queue_init(struct queue *q, const struct framework *f)
{
	*q = (struct queue){.framework = f,
			    .backoff_initial_ns = BACKOFF_INITIAL_NS,
			    .backoff_max_ns = BACKOFF_MAX_NS,
			    .active = HEAP_INIT(active_less),
			    .backoff = HEAP_INIT(backoff_less)};
	list_init(&q->unschedulable);
	list_init(&q->in_flight);
}

static void queued_free(struct queued_pod *p)
{
	informer_unref(p->pod);
	free(p);
}

void queue_release(struct queue *q)
{
	heap_release(&q->active);
	heap_release(&q->backoff);
	for (struct map_iter it = {0}; map_next(&q->by_uid, &it);)
		queued_free(it.value);
	map_release(&q->by_uid);
}

static void count_rejected(struct queue *q, unsigned rejected, size_t delta)
{
	for (size_t i = 0; i < q->framework->n; i++)
		if (rejected >> i & 1)
			q->rejected_by[i] += delta;
}

/* Out of its place; the caller puts it into the next one. */
static void unplace(struct queue *q, struct queued_pod *p)
{
	switch (p->place) {
	case QUEUE_ACTIVE:
		heap_remove(&q->active, &p->node);
		break;
	case QUEUE_BACKOFF:
		heap_remove(&q->backoff, &p->node);
		break;
	case QUEUE_UNSCHEDULABLE:
		list_del(&p->link);
		q->n_unschedulable--;
		count_rejected(q, p->rejected, (size_t)-1);
		break;
	case QUEUE_IN_FLIGHT:
		list_del(&p->link);
		q->n_in_flight--;
		break;
	}
}

static void place(struct queue *q, struct queued_pod *p, enum queue_place where)
{
	p->place = where;
	switch (where) {
	case QUEUE_ACTIVE:
		heap_push(&q->active, &p->node);
		break;
	case QUEUE_BACKOFF:
		heap_push(&q->backoff, &p->node);
		break;
	case QUEUE_UNSCHEDULABLE:
		list_push_back(&q->unschedulable, &p->link);
		q->n_unschedulable++;
		p->parked_ns = clock_mono_ns();
		count_rejected(q, p->rejected, 1);
		break;
	case QUEUE_IN_FLIGHT:
		list_push_back(&q->in_flight, &p->link);
		q->n_in_flight++;
		break;
	}
}

static void make_ready(struct queue *q, struct queued_pod *p)
{
	unplace(q, p);
	place(q, p, p->ready_ns > clock_mono_ns() ? QUEUE_BACKOFF : QUEUE_ACTIVE);
}

/* The place that a Pod had to give back is no news to itself. */
static bool its_own(const struct queued_pod *p, const struct cluster_event *e)
{
	return (e->types & EVENT_POD_DELETED) && !strcmp(p->pod->base.meta.uid, e->pod->base.meta.uid);
}

static void tell(struct queue *q, struct queued_pod *p, const struct cluster_event *e)
{
	if (its_own(p, e))
		return;
	if (p->place == QUEUE_IN_FLIGHT)
		p->missed |= e->types;
	else if (p->place == QUEUE_UNSCHEDULABLE && framework_helps(q->framework, p->rejected, p->pod, e))
		make_ready(q, p);
}

/* Status writes of our own (the PodScheduled condition) come back as updates: only what scheduling reads
 * counts. */
static bool same_wish(const struct sched_pod *a, const struct sched_pod *b)
{
	return a->base.meta.generation == b->base.meta.generation &&
	       labels_equal(a->base.meta.labels, b->base.meta.labels) &&
	       a->demand.n_tolerations == b->demand.n_tolerations &&
	       resources_equal(&a->demand.requests, &b->demand.requests);
}

bool queue_has(const struct queue *q, const char *uid)
{
	return map_get(&q->by_uid, uid);
}

void queue_set(struct queue *q, const struct sched_pod *pod)
{
	struct queued_pod *p = map_get(&q->by_uid, pod->base.meta.uid);
	if (!p) {
		p = MEM_NEW(struct queued_pod);
		p->pod = informer_ref(pod);
		p->added_ns = clock_mono_ns();
		list_init(&p->link);
		map_set(&q->by_uid, pod->base.meta.uid, p);
		place(q, p, QUEUE_ACTIVE);
		return;
	}
	const struct sched_pod *old = p->pod;
	p->pod = informer_ref(pod);
	p->deleted = false; /* it is back */
	if (p->place == QUEUE_ACTIVE)
		heap_update(&q->active, &p->node);
	if (!same_wish(old, pod))
		tell(q, p, &(struct cluster_event){.types = EVENT_POD_UPDATED, .pod = pod});
	informer_unref(old);
}

static void queue_remove(struct queue *q, struct queued_pod *p)
{
	unplace(q, p);
	map_del(&q->by_uid, p->pod->base.meta.uid);
	queued_free(p);
}

void queue_activate(struct queue *q, const char *uid)
{
	struct queued_pod *p = map_get(&q->by_uid, uid);
	if (p && p->place == QUEUE_UNSCHEDULABLE)
		make_ready(q, p);
}

void queue_delete(struct queue *q, const char *uid)
{
	struct queued_pod *p = map_get(&q->by_uid, uid);
	if (!p)
		return;
	if (p->place == QUEUE_IN_FLIGHT)
		p->deleted = true; /* its flight still holds it */
	else
		queue_remove(q, p);
}

/* The one that has been unschedulable longest; NULL when there is none. */
static struct queued_pod *longest_parked(const struct queue *q)
{
	return q->n_unschedulable ? list_entry(q->unschedulable.next, struct queued_pod, link) : NULL;
}

struct queued_pod *queue_pop(struct queue *q)
{
	int64_t now = clock_mono_ns();
	struct heap_node *n;
	for (struct queued_pod *p; (p = longest_parked(q)) && p->parked_ns + PARKED_MAX_NS <= now;)
		make_ready(q, p);
	while ((n = heap_peek(&q->backoff))) {
		struct queued_pod *p = CONTAINER_OF(n, struct queued_pod, node);
		if (p->ready_ns > now)
			break;
		unplace(q, p);
		place(q, p, QUEUE_ACTIVE);
	}
	n = heap_peek(&q->active);
	if (!n)
		return NULL;
	struct queued_pod *p = CONTAINER_OF(n, struct queued_pod, node);
	unplace(q, p);
	place(q, p, QUEUE_IN_FLIGHT);
	p->attempts++;
	p->missed = 0;
	p->n_added = q->n_added;
	return p;
}

int64_t queue_next_ns(const struct queue *q)
{
	if (heap_peek(&q->active))
		return 0;
	const struct heap_node *n = heap_peek(&q->backoff);
	const struct queued_pod *parked = longest_parked(q);
	int64_t flush = parked ? parked->parked_ns + PARKED_MAX_NS : CLOCK_NEVER,
		ready = n ? CONTAINER_OF(n, struct queued_pod, node)->ready_ns : CLOCK_NEVER;
	return ready < flush ? ready : flush;
}

void queue_done(struct queue *q, struct queued_pod *p)
{
	queue_remove(q, p);
}

void queue_retry(struct queue *q, struct queued_pod *p, unsigned rejected)
{
	if (p->deleted) {
		queue_remove(q, p);
		return;
	}
	int64_t delay = q->backoff_initial_ns;
	for (int i = 1; i < p->attempts && delay < q->backoff_max_ns; i++)
		delay *= 2;
	p->ready_ns = clock_mono_ns() + (delay < q->backoff_max_ns ? delay : q->backoff_max_ns);
	unplace(q, p);
	p->rejected = rejected;
	if (q->n_added != p->n_added)
		p->missed |= EVENT_POD_ADDED;
	bool wait = rejected && !framework_listens(q->framework, rejected, p->missed);
	place(q, p, wait ? QUEUE_UNSCHEDULABLE : QUEUE_BACKOFF);
}

/* Does anybody wait whom it could help? Of thousands that wait for room none needs to hear of Pods that come. */
static bool concerns(const struct queue *q, unsigned types)
{
	unsigned listeners = framework_listeners(q->framework, types);
	for (size_t i = 0; i < q->framework->n; i++)
		if (listeners >> i & 1 && q->rejected_by[i])
			return true;
	return false;
}

void queue_event(struct queue *q, const struct cluster_event *e)
{
	if (concerns(q, e->types))
		list_for_each_safe (l, &q->unschedulable)
			tell(q, list_entry(l, struct queued_pod, link), e);
	if (e->types == EVENT_POD_ADDED) {
		q->n_added++;
		return;
	}
	list_for_each (l, &q->in_flight)
		tell(q, list_entry(l, struct queued_pod, link), e);
}
