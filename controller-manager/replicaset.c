/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ReplicaSet: keeps as many active Pods as asked for (kubernetes/kubernetes pkg/controller/replicaset). A
 * ReplicationController is the same under another name, there as here: one more row at the end.
 *
 * The model of a controller in this house. sync(key) looks at all Pods of the set, adopts and releases,
 * creates or deletes the difference (pod_control.h), and writes the status if it changed. What it wrote it sees
 * at once, which takes the place of upstream's expectations: nothing ever blocks a sync.
 */
#include "controllers.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "claim.h"
#include "object/condition.h"
#include "decode/replicaset.h"
#include "pod_control.h"

enum { WATCH_REPLICASETS, WATCH_PODS };

static void *init(struct informer **informers, struct workqueue *q)
{
	return pod_control_new();
}

static void destroy(void *state)
{
	pod_control_free(state);
}

/* A Pod concerns its controller, before and after the change; an orphan concerns every set that would adopt
 * it. */
static void enqueue_pod(struct workqueue *q, void *state, struct informer **informers, const void *old,
			const void *new)
{
	const struct cm_pod *pod = new ? new : old;

	pod_control_saw(state, old, new);
	controller_enqueue_owner(q, informer_get_type(informers[WATCH_REPLICASETS])->kind, old, new);
	if (!new || meta_controller(&pod->base.meta))
		return;
	const void **sets;
	size_t n =
		informer_list(informers[WATCH_REPLICASETS], INDEX_NAMESPACE, pod->base.meta.namespace, &sets);
	for (size_t i = 0; i < n; i++)
		if (selector_matches(((const struct cm_replicaset *)sets[i])->selector,
				     pod->base.meta.labels))
			controller_enqueue_self(q, NULL, NULL, NULL, sets[i]);
	informer_unref_all(sets, n);
}

/* ---- creating ---- */
static int create_pods(struct controller_ctx *ctx, const struct cm_replicaset *rs, size_t n, struct err *err)
{
	struct pod_template *t = pod_template_new(rs->template, &rs->base);
	struct pod_burst burst = {
		.ctx = ctx, .pods = ctx->informers[WATCH_PODS], .owner = &rs->base, .template = t};
	int rc = pod_control_create(&burst, n, err);

	pod_template_free(t);
	if (rc < 0 && err->reason == REASON_ENDING) {
		*err = (struct err)ERR_INIT; /* the set goes with its namespace */
		return 0;
	}
	return rc;
}

/* ---- deleting ---- */
struct ranked_pod {
	const struct cm_pod *pod;
	int doubled; /* active Pods of related sets on the same node */
};

/* Order of upstream's ActivePodsWithRanks: what is worth least goes first. */
static int by_worth(const void *x, const void *y)
{
	const struct ranked_pod *a = x, *b = y;
	int cost = (a->pod->deletion_cost > b->pod->deletion_cost) -
		   (a->pod->deletion_cost < b->pod->deletion_cost);
	int doubled = (a->doubled < b->doubled) - (a->doubled > b->doubled);

	return pod_control_worth(a->pod, b->pod, cost ? cost : doubled);
}

/* How many active Pods of all sets with the same controller (the other ReplicaSets of a Deployment) share
 * each node. */
static void count_related(struct controller_ctx *ctx, const struct cm_replicaset *rs, struct map *per_node)
{
	const struct owner_ref *owner = meta_controller(&rs->base.meta);
	const void **sets;
	size_t n = informer_list(ctx->informers[WATCH_REPLICASETS], INDEX_OWNER_UID, owner ? owner->uid : "",
				 &sets);
	for (size_t i = 0; i < (n ? n : 1); i++) {
		const char *uid = n ? ((const struct informer_object *)sets[i])->meta.uid : rs->base.meta.uid;
		const void **pods;
		size_t n_pods = informer_list(ctx->informers[WATCH_PODS], INDEX_OWNER_UID, uid, &pods);
		for (size_t k = 0; k < n_pods; k++) {
			const struct cm_pod *p = pods[k];
			if (cm_pod_active(p) && *p->node)
				map_set(per_node, p->node,
					(void *)((intptr_t)map_get(per_node, p->node) + 1));
		}
		informer_unref_all(pods, n_pods);
	}
	informer_unref_all(sets, n);
}

static int delete_pods(struct controller_ctx *ctx, const struct cm_replicaset *rs,
		       const struct cm_pod **active, size_t n_active, size_t want, struct err *err)
{
	struct map per_node = MAP_INIT;
	struct ranked_pod *ranked = mem_array(n_active, sizeof(*ranked));

	if (want < n_active)
		count_related(ctx, rs, &per_node);
	for (size_t i = 0; i < n_active; i++)
		ranked[i] =
			(struct ranked_pod){active[i], (int)(intptr_t)map_get(&per_node, active[i]->node)};
	qsort(ranked, n_active, sizeof(*ranked), by_worth);
	for (size_t i = 0; i < n_active; i++)
		active[i] = ranked[i].pod;
	free(ranked);
	map_release(&per_node);
	return pod_control_delete(ctx->state, ctx, ctx->informers[WATCH_PODS], &rs->base, active, want, err);
}

