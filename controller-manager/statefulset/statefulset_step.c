/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next step; see statefulset_round.h. First every replica in its turn, then those that are too many, then the update.
 * OrderedReady waits at the first that is not as it should be; Parallel goes on, up to a burst.
 */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/mem.h"
#include "statefulset/statefulset_round.h"

/* What came of one, or all of a kind. */
enum outcome { FAILED = -1, GO_ON, WAIT };

static bool ending(const struct statefulset_round *r, const struct cm_pod *p)
{
	return pod_control_ending(r->control, p);
}

static bool healthy(const struct statefulset_round *r, const struct cm_pod *p)
{
	return statefulset_running_ready(p) && !ending(r, p);
}

static bool available(struct statefulset_round *r, const struct cm_pod *p)
{
	if (cm_pod_available(p, r->set->min_ready_seconds, r->now_ns))
		return true;
	if (cm_pod_ready(p))
		statefulset_wake_after(r,
				       p->ready.since_ns + r->set->min_ready_seconds * NS_PER_S - r->now_ns);
	return false;
}

static int32_t ordinal_of(const struct statefulset_round *r, const struct cm_pod *p)
{
	return statefulset_ordinal(r->set->base.meta.name, p->base.meta.name);
}

/* ---- replicas ---- */

/* What a look at all replicas of Parallel gathers: they are done together. */
struct gathered {
	int32_t *create;
	const struct cm_pod **remove;
	size_t n_create, n_remove;
};

static enum outcome create_one(struct statefulset_round *r, struct gathered *g, int32_t ordinal,
			       struct err *err)
{
	if (statefulset_claim_is_stale(r, ordinal))
		return WAIT;
	if (statefulset_make_claims(r, ordinal, NULL, err) < 0) {
		autofree char *name = statefulset_pod_name(r->set, ordinal);
		if (err->reason != REASON_ENDING)
			statefulset_tell(r->ctx, &r->set->base, "create", name, err);
		return FAILED;
	}
	if (r->set->parallel) {
		g->create[g->n_create++] = ordinal;
		return GO_ON;
	}
	return statefulset_create(r, &ordinal, 1, err) < 0 ? FAILED : WAIT;
}

static enum outcome look_at_replica(struct statefulset_round *r, struct gathered *g, const struct cm_pod *p,
				    struct err *err)
{
	bool ordered = !r->set->parallel;

	if (podlife_phase_terminal(p->phase)) {
		if (ending(r, p))
			return WAIT; /* the next one comes when this is gone */
		if (r->set->parallel) {
			g->remove[g->n_remove++] = p;
			return GO_ON;
		}
		return statefulset_delete(r, &p, 1, err) < 0 ? FAILED : WAIT;
	}
	if (p->phase == PHASE_PENDING && statefulset_make_claims(r, ordinal_of(r, p), p, err) < 0)
		return FAILED;
	if (ordered && (ending(r, p) || !statefulset_running_ready(p) || !available(r, p)))
		return WAIT;
	return statefulset_repair(r, p, err) < 0 ? FAILED : GO_ON;
}

/* In the order of ordinals; where none is, one is made. */
static enum outcome look_at_replicas(struct statefulset_round *r, struct gathered *g, struct err *err)
{
	int64_t end = (int64_t)r->set->start + r->set->replicas;
	size_t next = 0, waiting = 0;

	for (int64_t i = r->set->start; i < end && g->n_create < POD_CONTROL_BURST; i++) {
		bool there = next < r->n_replicas && ordinal_of(r, r->replicas[next]) == i;
		enum outcome o = there ? look_at_replica(r, g, r->replicas[next++], err)
				       : create_one(r, g, (int32_t)i, err);
		/* What fails for one fails for the next. */
		if (o == FAILED || (o == WAIT && !r->set->parallel))
			return o;
		waiting += o == WAIT && !there;
		if (waiting >= POD_CONTROL_BURST) /* for claims to go; there may be any number more */
			return GO_ON;
	}
	if (g->n_create == POD_CONTROL_BURST)
		statefulset_wake_after(r, 0);
	return GO_ON;
}

