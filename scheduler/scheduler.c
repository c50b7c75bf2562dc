/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Glue; see scheduler.h.
 *
 * One lock guards snapshot and queue. Informer handlers take it to apply an event, the cycle thread takes it
 * for one Pod at a time (tens of microseconds), binder threads take it to report. No I/O happens under it. A
 * Pod that got a node is «assumed»: counted on the node before its binding is written; the bound Pod from the
 * watch replaces it, a failed bind takes it back.
 */
#include "scheduler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "bind.h"
#include "controller/event.h"
#include "serve/health.h"
#include "cycle.h"

#define COMPONENT "default-scheduler"

struct scheduler {
	pthread_mutex_t lock; /* guards snapshot, queue, stopping */
	pthread_cond_t wake;  /* queue changed */
	struct snapshot snapshot;
	struct queue queue;
	bool stopping, running;
	struct informer_set *informers;
	struct binder *binder;
	struct events *events;
	pthread_t thread;
};

static const double attempt_buckets[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
					 0.01,	 0.05,	  0.1,	  1,	 10,	 0};
static const struct metric_def attempts_def = {
	.name = "scheduler_schedule_attempts_total",
	.help = "Number of attempts to schedule pods, by the result.",
	.type = METRIC_COUNTER,
	.label_names = "profile,result",
};
static const struct metric_def duration_def = {
	.name = "scheduler_scheduling_attempt_duration_seconds",
	.help = "Scheduling attempt latency in seconds (scheduling algorithm).",
	.type = METRIC_HISTOGRAM,
	.label_names = "profile,result",
	.buckets = attempt_buckets,
};
static const struct metric_def sli_def = {
	.name = "scheduler_pod_scheduling_sli_duration_seconds",
	.help = "From a pod entering the queue to its binding being written.",
	.type = METRIC_HISTOGRAM,
	.buckets = attempt_buckets,
};

enum result { RESULT_SCHEDULED, RESULT_UNSCHEDULABLE, RESULT_ERROR };
static const char *const result_labels[] = {
	[RESULT_SCHEDULED] = COMPONENT "\x1fscheduled",
	[RESULT_UNSCHEDULABLE] = COMPONENT "\x1funschedulable",
	[RESULT_ERROR] = COMPONENT "\x1f"
				   "error",
};

static void count(enum result r, int64_t start_ns)
{
	metric_add(metric_series(metric_register(&attempts_def), result_labels[r]), 1);
	metric_observe(metric_series(metric_register(&duration_def), result_labels[r]),
		       (double)(clock_mono_ns() - start_ns) / NS_PER_S);
}

/* ---- what the informers say ---- */
static bool waits(const struct sched_pod *p)
{
	return p && !*p->node && !p->finished && !p->gated && p->base.meta.deleted_ns == 0 &&
	       strcmp(p->scheduler, COMPONENT) == 0;
}

