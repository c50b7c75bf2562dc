/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps Pods off cordoned nodes, unless they tolerate the taint that a cordon stands for. */
#include "plugins/table.h"

static bool filter(const struct sched_pod *p, const struct node_state *n, struct reasons *why)
{
	if (!n->node->unschedulable)
		return true;
	static const struct taint cordon = {.key = (char *)"node.kubernetes.io/unschedulable",
					    .value = (char *)"",
					    .effect = (char *)"NoSchedule"};
	for (size_t i = 0; i < p->n_tolerations; i++)
		if (toleration_tolerates(&p->tolerations[i], &cordon))
			return true;
	reasons_add(why, "node(s) were unschedulable");
	return false;
}

const struct plugin plugin_node_unschedulable = {
	.name = "NodeUnschedulable",
	.events = EVENT_NODE_ADDED | EVENT_NODE_TAINTS | EVENT_POD_UPDATED,
	.filter = filter,
};
