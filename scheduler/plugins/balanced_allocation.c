/* SPDX-License-Identifier: Apache-2.0 */
/* Prefers nodes whose cpu and memory (or what the profile names) would be used in equal parts: 100 * (1 - standard
 * deviation of the fractions). */
#include <math.h>
#include "plugins/allocation.h"
#include "plugins/table.h"

static enum verdict prescore(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			     const struct node_state *const *nodes, size_t n)
{
	const struct plugin_args *args = framework_args(st->framework);

	return allocation_asked(args->balanced_resources, args->n_balanced_resources, p) ? VERDICT_OK
											 : VERDICT_SKIP;
}

static double fraction(int64_t requested, int64_t allocatable)
{
	double f = (double)requested / (double)allocatable;
	return f > 1 ? 1 : f;
}

static int64_t score_named(const struct plugin_args *args, const struct sched_pod *p,
			   const struct node_state *n)
{
	double sum = 0, squares = 0;
	size_t counted = 0;

	for (size_t i = 0; i < args->n_balanced_resources; i++) {
		struct allocation a = allocation_of(args->balanced_resources[i].name, p, n, false);

		if (a.capacity <= 0)
			continue;
		double f = fraction(a.taken, a.capacity);
		sum += f;
		squares += f * f;
		counted++;
	}
	if (counted < 2) /* nothing to compare */
		return SCORE_MAX;
	double mean = sum / (double)counted, variance = squares / (double)counted - mean * mean;
	return (int64_t)((1 - sqrt(variance > 0 ? variance : 0)) * SCORE_MAX);
}

static int64_t score(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		     const struct snapshot *s)
{
	const struct plugin_args *args = framework_args(st->framework);
	const struct resources *alloc = &n->allocatable;

	if (args->balanced_resources != plugin_args_default.balanced_resources)
		return score_named(args, p, n);
	if (alloc->cpu_milli <= 0 || alloc->memory <= 0) /* nothing to compare */
		return SCORE_MAX;
	double cpu = fraction(n->used.cpu_milli + p->demand.requests.cpu_milli, alloc->cpu_milli);
	double memory = fraction(n->used.memory + p->demand.requests.memory, alloc->memory);
	return (int64_t)((1 - fabs(cpu - memory) / 2) * SCORE_MAX);
}

const struct plugin plugin_balanced_allocation = {
	.name = "NodeResourcesBalancedAllocation",
	.prescore = prescore,
	.score = score,
	.weight = 1,
};
