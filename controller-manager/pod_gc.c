/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of Pods that nobody else ends (kubernetes/kubernetes pkg/controller/podgc):
 *
 *	orphaned	their node has been gone for a while. Nobody runs them and nobody will say so.
 *	unscheduled	being deleted without ever having had a node.
 *	out of service	being deleted on a node that is not ready and that somebody has tainted as lost.
 *	finished	more of them than --terminated-pod-gc-threshold; evicted ones go first, then the oldest.
 *
 * Upstream looks at everything every 20 s. Here an event brings the key of the Pod that it concerns, so an idle cluster is
 * silent; what was there before the start is found by one walk over all Pods. Finished Pods are counted as they come and go.
 */
#include "pod_gc.h"
#include "controllers.h"
#include "decode/node.h"
#include "pod_control.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"

#define QUARANTINE_NS (40 * NS_PER_S) /* a node may only seem to be gone */
#define OUT_OF_SERVICE "node.kubernetes.io/out-of-service"
/* Keys that are no Pod's: */
#define WALK "/walk"
#define FINISHED "/finished"
enum { WATCH_PODS, WATCH_NODES };

static int threshold = POD_GC_THRESHOLD;

struct pod_gc {
	atomic_long finished; /* Pods in a final phase that the informer holds */
};

void pod_gc_set_threshold(int n)
{
	threshold = n;
}

static void *init(struct informer **informers, struct workqueue *q)
{
	workqueue_add(q, WALK);
	return MEM_NEW(struct pod_gc);
}

/* ---- what an event concerns ---- */

static bool finished(const struct cm_pod *p)
{
	return p && podlife_phase_terminal(p->phase);
}

static bool lost(const struct cm_node *n)
{
	bool tainted = false;

	for (size_t i = 0; n && i < n->n_taints; i++)
		tainted |= !strcmp(n->taints[i].key, OUT_OF_SERVICE);
	return tainted && n->ready != CONDITION_TRUE;
}

enum fate { FATE_NONE, FATE_ORPHANED, FATE_UNSCHEDULED, FATE_OUT_OF_SERVICE };

static enum fate fate_of(struct informer *nodes, const struct cm_pod *p)
{
	if (!*p->node)
		return p->base.meta.deleted_ns ? FATE_UNSCHEDULED : FATE_NONE;
	const struct cm_node *n = informer_get(nodes, p->node);
	enum fate ret = !n				     ? FATE_ORPHANED
			: p->base.meta.deleted_ns && lost(n) ? FATE_OUT_OF_SERVICE
							     : FATE_NONE;

	informer_unref(n);
	return ret;
}

static void add_pod(struct workqueue *q, const struct cm_pod *p, int64_t delay_ns)
{
	autobuf struct buf key = BUF_INIT;

	meta_key(&key, p->base.meta.namespace, p->base.meta.name);
	workqueue_add_after(q, buf_str(&key), delay_ns);
}

/* A node that is not there, for whatever reason one looks, may have gone a moment ago. */
static void add_doomed(struct workqueue *q, struct informer *nodes, const struct cm_pod *p)
{
	enum fate f = fate_of(nodes, p);

	if (f != FATE_NONE)
		add_pod(q, p, f == FATE_ORPHANED ? QUARANTINE_NS : 0);
}

static void count_finished(struct workqueue *q, struct pod_gc *gc, int change)
{
	long n = atomic_fetch_add(&gc->finished, change) + change;

	if (change > 0 && threshold > 0 && n > threshold)
		workqueue_add(q, FINISHED);
}

static void enqueue_pod(struct workqueue *q, void *state, struct informer **informers, const void *old_pod,
			const void *new_pod)
{
	const struct cm_pod *old = old_pod, *new = new_pod;

	if (finished(old) != finished(new))
		count_finished(q, state, finished(new) ? 1 : -1);
	/* Before the nodes are listed every Pod looks like an orphan; the walk sees to those. */
	if (new &&informer_synced(informers[WATCH_NODES], 0) &&
	    (!old || strcmp(old->node, new->node) || old->base.meta.deleted_ns != new->base.meta.deleted_ns))
		add_doomed(q, informers[WATCH_NODES], new);
}

/* A node that goes may be about to come back under its name. */
static void enqueue_node(struct workqueue *q, void *state, struct informer **informers, const void *old_node,
			 const void *new_node)
{
	const struct cm_node *old = old_node, *new = new_node, *any = new ? new : old;
	const void **pods;

	if (new && (!lost(new) || lost(old)))
		return;
	size_t n = informer_list(informers[WATCH_PODS], INDEX_POD_NODE, any->base.meta.name, &pods);

	for (size_t i = 0; i < n; i++)
		if (!new || ((const struct cm_pod *)pods[i])->base.meta.deleted_ns)
			add_pod(q, pods[i], new ? 0 : QUARANTINE_NS);
	informer_unref_all(pods, n);
}

