/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What containers ask for and what a Pod asks for in all (kubernetes/component-helpers resource.PodRequests,
 * PodLimits): the larger of its start, where init containers run one by one beside the sidecars before them, and of
 * its run, where app containers and sidecars run together; Pod-level amounts in their place; plus overhead.
 *
 * cpu counts in thousandths of a core, all else in units (bytes, pieces), rounded up. Amounts and a Pod's sums above
 * RESOURCE_MAX count as that, so that no number of containers asks for less than nothing. A struct resources inside a
 * decoded object is frozen with it; one that grows (resources_add) owns its scalars and is released. Any thread, one at a
 * time.
 */
#ifndef OBJECT_CORE_RESOURCES_H
#define OBJECT_CORE_RESOURCES_H

#include "object/decode.h"

#define RESOURCE_MAX (INT64_C(1) << 52) /* 4 PiB */

/* One entry of a ResourceList. */
struct resource_amount {
	const char *name;
	int64_t value, milli; /* both of one quantity */
};
extern const struct decode_spec resources_amount_spec; /* for DECODE_MAP */

/* core/v1 ResourceRequirements. */
struct resource_requirements {
	struct resource_amount *requests, *limits;
	size_t n_requests, n_limits;
};
extern const struct decode_spec resources_requirements_spec;
const struct resource_amount *resources_find(const struct resource_amount *v, size_t n, const char *name);

struct resource_scalar { /* huge pages, extended resources */
	const char *name;
	int64_t value;
};
struct resources {
	int64_t cpu_milli, memory, ephemeral, pods;
	struct resource_scalar *scalars;
	size_t n_scalars;
};
extern const struct decode_spec resources_spec;
/* For a row at a ResourceList: a node's capacity. */
decode_call resources_decode;
#define DECODE_RESOURCES(p, T, f) DECODE_CALL(p, T, f, resources_decode, &resources_spec)
/* Into the arena, where it needs no release. */
void resources_keep(struct resources *r, struct arena *a);

void resources_release(struct resources *r);
int64_t resources_scalar(const struct resources *r, const char *name); /* for tests; 0 when absent */
void resources_add_list(struct resources *r, const struct resource_amount *v, size_t n);
/* Adds factor * b to a (-1 takes away). */
void resources_add(struct resources *a, const struct resources *b, int factor);
bool resources_equal(const struct resources *a, const struct resources *b); /* an absent scalar is 0 */

/* What keeps `want` from fitting into capacity - used: pods, cpu, memory, ephemeral-storage, then the others. Writes
   at most max rows and returns how many there are in all; 0 = it fits. */
struct resource_shortage {
	const char *name; /* want's, or static */
	int64_t requested, used, capacity;
};
size_t resources_shortages(const struct resources *want, const struct resources *used,
			   const struct resources *capacity, struct resource_shortage *ret, size_t max);

/* Whether there is no shortage: for searches over many nodes. */
static inline bool resources_fit(const struct resources *want, const struct resources *used,
				 const struct resources *capacity)
{
	return (want->pods <= 0 || want->pods <= capacity->pods - used->pods) &&
	       (want->cpu_milli <= 0 || want->cpu_milli <= capacity->cpu_milli - used->cpu_milli) &&
	       (want->memory <= 0 || want->memory <= capacity->memory - used->memory) &&
	       (want->ephemeral <= 0 || want->ephemeral <= capacity->ephemeral - used->ephemeral) &&
	       (!want->n_scalars || !resources_shortages(want, used, capacity, NULL, 0));
}

/* ---- of a Pod ---- */
enum container_role { CONTAINER_APP, CONTAINER_INIT, CONTAINER_SIDECAR };

/* Sums up: init containers and sidecars in their order, app containers in any. Zeroed to begin with. */
struct pod_sum {
	struct resources run, sidecars, start;
};
void pod_sum_add(struct pod_sum *s, enum container_role role, const struct resource_amount *v, size_t n);
/*
 * The end of it: *ret is owned by the caller, the sum is released. `level`: the Pod's own requests, which take the place
 * of its containers' cpu, memory and huge pages. For limits, overhead counts only where there is a limit.
 */
void pod_sum_requests(struct pod_sum *s, const struct resource_amount *level, size_t n_level,
		      const struct resource_amount *overhead, size_t n_overhead, struct resources *ret);
void pod_sum_limits(struct pod_sum *s, const struct resource_amount *level, size_t n_level,
		    const struct resource_amount *overhead, size_t n_overhead,
		    struct resources *ret); /* for tests */

#endif
