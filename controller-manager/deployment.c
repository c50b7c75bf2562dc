/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deployment: one ReplicaSet per template, moved from old to new within maxSurge and maxUnavailable
 * (kubernetes/kubernetes pkg/controller/deployment).
 *
 * Each sync takes one look and at most one step: scale (size changed or paused), Recreate, or RollingUpdate.
 * Every path ends in writing the status. The arithmetic is in rollout.c, the sets in deployment_sets.c, the
 * status in deployment_status.c.
 */
#include "deployment.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "object/condition.h"

static void enqueue_set(struct workqueue *q, void *state, struct informer **informers, const void *old,
			const void *new)
{
	controller_enqueue_owner(q, "Deployment", old, new);
	const struct cm_replicaset *rs = new;
	if (!rs || meta_controller(&rs->base.meta))
		return;
	const void **v; /* an orphan: whoever would adopt it */
	size_t n = informer_list(informers[DEPLOYMENT_WATCH_DEPLOYMENTS], INDEX_NAMESPACE,
				 rs->base.meta.namespace, &v);
	for (size_t i = 0; i < n; i++)
		if (selector_matches(((const struct cm_deployment *)v[i])->selector, rs->base.meta.labels))
			controller_enqueue_self(q, NULL, NULL, NULL, v[i]);
	informer_unref_all(v, n);
}

/* Recreate waits until the last old Pod is gone: only a Pod's end matters. */
static void enqueue_pod(struct workqueue *q, void *state, struct informer **informers, const void *old,
			const void *new)
{
	const struct cm_pod *pod = new ? new : old;
	const struct owner_ref *owner = meta_controller(&pod->base.meta);
	bool ended = !new || pod->phase == PHASE_SUCCEEDED || pod->phase == PHASE_FAILED;
	if (!ended || !owner || strcmp(owner->kind, "ReplicaSet") != 0)
		return;
	autobuf struct buf key = BUF_INIT;
	meta_key(&key, pod->base.meta.namespace, owner->name);
	const struct cm_replicaset *rs = informer_get(informers[DEPLOYMENT_WATCH_SETS], buf_str(&key));
	if (!rs)
		return;
	const struct owner_ref *top = meta_controller(&rs->base.meta);
	buf_clear(&key);
	meta_key(&key, pod->base.meta.namespace, top ? top->name : "");
	const struct cm_deployment *d =
		top ? informer_get(informers[DEPLOYMENT_WATCH_DEPLOYMENTS], buf_str(&key)) : NULL;
	if (d && d->recreate)
		workqueue_add(q, buf_str(&key));
	informer_unref(d);
	informer_unref(rs);
}

/* ---- scaling without a rollout step ---- */
static int grow_order(const void *a, const void *b)
{
	const struct rollout_set *x = a, *y = b; /* larger first, newer before older */
	if (x->replicas != y->replicas)
		return x->replicas > y->replicas ? -1 : 1;
	int64_t cx = x->rs->base.meta.created_ns, cy = y->rs->base.meta.created_ns;
	return cx == cy ? 0 : (cx > cy ? -1 : 1);
}

static int shrink_order(const void *a, const void *b)
{
	const struct rollout_set *x = a, *y = b; /* larger first, older before newer */
	if (x->replicas != y->replicas)
		return x->replicas > y->replicas ? -1 : 1;
	int64_t cx = x->rs->base.meta.created_ns, cy = y->rs->base.meta.created_ns;
	return cx == cy ? 0 : (cx < cy ? -1 : 1);
}

static size_t index_of(const struct deployment_sync *s, const struct cm_replicaset *rs)
{
	size_t i = 0;
	while (s->sets[i].rs != rs)
		i++;
	return i;
}

static int scale_proportionally(struct deployment_sync *s, struct err *err)
{
	int32_t all = deployment_sum(s, false);
	int32_t allowed = s->d->replicas > 0 ? s->d->replicas + rollout_bounds(s->d).surge : 0;
	struct rollout_set *share = mem_array(s->n, sizeof(*share));
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++)
		if (s->sets[i].replicas > 0)
			share[n++] = s->sets[i];
	qsort(share, n, sizeof(*share), allowed > all ? grow_order : shrink_order);
	rollout_proportional(s->d, share, n, allowed);
	int rc = 0;
	bool changed = false;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = deployment_scale_set(s, index_of(s, share[i].rs), share[i].target, &changed, err);
	free(share);
	return rc;
}

