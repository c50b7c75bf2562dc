/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DaemonSet: one Pod on each node that suits (kubernetes/kubernetes pkg/controller/daemon).
 *
 * A sync groups the set's Pods by node, bound or meant for it, plans what should come and go, and does it: first what the
 * number of Pods on each node asks for; only when there is nothing of that, the next step of an update. It does not choose
 * nodes, the scheduler binds: a Pod is pinned to its node by its affinity. Its template's states are kept as
 * ControllerRevisions (history/), and a Pod's label names the state it is of.
 */
#include "controllers.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "claim.h"
#include "daemonset/daemonset_round.h"
#include "history/history.h"

enum { WATCH_DAEMONSETS, WATCH_PODS, WATCH_NODES, WATCH_REVISIONS };

struct daemonsets {
	struct pod_control *pods;
	struct daemonset_backoff *backoff;
};

static void *init(struct informer **informers, struct workqueue *q)
{
	struct daemonsets *s = MEM_NEW(struct daemonsets);

	s->pods = pod_control_new();
	s->backoff = daemonset_backoff_new();
	return s;
}

static void destroy(void *state)
{
	struct daemonsets *s = state;

	if (!s)
		return;
	pod_control_free(s->pods);
	daemonset_backoff_free(s->backoff);
	free(s);
}

/* ---- which keys ---- */

/* An orphan concerns every set that would adopt it. */
static void enqueue_adopters(struct workqueue *q, struct informer *sets, const struct informer_object *o)
{
	const void **v;

	if (meta_controller(&o->meta))
		return;
	size_t n = informer_list(sets, INDEX_NAMESPACE, o->meta.namespace, &v);
	for (size_t i = 0; i < n; i++)
		if (selector_matches(((const struct cm_daemonset *)v[i])->selector, o->meta.labels))
			controller_enqueue_self(q, NULL, NULL, NULL, v[i]);
	informer_unref_all(v, n);
}

static void enqueue_pod(struct workqueue *q, void *state, struct informer **informers, const void *old,
			const void *new)
{
	struct daemonsets *s = state;

	pod_control_saw(s->pods, old, new);
	controller_enqueue_owner(q, "DaemonSet", old, new);
	if (new)
		enqueue_adopters(q, informers[WATCH_DAEMONSETS], new);
}

static void enqueue_revision(struct workqueue *q, void *state, struct informer **informers, const void *old,
			     const void *new)
{
	controller_enqueue_owner(q, "DaemonSet", old, new);
	if (new)
		enqueue_adopters(q, informers[WATCH_DAEMONSETS], new);
}

static bool same_taints(const struct cm_node *a, const struct cm_node *b)
{
	if (a->n_taints != b->n_taints)
		return false;
	for (size_t i = 0; i < a->n_taints; i++)
		if (!taint_equal(&a->taints[i], &b->taints[i]))
			return false;
	return true;
}

static bool same_labels(const struct labels *a, const struct labels *b)
{
	return (!a && !b) || (a && b && labels_equal(a, b));
}

/* A node concerns those sets for which it suits otherwise than before. Signs of life, most of what comes, change nothing. */
static void enqueue_node(struct workqueue *q, void *state, struct informer **informers, const void *old,
			 const void *new)
{
	const struct cm_node *was = old, *is = new;
	const void **v;

	if (was && is && same_taints(was, is) && same_labels(was->base.meta.labels, is->base.meta.labels))
		return;
	size_t n = informer_list(informers[WATCH_DAEMONSETS], SIZE_MAX, NULL, &v);
	for (size_t i = 0; i < n; i++) {
		struct daemonset_fit before = {false, false}, after = before;
		if (was)
			before = daemonset_fit(v[i], was);
		if (is)
			after = daemonset_fit(v[i], is);
		if (before.run != after.run || before.stay != after.stay)
			controller_enqueue_self(q, NULL, NULL, NULL, v[i]);
	}
	informer_unref_all(v, n);
}

/* ---- history ---- */

static const char *hash_of(const struct cm_controllerrevision *r)
{
	const char *hash = labels_get(r->base.meta.labels, DAEMONSET_HASH_LABEL);
	return hash ? hash : r->base.meta.name; /* an adopted one may have none */
}

