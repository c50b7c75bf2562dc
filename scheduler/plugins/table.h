/* SPDX-License-Identifier: Apache-2.0 */
/* The plugins by name: what plugins/table.c lists and the tests call. */
#ifndef PLUGINS_TABLE_H
#define PLUGINS_TABLE_H

#include "framework.h"

/* Places in the default profile. */
enum {
	PLUGIN_NODE_UNSCHEDULABLE,
	PLUGIN_NODE_NAME,
	PLUGIN_TAINT_TOLERATION,
	PLUGIN_NODE_AFFINITY,
	PLUGIN_NODE_PORTS,
	PLUGIN_NODE_RESOURCES_FIT,
	PLUGIN_VOLUME_RESTRICTIONS,
	PLUGIN_NODE_VOLUME_LIMITS,
	PLUGIN_VOLUME_BINDING,
	PLUGIN_VOLUME_ZONE,
	PLUGIN_POD_TOPOLOGY_SPREAD,
	PLUGIN_INTER_POD_AFFINITY,
	PLUGIN_BALANCED_ALLOCATION,
	PLUGIN_IMAGE_LOCALITY,
	PLUGIN_DEFAULT_PREEMPTION,
};

extern const struct plugin plugin_node_unschedulable, plugin_node_name, plugin_taint_toleration,
	plugin_node_affinity, plugin_node_ports, plugin_node_resources_fit, plugin_balanced_allocation,
	plugin_image_locality, plugin_pod_topology_spread, plugin_inter_pod_affinity,
	plugin_default_preemption, plugin_volume_restrictions, plugin_node_volume_limits,
	plugin_volume_binding, plugin_volume_zone;

extern const struct framework plugin_default_profile;

#endif