static enum outcome bring_up(struct statefulset_round *r, struct err *err)
{
	struct gathered g = {.create = mem_array(POD_CONTROL_BURST, sizeof(*g.create)),
			     .remove = mem_array(r->n_replicas + 1, sizeof(*g.remove))};
	enum outcome o = look_at_replicas(r, &g, err);
	struct err later = ERR_INIT;

	if (g.n_create && statefulset_create(r, g.create, g.n_create, o == FAILED ? &later : err) < 0)
		o = FAILED;
	if (g.n_remove && statefulset_delete(r, g.remove, g.n_remove, o == FAILED ? &later : err) < 0)
		o = FAILED;
	free(g.create);
	free(g.remove);
	return o;
}

/* ---- too many ---- */

/* The lowest replica that is not healthy, or the lowest condemned one. */
static const struct cm_pod *first_unhealthy(const struct statefulset_round *r)
{
	for (size_t i = 0; i < r->n_replicas; i++)
		if (!healthy(r, r->replicas[i]))
			return r->replicas[i];
	for (size_t i = r->n_condemned; i-- > 0;)
		if (!healthy(r, r->condemned[i]))
			return r->condemned[i];
	return NULL;
}

static enum outcome settle_claims(struct statefulset_round *r, struct err *err)
{
	for (size_t i = 0; i < r->n_condemned; i++) {
		const struct cm_pod *p = r->condemned[i];
		if (!statefulset_claims_match(r, ordinal_of(r, p), p) &&
		    statefulset_retain_claims(r, ordinal_of(r, p), p, err) < 0)
			return FAILED;
	}
	return GO_ON;
}

static enum outcome bring_down_in_order(struct statefulset_round *r, struct err *err)
{
	const struct cm_pod *p = r->condemned[0], *sick = first_unhealthy(r);

	if (ending(r, p))
		return WAIT;
	if (p != sick && (!statefulset_running_ready(p) || !available(r, p)))
		return WAIT;
	return statefulset_delete(r, &p, 1, err) < 0 ? FAILED : WAIT;
}

static enum outcome bring_down(struct statefulset_round *r, struct err *err)
{
	if (!r->n_condemned)
		return GO_ON;
	if (settle_claims(r, err) == FAILED)
		return FAILED;
	if (!r->set->parallel)
		return bring_down_in_order(r, err);
	const struct cm_pod **v = mem_array(r->n_condemned, sizeof(*v));
	size_t n = 0;
	for (size_t i = 0; i < r->n_condemned && n < POD_CONTROL_BURST; i++)
		if (!ending(r, r->condemned[i]))
			v[n++] = r->condemned[i];
	int rc = n ? statefulset_delete(r, v, n, err) : 0;
	if (n == POD_CONTROL_BURST)
		statefulset_wake_after(r, 0);
	free(v);
	return rc < 0 ? FAILED : GO_ON;
}

/* ---- the update ---- */

/* From the highest ordinal down to the partition, one at a time. */
static int update(struct statefulset_round *r, struct err *err)
{
	int64_t lowest = (int64_t)r->set->start + (r->set->partition > 0 ? r->set->partition : 0);
	int64_t i = (int64_t)r->set->start + r->set->replicas - 1;

	for (size_t k = r->n_replicas; i >= lowest; i--) {
		const struct cm_pod *p = k ? r->replicas[--k] : NULL;
		if (!p || ordinal_of(r, p) != i)
			return 0; /* it is about to come */
		if (strcmp(statefulset_revision_of(p), r->update->base.meta.name) && !ending(r, p)) {
			if (statefulset_delete(r, &p, 1, err) < 0)
				return -1;
			r->current_replicas -= r->current_replicas > 0;
			return 0;
		}
		if (!healthy(r, p))
			return 0;
	}
	return 0;
}

int statefulset_step(struct statefulset_round *r, struct err *err)
{
	enum outcome o = bring_up(r, err);

	if (o == GO_ON)
		o = bring_down(r, err);
	if (o == GO_ON && !r->set->on_delete)
		return update(r, err);
	return o == FAILED ? -1 : 0;
}
