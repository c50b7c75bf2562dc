/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Node life cycle (kubernetes/kubernetes pkg/controller/nodelifecycle): a node whose Lease is not renewed for
 * the grace period is Unknown, and what a node's conditions say is turned into taints.
 *
 * No polling: a lease renewal moves a timestamp in memory, and each node has one delayed key that runs when
 * its grace period would be over; if it was renewed meanwhile, the key goes back to sleep. Times are when
 * *we* saw a change, so clocks of nodes do not matter.
 */
#include "controllers.h"
#include "decode/plain.h"

#include <string.h>
#include "base/clock.h"
#include "object/condition.h"
#include "control.h"
#include "stamps.h"
#include "taints.h"

#define GRACE_NS (50 * NS_PER_S) /* --node-monitor-grace-period's default since 1.32 */
enum { WATCH_NODES, WATCH_LEASES, WATCH_PODS };

/* The state is, by node, when (monotonic) its lease or status last changed. */
static void beat(struct stamps *seen, const char *node)
{
	stamps_set(seen, node, clock_mono_ns());
}

static void enqueue_node(struct workqueue *q, void *state, struct informer **informers, const void *old_node,
			 const void *new_node)
{
	const struct cm_node *old = old_node, *new = new_node;
	if (!new)
		stamps_del(state, old->base.meta.name);
	else if (!old || old->heartbeat_ns != new->heartbeat_ns)
		beat(state, new->base.meta.name);
	workqueue_add(q, (new ? new : old)->base.meta.name);
}

/* Renewals only move the timestamp; a node that was given up is looked at when it comes back. */
static void enqueue_lease(struct workqueue *q, void *state, struct informer **informers,
			  const void *old_lease, const void *new_lease)
{
	const struct cm_lease *old = old_lease, *new = new_lease;
	if (!new || strcmp(new->base.meta.namespace, "kube-node-lease") != 0 ||
	    (old && old->renew_ns == new->renew_ns))
		return;
	beat(state, new->base.meta.name);
}

/* ---- writes ---- */
/* The node has gone quiet: what it last said about itself is no longer known to be true. */
static int mark_unknown(struct controller_ctx *ctx, const struct cm_node *node, struct err *err)
{
	static const char *const types[] = {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"};
	autojson js *body = js_new_obj();
	js *list = js_ensure_arr(js_ensure(body, "status", NULL), "conditions");
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		condition_set(list, types[i], "Unknown",
			      node->ready ? "NodeStatusUnknown" : "NodeStatusNeverUpdated",
			      node->ready ? "Kubelet stopped posting node status."
					  : "Kubelet never posted node status.",
			      clock_wall_ns(), false);
	if (control_patch(ctx, ctx->informers[WATCH_NODES], &node->base, REST_PATCH_STRATEGIC, "status", body,
			  err) < 0)
		return -1;
	control_event(ctx, &node->base, false, "NodeNotReady", "Node %s status is now: NodeNotReady",
		      node->base.meta.name);
	return 0;
}

/* Pods of a node that is not ready are not ready either: nobody else can say so now. */
static int mark_pods_not_ready(struct controller_ctx *ctx, const char *node, struct err *err)
{
	const void **pods;
	size_t n = informer_list(ctx->informers[WATCH_PODS], INDEX_POD_NODE, node, &pods);
	struct rest_batch batch = REST_BATCH_INIT;
	for (size_t i = 0; i < n; i++) {
		const struct cm_pod *p = pods[i];
		if (!cm_pod_ready(p))
			continue;
		autojson js *body = js_new_obj();
		condition_set(js_ensure_arr(js_ensure(body, "status", NULL), "conditions"), "Ready", "False",
			      NULL, NULL, clock_wall_ns(), false);
		autobuf struct buf path = BUF_INIT;
		control_path(&path, &p->base, "status");
		rest_batch_add(&batch, REST_PATCH_STRATEGIC, buf_str(&path), body, (void *)p);
	}
	rest_batch_run(ctx->rest, &batch, 32);
	int rc = 0;
	for (size_t i = 0; i < batch.n; i++) {
		const struct cm_pod *p = batch.v[i].tag;

		if (batch.v[i].err.reason == REASON_NONE) {
			control_event(ctx, &p->base, true, "NodeNotReady", "Node is not ready");
		} else if (batch.v[i].err.reason != REASON_NOT_FOUND) {
			*err = batch.v[i].err;
			rc = -1;
		}
	}
	rest_batch_release(&batch);
	informer_unref_all(pods, n);
	return rc;
}

static int set_taints(struct controller_ctx *ctx, const struct cm_node *node, enum condition_status ready,
		      struct err *err)
{
	js *wanted = taints_wanted(node, ready, clock_wall_ns());
	if (!wanted)
		return 0;
	autojson js *body = js_new_obj();

	control_guard(body, &node->base);
	js_set(js_ensure(body, "spec", NULL), "taints", wanted);
	return control_patch(ctx, ctx->informers[WATCH_NODES], &node->base, REST_PATCH_MERGE, NULL, body,
			     err);
}

/* The state as it is now: the last write may have changed it. */
static int set_taints_now(struct controller_ctx *ctx, const char *name, struct err *err)
{
	const struct cm_node *node = informer_get(ctx->informers[WATCH_NODES], name);
	int rc = node ? set_taints(ctx, node, node->ready ? node->ready : CONDITION_FALSE, err) : 0;

	informer_unref(node);
	return rc;
}

static int sync_node(struct controller_ctx *ctx, const struct cm_node *node, struct err *err)
{
	const char *name = node->base.meta.name;
	int64_t left = stamps_get(ctx->state, name, 0) + GRACE_NS - clock_mono_ns();
	bool silent = left <= 0 && node->ready != CONDITION_UNKNOWN;

	if (silent && mark_unknown(ctx, node, err) < 0)
		return -1;
	if ((silent || node->ready != CONDITION_TRUE) && mark_pods_not_ready(ctx, name, err) < 0)
		return -1;
	if (left > 0)
		ctx->requeue_after_ns = left;
	return set_taints_now(ctx, name, err);
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_node *node = informer_get(ctx->informers[WATCH_NODES], key);
	if (!node)
		return 0;
	int rc = sync_node(ctx, node, err);
	informer_unref(node);
	return rc;
}

static void ignore_pod(struct workqueue *q, void *state, struct informer **informers, const void *old,
		       const void *new)
{
}

const struct controller node_lifecycle_controller = {
	.name = "node-lifecycle",
	.component = "node-controller",
	.watches =
		{
			[WATCH_NODES] = {&cm_node_type, NULL, enqueue_node},
			[WATCH_LEASES] = {&cm_lease_type, NULL, enqueue_lease},
			[WATCH_PODS] = {&cm_pod_type, NULL, ignore_pod},
		},
	.workers = 2,
	.sync = sync,
	.init = stamps_new,
	.destroy = stamps_free,
};