/* What Pods are of stays, those included that are about to go. */
static int clean_history(const struct daemonset_round *r, struct history *h, const struct claimed *pods,
			 struct err *err)
{
	automap struct map live = MAP_INIT;

	for (size_t i = 0; i < pods->n; i++) {
		const struct cm_pod *p = pods->v[i];
		const char *hash = labels_get(p->base.meta.labels, DAEMONSET_HASH_LABEL);
		if (hash && *hash)
			map_set(&live, hash, h);
	}
	return history_truncate(h, &live, hash_of, r->ds->history_limit, true, err);
}

/* A state that was written down twice is kept once: its Pods get the label of the one that stays. */
static int join_twins(const struct daemonset_round *r, struct history *h, const struct claimed *pods,
		      struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < h->all.n && rc == 0; i++) {
		const struct cm_controllerrevision *twin = h->all.v[i];
		if (twin->data_hash != h->data_hash || twin->base.meta.deleted_ns ||
		    !strcmp(twin->base.meta.uid, h->current->base.meta.uid))
			continue;
		for (size_t k = 0; k < pods->n && rc == 0; k++) {
			const struct cm_pod *p = pods->v[k];
			const char *hash = labels_get(p->base.meta.labels, DAEMONSET_HASH_LABEL);
			if (!hash || strcmp(hash, hash_of(twin)))
				continue;
			autojson js *body = js_new_obj();
			js_set_str(js_ensure(body, "metadata", NULL), "uid", p->base.meta.uid);
			js_set_str(js_ensure(body, "metadata", "labels", NULL), DAEMONSET_HASH_LABEL,
				   r->hash);
			rc = control_patch(r->ctx, r->pod_informer, &p->base, REST_PATCH_MERGE, NULL, body,
					   err);
		}
		if (rc == 0)
			rc = history_delete(h, twin, err);
	}
	return rc;
}

/* ---- status ---- */

struct numbers {
	int32_t current, misscheduled, ready, updated, available;
};

static void look_at_node(struct daemonset_round *r, const struct daemonset_node *n, struct numbers *c)
{
	if (!n->known || !n->n)
		return;
	if (!n->fit.run) {
		c->misscheduled++;
		return;
	}
	const struct cm_pod *p = n->pods[0];
	bool available = daemonset_available(r, p);

	c->current++;
	c->ready += cm_pod_ready(p);
	c->available += available;
	c->updated += daemonset_updated(r, p);
}

/* Looks again when the first Pod may have become available. */
static void wait_for_availability(struct daemonset_round *r)
{
	int64_t min_ready_ns = r->ds->min_ready_seconds * NS_PER_S;

	for (size_t i = 0; min_ready_ns && i < r->n_nodes; i++)
		for (size_t k = 0; k < r->nodes[i].n; k++) {
			const struct cm_pod *p = r->nodes[i].pods[k];
			if (cm_pod_ready(p) && !daemonset_available(r, p))
				daemonset_wake_after(r, p->ready.since_ns + min_ready_ns - r->now_ns);
		}
}

static int write_status(struct daemonset_round *r, int32_t collisions, struct err *err)
{
	const struct cm_daemonset *ds = r->ds;
	struct numbers c = {0};

	for (size_t i = 0; i < r->n_nodes; i++)
		look_at_node(r, &r->nodes[i], &c);
	wait_for_availability(r);
	int32_t unavailable = r->desired - c.available;
	if (ds->status.desired == r->desired && ds->status.current == c.current &&
	    ds->status.misscheduled == c.misscheduled && ds->status.ready == c.ready &&
	    ds->status.updated == c.updated && ds->status.available == c.available &&
	    ds->status.unavailable == unavailable && ds->status.collisions == collisions &&
	    ds->status.observed_generation >= ds->base.meta.generation)
		return 0;
	autojson js *body = js_new_obj();
	js *status = js_ensure(body, "status", NULL);
	js_set_int(status, "currentNumberScheduled", c.current);
	js_set_int(status, "numberMisscheduled", c.misscheduled);
	js_set_int(status, "desiredNumberScheduled", r->desired);
	js_set_int(status, "numberReady", c.ready);
	js_set_int(status, "observedGeneration", ds->base.meta.generation);
	control_set_count(status, "updatedNumberScheduled", c.updated);
	control_set_count(status, "numberAvailable", c.available);
	control_set_count(status, "numberUnavailable", unavailable);
	if (collisions >= 0)
		js_set_int(status, "collisionCount", collisions);
	return control_patch_status(r->ctx, r->ctx->informers[WATCH_DAEMONSETS], &ds->base, body, err);
}

