/* SPDX-License-Identifier: Apache-2.0 */
/* See allocation.h. Any resource is found by its name; cpu and memory are told apart by their first letters. */
#include "plugins/allocation.h"

#include <math.h>
#include <string.h>

static int64_t scalar(const struct resources *r, const char *name)
{
	for (size_t i = 0; i < r->n_scalars; i++)
		if (!strcmp(r->scalars[i].name, name))
			return r->scalars[i].value;
	return 0;
}

struct allocation allocation_of(const char *resource, const struct sched_pod *p, const struct node_state *n,
				bool nonzero)
{
	const struct resources *want = &p->demand.requests, *used = &n->used, *all = &n->allocatable;

	if (!strcmp(resource, "cpu"))
		return (struct allocation){all->cpu_milli,
					   nonzero ? n->nonzero_cpu_milli + p->demand.nonzero_cpu_milli
						   : used->cpu_milli + want->cpu_milli};
	if (!strcmp(resource, "memory"))
		return (struct allocation){all->memory, nonzero ? n->nonzero_memory + p->demand.nonzero_memory
								: used->memory + want->memory};
	if (!strcmp(resource, "ephemeral-storage"))
		return (struct allocation){all->ephemeral, used->ephemeral + want->ephemeral};
	/* Who does not ask for it is not judged by it. */
	int64_t asked = scalar(want, resource);
	return asked ? (struct allocation){scalar(all, resource), scalar(used, resource) + asked}
		     : (struct allocation){0};
}

bool allocation_asked(const struct resource_weight *v, size_t n, const struct sched_pod *p)
{
	static const struct node_state empty;

	for (size_t i = 0; i < n; i++) {
		struct node_state one = empty;
		if (allocation_of(v[i].name, p, &one, false).taken)
			return true;
	}
	return false;
}

static int64_t least(const struct plugin_args *args, struct allocation a)
{
	return a.taken > a.capacity ? 0 : (a.capacity - a.taken) * SCORE_MAX / a.capacity;
}

static int64_t most(const struct plugin_args *args, struct allocation a)
{
	return (a.taken > a.capacity ? a.capacity : a.taken) * SCORE_MAX / a.capacity;
}

#define FULL 100
/* Straight lines between the points of the shape. */
static int64_t by_shape(const struct plugin_args *args, struct allocation a)
{
	int64_t at = a.taken > a.capacity ? FULL : a.taken * FULL / a.capacity;
	const struct score_point *v = args->fit_shape;
	const int64_t scale = 10; /* points go to 10 */

	for (size_t i = 0; i < args->n_fit_shape; i++) {
		if (at > v[i].utilization)
			continue;
		if (i == 0)
			return v[0].score * scale;
		return v[i - 1].score * scale + (v[i].score - v[i - 1].score) * scale *
							(at - v[i - 1].utilization) /
							(v[i].utilization - v[i - 1].utilization);
	}
	return args->n_fit_shape ? v[args->n_fit_shape - 1].score * scale : 0;
}

int64_t allocation_score(const struct plugin_args *args, const struct sched_pod *p,
			 const struct node_state *n)
{
	static int64_t (*const strategies[])(const struct plugin_args *args, struct allocation a) = {
		[FIT_LEAST_ALLOCATED] = least,
		[FIT_MOST_ALLOCATED] = most,
		[FIT_REQUESTED_TO_CAPACITY_RATIO] = by_shape,
	};
	bool ratio = args->fit_strategy == FIT_REQUESTED_TO_CAPACITY_RATIO;
	int64_t sum = 0, weights = 0;

	for (size_t i = 0; i < args->n_fit_resources; i++) {
		const struct resource_weight *r = &args->fit_resources[i];
		struct allocation a = allocation_of(r->name, p, n, true);

		if (a.capacity <= 0)
			continue;
		int64_t score = strategies[args->fit_strategy](args, a);
		if (ratio && score <= 0)
			continue;
		sum += score * r->weight;
		weights += r->weight;
	}
	if (!weights)
		return 0;
	return ratio ? (int64_t)round((double)sum / (double)weights) : sum / weights;
}
