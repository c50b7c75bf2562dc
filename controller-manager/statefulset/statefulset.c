/* SPDX-License-Identifier: Apache-2.0 */
/*
 * StatefulSet: Pods with names, in order, each with its own claims (kubernetes/kubernetes pkg/controller/statefulset).
 *
 * A sync puts the set's Pods in order and takes the next step (statefulset_step.c); their present state decides alone, so
 * whoever deletes Pods, and whenever this daemon ends, the next sync goes on from what is there. That a Pod has a name is what
 * keeps it from being made twice. Templates are kept as ControllerRevisions (history/); a Pod's label names its own.
 */
#include "controllers.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "statefulset/statefulset_round.h"

enum { WATCH_STATEFULSETS, WATCH_PODS, WATCH_CLAIMS, WATCH_REVISIONS };

static void *init(struct informer **informers, struct workqueue *q)
{
	struct pod_control *pc = pod_control_new();

	pod_control_set_tell(pc, statefulset_tell);
	return pc;
}

static void destroy(void *state)
{
	pod_control_free(state);
}

/* ---- which keys ---- */

static void enqueue_matching(struct workqueue *q, struct informer *sets, const struct informer_object *o)
{
	const void **v;
	size_t n = informer_list(sets, INDEX_NAMESPACE, o->meta.namespace, &v);

	for (size_t i = 0; i < n; i++)
		if (selector_matches(((const struct cm_statefulset *)v[i])->selector, o->meta.labels))
			controller_enqueue_self(q, NULL, NULL, NULL, v[i]);
	informer_unref_all(v, n);
}

static void enqueue_dependant(struct workqueue *q, void *state, struct informer **informers, const void *old,
			      const void *new)
{
	const struct informer_object *o = new;

	controller_enqueue_owner(q, "StatefulSet", old, new);
	if (o && !meta_controller(&o->meta))
		enqueue_matching(q, informers[WATCH_STATEFULSETS], o);
}

static void enqueue_pod(struct workqueue *q, void *state, struct informer **informers, const void *old,
			const void *new)
{
	pod_control_saw(state, old, new);
	enqueue_dependant(q, state, informers, old, new);
}

/* A claim that goes may be what the next Pod waits for. */
static void enqueue_claim(struct workqueue *q, void *state, struct informer **informers, const void *old,
			  const void *new)
{
	if (!new)
		enqueue_matching(q, informers[WATCH_STATEFULSETS], old);
}

/* ---- what is so ---- */

struct ordered_pod {
	const struct cm_pod *pod;
	int32_t ordinal;
};

