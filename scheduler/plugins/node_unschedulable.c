/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps Pods off cordoned nodes, unless they tolerate the taint that a cordon stands for. */
#include "plugins/table.h"

static const struct taint cordon = {"node.kubernetes.io/unschedulable", "", TAINT_NO_SCHEDULE, 0};

static bool allows(const struct sched_pod *p, const struct sched_node *n)
{
	return !n->unschedulable || taint_tolerated(&cordon, p->demand.tolerations, p->demand.n_tolerations);
}

static bool filter(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		   struct reasons *why)
{
	if (!n->restricted || allows(p, n->node))
		return true;
	reasons_add_final(why, "node(s) were unschedulable");
	return false;
}

static bool node_helps(const struct sched_pod *p, const struct cluster_event *e)
{
	return allows(p, e->node);
}

static const struct event_hint hints[] = {
	{EVENT_NODE_ADDED | EVENT_NODE_TAINTS, node_helps}, {EVENT_POD_UPDATED, NULL}, {0}};

const struct plugin plugin_node_unschedulable = {
	.name = "NodeUnschedulable",
	.hints = hints,
	.filter = filter,
};
