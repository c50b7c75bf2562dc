/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Glue; see scheduler.h.
 *
 * One lock guards cache and queue. Informer handlers take it on the loop to apply an event, the cycle thread to take the
 * next Pod with what has changed since the last (cache_update_snapshot) and to note the decision, the binder's replies to
 * report. The search itself runs on the snapshot, outside of it, and no I/O happens under it. A Pod that got a node is
 * «assumed»: counted on the node before its binding is written; the bound Pod from the watch replaces it, a failed bind
 * takes it back. One that plugins make wait (waiting.h) is assumed meanwhile; the cycle's thread ends its wait.
 */
#include "scheduler.h"

#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "bind.h"
#include "controller/event.h"
#include "serve/health.h"
#include "cache.h"
#include "config/config.h"
#include "cycle.h"
#include "lookup.h"
#include "recheck.h"
#include "waiting.h"
#include "why.h"

#define BURST 1000 /* Pods after which the heap is worth trimming */
#define THREAD_RETRY_MS 100
#define QUIET_NS (NS_PER_S / 4)

struct scheduler {
	const struct sched_config *config;
	const struct framework *framework; /* the first profile: for what is the same in all */
	struct why *why;
	pthread_mutex_t lock; /* guards cache, queue, stopping */
	pthread_cond_t wake;  /* queue changed */
	struct sched_cache cache;
	struct queue queue;
	struct waiting *waiting; /* has a lock of its own */
	bool stopping, running;
	bool recheck; /* storage has changed: who waits for it? */
	struct informer_set *informers;
	struct lookup *lookup;
	struct binder *binder;
	struct events *events;
	pthread_t thread;
};

static const double attempt_buckets[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
					 0.01,	 0.05,	  0.1,	  1,	 10,	 0};
static const struct metric_def attempts_def = {
	.name = "scheduler_schedule_attempts_total",
	.help = "[STABLE] Number of attempts to schedule pods, by the result.",
	.type = METRIC_COUNTER,
	.label_names = "profile,result",
};
static const struct metric_def duration_def = {
	.name = "scheduler_scheduling_attempt_duration_seconds",
	.help = "[STABLE] Scheduling attempt latency in seconds (scheduling algorithm).",
	.type = METRIC_HISTOGRAM,
	.label_names = "profile,result",
	.buckets = attempt_buckets,
};
static const struct metric_def sli_def = {
	.name = "scheduler_pod_scheduling_sli_duration_seconds",
	.help = "[BETA] From a pod entering the queue to its binding being written.",
	.type = METRIC_HISTOGRAM,
	.buckets = attempt_buckets,
};

enum result { RESULT_SCHEDULED, RESULT_UNSCHEDULABLE, RESULT_ERROR };
static const char *const result_names[] = {
	[RESULT_SCHEDULED] = "scheduled", [RESULT_UNSCHEDULABLE] = "unschedulable", [RESULT_ERROR] = "error"};

/* The profile whose Pod it is, as long as it waits; NULL: it is somebody else's. */
static const struct framework *profile_of(const struct scheduler *s, const struct sched_pod *p)
{
	for (size_t i = 0; p->scheduler && i < s->config->n_profiles; i++)
		if (!strcmp(framework_name(&s->config->profiles[i]), p->scheduler))
			return &s->config->profiles[i];
	return NULL;
}

static void count(const struct scheduler *s, const struct sched_pod *p, enum result r, int64_t start_ns)
{
	const struct framework *f = profile_of(s, p);
	char labels[320];

	snprintf(labels, sizeof(labels), "%s\x1f%s", framework_name(f ? f : s->framework), result_names[r]);
	metric_add(metric_series(metric_register(&attempts_def), labels), 1);
	metric_observe(metric_series(metric_register(&duration_def), labels),
		       (double)(clock_mono_ns() - start_ns) / NS_PER_S);
}

/* ---- what the informers say ---- */
static bool waits(const struct scheduler *s, const struct sched_pod *p)
{
	const struct framework *f = p ? profile_of(s, p) : NULL;

	return f && !*p->node && !sched_pod_finished(p) && p->base.meta.deleted_ns == 0 &&
	       (!p->n_gates || (f->profile && !f->profile->gates));
}

