/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Node life cycle (kubernetes/kubernetes pkg/controller/nodelifecycle): a node whose Lease is not renewed for
 * the grace period is Unknown, and what a node's conditions say is turned into taints.
 *
 * No polling: a lease renewal moves a timestamp in memory, and each node has one delayed key that runs when
 * its grace period would be over; if it was renewed meanwhile, the key goes back to sleep. Times are when
 * *we* saw a change, so clocks of nodes do not matter.
 *
 * NoSchedule taints are set at once, NoExecute ones, which cost Pods, at the pace of the node's zone (zones.h).
 */
#include "controllers.h"
#include "decode/plain.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "object/condition.h"
#include "control.h"
#include "node_lifecycle.h"
#include "stamps.h"
#include "taints.h"
#include "zones.h"

#define GONE "gone/"
enum { WATCH_NODES, WATCH_LEASES, WATCH_PODS };

static struct node_lifecycle_config config;

void node_lifecycle_configure(const struct node_lifecycle_config *c)
{
	config = *c;
}

struct lifecycle {
	struct stamps *seen;  /* by node, monotonic: when its lease or status last changed */
	struct stamps *known; /* nodes that were greeted */
	struct zones *zones;
};

static void *init(struct informer **informers, struct workqueue *q)
{
	struct lifecycle *l = MEM_NEW(struct lifecycle);

	l->seen = stamps_new(informers, q);
	l->known = stamps_new(informers, q);
	l->zones = zones_new(&config.zones);
	return l;
}

static void destroy(void *state)
{
	struct lifecycle *l = state;

	stamps_free(l->seen);
	stamps_free(l->known);
	zones_free(l->zones);
	free(l);
}

static void beat(struct lifecycle *l, const char *node)
{
	stamps_set(l->seen, node, clock_mono_ns());
}

/* When every node was down it may have been us: all get their time anew. */
static void look_at_all(struct workqueue *q, struct lifecycle *l, struct informer *nodes, bool anew)
{
	const void **v;
	size_t n = informer_list(nodes, SIZE_MAX, "", &v);

	for (size_t i = 0; i < n; i++) {
		const char *name = ((const struct cm_node *)v[i])->base.meta.name;

		if (anew)
			beat(l, name);
		workqueue_add(q, name);
	}
	informer_unref_all(v, n);
}

/* What is told of a node that is gone stands in the key: nothing else is left of it. */
static void dismiss(struct workqueue *q, struct lifecycle *l, const struct meta *m)
{
	autofree char *key = mem_printf(GONE "%s/%s", m->name, m->uid);

	stamps_del(l->seen, m->name);
	if (stamps_del(l->known, m->name))
		workqueue_add(q, key);
}