static bool saturated(const struct deployment_sync *s)
{
	if (s->new_set < 0)
		return false;
	const struct cm_replicaset *rs = s->sets[s->new_set].rs;
	return rs->replicas == s->d->replicas && rs->status.available == s->d->replicas &&
	       labels_get(rs->base.meta.annotations, ANNOTATION_DESIRED) &&
	       strtol(labels_get(rs->base.meta.annotations, ANNOTATION_DESIRED), NULL, 10) == s->d->replicas;
}

static int scale(struct deployment_sync *s, struct err *err)
{
	size_t active = 0, last = 0;
	bool changed = false;
	for (size_t i = 0; i < s->n; i++)
		if (s->sets[i].replicas > 0) {
			active++;
			last = i;
		}
	if (active <= 1) {
		/* One runs, or none and the newest is the one to run. */
		if (active == 0 && s->n > 0)
			last = s->new_set >= 0 ? (size_t)s->new_set : s->n - 1;
		return s->n ? deployment_scale_set(s, last, s->d->replicas, &changed, err) : 0;
	}
	if (saturated(s)) {
		for (size_t i = 0; i < s->n; i++)
			if ((ssize_t)i != s->new_set && s->sets[i].replicas > 0 &&
			    deployment_scale_set(s, i, 0, &changed, err) < 0)
				return -1;
		return 0;
	}
	return s->d->recreate ? 0 : scale_proportionally(s, err);
}

static int sync_scale(struct deployment_sync *s, struct err *err)
{
	if (deployment_ensure_new_set(s, false, err) < 0 || scale(s, err) < 0)
		return -1;
	/* A paused rollout must not use up its history. */
	if (s->d->paused && deployment_sum(s, true) == 0 && deployment_cleanup(s, err) < 0)
		return -1;
	return deployment_write_status(s, err);
}

/* ---- strategies ---- */
static int finish(struct deployment_sync *s, struct err *err)
{
	struct deployment_status st;
	deployment_count(s, &st);
	if (deployment_complete(s->d, &st) && deployment_cleanup(s, err) < 0)
		return -1;
	deployment_judge_progress(s);
	return deployment_write_status(s, err);
}

static int scale_new(struct deployment_sync *s, bool *changed, struct err *err)
{
	if (s->new_set < 0)
		return 0;
	const struct rollout_set *set = &s->sets[s->new_set];
	int32_t want = set->replicas > s->d->replicas
			       ? s->d->replicas
			       : rollout_new_replicas(s->d, deployment_held(s), set->replicas);
	return deployment_scale_set(s, (size_t)s->new_set, want, changed, err);
}

static int scale_old(struct deployment_sync *s, bool *changed, struct err *err)
{
	struct rollout_set *old = mem_array(s->n + 1, sizeof(*old)), none = {0};
	int32_t available = 0;
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++) {
		/* a set that was told to shrink may still count Pods that it is about to delete */
		int32_t there = s->sets[i].rs->status.available;
		available += there < s->sets[i].replicas ? there : s->sets[i].replicas;
		if ((ssize_t)i != s->new_set && s->sets[i].replicas > 0)
			old[n++] = s->sets[i];
	}
	rollout_scale_down_old(s->d, old, n, s->new_set >= 0 ? &s->sets[s->new_set] : &none, available,
			       deployment_sum(s, false));
	int rc = 0;
	for (size_t i = 0; i < n && rc == 0; i++)
		if (old[i].target != old[i].replicas)
			rc = deployment_scale_set(s, index_of(s, old[i].rs), old[i].target, changed, err);
	free(old);
	return rc;
}

static int roll(struct deployment_sync *s, struct err *err)
{
	bool changed = false;
	if (deployment_ensure_new_set(s, true, err) < 0 || scale_new(s, &changed, err) < 0)
		return -1;
	if (!changed && scale_old(s, &changed, err) < 0)
		return -1;
	return finish(s, err);
}