/* It is not ours to place any more. */
static void dismiss(struct scheduler *s, const struct sched_pod *p)
{
	queue_delete(&s->queue, p->base.meta.uid);
	waiting_drop(s->waiting, p->base.meta.uid);
	cache_nominate(&s->cache, p, NULL);
}

/* Its place on a node is free. */
static void pod_gone(struct scheduler *s, const struct sched_pod *p)
{
	queue_event(&s->queue, &(struct cluster_event){.types = EVENT_POD_DELETED, .pod = p});
}

/* It has a node: since now, or something of it changed. */
static void pod_placed(struct scheduler *s, const struct sched_pod *old, const struct sched_pod *new)
{
	unsigned types = !old || !*old->node					      ? EVENT_POD_ADDED
			 : labels_equal(old->base.meta.labels, new->base.meta.labels) ? 0
										      : EVENT_POD_LABELS;

	cache_place(&s->cache, new, new->node, false);
	if (old && *old->node && !resources_equal(&old->demand.requests, &new->demand.requests))
		types |= EVENT_POD_DELETED; /* perhaps it takes less */
	if (types)
		queue_event(&s->queue, &(struct cluster_event){.types = types, .pod = new});
}

/* It is gone, or has finished. */
static void pod_left(struct scheduler *s, const struct sched_pod *p)
{
	cache_remove(&s->cache, p->base.meta.uid);
	if (*p->node || p->nominated)
		pod_gone(s, p);
}

/* A nomination of our own is known here before the API has it, so its absence means nothing. */
static void pod_waits(struct scheduler *s, const struct sched_pod *old, const struct sched_pod *new)
{
	if (cache_assumed(&s->cache, new->base.meta.uid) && !queue_has(&s->queue, new->base.meta.uid))
		return; /* its binding is through */
	if (new->nominated || (old && old->nominated))
		cache_nominate(&s->cache, new, new->nominated);
	queue_set(&s->queue, new);
}

