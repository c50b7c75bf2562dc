/* SPDX-License-Identifier: Apache-2.0 */
/* A Pod that names its node fits nowhere else (upstream's NodeName; such Pods normally bypass the scheduler). */
#include <string.h>
#include "plugins/table.h"

static enum verdict prefilter(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			      struct reasons *why)
{
	return *p->node ? VERDICT_OK : VERDICT_SKIP;
}

static bool filter(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		   struct reasons *why)
{
	if (!strcmp(p->node, node_state_name(n)))
		return true;
	reasons_add_final(why, "node(s) didn't match the requested node name");
	return false;
}

static bool node_helps(const struct sched_pod *p, const struct cluster_event *e)
{
	return !strcmp(p->node, sched_node_name(e->node));
}

static const struct event_hint hints[] = {{EVENT_NODE_ADDED, node_helps}, {0}};

const struct plugin plugin_node_name = {
	.name = "NodeName",
	.hints = hints,
	.prefilter = prefilter,
	.filter = filter,
};
