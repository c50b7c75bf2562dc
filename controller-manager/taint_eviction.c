/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taint-based eviction (kubernetes/kubernetes pkg/controller/tainteviction).
 *
 * Keys are Pods. A Pod on a node with NoExecute taints is deleted when its shortest toleration is over, which
 * a delayed key waits for; if the taint went away meanwhile, the sync finds nothing to do but to say so. A Pod on a node
 * without such taints, which is nearly every one, is not even looked at.
 *
 * A taint need not say since when it is there (`kubectl taint` does not), and may be older than the Pod, so for every Pod
 * whose time runs it is remembered (by uid, wall time) when that was first seen. After a restart such a Pod's time begins
 * anew; as upstream.
 */
#include "controllers.h"

#include <string.h>
#include "base/clock.h"
#include "pod_control.h"
#include "stamps.h"
#include "taints.h"

enum { WATCH_PODS, WATCH_NODES };

static bool no_execute(const struct cm_node *n)
{
	for (size_t i = 0; n && i < n->n_taints; i++)
		if (n->taints[i].effect == TAINT_NO_EXECUTE)
			return true;
	return false;
}

static bool on_tainted_node(struct informer *nodes, const struct cm_pod *p)
{
	const struct cm_node *n = *p->node ? informer_get(nodes, p->node) : NULL;
	bool ret = no_execute(n); /* of one that is not known yet, its own event will tell */

	informer_unref(n);
	return ret;
}

static void enqueue_pod(struct workqueue *q, void *state, struct informer **informers, const void *old_pod,
			const void *new_pod)
{
	const struct cm_pod *old = old_pod, *new = new_pod;

	if (old && (!new || strcmp(old->base.meta.uid, new->base.meta.uid)))
		stamps_del(state, old->base.meta.uid);
	if (new && (!old || strcmp(old->node, new->node) || !cm_pod_same_tolerations(old, new)) &&
	    on_tainted_node(informers[WATCH_NODES], new))
		controller_enqueue_self(q, state, informers, old, new);
}

static void enqueue_node(struct workqueue *q, void *state, struct informer **informers, const void *old,
			 const void *new)
{
	const void **pods;

	if (!new || (!no_execute(new) && !no_execute(old)))
		return;
	const char *name = ((const struct cm_node *)new)->base.meta.name;
	size_t n = informer_list(informers[WATCH_PODS], INDEX_POD_NODE, name, &pods);

	for (size_t i = 0; i < n; i++)
		controller_enqueue_self(q, state, informers, NULL, pods[i]);
	informer_unref_all(pods, n);
}

static int sync_pod(struct controller_ctx *ctx, const struct cm_pod *pod, const struct cm_node *node,
		    struct err *err)
{
	const struct meta *m = &pod->base.meta;
	int64_t now = clock_wall_ns();
	int64_t when = taints_eviction_ns(pod, node, stamps_get(ctx->state, m->uid, now), now);
	if (when == TAINTS_STAY || m->deleted_ns) {
		if (stamps_del(ctx->state, m->uid) && !m->deleted_ns)
			control_event(ctx, &pod->base, false, "TaintManagerEviction",
				      "Cancelling deletion of Pod %s/%s", m->namespace, m->name);
		return 0;
	}
	if (when > now) {
		stamps_keep(ctx->state, m->uid, now);
		ctx->requeue_after_ns = when - now;
		return 0;
	}
	control_event(ctx, &pod->base, false, "TaintManagerEviction", "Marking for deletion Pod %s/%s",
		      m->namespace, m->name);
	/* So that a Job's failure policy, or a person, can tell this end from others. */
	if (pod_control_mark(ctx, ctx->informers[WATCH_PODS], pod, "DeletionByTaintManager",
			     "Taint manager: deleting due to NoExecute taint", NULL, err) < 0)
		return -1;
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
		rc = node ? sync_pod(ctx, pod, node, err) : 0;
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
	.account = "node-controller",
	.workers = 1,
	.sync = sync,
	.init = stamps_new,
	.destroy = stamps_free,
};
