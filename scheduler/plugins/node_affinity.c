/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nodeSelector (all labels match), required node affinity (one term matches; a term's expressions all hold;
 * an empty term matches nothing) and preferred node affinity (weights of the matching terms are summed).
 */
#include <string.h>
#include "plugins/table.h"

static bool term_matches(const struct node_term *t, const struct node_state *n)
{
	if (t->n_labels == 0 && t->n_fields == 0)
		return false;
	for (size_t i = 0; i < t->n_labels; i++)
		if (!requirement_matches(&t->labels[i], n->node->base.meta.labels))
			return false;
	for (size_t i = 0; i < t->n_fields; i++) {
		/* metadata.name is the only field there is, with In or NotIn of one value. */
		const struct requirement *r = &t->fields[i];
		bool equal = r->n == 1 && strcmp(r->values[0], n->name) == 0;
		if (strcmp(r->key, "metadata.name") != 0 || equal != (r->op == SELECTOR_IN))
			return false;
	}
	return true;
}

static bool wanted_filter(const struct sched_pod *p)
{
	return p->n_selector > 0 || p->has_required;
}

static bool matches(const struct sched_pod *p, const struct node_state *n)
{
	for (size_t i = 0; i < p->n_selector; i++)
		if (!requirement_matches(&p->selector[i], n->node->base.meta.labels))
			return false;
	if (!p->has_required)
		return true;
	for (size_t i = 0; i < p->n_required; i++)
		if (term_matches(&p->required[i], n))
			return true;
	return false;
}

static bool filter(const struct sched_pod *p, const struct node_state *n, struct reasons *why)
{
	if (matches(p, n))
		return true;
	reasons_add(why, "node(s) didn't match Pod's node affinity/selector");
	return false;
}

static bool wanted_score(const struct sched_pod *p)
{
	return p->n_preferred > 0;
}

static int64_t score(const struct sched_pod *p, const struct node_state *n, const struct snapshot *s)
{
	int64_t sum = 0;
	for (size_t i = 0; i < p->n_preferred; i++)
		if (term_matches(&p->preferred[i], n))
			sum += p->preferred[i].weight;
	return sum;
}

const struct plugin plugin_node_affinity = {
	.name = "NodeAffinity",
	.events = EVENT_NODE_ADDED | EVENT_NODE_LABELS | EVENT_POD_UPDATED,
	.wanted_filter = wanted_filter,
	.filter = filter,
	.wanted_score = wanted_score,
	.score = score,
	.weight = 2,
	.normalize = true,
};
