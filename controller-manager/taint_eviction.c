/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taint-based eviction (kubernetes/kubernetes pkg/controller/tainteviction) and the end of Pods whose node is
 * gone (pkg/controller/podgc).
 *
 * Keys are Pods. A Pod on a node with NoExecute taints is deleted when its shortest toleration is over, which
 * a delayed key waits for; if the taint went away meanwhile, the sync finds nothing to do. A Pod bound to a
 * node that no longer exists is removed after a quarantine.
 *
 * A taint need not say since when it is there (`kubectl taint` does not), so for every Pod whose time runs it is
 * remembered (by uid, wall time) when that was first seen. After a restart such a Pod's time begins anew; as upstream.
 */
#include "controllers.h"

#include <string.h>
#include "base/clock.h"
#include "control.h"
#include "stamps.h"
#include "taints.h"

#define QUARANTINE_NS (40 * NS_PER_S) /* podgc: a node may only seem to be gone */
enum { WATCH_PODS, WATCH_NODES };

static void enqueue_pod(struct workqueue *q, void *state, struct informer **informers, const void *old_pod,
			const void *new_pod)
{
	const struct cm_pod *old = old_pod, *new = new_pod;
	if (!new)
		stamps_del(state, old->base.meta.uid);
	if (new &&*new->node && (!old || strcmp(old->node, new->node) != 0))
		controller_enqueue_self(q, state, informers, old, new);
}

static bool no_execute(const struct cm_node *n)
{
	for (size_t i = 0; n && i < n->n_taints; i++)
		if (n->taints[i].effect == TAINT_NO_EXECUTE)
			return true;
	return false;
}

static void enqueue_node(struct workqueue *q, void *state, struct informer **informers, const void *old,
			 const void *new)
{
	if (new && !no_execute(new) && !no_execute(old))
		return;
	const char *name = ((const struct cm_node *)(new ? new : old))->base.meta.name;
	const void **pods;
	size_t n = informer_list(informers[WATCH_PODS], INDEX_POD_NODE, name, &pods);
	for (size_t i = 0; i < n; i++) {
		if (new)
			controller_enqueue_self(q, state, informers, NULL, pods[i]);
		else {
			const struct cm_pod *p = pods[i];
			autobuf struct buf key = BUF_INIT;
			meta_key(&key, p->base.meta.namespace, p->base.meta.name);
			workqueue_add_after(q, buf_str(&key), QUARANTINE_NS);
		}
	}
	informer_unref_all(pods, n);
}

/* Asked live: an informer that lags behind must not cost Pods. */
static int node_is_gone(struct controller_ctx *ctx, const char *name, bool *ret, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	rest_path(&path, "", "v1", NULL, "nodes", name, NULL);
	struct err e = ERR_INIT;
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

static int sync_orphan(struct controller_ctx *ctx, const struct cm_pod *pod, struct err *err)
{
	bool gone;
	if (node_is_gone(ctx, pod->node, &gone, err) < 0)
		return -1;
	if (!gone)
		return 0; /* its event is on the way */
	int64_t age = clock_wall_ns() - pod->base.meta.created_ns;
	if (age < QUARANTINE_NS) {
		ctx->requeue_after_ns = QUARANTINE_NS - age;
		return 0;
	}
	return control_delete(ctx, &pod->base, NULL, 0, err);
}

static int sync_pod(struct controller_ctx *ctx, const struct cm_pod *pod, const struct cm_node *node,
		    struct err *err)
{
	const struct meta *m = &pod->base.meta;
	int64_t now = clock_wall_ns();
	int64_t when = taints_eviction_ns(pod, node, stamps_get(ctx->state, m->uid, now), now);
	if (when == TAINTS_STAY || m->deleted_ns) {
		stamps_del(ctx->state, m->uid);
		return 0;
	}
	if (when > now) {
		stamps_keep(ctx->state, m->uid, now);
		ctx->requeue_after_ns = when - now;
		return 0;
	}
	control_event(ctx, &pod->base, false, "TaintManagerEviction", "Marking for deletion Pod %s/%s",
		      m->namespace, m->name);
	return control_delete(ctx, &pod->base, NULL, CONTROL_OWN_GRACE, err);
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_pod *pod = informer_get(ctx->informers[WATCH_PODS], key);
	if (!pod)
		return 0;
	int rc = 0;
	if (*pod->node) {
		const struct cm_node *node = informer_get(ctx->informers[WATCH_NODES], pod->node);
		rc = node ? sync_pod(ctx, pod, node, err) : sync_orphan(ctx, pod, err);
		informer_unref(node);
	}
	informer_unref(pod);
	return rc;
}

const struct controller taint_eviction_controller = {
	.name = "taint-eviction",
	.component = "taint-eviction-controller",
	.watches =
		{
			[WATCH_PODS] = {&cm_pod_type, NULL, enqueue_pod},
			[WATCH_NODES] = {&cm_node_type, NULL, enqueue_node},
		},
	.workers = 1,
	.sync = sync,
	.init = stamps_new,
	.destroy = stamps_free,
};
