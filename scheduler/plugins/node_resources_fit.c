/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests fit into what is left of allocatable; the score prefers the least allocated node (cpu and memory,
 * equal weights, with assumed requests for containers that name none).
 */
#include <stdio.h>
#include "plugins/table.h"

static bool filter(const struct sched_pod *p, const struct node_state *n, struct reasons *why)
{
	const struct resources *req = &p->req, *alloc = &n->node->allocatable, *used = &n->used;
	bool fits = true;
	if (n->n_pods + 1 > n->node->pods) {
		reasons_add(why, "Too many pods");
		fits = false;
	}
	const struct {
		int64_t want, have;
		const char *text;
	} row[] = {
		{req->cpu_milli, alloc->cpu_milli - used->cpu_milli, "Insufficient cpu"},
		{req->memory, alloc->memory - used->memory, "Insufficient memory"},
		{req->ephemeral, alloc->ephemeral - used->ephemeral, "Insufficient ephemeral-storage"},
	};
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		if (row[i].want > 0 && row[i].want > row[i].have) {
			reasons_add(why, row[i].text);
			fits = false;
		}
	}
	for (size_t i = 0; i < req->n_scalars; i++) {
		const char *name = req->scalars[i].name;
		if (req->scalars[i].value <= 0 ||
		    req->scalars[i].value <= resources_scalar(alloc, name) - resources_scalar(used, name))
			continue;
		char text[400];
		snprintf(text, sizeof(text), "Insufficient %s", name);
		reasons_add(why, text);
		fits = false;
	}
	return fits;
}

static int64_t least(int64_t allocatable, int64_t requested)
{
	if (allocatable <= 0 || requested > allocatable)
		return 0;
	return (allocatable - requested) * SCORE_MAX / allocatable;
}

static int64_t score(const struct sched_pod *p, const struct node_state *n, const struct snapshot *s)
{
	const struct resources *alloc = &n->node->allocatable;
	return (least(alloc->cpu_milli, n->nonzero_cpu + p->nonzero_cpu) +
		least(alloc->memory, n->nonzero_memory + p->nonzero_memory)) /
	       2;
}

const struct plugin plugin_node_resources_fit = {
	.name = "NodeResourcesFit",
	.events = EVENT_NODE_ADDED | EVENT_NODE_ALLOCATABLE | EVENT_POD_DELETED | EVENT_POD_UPDATED,
	.filter = filter,
	.score = score,
	.weight = 1,
};