/* ---- the sync ---- */

static int bring_about(struct daemonset_round *r, struct history *h, const struct claimed *pods,
		       struct err *err)
{
	daemonset_manage(r);
	if (!r->n_create && !r->n_remove)
		daemonset_update(r);
	if (daemonset_act(r, err) < 0)
		return -1;
	return clean_history(r, h, pods, err);
}

static int sync_with(struct controller_ctx *ctx, const struct cm_daemonset *ds, struct history *h,
		     const struct claimed *pods, struct err *err)
{
	struct daemonsets *s = ctx->state;
	struct daemonset_round r = {.ctx = ctx,
				    .ds = ds,
				    .pod_informer = ctx->informers[WATCH_PODS],
				    .node_informer = ctx->informers[WATCH_NODES],
				    .control = s->pods,
				    .backoff = s->backoff,
				    .hash = hash_of(h->current),
				    .now_ns = clock_wall_ns()};
	struct err failure = ERR_INIT;

	if (join_twins(&r, h, pods, err) < 0)
		return -1;
	daemonset_look(&r, (const struct cm_pod *const *)pods->v, pods->n);
	int rc = bring_about(&r, h, pods, err);
	/* As upstream, the status counts what was there before this sync's changes; those come back as events. */
	if (write_status(&r, h->collisions, rc < 0 ? &failure : err) < 0)
		rc = -1;
	if (r.wake_ns)
		ctx->requeue_after_ns = r.wake_ns;
	daemonset_release(&r);
	return rc;
}

static int sync_set(struct controller_ctx *ctx, const struct cm_daemonset *ds, struct err *err)
{
	struct claimed pods = {0};
	struct history h = {.ctx = ctx,
			    .informer = ctx->informers[WATCH_REVISIONS],
			    .owner = &ds->base,
			    .selector = ds->selector,
			    .data = ds->data,
			    .data_hash = ds->data_hash,
			    .hash_label = DAEMONSET_HASH_LABEL,
			    .collisions = ds->status.collisions};

	if (selector_empty(ds->selector)) {
		control_event(ctx, &ds->base, true, "SelectingAll",
			      "This daemon set is selecting all pods. A non-empty selector is required.");
		return 0;
	}
	int rc = history_sync(&h, err);
	if (rc == 0)
		rc = claim(ctx, ctx->informers[WATCH_PODS], &ds->base, ds->selector, NULL, &pods, err);
	if (rc == 0)
		rc = sync_with(ctx, ds, &h, &pods, err);
	claim_release(&pods);
	history_release(&h);
	return rc;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_daemonset *ds = informer_get(ctx->informers[WATCH_DAEMONSETS], key);
	int rc = ds && !ds->base.meta.deleted_ns ? sync_set(ctx, ds, err) : 0;

	informer_unref(ds);
	return rc;
}

const struct controller daemonset_controller = {
	.name = "daemonset",
	.component = "daemonset-controller",
	.watches =
		{
			[WATCH_DAEMONSETS] = {&cm_daemonset_type, NULL, controller_enqueue_self},
			[WATCH_PODS] = {&cm_pod_type, NULL, enqueue_pod},
			[WATCH_NODES] = {&cm_node_type, NULL, enqueue_node},
			[WATCH_REVISIONS] = {&cm_controllerrevision_type, NULL, enqueue_revision},
		},
	.account = "daemon-set-controller",
	.workers = 2,
	.sync = sync,
	.init = init,
	.destroy = destroy,
};