static int by_ordinal(const void *a, const void *b)
{
	const struct ordered_pod *x = a, *y = b;

	return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

static void put_in_order(struct statefulset_round *r, const struct claimed *pods)
{
	struct ordered_pod *v = mem_array(pods->n + 1, sizeof(*v));

	for (size_t i = 0; i < pods->n; i++) {
		const struct cm_pod *p = pods->v[i];
		v[i] = (struct ordered_pod){p,
					    statefulset_ordinal(r->set->base.meta.name, p->base.meta.name)};
	}
	qsort(v, pods->n, sizeof(*v), by_ordinal);
	r->replicas = mem_array(pods->n + 1, sizeof(*r->replicas));
	r->condemned = mem_array(pods->n + 1, sizeof(*r->condemned));
	for (size_t i = 0; i < pods->n; i++)
		if (statefulset_in_range(r->set, v[i].ordinal))
			r->replicas[r->n_replicas++] = v[i].pod;
	for (size_t i = pods->n; i-- > 0;)
		if (!statefulset_in_range(r->set, v[i].ordinal))
			r->condemned[r->n_condemned++] = v[i].pod;
	free(v);
}

/* ---- status ---- */

struct state {
	int32_t replicas, ready, available, current, updated;
	const char *current_revision, *update_revision;
};

static void count(struct statefulset_round *r, const struct cm_pod *p, struct state *s)
{
	const char *revision = statefulset_revision_of(p);
	bool available = cm_pod_available(p, r->set->min_ready_seconds, r->now_ns);

	s->replicas++;
	if (statefulset_running_ready(p)) {
		s->ready++;
		s->available += available;
		if (!available)
			statefulset_wake_after(r, p->ready.since_ns + r->set->min_ready_seconds * NS_PER_S -
							  r->now_ns);
	}
	if (pod_control_ending(r->control, p))
		return;
	s->current += !strcmp(revision, s->current_revision);
	s->updated += !strcmp(revision, s->update_revision);
}

static struct state state_of(struct statefulset_round *r, const struct claimed *pods)
{
	struct state s = {
		.current_revision = r->current ? r->current->base.meta.name : r->set->status.current_revision,
		.update_revision = r->update ? r->update->base.meta.name : r->set->status.update_revision};

	for (size_t i = 0; i < pods->n; i++)
		count(r, pods->v[i], &s);
	return s;
}

/* When all are as they should be, what was new is the present. */
static void complete(const struct cm_statefulset *set, struct state *s)
{
	if (set->on_delete || s->updated != set->replicas || s->ready != set->replicas ||
	    s->replicas != set->replicas)
		return;
	s->current = s->updated;
	s->current_revision = s->update_revision;
}

static int write_status(const struct statefulset_round *r, const struct state *s, int32_t collisions,
			struct err *err)
{
	const struct cm_statefulset *set = r->set;

	if (set->status.observed_generation >= set->base.meta.generation &&
	    set->status.replicas == s->replicas && set->status.ready == s->ready &&
	    set->status.available == s->available && set->status.current == s->current &&
	    set->status.updated == s->updated && set->status.collisions == collisions &&
	    !strcmp(set->status.current_revision, s->current_revision) &&
	    !strcmp(set->status.update_revision, s->update_revision))
		return 0;
	autojson js *body = js_new_obj();
	js *status = js_ensure(body, "status", NULL);
	js_set_int(status, "observedGeneration", set->base.meta.generation);
	js_set_int(status, "replicas", s->replicas);
	control_set_count(status, "readyReplicas", s->ready);
	control_set_count(status, "currentReplicas", s->current);
	control_set_count(status, "updatedReplicas", s->updated);
	js_set_int(status, "availableReplicas", s->available);
	js_set_str(status, "currentRevision", s->current_revision);
	js_set_str(status, "updateRevision", s->update_revision);
	js_set_int(status, "collisionCount", collisions);
	return control_patch_status(r->ctx, r->ctx->informers[WATCH_STATEFULSETS], &set->base, body, err);
}

/* ---- the sync ---- */

static const char *name_of(const struct cm_controllerrevision *rev)
{
	return rev->base.meta.name;
}

static int clean_history(const struct statefulset_round *r, const struct claimed *pods, struct err *err)
{
	automap struct map live = MAP_INIT;

	map_set(&live, name_of(r->current), r->history);
	for (size_t i = 0; i < pods->n; i++)
		map_set(&live, statefulset_revision_of(pods->v[i]), r->history);
	return history_truncate(r->history, &live, name_of, r->set->history_limit, false, err);
}

static int run(struct statefulset_round *r, const struct claimed *pods, int32_t collisions, struct err *err)
{
	struct state s = state_of(r, pods);
	struct err failure = ERR_INIT;
	int rc = 0;

	put_in_order(r, pods);
	r->current_replicas = s.current;
	if (!r->set->base.meta.deleted_ns)
		rc = statefulset_step(r, err);
	/* As upstream, the status counts what was there before this sync's changes; those come back as events. */
	s.current = r->current_replicas;
	complete(r->set, &s);
	if (write_status(r, &s, collisions, rc < 0 ? &failure : err) < 0)
		rc = -1;
	if (r->wake_ns)
		r->ctx->requeue_after_ns = r->wake_ns;
	if (rc == 0 && r->update)
		rc = clean_history(r, pods, err);
	free(r->replicas);
	free(r->condemned);
	return rc;
}

static int sync_pods(struct controller_ctx *ctx, const struct cm_statefulset *set, struct history *h,
		     struct err *err)
{
	struct claimed pods = {0};
	const struct cm_controllerrevision *current =
		h->current ? history_find(h, set->status.current_revision) : NULL;
	struct statefulset_round r = {.ctx = ctx,
				      .set = set,
				      .pod_informer = ctx->informers[WATCH_PODS],
				      .claim_informer = ctx->informers[WATCH_CLAIMS],
				      .control = ctx->state,
				      .history = h,
				      .current = current ? current : h->current,
				      .update = h->current,
				      .now_ns = clock_wall_ns()};

	if (claim_members(ctx, r.pod_informer, &set->base, set->selector, statefulset_member, &pods, err) < 0)
		return -1;
	int rc = run(&r, &pods, h->collisions, err);
	claim_release(&pods);
	return rc;
}

static int sync_set(struct controller_ctx *ctx, const struct cm_statefulset *set, struct err *err)
{
	struct history h = {.ctx = ctx,
			    .informer = ctx->informers[WATCH_REVISIONS],
			    .owner = &set->base,
			    .selector = set->selector,
			    .data = set->data,
			    .data_hash = set->data_hash,
			    .hash_label = STATEFULSET_HASH_LABEL,
			    .collisions = set->status.collisions < 0 ? 0 : set->status.collisions};
	/* One that is being deleted only counts: what it would write down may be deleted already. */
	int rc = set->base.meta.deleted_ns ? 0 : history_sync(&h, err);

	if (rc == 0)
		rc = sync_pods(ctx, set, &h, err);
	history_release(&h);
	return rc;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_statefulset *set = informer_get(ctx->informers[WATCH_STATEFULSETS], key);
	int rc = set ? sync_set(ctx, set, err) : 0;

	informer_unref(set);
	return rc;
}

const struct controller statefulset_controller = {
	.name = "statefulset",
	.component = "statefulset-controller",
	.watches =
		{
			[WATCH_STATEFULSETS] = {&cm_statefulset_type, NULL, controller_enqueue_self},
			[WATCH_PODS] = {&cm_pod_type, NULL, enqueue_pod},
			[WATCH_CLAIMS] = {&cm_persistentvolumeclaim_type, NULL, enqueue_claim},
			[WATCH_REVISIONS] = {&cm_controllerrevision_type, NULL, enqueue_dependant},
		},
	.account = "statefulset-controller",
	.workers = 5,
	.sync = sync,
	.init = init,
	.destroy = destroy,
};