/* ---- the end ---- */

static int end(struct controller_ctx *ctx, const struct cm_pod *p, const char *reason, const char *message,
	       struct err *err)
{
	if (!finished(p) &&
	    pod_control_mark(ctx, ctx->informers[WATCH_PODS], p, reason, message, "Failed", err) < 0)
		return -1;
	return control_delete(ctx, &p->base, NULL, 0, err);
}

/* Asked live: an informer that lags behind must not cost Pods. */
static int node_is_gone(struct controller_ctx *ctx, const char *name, bool *ret, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	struct err e = ERR_INIT;

	rest_path(&path, "", "v1", NULL, "nodes", name, NULL);
	*ret = false;
	if (rest_do(ctx->rest, REST_GET, buf_str(&path), NULL, NULL, &e) == 0)
		return 0;
	if (e.reason != REASON_NOT_FOUND) {
		*err = e;
		return -1;
	}
	*ret = true;
	return 0;
}

static int end_orphan(struct controller_ctx *ctx, const struct cm_pod *p, struct err *err)
{
	int64_t age = clock_wall_ns() - p->base.meta.created_ns;
	bool gone;

	if (age < QUARANTINE_NS) {
		ctx->requeue_after_ns = QUARANTINE_NS - age;
		return 0;
	}
	if (node_is_gone(ctx, p->node, &gone, err) < 0)
		return -1;
	return gone ? end(ctx, p, "DeletionByPodGC", "PodGC: node no longer exists", err)
		    : 0; /* its event is on the way */
}

static int sync_pod(struct controller_ctx *ctx, const struct cm_pod *p, struct err *err)
{
	switch (fate_of(ctx->informers[WATCH_NODES], p)) {
	case FATE_NONE:
		return 0;
	case FATE_ORPHANED:
		return end_orphan(ctx, p, err);
	case FATE_UNSCHEDULED:
	case FATE_OUT_OF_SERVICE:
		return end(ctx, p, NULL, NULL, err);
	}
	return 0;
}

/* ---- all Pods ---- */

static int walk(struct controller_ctx *ctx)
{
	const void **pods;
	size_t n = informer_list(ctx->informers[WATCH_PODS], SIZE_MAX, "", &pods);

	for (size_t i = 0; i < n; i++)
		add_doomed(ctx->queue, ctx->informers[WATCH_NODES], pods[i]);
	informer_unref_all(pods, n);
	return 0;
}

static int by_worth(const void *a, const void *b)
{
	const struct cm_pod *x = *(const struct cm_pod *const *)a, *y = *(const struct cm_pod *const *)b;

	if (x->evicted != y->evicted)
		return x->evicted ? -1 : 1;
	if (x->base.meta.created_ns != y->base.meta.created_ns)
		return x->base.meta.created_ns < y->base.meta.created_ns ? -1 : 1;
	return strcmp(x->base.meta.name, y->base.meta.name);
}

static int sweep(struct controller_ctx *ctx, struct err *err)
{
	const void **pods;
	size_t n = informer_list(ctx->informers[WATCH_PODS], SIZE_MAX, "", &pods), n_finished = 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		const void *p = pods[i];

		if (!finished(p))
			continue;
		pods[i] = pods[n_finished];
		pods[n_finished++] = p;
	}
	if (threshold > 0 && n_finished > (size_t)threshold) {
		qsort((void *)pods, n_finished, sizeof(*pods), by_worth);
		for (size_t i = 0; i < n_finished - (size_t)threshold && rc == 0; i++)
			rc = end(ctx, pods[i], NULL, NULL, err);
	}
	informer_unref_all(pods, n);
	return rc;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	if (!strcmp(key, WALK))
		return walk(ctx);
	if (!strcmp(key, FINISHED))
		return sweep(ctx, err);
	const struct cm_pod *p = informer_get(ctx->informers[WATCH_PODS], key);
	int rc = p ? sync_pod(ctx, p, err) : 0;

	informer_unref(p);
	return rc;
}

const struct controller pod_garbage_collector = {
	.name = "pod-garbage-collector",
	.watches =
		{
			[WATCH_PODS] = {&cm_pod_type, NULL, enqueue_pod},
			[WATCH_NODES] = {&cm_node_type, NULL, enqueue_node},
		},
	.account = "pod-garbage-collector",
	.workers = 1,
	.sync = sync,
	.init = init,
	.destroy = free,
};
