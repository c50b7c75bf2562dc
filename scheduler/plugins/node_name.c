/* SPDX-License-Identifier: Apache-2.0 */
/* A Pod that names its node fits nowhere else (upstream's NodeName; such Pods normally bypass the scheduler).
 */
#include <string.h>
#include "plugins/table.h"

static bool wanted(const struct sched_pod *p)
{
	return *p->node != '\0';
}

static bool filter(const struct sched_pod *p, const struct node_state *n, struct reasons *why)
{
	if (strcmp(p->node, n->name) == 0)
		return true;
	reasons_add(why, "node(s) didn't match the requested node name");
	return false;
}

const struct plugin plugin_node_name = {
	.name = "NodeName",
	.events = EVENT_NODE_ADDED,
	.wanted_filter = wanted,
	.filter = filter,
};