static bool old_pods_left(const struct deployment_sync *s)
{
	bool left = false;
	for (size_t i = 0; i < s->n && !left; i++) {
		if ((ssize_t)i == s->new_set)
			continue;
		const void **pods;
		size_t n = informer_list(s->ctx->informers[DEPLOYMENT_WATCH_PODS], INDEX_OWNER_UID,
					 s->sets[i].rs->base.meta.uid, &pods);
		for (size_t k = 0; k < n; k++) {
			const struct cm_pod *p = pods[k];
			left |= p->phase != PHASE_SUCCEEDED && p->phase != PHASE_FAILED;
		}
		informer_unref_all(pods, n);
		left |= s->sets[i].rs->status.replicas > 0;
	}
	return left;
}

static int recreate(struct deployment_sync *s, struct err *err)
{
	bool changed = false;
	for (size_t i = 0; i < s->n; i++)
		if ((ssize_t)i != s->new_set && s->sets[i].replicas > 0 &&
		    deployment_scale_set(s, i, 0, &changed, err) < 0)
			return -1;
	if (!changed && !old_pods_left(s) &&
	    (deployment_ensure_new_set(s, true, err) < 0 || scale_new(s, &changed, err) < 0))
		return -1;
	return finish(s, err);
}

/* ---- one sync ---- */
static void judge_pause(struct deployment_sync *s)
{
	if (s->d->progress_deadline == INT32_MAX)
		return;
	const js *c = condition_find(s->conditions, "Progressing");
	const char *reason = js_str0(c, "reason", NULL);
	if (c && strcmp(reason, "ProgressDeadlineExceeded") == 0)
		return; /* whoever paused a stuck rollout still sees that it is stuck */
	bool was = strcmp(reason, "DeploymentPaused") == 0;
	if (s->d->paused && !was)
		deployment_set_progressing(s, "Unknown", "DeploymentPaused", "Deployment is paused");
	else if (!s->d->paused && was)
		deployment_set_progressing(s, "Unknown", "DeploymentResumed", "Deployment is resumed");
}

/* The size was changed: an active set still carries the annotation of another size. */
static bool resized(const struct deployment_sync *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const char *desired = labels_get(s->sets[i].rs->base.meta.annotations, ANNOTATION_DESIRED);
		if (s->sets[i].replicas > 0 && desired && strtol(desired, NULL, 10) != s->d->replicas)
			return true;
	}
	return false;
}

static int step(struct deployment_sync *s, struct err *err)
{
	if (s->d->base.meta.deleted_ns)
		return deployment_write_status(s, err);
	judge_pause(s);
	if (s->d->paused || resized(s))
		return sync_scale(s, err);
	return s->d->recreate ? recreate(s, err) : roll(s, err);
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_deployment *d = informer_get(ctx->informers[DEPLOYMENT_WATCH_DEPLOYMENTS], key);
	if (!d)
		return 0;
	struct deployment_sync s = {
		.ctx = ctx, .d = d, .now = clock_wall_ns(), .collisions = d->status.collisions};
	const char *conditions = d->status.conditions;
	s.conditions = conditions ? js_parse(conditions, strlen(conditions), NULL, err) : js_new_arr();
	int rc = deployment_load(&s, err);
	if (rc == 0)
		rc = step(&s, err);
	deployment_unload(&s);
	informer_unref(d);
	return rc;
}

const struct controller deployment_controller = {
	.name = "deployment",
	.component = "deployment-controller",
	.watches =
		{
			[DEPLOYMENT_WATCH_DEPLOYMENTS] = {&cm_deployment_type, NULL, controller_enqueue_self},
			[DEPLOYMENT_WATCH_SETS] = {&cm_replicaset_type, NULL, enqueue_set},
			[DEPLOYMENT_WATCH_PODS] = {&cm_pod_type, NULL, enqueue_pod},
		},
	.account = "deployment-controller",
	.workers = 2,
	.sync = sync,
};
