/* SPDX-License-Identifier: Apache-2.0 */
/* Host ports: a (protocol, port) is taken when the addresses are equal or one of them is all addresses. */
#include <string.h>
#include "plugins/table.h"

static bool wanted(const struct sched_pod *p)
{
	return p->n_ports > 0;
}

static bool clash(const struct host_port *a, const struct host_port *b)
{
	static const char all[] = "0.0.0.0";
	return a->port == b->port && strcmp(a->protocol, b->protocol) == 0 &&
	       (strcmp(a->ip, b->ip) == 0 || strcmp(a->ip, all) == 0 || strcmp(b->ip, all) == 0);
}

static bool filter(const struct sched_pod *p, const struct node_state *n, struct reasons *why)
{
	for (size_t i = 0; i < p->n_ports; i++)
		for (size_t k = 0; k < n->n_ports; k++)
			if (clash(&p->ports[i], &n->ports[k].port)) {
				reasons_add(why,
					    "node(s) didn't have free ports for the requested pod ports");
				return false;
			}
	return true;
}

const struct plugin plugin_node_ports = {
	.name = "NodePorts",
	.events = EVENT_NODE_ADDED | EVENT_POD_DELETED,
	.wanted_filter = wanted,
	.filter = filter,
};
