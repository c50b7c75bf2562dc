/* SPDX-License-Identifier: Apache-2.0 */
/* Prefers nodes whose cpu and memory would be used in equal parts: 100 * (1 - standard deviation of the two
 * fractions). */
#include <math.h>
#include "plugins/table.h"

static enum verdict prescore(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			     const struct node_state *const *nodes, size_t n)
{
	const struct resources *want = &p->demand.requests;
	return want->cpu_milli > 0 || want->memory > 0 ? VERDICT_OK : VERDICT_SKIP;
}

static double fraction(int64_t requested, int64_t allocatable)
{
	double f = (double)requested / (double)allocatable;
	return f > 1 ? 1 : f;
}

static int64_t score(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		     const struct snapshot *s)
{
	const struct resources *alloc = &n->allocatable;
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