static void on_pod(void *arg, const void *old_pod, const void *new_pod)
{
	struct scheduler *s = arg;
	const struct sched_pod *old = old_pod, *new = new_pod, *any = new ? new : old;
	const char *uid = any->base.meta.uid;
	pthread_mutex_lock(&s->lock);
	/* A Pod deleted and made again under one name arrives as one update. */
	if (old && new &&strcmp(old->base.meta.uid, uid) != 0) {
		queue_delete(&s->queue, old->base.meta.uid);
		snapshot_remove(&s->snapshot, old->base.meta.uid);
		queue_event(&s->queue, EVENT_POD_DELETED);
	}
	if (new &&*new->node && !new->finished) {
		queue_delete(&s->queue, uid);
		snapshot_place(&s->snapshot, new, new->node, false);
	} else if (!new || new->finished) {
		queue_delete(&s->queue, uid);
		snapshot_remove(&s->snapshot, uid);
		if (*any->node)
			queue_event(&s->queue, EVENT_POD_DELETED);
	} else if (!waits(new))
		queue_delete(&s->queue, uid);
	else if (!snapshot_assumed(&s->snapshot, uid))
		queue_set(&s->queue, new);
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

static bool same_taints(const struct sched_node *a, const struct sched_node *b)
{
	if (a->unschedulable != b->unschedulable || a->n_taints != b->n_taints)
		return false;
	for (size_t i = 0; i < a->n_taints; i++)
		if (strcmp(a->taints[i].key, b->taints[i].key) != 0 ||
		    strcmp(a->taints[i].value, b->taints[i].value) != 0 ||
		    strcmp(a->taints[i].effect, b->taints[i].effect) != 0)
			return false;
	return true;
}

static bool same_allocatable(const struct sched_node *a, const struct sched_node *b)
{
	const struct resources *x = &a->allocatable, *y = &b->allocatable;
	if (a->pods != b->pods || x->cpu_milli != y->cpu_milli || x->memory != y->memory ||
	    x->ephemeral != y->ephemeral || x->n_scalars != y->n_scalars)
		return false;
	for (size_t i = 0; i < x->n_scalars; i++)
		if (x->scalars[i].value != resources_scalar(y, x->scalars[i].name))
			return false;
	return true;
}

static unsigned node_events(const struct sched_node *old, const struct sched_node *new)
{
	if (!old)
		return EVENT_NODE_ADDED;
	return (same_taints(old, new) ? 0 : EVENT_NODE_TAINTS) |
	       (same_allocatable(old, new) ? 0 : EVENT_NODE_ALLOCATABLE) |
	       (labels_equal(old->base.meta.labels, new->base.meta.labels) ? 0 : EVENT_NODE_LABELS);
}

static void on_node(void *arg, const void *old_node, const void *new_node)
{
	struct scheduler *s = arg;
	const struct sched_node *old = old_node, *new = new_node;
	pthread_mutex_lock(&s->lock);
	snapshot_set_node(&s->snapshot, (new ? new : old)->base.meta.name, new);
	unsigned events = new ? node_events(old, new) : 0;
	if (events) {
		queue_event(&s->queue, events);
		pthread_cond_signal(&s->wake);
	}
	pthread_mutex_unlock(&s->lock);
}

/* ---- cycles ---- */
static void record(struct scheduler *s, const struct sched_pod *p, bool warning, const char *reason,
		   const char *text)
{
	const struct meta *m = &p->base.meta;
	struct event_ref ref = {.api_version = "v1",
				.kind = "Pod",
				.namespace = m->namespace,
				.name = m->name,
				.uid = m->uid,
				.rv = m->rv};
	events_record(s->events, COMPONENT, "", &ref, warning, reason, "%s", text);
}

static void on_bound(void *arg, const struct bind_item *i, const struct err *err)
{
	struct scheduler *s = arg;
	const struct meta *m = &i->pod->base.meta;
	if (err->reason == REASON_NONE) {
		char text[768];
		snprintf(text, sizeof(text), "Successfully assigned %s/%s to %s", m->namespace, m->name,
			 i->node);
		record(s, i->pod, false, "Scheduled", text);
		metric_observe(metric_series(metric_register(&sli_def), NULL),
			       (double)(clock_mono_ns() - i->queued->added_ns) / NS_PER_S);
	} else if (err->reason != REASON_NOT_FOUND)
		log_warn_err(err, "could not bind", "pod=%s/%s node=%s", m->namespace, m->name, i->node);
	pthread_mutex_lock(&s->lock);
	/* NotFound and Conflict: deleted or bound by somebody else; the watch tells, nothing to retry. */
	bool retry = err->reason != REASON_NONE && err->reason != REASON_NOT_FOUND &&
		     err->reason != REASON_CONFLICT;
	if (err->reason != REASON_NONE && snapshot_assumed(&s->snapshot, m->uid)) {
		snapshot_remove(&s->snapshot, m->uid);
		queue_event(&s->queue, EVENT_POD_DELETED);
	}
	if (retry)
		queue_retry(&s->queue, i->queued, 0);
	else
		queue_done(&s->queue, i->queued);
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	if (retry)
		count(RESULT_ERROR, clock_mono_ns());
}

/* Under the lock: decides about one Pod and says what is to be written. False: nothing is. */
static bool schedule_one(struct scheduler *s, struct cycle *c, struct queued_pod *q, struct bind_item *ret)
{
	int64_t start = clock_mono_ns();
	const struct sched_pod *p = q->pod;
	struct reasons why = {0};
	const struct node_state *node = cycle_run(c, &s->snapshot, p, &why);
	*ret = (struct bind_item){.queued = q, .pod = informer_ref(p)};
	if (node) {
		ret->node = mem_strdup(node->name);
		snapshot_place(&s->snapshot, p, node->name, true);
		count(RESULT_SCHEDULED, start);
		reasons_release(&why);
		return true;
	}
	autobuf struct buf message = BUF_INIT;
	cycle_message(&message, &s->snapshot, &why);
	/* No nodes at all: whatever node comes is worth a try. */
	queue_retry(&s->queue, q, s->snapshot.n_nodes ? why.plugins : ~0u);
	reasons_release(&why);
	count(RESULT_UNSCHEDULABLE, start);
	ret->message = buf_take(&message, NULL);
	record(s, p, true, "FailedScheduling", ret->message);
	if (p->unschedulable && strcmp(p->unschedulable, ret->message) == 0) {
		informer_unref(p);
		free(ret->message);
		return false;
	}
	return true;
}

static void *cycle_thread(void *arg)
{
	struct scheduler *s = arg;
	struct cycle c;
	cycle_init(&c);
	pthread_mutex_lock(&s->lock);
	while (!s->stopping) {
		struct queued_pod *q = queue_pop(&s->queue);
		if (!q) {
			clock_cond_wait(&s->wake, &s->lock, queue_next_ns(&s->queue));
			continue;
		}
		struct bind_item item;
		bool write = schedule_one(s, &c, q, &item);
		pthread_mutex_unlock(&s->lock);
		if (write)
			binder_push(s->binder, &item);
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	cycle_release(&c);
	return NULL;
}

static double pending_gauge(void *arg)
{
	struct scheduler *s = arg;
	pthread_mutex_lock(&s->lock);
	size_t n = map_len(&s->queue.by_uid);
	pthread_mutex_unlock(&s->lock);
	return (double)n;
}

static const struct metric_def pending_def = {
	.name = "scheduler_pending_pods",
	.help = "Number of pods waiting for a node, in all queues.",
	.type = METRIC_GAUGE,
};

struct scheduler *scheduler_new(struct rest *r)
{
	struct scheduler *s = MEM_NEW(struct scheduler);
	pthread_mutex_init(&s->lock, NULL);
	clock_cond_init(&s->wake);
	snapshot_init(&s->snapshot);
	queue_init(&s->queue);
	s->events = events_new(r);
	s->binder = binder_new(rest_get_config(r), on_bound, s);
	metric_gauge_fn(&pending_def, pending_gauge, s);
	s->informers = informer_set_new(r);
	informer_add(s->informers, &sched_node_type, NULL, on_node, s);
	informer_add(s->informers, &sched_pod_type,
		     "fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed", on_pod, s);
	informer_set_start(s->informers);
	return s;
}

bool scheduler_synced(struct scheduler *s)
{
	return informer_set_synced(s->informers, 0);
}

void scheduler_run(struct scheduler *s)
{
	while (!informer_set_synced(s->informers, clock_mono_ns() + NS_PER_S))
		if (stop_requested())
			return;
	s->running = true;
	s->thread = thread_start("cycle", cycle_thread, s);
}

void scheduler_free(struct scheduler *s)
{
	informer_set_stop(s->informers);
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
	binder_free(s->binder);
	if (s->running)
		pthread_join(s->thread, NULL);
	queue_release(&s->queue);
	snapshot_release(&s->snapshot);
	informer_set_free(s->informers);
	events_free(s->events);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
