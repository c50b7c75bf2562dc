/* SPDX-License-Identifier: Apache-2.0 */
/* The default profile, in the order in which filters run: cheap and often decisive ones first, as upstream's. */
#include "plugins/table.h"

static const struct plugin *const plugins[] = {
	[PLUGIN_NODE_UNSCHEDULABLE] = &plugin_node_unschedulable,
	[PLUGIN_NODE_NAME] = &plugin_node_name,
	[PLUGIN_TAINT_TOLERATION] = &plugin_taint_toleration,
	[PLUGIN_NODE_AFFINITY] = &plugin_node_affinity,
	[PLUGIN_NODE_PORTS] = &plugin_node_ports,
	[PLUGIN_NODE_RESOURCES_FIT] = &plugin_node_resources_fit,
	[PLUGIN_VOLUME_RESTRICTIONS] = &plugin_volume_restrictions,
	[PLUGIN_NODE_VOLUME_LIMITS] = &plugin_node_volume_limits,
	[PLUGIN_VOLUME_BINDING] = &plugin_volume_binding,
	[PLUGIN_VOLUME_ZONE] = &plugin_volume_zone,
	[PLUGIN_POD_TOPOLOGY_SPREAD] = &plugin_pod_topology_spread,
	[PLUGIN_INTER_POD_AFFINITY] = &plugin_inter_pod_affinity,
	[PLUGIN_BALANCED_ALLOCATION] = &plugin_balanced_allocation,
	[PLUGIN_IMAGE_LOCALITY] = &plugin_image_locality,
	[PLUGIN_DEFAULT_PREEMPTION] = &plugin_default_preemption,
};
const struct framework plugin_default_profile = {.plugins = plugins, .n = ARRAY_LEN(plugins)};
