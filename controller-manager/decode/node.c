/* SPDX-License-Identifier: Apache-2.0 */
/* See node.h. */
#include "decode/node.h"

#include <string.h>
#include "base/mem.h"

static const char *const statuses[] = {
	[CONDITION_FALSE] = "False", [CONDITION_TRUE] = "True", [CONDITION_UNKNOWN] = "Unknown"};
static const struct decode_row condition_rows[] = {
	DECODE_STRING("type", struct cm_node_condition, type),
	DECODE_ENUM("status", struct cm_node_condition, status, statuses),
	DECODE_TIME("lastHeartbeatTime", struct cm_node_condition, heartbeat_ns),
};
static const struct cm_node_condition condition_initial = {.type = ""};
static const struct decode_spec condition_spec =
	DECODE_SPEC(struct cm_node_condition, condition_rows, .initial = &condition_initial);

static enum condition_status status_of(const struct cm_node *n, const char *type)
{
	for (size_t i = 0; i < n->n_conditions; i++)
		if (!strcmp(n->conditions[i].type, type))
			return n->conditions[i].status;
	return CONDITION_ABSENT;
}

static void node_finish(void *o)
{
	struct cm_node *n = o;

	n->ready = status_of(n, "Ready");
	n->posted_memory = status_of(n, "MemoryPressure") != CONDITION_ABSENT;
	n->posted_disk = status_of(n, "DiskPressure") != CONDITION_ABSENT;
	n->posted_pid = status_of(n, "PIDPressure") != CONDITION_ABSENT;
	n->memory_pressure = status_of(n, "MemoryPressure") == CONDITION_TRUE;
	n->disk_pressure = status_of(n, "DiskPressure") == CONDITION_TRUE;
	n->pid_pressure = status_of(n, "PIDPressure") == CONDITION_TRUE;
	n->network_unavailable = status_of(n, "NetworkUnavailable") == CONDITION_TRUE;
	for (size_t i = 0; i < n->n_conditions; i++)
		if (n->conditions[i].heartbeat_ns > n->heartbeat_ns)
			n->heartbeat_ns = n->conditions[i].heartbeat_ns;
	n->conditions = NULL;
	n->n_conditions = 0;
}

static bool read_ttl(struct scan *s, struct arena *a, void *field)
{
	const char *p;
	size_t n;
	int64_t v;
	bool escaped;

	if (scan_peek(s) != SCAN_STRING)
		return scan_skip(s);
	if (!scan_string(s, &p, &n, &escaped))
		return false;
	if (scan_literal_int(p, n, &v) && v >= 0 && v <= INT32_MAX)
		*(int32_t *)field = (int32_t)v;
	return true;
}

struct ttl_annotation {
	int32_t v;
};
static const struct decode_spec ttl_spec = {.size = sizeof(struct ttl_annotation)};
static const struct decode_row annotation_rows[] = {
	DECODE_CALL("node.alpha.kubernetes.io/ttl", struct ttl_annotation, v, read_ttl, &ttl_spec),
};
static const struct ttl_annotation annotation_initial = {-1};
static const struct decode_spec annotation_spec =
	DECODE_SPEC(struct ttl_annotation, annotation_rows, .initial = &annotation_initial, .literal = true);

static const struct decode_row node_rows[] = {
	DECODE_STRUCT("metadata", struct cm_node, base.meta, &meta_spec),
	DECODE_STRUCT("metadata.annotations", struct cm_node, ttl_s, &annotation_spec),
	DECODE_BOOL("spec.unschedulable", struct cm_node, unschedulable),
	DECODE_STRINGS("spec.podCIDRs", struct cm_node, pod_cidrs, n_pod_cidrs),
	DECODE_ARRAY("spec.taints", struct cm_node, taints, n_taints, &taint_spec),
	DECODE_ARRAY("status.conditions", struct cm_node, conditions, n_conditions, &condition_spec),
};
static const struct cm_node node_initial = {
	.base.meta = {.name = (char *)"", .namespace = (char *)"", .uid = (char *)""}, .ttl_s = -1};
static const struct decode_spec node_spec =
	DECODE_SPEC(struct cm_node, node_rows, .initial = &node_initial, .finish = node_finish);

const struct informer_type cm_node_type = {
	.group = "",
	.version = "v1",
	.resource = "nodes",
	.kind = "Node",
	.rows = &node_spec,
	.n_indexes = INDEX_COMMON,
	.index = cm_index,
};
