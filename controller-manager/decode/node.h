/* SPDX-License-Identifier: Apache-2.0 */
/* What controllers keep of a Node. */
#ifndef DECODE_NODE_H
#define DECODE_NODE_H

#include "decode/index.h"
#include "object/core/podlife.h"
#include "object/core/taint.h"

struct cm_node_condition {
	const char *type;
	enum condition_status status;
	int64_t heartbeat_ns;
};
struct cm_node {
	struct informer_object base;
	bool unschedulable;
	int32_t ttl_s; /* node.alpha.kubernetes.io/ttl; -1 = none that is a number */
	struct taint *taints;
	size_t n_taints;
	const char *const *pod_cidrs;
	size_t n_pod_cidrs;
	enum condition_status ready;
	bool memory_pressure, disk_pressure, pid_pressure, network_unavailable;
	bool posted_memory, posted_disk, posted_pid; /* there is such a condition */
	int64_t heartbeat_ns;			     /* newest lastHeartbeatTime of a condition */
	/* Inside: decoded, worked out into the fields above, and gone. */
	struct cm_node_condition *conditions;
	size_t n_conditions;
};
extern const struct informer_type cm_node_type;

#endif