/* ---- status ---- */
static int write_status(struct controller_ctx *ctx, const struct cm_replicaset *rs,
			const struct cm_pod **active, size_t n, const struct err *failure, bool creating,
			struct err *err)
{
	int64_t now = clock_wall_ns();
	int32_t labeled = 0, ready = 0, available = 0;
	autojson js *template = js_parse(rs->template, strlen(rs->template), NULL, err);
	autofree struct labels *want = labels_new(js_obj(template, "metadata", "labels", NULL));
	for (size_t i = 0; i < n; i++) {
		bool all = true;
		for (size_t k = 0; all && k < want->n; k++) {
			const char *v = labels_get(active[i]->base.meta.labels, want->v[k].key);
			all = v && strcmp(v, want->v[k].value) == 0;
		}
		labeled += all;
		ready += cm_pod_ready(active[i]);
		available += cm_pod_available(active[i], rs->min_ready_seconds, now);
	}
	if (ready != available) /* look again when the first of them may have become available */
		ctx->requeue_after_ns = rs->min_ready_seconds * NS_PER_S;

	autojson js *conditions = rs->status.conditions ? js_parse(rs->status.conditions,
								   strlen(rs->status.conditions), NULL, err)
							: js_new_arr();
	bool changed;
	if (failure->reason != REASON_NONE)
		changed = condition_set(conditions, "ReplicaFailure", "True",
					creating ? "FailedCreate" : "FailedDelete", failure->msg, now, false);
	else
		changed = condition_remove(conditions, "ReplicaFailure");
	if (!changed && rs->status.replicas == (int32_t)n && rs->status.fully_labeled == labeled &&
	    rs->status.ready == ready && rs->status.available == available &&
	    rs->status.observed_generation == rs->base.meta.generation)
		return 0;
	autojson js *body = js_new_obj();
	js *status = js_ensure(body, "status", NULL);
	js_set_int(status, "replicas", (int64_t)n);
	control_set_count(status, "fullyLabeledReplicas", labeled);
	control_set_count(status, "readyReplicas", ready);
	control_set_count(status, "availableReplicas", available);
	js_set_int(status, "observedGeneration", rs->base.meta.generation);
	js_set(status, "conditions", js_len(conditions) ? STEAL(conditions) : NULL);
	return control_patch_status(ctx, ctx->informers[WATCH_REPLICASETS], &rs->base, body, err);
}

static int sync_set(struct controller_ctx *ctx, const struct cm_replicaset *rs, struct err *err)
{
	struct claimed pods = {0};
	if (claim(ctx, ctx->informers[WATCH_PODS], &rs->base, rs->selector, NULL, &pods, err) < 0)
		return -1;
	const struct cm_pod **active = mem_array(pods.n + 1, sizeof(struct cm_pod *));
	size_t n = 0;
	for (size_t i = 0; i < pods.n; i++) {
		const struct cm_pod *p = pods.v[i];
		if (pod_control_active(ctx->state, p))
			active[n++] = p;
	}
	struct err failure = ERR_INIT;
	size_t want = (size_t)rs->replicas;
	int rc = 0;
	bool creating = n < want, more = false;
	if (rs->base.meta.deleted_ns == 0 && n != want) {
		size_t diff = creating ? want - n : n - want;
		more = diff > POD_CONTROL_BURST;
		diff = more ? POD_CONTROL_BURST : diff;
		rc = creating ? create_pods(ctx, rs, diff, &failure)
			      : delete_pods(ctx, rs, active, n, diff, &failure);
	}
	/* As upstream, the status counts what was there before this sync's changes; those come back as
	 * events. */
	if (write_status(ctx, rs, active, n, &failure, creating, err) < 0)
		rc = -1;
	else if (rc < 0)
		*err = failure;
	if (more && rc == 0)
		ctx->requeue_after_ns = 0;
	free(active);
	claim_release(&pods);
	return rc;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_replicaset *rs = informer_get(ctx->informers[WATCH_REPLICASETS], key);
	if (!rs)
		return 0;
	int rc = sync_set(ctx, rs, err);
	informer_unref(rs);
	return rc;
}

const struct controller replicaset_controller = {
	.name = "replicaset",
	.component = "replicaset-controller",
	.watches =
		{
			[WATCH_REPLICASETS] = {&cm_replicaset_type, NULL, controller_enqueue_self},
			[WATCH_PODS] = {&cm_pod_type, NULL, enqueue_pod},
		},
	.account = "replicaset-controller",
	.workers = 2,
	.sync = sync,
	.init = init,
	.destroy = destroy,
};

const struct controller replication_controller = {
	.name = "replicationcontroller",
	.component = "replication-controller",
	.watches =
		{
			[WATCH_REPLICASETS] = {&cm_replicationcontroller_type, NULL, controller_enqueue_self},
			[WATCH_PODS] = {&cm_pod_type, NULL, enqueue_pod},
		},
	.account = "replication-controller",
	.workers = 2,
	.sync = sync,
	.init = init,
	.destroy = destroy,
};