static void enqueue_node(struct workqueue *q, void *state, struct informer **informers, const void *old_node,
			 const void *new_node)
{
	const struct cm_node *old = old_node, *new = new_node;
	struct lifecycle *l = state;
	enum zones_change change = zones_see(l->zones, old, new);

	if (!new)
		dismiss(q, l, &old->base.meta);
	else if (!old || old->heartbeat_ns != new->heartbeat_ns)
		beat(l, new->base.meta.name);
	workqueue_add(q, (new ? new : old)->base.meta.name);
	if (change != ZONES_SAME)
		look_at_all(q, l, informers[WATCH_NODES], change == ZONES_RESUMED);
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

/* ---- events ---- */
static void tell(struct controller_ctx *ctx, const char *name, const char *uid, bool came)
{
	const struct event_ref ref = {.api_version = "v1", .kind = "Node", .name = name, .uid = uid};

	events_record(ctx->events, ctx->component, "", &ref, false, came ? "RegisteredNode" : "RemovingNode",
		      came ? "Node %s event: Registered Node %s in Controller"
			   : "Node %s event: Removing Node %s from Controller",
		      name, name);
}

/* ---- writes ---- */
static void set_unknown(js *list, const char *type, bool posted)
{
	condition_set(list, type, "Unknown", posted ? "NodeStatusUnknown" : "NodeStatusNeverUpdated",
		      posted ? "Kubelet stopped posting node status." : "Kubelet never posted node status.",
		      clock_wall_ns(), false);
}

/* The node has gone quiet: what it last said about itself is no longer known to be true. */
static int mark_unknown(struct controller_ctx *ctx, const struct cm_node *node, struct err *err)
{
	autojson js *body = js_new_obj();
	js *list = js_ensure_arr(js_ensure(body, "status", NULL), "conditions");

	control_guard(body, &node->base); /* it may be saying something right now */
	set_unknown(list, "Ready", node->ready != CONDITION_ABSENT);
	set_unknown(list, "MemoryPressure", node->posted_memory);
	set_unknown(list, "DiskPressure", node->posted_disk);
	set_unknown(list, "PIDPressure", node->posted_pid);
	if (control_patch(ctx, ctx->informers[WATCH_NODES], &node->base, REST_PATCH_STRATEGIC, "status", body,
			  err) < 0)
		return -1;
	if (node->ready == CONDITION_TRUE)
		control_event(ctx, &node->base, false, "NodeNotReady", "Node %s status is now: NodeNotReady",
			      node->base.meta.name);
	return 0;
}

/*
 * Pods of a node that nothing is known of are not ready either: nobody else can say so now. Of a node that says itself that
 * it is not ready it knows best.
 */
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
		js_set_str(js_ensure(body, "metadata", NULL), "uid", p->base.meta.uid);
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

/* Its Pods may go, or must wait for their turn (which the sync comes back for), or nobody's go. */
static enum taints_pace find_pace(struct controller_ctx *ctx, const struct cm_node *node,
				  enum condition_status ready)
{
	const struct lifecycle *l = ctx->state;

	if (zones_stopped(l->zones))
		return TAINTS_STOP;
	if (!taints_lacks_no_execute(node, ready))
		return TAINTS_HOLD;
	int64_t wait = zones_take(l->zones, node, clock_mono_ns());

	if (wait && wait != INT64_MAX && (ctx->requeue_after_ns < 0 || wait < ctx->requeue_after_ns))
		ctx->requeue_after_ns = wait;
	return wait ? TAINTS_HOLD : TAINTS_GO;
}

static int set_taints(struct controller_ctx *ctx, const struct cm_node *node, enum condition_status ready,
		      struct err *err)
{
	js *wanted = taints_wanted(node, ready, find_pace(ctx, node, ready), clock_wall_ns());
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

/* How long it may still be silent, ns. */
static int64_t time_left(const struct lifecycle *l, const struct cm_node *node)
{
	int64_t grace = node->ready ? config.grace_ns : config.startup_grace_ns;

	return stamps_get(l->seen, node->base.meta.name, 0) + grace - clock_mono_ns();
}

static int sync_node(struct controller_ctx *ctx, const struct cm_node *node, struct err *err)
{
	const struct meta *m = &node->base.meta;
	const struct lifecycle *l = ctx->state;
	int64_t left = time_left(l, node);
	bool silent = left <= 0 && node->ready != CONDITION_UNKNOWN;

	if (stamps_keep(l->known, m->name, 0))
		tell(ctx, m->name, m->uid, true);
	if (silent && mark_unknown(ctx, node, err) < 0)
		return -1;
	if ((silent || node->ready == CONDITION_UNKNOWN) && mark_pods_not_ready(ctx, m->name, err) < 0)
		return -1;
	if (left > 0)
		ctx->requeue_after_ns = left;
	return set_taints_now(ctx, m->name, err);
}

static int farewell(struct controller_ctx *ctx, const char *name_and_uid)
{
	const char *slash = strchr(name_and_uid, '/');
	autofree char *name = mem_strndup(name_and_uid, (size_t)(slash - name_and_uid));

	tell(ctx, name, slash + 1, false);
	return 0;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	if (!strncmp(key, GONE, strlen(GONE)))
		return farewell(ctx, key + strlen(GONE));
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
	.account = "node-controller",
	.workers = 2,
	.sync = sync,
	.init = init,
	.destroy = destroy,
};
