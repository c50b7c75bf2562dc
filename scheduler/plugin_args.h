/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a profile may say to plugins: pluginConfig of a KubeSchedulerConfiguration, decoded once (config.h). Frozen. A
 * plugin finds them by framework_args(); without a profile they are the defaults.
 */
#ifndef PLUGIN_ARGS_H
#define PLUGIN_ARGS_H

#include "object/core/affinity.h"
#include "object/core/interpod.h"

enum fit_strategy { FIT_LEAST_ALLOCATED, FIT_MOST_ALLOCATED, FIT_REQUESTED_TO_CAPACITY_RATIO };
enum spread_defaulting { SPREAD_SYSTEM, SPREAD_LIST };
struct resource_weight {
	const char *name;
	int64_t weight;
};
struct score_point {
	int32_t utilization, score; /* 0..100, 0..10 */
};
struct plugin_args {
	/* DefaultPreemption: nodes that are looked for, of those in question and at least */
	int32_t preemption_percent, preemption_nodes;
	/* InterPodAffinity */
	int32_t hard_affinity_weight;
	bool ignore_preferred; /* of other Pods, for a Pod that prefers none */
	/* NodeAffinity */
	struct node_affinity *added_affinity;
	/* NodeResourcesFit: extended resources that are left to others, whole or by the group before the slash */
	const char *const *ignored_resources, *const *ignored_groups;
	size_t n_ignored_resources, n_ignored_groups;
	enum fit_strategy fit_strategy;
	struct resource_weight *fit_resources;
	size_t n_fit_resources;
	struct score_point *fit_shape;
	size_t n_fit_shape;
	/* NodeResourcesBalancedAllocation */
	struct resource_weight *balanced_resources;
	size_t n_balanced_resources;
	/* PodTopologySpread */
	struct pod_spread *spread;
	size_t n_spread;
	enum spread_defaulting spread_defaulting;
	/* VolumeBinding */
	int64_t bind_timeout_s;
};

extern const struct plugin_args plugin_args_default;

#endif
