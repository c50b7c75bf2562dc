/* SPDX-License-Identifier: Apache-2.0 */
/* NoSchedule and NoExecute taints must be tolerated; PreferNoSchedule ones count against a node. */
#include <stdio.h>
#include "plugins/table.h"

#define HARD (1u << TAINT_NO_SCHEDULE | 1u << TAINT_NO_EXECUTE)
#define SOFT (1u << TAINT_PREFER_NO_SCHEDULE)

static const struct taint *untolerated(const struct sched_pod *p, const struct sched_node *n,
				       unsigned effects)
{
	return taint_find_untolerated(n->taints, n->n_taints, p->demand.tolerations, p->demand.n_tolerations,
				      effects);
}

static bool filter(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		   struct reasons *why)
{
	const struct taint *t = n->restricted ? untolerated(p, n->node, HARD) : NULL;
	if (!t)
		return true;
	char text[640];
	snprintf(text, sizeof(text), "node(s) had untolerated taint {%s: %s}", t->key, t->value);
	reasons_add_final(why, text);
	return false;
}

/* Without such a taint all nodes are alike. */
static enum verdict prescore(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			     const struct node_state *const *nodes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (nodes[i]->restricted && untolerated(p, nodes[i]->node, SOFT))
			return VERDICT_OK;
	return VERDICT_SKIP;
}

static int64_t score(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		     const struct snapshot *s)
{
	int64_t count = 0;
	for (size_t i = 0; i < n->node->n_taints; i++) {
		const struct taint *t = &n->node->taints[i];
		count += t->effect == TAINT_PREFER_NO_SCHEDULE &&
			 !taint_tolerated(t, p->demand.tolerations, p->demand.n_tolerations);
	}
	return count;
}

static bool node_helps(const struct sched_pod *p, const struct cluster_event *e)
{
	return !untolerated(p, e->node, HARD);
}

static const struct event_hint hints[] = {
	{EVENT_NODE_ADDED | EVENT_NODE_TAINTS, node_helps}, {EVENT_POD_UPDATED, NULL}, {0}};

const struct plugin plugin_taint_toleration = {
	.name = "TaintToleration",
	.hints = hints,
	.filter = filter,
	.prescore = prescore,
	.score = score,
	.normalize = plugin_normalize_reverse,
	.weight = 3,
};
