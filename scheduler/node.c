/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of Nodes; see node.h. */
#include "node.h"

static const struct decode_row image_rows[] = {
	DECODE_STRINGS("names", struct node_image, names, n_names),
	DECODE_INT64("sizeBytes", struct node_image, size),
};
static const struct decode_spec image_spec = DECODE_SPEC(struct node_image, image_rows);

static const struct decode_row rows[] = {
	DECODE_STRING("metadata.name", struct sched_node, base.meta.name),
	DECODE_STRING("metadata.uid", struct sched_node, base.meta.uid),
	DECODE_UINT64("metadata.resourceVersion", struct sched_node, base.meta.rv),
	DECODE_LABELS("metadata.labels", struct sched_node, base.meta.labels),
	DECODE_BOOL("spec.unschedulable", struct sched_node, unschedulable),
	DECODE_ARRAY("spec.taints", struct sched_node, taints, n_taints, &taint_spec),
	DECODE_RESOURCES("status.allocatable", struct sched_node, allocatable),
	DECODE_ARRAY("status.images", struct sched_node, images, n_images, &image_spec),
};
static const struct sched_node initial = {
	.base.meta = {.name = (char *)"", .namespace = (char *)"", .uid = (char *)""}};
const struct decode_spec sched_node_spec = DECODE_SPEC(struct sched_node, rows, .initial = &initial);

const struct informer_type sched_node_type = {
	.group = "",
	.version = "v1",
	.resource = "nodes",
	.kind = "Node",
	.rows = &sched_node_spec,
};
