/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From older templates to the present one, step by step; see daemonset_round.h. Without surge, old Pods go, as many as may be
 * missing at once, and what keeps a Pod on each node makes the new ones. With surge, new Pods come beside old ones, and the old
 * go when the new are available.
 */
#include <string.h>
#include "base/mem.h"
#include "daemonset/daemonset_round.h"
#include "object/intstr.h"

static int32_t share(const char *json, int32_t total)
{
	struct err ignored = ERR_INIT;
	autojson js *v = json ? js_parse(json, strlen(json), NULL, &ignored) : NULL;
	int n = 0;

	return v && intstr_scaled(v, total, true, &n, &ignored) == 0 ? n : 0;
}

bool daemonset_surges(const struct cm_daemonset *ds)
{
	return !ds->on_delete && share(ds->max_surge, 1) > 0;
}

struct pair { /* the Pods of a node that stay */
	const struct cm_pod *new, *old;
};

/* False: more than one of a kind, of which there will be fewer. */
static bool find_pair(const struct daemonset_round *r, const struct daemonset_node *n, struct pair *ret)
{
	*ret = (struct pair){0};
	for (size_t i = 0; i < n->n; i++) {
		const struct cm_pod *p = n->pods[i];
		if (pod_control_ending(r->control, p))
			continue;
		const struct cm_pod **place = daemonset_updated(r, p) ? &ret->new : &ret->old;
		if (*place)
			return false;
		*place = p;
	}
	return true;
}

/* Counts as one where something should be done: it should have a Pod, or has one. */
static bool concerns(const struct daemonset_node *n)
{
	return n->n || n->fit.run;
}

/* ---- without surge ---- */

static void replace_some(struct daemonset_round *r, int32_t allowed)
{
	const struct cm_pod **candidates = mem_array(r->n_nodes + 1, sizeof(*candidates));
	size_t n = 0;
	int32_t missing = 0;

	for (size_t i = 0; i < r->n_nodes; i++) {
		struct pair p;
		if (!concerns(&r->nodes[i]))
			continue;
		if (!find_pair(r, &r->nodes[i], &p) || !p.new == !p.old) {
			missing++;
		} else if (p.new) {
			missing += !daemonset_available(r, p.new);
		} else if (!daemonset_available(r, p.old)) {
			daemonset_will_remove(r, p.old);
			missing++;
		} else {
			candidates[n++] = p.old;
		}
	}
	for (size_t i = 0; i < n && missing < allowed; i++, missing++)
		daemonset_will_remove(r, candidates[i]);
	free(candidates);
}

/* ---- with surge ---- */

struct surge {
	const struct daemonset_node **candidates; /* whose old Pod is available */
	const struct cm_pod **misplaced;	  /* available old Pods where there should be none */
	size_t n_candidates, n_misplaced;
	int32_t surging, available;
};

static void surge_node(struct daemonset_round *r, struct surge *s, const struct daemonset_node *n)
{
	struct pair p;

	if (!find_pair(r, n, &p)) {
		s->surging++;
		return;
	}
	bool available = (p.old || p.new) && daemonset_available(r, p.old ? p.old : p.new);
	s->available += available;
	if (!p.old)
		return;
	if (p.new) { /* it has come already */
		if (daemonset_available(r, p.new))
			daemonset_will_remove(r, p.old);
		else
			s->surging++;
	} else if (!n->fit.run) {
		if (available)
			s->misplaced[s->n_misplaced++] = p.old;
		else
			daemonset_will_remove(r, p.old);
	} else if (available) {
		s->candidates[s->n_candidates++] = n;
	} else {
		daemonset_will_create(r, n);
	}
}

static void surge_some(struct daemonset_round *r, int32_t allowed)
{
	struct surge s = {.candidates = mem_array(r->n_nodes + 1, sizeof(*s.candidates)),
			  .misplaced = mem_array(r->n_nodes + 1, sizeof(*s.misplaced))};

	for (size_t i = 0; i < r->n_nodes; i++)
		if (concerns(&r->nodes[i]))
			surge_node(r, &s, &r->nodes[i]);
	/* Who asks for surge wants no gap: where it should not be, it goes when it is there elsewhere. */
	for (size_t i = 0; i < s.n_misplaced && (int32_t)i < s.available - r->desired; i++)
		daemonset_will_remove(r, s.misplaced[i]);
	for (size_t i = 0; i < s.n_candidates && s.surging < allowed; i++, s.surging++)
		daemonset_will_create(r, s.candidates[i]);
	free(s.candidates);
	free(s.misplaced);
}

void daemonset_update(struct daemonset_round *r)
{
	int32_t unavailable = share(r->ds->max_unavailable, r->desired),
		surge = share(r->ds->max_surge, r->desired);

	if (r->ds->on_delete)
		return;
	if (r->desired > 0 && !unavailable && !surge)
		unavailable = 1;
	if (surge)
		surge_some(r, surge);
	else
		replace_some(r, unavailable);
}
