/* SPDX-License-Identifier: Apache-2.0 */
/* Host ports must be free on the node (object/core/hostport.h). */
#include "plugins/table.h"

static enum verdict prefilter(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			      struct reasons *why)
{
	return p->demand.n_ports ? VERDICT_OK : VERDICT_SKIP;
}

static bool filter(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		   struct reasons *why)
{
	for (size_t i = 0; n->n_with_ports && i < n->n_pods; i++) {
		if (!pod_demand_ports_conflict(&p->demand, &n->pods[i]->demand))
			continue;
		reasons_add(why, "node(s) didn't have free ports for the requested pod ports");
		return false;
	}
	return true;
}

static bool pod_helps(const struct sched_pod *p, const struct cluster_event *e)
{
	return pod_demand_ports_conflict(&p->demand, &e->pod->demand);
}

static const struct event_hint hints[] = {{EVENT_NODE_ADDED, NULL}, {EVENT_POD_DELETED, pod_helps}, {0}};

const struct plugin plugin_node_ports = {
	.name = "NodePorts",
	.hints = hints,
	.prefilter = prefilter,
	.filter = filter,
};
