/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic of Deployments, without any I/O: how many Pods may be too many or too few, who gets which
 * share when a rollout is scaled in the middle (kubernetes/kubernetes pkg/controller/deployment/util). Pure
 * functions over plain structs, so the whole of it is table-tested.
 */
#ifndef ROLLOUT_H
#define ROLLOUT_H

#include <stddef.h>
#include "decode/deployment.h"
#include "decode/replicaset.h"

/* Surge rounds up, unavailable down; both 0 gives unavailable 1. All 0 for Recreate. */
struct rollout_bounds {
	int32_t surge, unavailable;
};
struct rollout_bounds rollout_bounds(const struct cm_deployment *d);

/* A ReplicaSet as the arithmetic sees it. */
struct rollout_set {
	const struct cm_replicaset *rs;
	int32_t replicas;     /* spec; what was written last, even if the informer lags */
	int32_t max_replicas; /* annotation deployment.kubernetes.io/max-replicas; 0 = absent */
	int32_t target;	      /* out: new spec.replicas */
};

/* spec.replicas of a new ReplicaSet beside `sets` (all, the new one included when it exists). */
int32_t rollout_new_replicas(const struct cm_deployment *d, int32_t all_replicas, int32_t new_replicas);
/* Shares `delta` more (or fewer) Pods among the sets in proportion to their size; fills target. sets are in
   the order in which leftovers go: first gets them (newest first when growing, oldest first when shrinking;
   by size before that). */
void rollout_proportional(const struct cm_deployment *d, struct rollout_set *sets, size_t n, int32_t allowed);
/* How far old sets go down in a rolling update: first their unhealthy Pods, then whatever availability
   allows. sets: old ones, oldest first; available: of all sets. Fills target. */
void rollout_scale_down_old(const struct cm_deployment *d, struct rollout_set *old, size_t n,
			    const struct rollout_set *new_set, int32_t all_available, int32_t all_replicas);

#endif