static void on_pod(void *arg, const void *old_pod, const void *new_pod)
{
	struct scheduler *s = arg;
	const struct sched_pod *old = old_pod, *new = new_pod, *any = new ? new : old;
	pthread_mutex_lock(&s->lock);
	/* A Pod deleted and made again under one name arrives as one update. */
	if (old && new &&strcmp(old->base.meta.uid, new->base.meta.uid) != 0) {
		dismiss(s, old);
		cache_remove(&s->cache, old->base.meta.uid);
		pod_gone(s, old);
		old = NULL;
	}
	if (waits(s, new)) {
		pod_waits(s, old, new);
	} else {
		dismiss(s, any);
		if (!new || sched_pod_finished(new))
			pod_left(s, any);
		else if (*new->node)
			pod_placed(s, old, new);
	}
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

static bool same_taints(const struct sched_node *a, const struct sched_node *b)
{
	if (a->unschedulable != b->unschedulable || a->n_taints != b->n_taints)
		return false;
	for (size_t i = 0; i < a->n_taints; i++)
		if (!taint_equal(&a->taints[i], &b->taints[i]))
			return false;
	return true;
}

static unsigned node_events(const struct sched_node *old, const struct sched_node *new)
{
	if (!old)
		return EVENT_NODE_ADDED;
	return (same_taints(old, new) ? 0 : EVENT_NODE_TAINTS) |
	       (resources_equal(&old->allocatable, &new->allocatable) ? 0 : EVENT_NODE_ALLOCATABLE) |
	       (labels_equal(old->base.meta.labels, new->base.meta.labels) ? 0 : EVENT_NODE_LABELS);
}

static void on_node(void *arg, const void *old_node, const void *new_node)
{
	struct scheduler *s = arg;
	const struct sched_node *old = old_node, *new = new_node;
	pthread_mutex_lock(&s->lock);
	cache_set_node(&s->cache, (new ? new : old)->base.meta.name, new);
	unsigned events = new ? node_events(old, new) : EVENT_NODE_DELETED;
	if (events) {
		queue_event(&s->queue, &(struct cluster_event){.types = events, .node = new ? new : old});
		pthread_cond_signal(&s->wake);
	}
	pthread_mutex_unlock(&s->lock);
}

/* ---- cycles ---- */
static void record(struct scheduler *s, const struct sched_pod *p, bool warning, const char *reason,
		   const char *text)
{
	const struct meta *m = &p->base.meta;
	const char *component = p->scheduler ? p->scheduler : SCHEDULER_NAME;
	struct event_ref ref = {.api_version = "v1",
				.kind = "Pod",
				.namespace = m->namespace,
				.name = m->name,
				.uid = m->uid,
				.rv = m->rv};
	events_record(s->events, component, "", &ref, warning, reason, "%s", text);
}

/*
 * Under the lock: a Pod that had a node comes back. The queue forgets it if it is gone, or if somebody else has bound it;
 * what the API said (NotFound, Conflict) is no sign of that, only the watch is. Either way its place here is free now, and
 * who waits for room has not been told so yet. rejected as in queue_retry.
 */
static void take_back(struct scheduler *s, const struct bind_item *i, unsigned rejected)
{
	const char *uid = i->pod->base.meta.uid;

	if (cache_assumed(&s->cache, uid))
		cache_remove(&s->cache, uid);
	pod_gone(s, i->pod);
	queue_retry(&s->queue, i->queued, rejected);
	pthread_cond_signal(&s->wake);
}

static void bound(struct scheduler *s, const struct bind_item *i)
{
	const struct meta *m = &i->pod->base.meta;
	char text[768];

	snprintf(text, sizeof(text), "Successfully assigned %s/%s to %s", m->namespace, m->name,
		 node_state_name(i->node));
	record(s, i->pod, false, "Scheduled", text);
	metric_observe(metric_series(metric_register(&sli_def), NULL),
		       (double)(clock_mono_ns() - i->queued->added_ns) / NS_PER_S);
	pthread_mutex_lock(&s->lock);
	queue_done(&s->queue, i->queued);
	pthread_mutex_unlock(&s->lock);
}

/* Upstream's words; kubectl describes the victim by them. */
static void evicted(struct scheduler *s, const struct bind_item *i, const struct err *err)
{
	const struct meta *m = &i->pod->base.meta;
	char text[512];

	if (err->reason == REASON_NOT_FOUND || err->reason == REASON_CONFLICT)
		return; /* gone already */
	if (err->reason == REASON_NONE) {
		snprintf(text, sizeof(text), "Preempted by pod %s on node %s", i->preemptor->base.meta.uid,
			 node_state_name(i->nominated));
		record(s, i->pod, false, "Preempted", text);
		return;
	}
	log_warn_err(err, "could not preempt", "pod=%s/%s", m->namespace, m->name);
	pthread_mutex_lock(&s->lock);
	queue_activate(&s->queue, i->preemptor->base.meta.uid);
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

/* What a Pod waits for was written, or will not be: then it is tried again. */
static void patched(struct scheduler *s, const struct bind_item *i, const struct err *err)
{
	if (err->reason == REASON_NONE)
		return;
	log_warn_err(err, "could not write what a Pod waits for", "path=%s", i->path);
	waiting_fail(s->waiting, i->pod->base.meta.uid, err->msg);
	pthread_mutex_lock(&s->lock);
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

static void on_bound(void *arg, const struct bind_item *i, const struct err *err)
{
	struct scheduler *s = arg;
	const struct meta *m = &i->pod->base.meta;

	if (i->preemptor) {
		evicted(s, i, err);
		return;
	}
	if (i->path) {
		patched(s, i, err);
		return;
	}
	if (err->reason == REASON_NONE) {
		bound(s, i);
		return;
	}
	if (err->reason != REASON_NOT_FOUND)
		log_warn_err(err, "could not bind", "pod=%s/%s node=%s", m->namespace, m->name,
			     node_state_name(i->node));
	if (i->state)
		framework_unreserve(i->state->framework, i->state, i->pod, i->node);
	pthread_mutex_lock(&s->lock);
	take_back(s, i, 0);
	pthread_mutex_unlock(&s->lock);
	count(s, i->pod, RESULT_ERROR, clock_mono_ns());
}

/* The decision about one Pod, made outside of the lock. */
struct decision {
	int64_t start_ns;
	const struct node_state *node; /* of the snapshot */
	struct permit permit;	       /* who wants it to wait there */
	struct nomination nomination;
	struct reasons why;
	size_t n_nodes; /* that `why` speaks of */
	bool error;	/* what was needed to know could not be known */
};

static void decide(struct scheduler *s, struct cycle *c, const struct snapshot *snap,
		   const struct sched_pod *p, struct decision *d)
{
	*d = (struct decision){.start_ns = clock_mono_ns(), .n_nodes = snap->n_nodes};
	c->framework = profile_of(s, p);
	if (!c->framework) /* it is about to leave */
		c->framework = s->framework;
	d->node = cycle_run(c, snap, p, &d->why, &d->nomination);
	if (lookup_failed(s->lookup)) {
		d->error = true;
		d->node = NULL;
	}
	if (!d->node)
		return;
	why_record(s->why, c, p, WHY_SCHEDULED, d->node, &d->why, NULL);
	reasons_release(&d->why); /* of the nodes that it did not need */
	d->why = (struct reasons){0};
	d->n_nodes = 1;
	enum verdict v = framework_commit(c->framework, &c->state, p, d->node, &d->why, &d->permit);

	if (v == VERDICT_REJECT ||
	    (v == VERDICT_OK && !framework_prebind(c->framework, &c->state, p, d->node, &d->why)))
		d->node = NULL;
}

/* What prebind or unreserve will need later. */
static struct cycle_state *keep_state(const struct framework *f, struct cycle *c, bool waits)
{
	bool needed = waits;

	for (size_t i = 0; i < f->n; i++)
		needed |= f->plugins[i]->unreserve && (c->state.data[i] || !f->plugins[i]->prefilter);
	if (!needed)
		return NULL;
	struct cycle_state *st = mem_memdup(&c->state, sizeof(c->state));

	c->state = (struct cycle_state){0};
	return st;
}

/* A node was found. False: nothing is to be written now, since the Pod waits there; or it went, or was bound by somebody
   else, during the search. */
static bool assume(struct scheduler *s, struct cycle *c, struct queued_pod *q, const struct sched_pod *p,
		   const struct decision *d, struct bind_item *ret)
{
	bool waits = d->permit.waits;

	pthread_mutex_lock(&s->lock);
	bool gone = q->deleted;
	if (gone) {
		queue_done(&s->queue, q);
	} else {
		cache_place(&s->cache, p, node_state_name(d->node), true);
		cache_nominate(&s->cache, p, NULL);
		*ret = (struct bind_item){.queued = q,
					  .pod = informer_ref(p),
					  .node = node_state_ref(d->node),
					  .state = keep_state(c->framework, c, waits)};
		if (waits)
			waiting_add(s->waiting, ret, &d->permit);
		s->recheck |= waits;
	}
	pthread_mutex_unlock(&s->lock);
	count(s, p, RESULT_SCHEDULED, d->start_ns);
	if (gone)
		framework_unreserve(c->framework, &c->state, p, d->node);
	return !gone && !waits;
}

/* It goes nowhere now (c: after a search): an event says so and, unless it does already, the Pod's condition. */
static bool explain(struct scheduler *s, const struct cycle *c, const struct sched_pod *p, size_t n_nodes,
		    const struct reasons *why, const struct nomination *n, struct bind_item *ret)
{
	autobuf struct buf message = BUF_INIT;
	bool clear = n->clear && p->nominated,
	     nominate = n->node && (!p->nominated || strcmp(p->nominated, node_state_name(n->node)) != 0);

	reasons_write(&message, n_nodes, why);
	if (n->message)
		buf_addf(&message, " %s", n->message);
	if (c)
		why_record(s->why, c, p, WHY_UNSCHEDULABLE, NULL, why, buf_str(&message));
	record(s, p, true, "FailedScheduling", buf_str(&message));
	if (p->unschedulable && !strcmp(p->unschedulable, buf_str(&message)) && !nominate && !clear)
		return false;
	*ret = (struct bind_item){.pod = informer_ref(p),
				  .message = buf_take(&message, NULL),
				  .nominated = nominate ? node_state_ref(n->node) : NULL,
				  .clear = clear};
	return true;
}

/* Others were to get room there, who are less important: there may be none for them now. */
static void displace(struct scheduler *s, const struct snapshot *snap, const struct sched_pod *p,
		     const struct node_state *n)
{
	for (const struct nominated *o = snapshot_nominations(snap, n->index); o;
	     o = snapshot_next_nomination(snap, o)) {
		if (o->pod->priority >= p->priority)
			continue;
		pthread_mutex_lock(&s->lock);
		cache_nominate(&s->cache, o->pod, NULL);
		queue_activate(&s->queue, o->pod->base.meta.uid);
		pthread_mutex_unlock(&s->lock);
		binder_push(s->binder, &(struct bind_item){.pod = informer_ref(o->pod)});
	}
}

/* Room is made: the victims are told, those at least that are not going already. */
static void preempt(struct scheduler *s, struct cycle *c, const struct snapshot *snap,
		    const struct sched_pod *p, const struct nomination *n)
{
	cycle_condemn(c, n);
	displace(s, snap, p, n->node);
	for (size_t i = 0; i < n->n_victims; i++) {
		const struct sched_pod *v = n->victims[i];

		if (v->base.meta.deleted_ns ||
		    waiting_preempt(s->waiting, v->base.meta.uid)) /* which had only a place */
			continue;
		binder_push(s->binder, &(struct bind_item){.pod = informer_ref(v),
							   .preemptor = informer_ref(p),
							   .nominated = node_state_ref(n->node)});
	}
}

static bool refuse(struct scheduler *s, struct cycle *c, const struct snapshot *snap, struct queued_pod *q,
		   const struct sched_pod *p, const struct decision *d, struct bind_item *ret)
{
	const struct nomination *n = &d->nomination;

	pthread_mutex_lock(&s->lock);
	bool gone = q->deleted;
	if (!gone && !d->error && (n->node || n->clear))
		cache_nominate(&s->cache, p, n->node ? node_state_name(n->node) : NULL);
	/* No nodes at all: whatever node comes is worth a try. */
	queue_retry(&s->queue, q, d->error ? 0 : d->n_nodes ? d->why.plugins : ~0u);
	pthread_mutex_unlock(&s->lock);
	count(s, p, d->error ? RESULT_ERROR : RESULT_UNSCHEDULABLE, d->start_ns);
	if (gone || d->error)
		return false;
	if (n->node)
		preempt(s, c, snap, p, n);
	return explain(s, c, p, d->n_nodes, &d->why, n, ret);
}

static void schedule_one(struct scheduler *s, struct cycle *c, struct snapshot *snap, struct queued_pod *q,
			 const struct sched_pod *p)
{
	struct decision d;
	struct bind_item item;
	decide(s, c, snap, p, &d);
	bool write = d.node ? assume(s, c, q, p, &d, &item) : refuse(s, c, snap, q, p, &d, &item);
	reasons_release(&d.why);
	if (write)
		binder_push(s->binder, &item);
}

/* ---- the end of a wait ---- */

static void send_back(struct scheduler *s, struct waiting_pod *w, const struct reasons *why)
{
	const struct bind_item *i = &w->item;
	struct bind_item condition;

	pthread_mutex_lock(&s->lock);
	bool gone = i->queued->deleted;

	take_back(s, i, why->plugins);
	pthread_mutex_unlock(&s->lock);
	if (gone)
		return;
	count(s, i->pod, RESULT_UNSCHEDULABLE, clock_mono_ns());
	if (explain(s, NULL, i->pod, 1, why, &(struct nomination){0}, &condition))
		binder_push(s->binder, &condition);
}

/* Allowed by all who asked for it, or not: to its binding, or back. */
static void end_wait(struct scheduler *s, struct waiting_pod *w)
{
	struct reasons why = {.plugins = w->rejected};
	struct bind_item *i = &w->item;

	if (w->ended)
		framework_unreserve(i->state->framework, i->state, i->pod, i->node);
	if (w->why)
		reasons_add(&why, w->why);
	if (!w->ended && framework_prebind(i->state->framework, i->state, i->pod, i->node, &why)) {
		binder_push(s->binder, i);
	} else {
		send_back(s, w, &why);
		bind_item_release(i);
	}
	reasons_release(&why);
	free(w->why);
	free(w);
}

/*
 * Under the lock: nothing to do. After a burst of Pods the heap is full of holes (what waited was larger than what is
 * bound), so once it has been quiet for a moment they are given back.
 */
static void rest_a_while(struct scheduler *s, size_t *decided)
{
	int64_t next = queue_next_ns(&s->queue), waits = waiting_next_ns(s->waiting);
	int64_t quiet = clock_mono_ns() + QUIET_NS;
	next = waits < next ? waits : next;
	bool trim = *decided >= BURST && quiet < next;
	if (clock_cond_wait(&s->wake, &s->lock, trim ? quiet : next) || !trim)
		return;
	*decided = 0;
	pthread_mutex_unlock(&s->lock);
	malloc_trim(0);
	pthread_mutex_lock(&s->lock);
}

static void write_patch(void *arg, const struct sched_pod *p, const char *path, const char *body)
{
	struct scheduler *s = arg;

	binder_push(s->binder, &(struct bind_item){.pod = informer_ref(p),
						   .path = mem_strdup(path),
						   .body = mem_strdup(body)});
}

static void *cycle_thread(void *arg)
{
	struct scheduler *s = arg;
	struct cycle c;
	struct snapshot snap;
	size_t decided = 0; /* since the last trim */
	cycle_init(&c, s->framework);
	c.waiting = s->waiting;
	c.write = write_patch;
	c.write_arg = s;
	snapshot_init(&snap);
	snap.lookup = s->lookup;
	pthread_mutex_lock(&s->lock);
	while (!s->stopping) {
		if (s->recheck) {
			s->recheck = false;
			pthread_mutex_unlock(&s->lock);
			recheck_waiting(s->framework, s->waiting, s->lookup);
			pthread_mutex_lock(&s->lock);
		}
		struct waiting_pod *w = waiting_take(s->waiting);
		if (w) {
			pthread_mutex_unlock(&s->lock);
			end_wait(s, w);
			pthread_mutex_lock(&s->lock);
			continue;
		}
		struct queued_pod *q = queue_pop(&s->queue);
		if (!q) {
			rest_a_while(s, &decided);
			continue;
		}
		decided++;
		const struct sched_pod *p = informer_ref(q->pod);
		cache_update_snapshot(&s->cache, &snap);
		pthread_mutex_unlock(&s->lock);
		schedule_one(s, &c, &snap, q, p);
		informer_unref(p);
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	cycle_release(&c);
	snapshot_release(&snap);
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

static void on_storage(void *arg, enum lookup_kind kind, const struct meta *m)
{
	struct scheduler *s = arg;

	pthread_mutex_lock(&s->lock);
	s->recheck = true;
	queue_event(&s->queue, &(struct cluster_event){.types = EVENT_STORAGE,
						       .claim = kind == LOOKUP_CLAIMS ? m : NULL});
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

static const struct metric_def pending_def = {
	.name = "scheduler_pending_pods",
	.help = "[STABLE] Number of pods waiting for a node, in all queues.",
	.type = METRIC_GAUGE,
};

struct scheduler *scheduler_new(struct rest *r, const struct sched_config *config)
{
	struct scheduler *s = MEM_NEW(struct scheduler);
	pthread_mutex_init(&s->lock, NULL);
	clock_cond_init(&s->wake);
	s->config = config;
	s->framework = &config->profiles[0];
	s->why = why_new();
	health_add_page("/why", "application/json", why_page, s->why);
	s->waiting = waiting_new(s->framework);
	cache_init(&s->cache);
	queue_init(&s->queue, s->framework);
	s->queue.backoff_initial_ns = config->backoff_initial_s * NS_PER_S;
	s->queue.backoff_max_ns = config->backoff_max_s * NS_PER_S;
	s->events = events_new(r);
	s->binder = binder_new(r, on_bound, s);
	metric_gauge_fn(&pending_def, NULL, pending_gauge, s);
	s->informers = informer_set_new(r);
	s->lookup = lookup_new(s->informers);
	lookup_on_storage(s->lookup, on_storage, s);
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
	struct pollfd stop = {.fd = stop_fd(), .events = POLLIN};
	int rc;
	while ((rc = thread_try(&s->thread, "cycle", cycle_thread, s))) {
		log_error("no thread to schedule with, will try again", "err=\"%s\"", strerror(rc));
		if (poll(&stop, 1, THREAD_RETRY_MS) > 0)
			return;
	}
	s->running = true;
}

void scheduler_free(struct scheduler *s)
{
	lookup_close(s->lookup);
	informer_set_stop(s->informers);
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
	binder_stop(s->binder);
	if (s->running)
		pthread_join(s->thread, NULL);
	binder_free(s->binder);
	waiting_free(s->waiting);
	queue_release(&s->queue);
	cache_release(&s->cache);
	informer_set_free(s->informers);
	lookup_free(s->lookup);
	why_free(s->why);
	events_free(s->events);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
