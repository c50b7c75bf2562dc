/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests fit into what is left of allocatable; the score prefers the least allocated node (cpu and memory, equal
 * weights, with assumed requests for containers that name none), or what the profile's strategy says.
 */
#include <stdio.h>
#include <string.h>
#include "plugins/allocation.h"
#include "plugins/table.h"

static const struct resources nothing;

static bool listed(const char *const *v, size_t n, const char *text, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(v[i]) == len && !memcmp(v[i], text, len))
			return true;
	return false;
}

/* An extended resource that somebody else keeps account of. */
static bool ignored(const struct plugin_args *args, const char *name)
{
	const char *slash = strchr(name, '/');

	return slash && (listed(args->ignored_resources, args->n_ignored_resources, name, strlen(name)) ||
			 listed(args->ignored_groups, args->n_ignored_groups, name, (size_t)(slash - name)));
}

#define SHORTAGES_MAX 16
static size_t shortages(const struct plugin_args *args, const struct sched_pod *p,
			const struct resources *used, const struct node_state *n,
			struct resource_shortage v[SHORTAGES_MAX])
{
	size_t all = resources_shortages(&p->demand.requests, used, &n->allocatable, v, SHORTAGES_MAX),
	       kept = 0;

	for (size_t i = 0; i < all && i < SHORTAGES_MAX; i++)
		if (!ignored(args, v[i].name))
			v[kept++] = v[i];
	return kept;
}

static bool filter(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		   struct reasons *why)
{
	if (resources_fit(&p->demand.requests, &n->used, &n->allocatable))
		return true;
	const struct plugin_args *args = framework_args(st->framework);
	struct resource_shortage v[SHORTAGES_MAX], never[SHORTAGES_MAX];
	size_t short_of = shortages(args, p, &n->used, n, v);

	for (size_t i = 0; i < short_of; i++) {
		char text[400];

		snprintf(text, sizeof(text), "Insufficient %s", v[i].name);
		reasons_add(why, strcmp(v[i].name, "pods") ? text : "Too many pods");
	}
	/* More than it has at all: whoever goes. */
	why->final = shortages(args, p, &nothing, n, never);
	return !short_of;
}

/* Counts nothing where the node does not tell how much it has. */
static void add_least(int64_t allocatable, int64_t requested, int64_t *sum, int64_t *n)
{
	if (allocatable <= 0)
		return;
	++*n;
	if (requested <= allocatable)
		*sum += (allocatable - requested) * SCORE_MAX / allocatable;
}

static int64_t score(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		     const struct snapshot *s)
{
	const struct plugin_args *args = framework_args(st->framework);
	const struct resources *alloc = &n->allocatable;
	int64_t sum = 0, counted = 0;

	/* What nearly everybody uses needs no names. */
	if (args->fit_strategy != FIT_LEAST_ALLOCATED ||
	    args->fit_resources != plugin_args_default.fit_resources)
		return allocation_score(args, p, n);
	add_least(alloc->cpu_milli, n->nonzero_cpu_milli + p->demand.nonzero_cpu_milli, &sum, &counted);
	add_least(alloc->memory, n->nonzero_memory + p->demand.nonzero_memory, &sum, &counted);
	return counted ? sum / counted : 0;
}

/* On the node alone, whatever runs there: what is too large even for that need not be tried again. */
static bool node_helps(const struct sched_pod *p, const struct cluster_event *e)
{
	return resources_fit(&p->demand.requests, &nothing, &e->node->allocatable);
}

static const struct event_hint hints[] = {{EVENT_NODE_ADDED | EVENT_NODE_ALLOCATABLE, node_helps},
					  {EVENT_POD_DELETED | EVENT_POD_UPDATED, NULL},
					  {0}};

const struct plugin plugin_node_resources_fit = {
	.name = "NodeResourcesFit",
	.hints = hints,
	.filter = filter,
	.score = score,
	.weight = 1,
};
