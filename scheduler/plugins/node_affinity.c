/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nodeSelector and required node affinity filter, preferred node affinity scores by the weights of the terms that match
 * (object/core/affinity.h). A Pod whose every term names its nodes (DaemonSets) is matched against those alone.
 */
#include <string.h>
#include "plugins/table.h"

static const char reason[] = "node(s) didn't match Pod's node affinity/selector";

static const struct node_affinity *added(const struct cycle_state *st)
{
	return framework_args(st->framework)->added_affinity;
}

/* The name that the term's fields pin the Pod to, "" if they contradict each other, or NULL. */
static const char *pinned(const struct node_term *t)
{
	const char *name = NULL;

	for (size_t i = 0; i < t->n_fields; i++) {
		const struct requirement *r = &t->fields[i];

		if (strcmp(r->key, "metadata.name") || r->op != SELECTOR_IN || r->n != 1)
			continue;
		name = name && strcmp(name, r->values[0]) != 0 ? "" : r->values[0];
	}
	return name;
}

#define PINNED_MAX 16
/* False: its terms leave no name. */
static bool narrow(struct cycle_state *st, const struct node_affinity *a, const struct snapshot *s)
{
	const struct node_state *nodes[PINNED_MAX];
	size_t n = 0, names = 0;

	if (!a || !a->n_required || a->n_required > PINNED_MAX)
		return true;
	for (size_t i = 0; i < a->n_required; i++) {
		const char *name = pinned(&a->required[i]);
		if (!name)
			return true;
		const struct node_state *node = snapshot_node(s, name);
		bool twice = false;
		for (size_t k = 0; k < n; k++)
			twice |= nodes[k] == node;
		if (node && !twice)
			nodes[n++] = node;
		names += *name != '\0';
	}
	cycle_state_only(st, nodes, n);
	return names > 0;
}

static enum verdict prefilter(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			      struct reasons *why)
{
	const struct node_affinity *a = p->demand.affinity;

	if (!p->demand.node_selector && (!a || !a->has_required) && !(added(st) && added(st)->has_required))
		return VERDICT_SKIP;
	if (narrow(st, a, s))
		return VERDICT_OK;
	reasons_add_final(why, "pod affinity terms conflict");
	return VERDICT_REJECT;
}

static bool matches(const struct sched_pod *p, const struct sched_node *n)
{
	return node_affinity_matches(p->demand.node_selector, p->demand.affinity, sched_node_name(n),
				     n->base.meta.labels);
}

static bool filter(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		   struct reasons *why)
{
	if (added(st) &&
	    !node_affinity_matches(NULL, added(st), node_state_name(n), n->node->base.meta.labels)) {
		reasons_add_final(why, "node(s) didn't match scheduler-enforced node affinity");
		return false;
	}
	if (matches(p, n->node))
		return true;
	reasons_add_final(why, reason);
	return false;
}

static bool prefers(const struct node_affinity *a)
{
	return a && a->n_preferred;
}

static enum verdict prescore(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			     const struct node_state *const *nodes, size_t n)
{
	return prefers(p->demand.affinity) || prefers(added(st)) ? VERDICT_OK : VERDICT_SKIP;
}

static int64_t score(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		     const struct snapshot *s)
{
	const struct labels *l = n->node->base.meta.labels;
	int64_t sum = 0;

	if (prefers(p->demand.affinity))
		sum += node_affinity_weight(p->demand.affinity, node_state_name(n), l);
	if (prefers(added(st)))
		sum += node_affinity_weight(added(st), node_state_name(n), l);
	return sum;
}

static bool node_helps(const struct sched_pod *p, const struct cluster_event *e)
{
	return matches(p, e->node);
}

static const struct event_hint hints[] = {
	{EVENT_NODE_ADDED | EVENT_NODE_LABELS, node_helps}, {EVENT_POD_UPDATED, NULL}, {0}};

const struct plugin plugin_node_affinity = {
	.name = "NodeAffinity",
	.hints = hints,
	.prefilter = prefilter,
	.filter = filter,
	.prescore = prescore,
	.score = score,
	.normalize = plugin_normalize,
	.weight = 2,
};
