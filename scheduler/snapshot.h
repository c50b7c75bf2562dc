/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster as the scheduler sees it: nodes in an array, each with the sums of what its Pods take. Updated
 * incrementally by events and by assumed Pods (placed here, binding still on its way), never rebuilt.
 *
 * Owned by the scheduler's lock; plugins get it const. Pods and nodes inside are references.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "base/map.h"
#include "node.h"

struct port_use {
	struct host_port port;
	int count; /* Pods that hold it: two may, briefly, when one was bound past the scheduler */
};
struct node_state {
	const struct sched_node *node; /* NULL: Pods are known to be here, the Node object is not */
	size_t index;		       /* place in snapshot.nodes; meaningless while node is NULL */
	char *name;
	struct resources used;
	int64_t nonzero_cpu, nonzero_memory;
	int64_t n_pods;
	struct port_use *ports;
	size_t n_ports;
};

struct placed; /* inside */
struct snapshot {
	struct node_state **nodes; /* those with a Node object */
	size_t n_nodes, cap_nodes;
	struct map by_name; /* name -> struct node_state * */
	struct map pods;    /* Pod uid -> struct placed * */
	struct map images;  /* image name -> count of nodes holding it, as (void *)count */
};

void snapshot_init(struct snapshot *s);
void snapshot_release(struct snapshot *s);
/* new NULL = the Node is gone. Takes its own reference. */
void snapshot_set_node(struct snapshot *s, const char *name, const struct sched_node *node);
/* Puts the Pod on a node (replacing an earlier place of the same uid), or takes it away. */
void snapshot_place(struct snapshot *s, const struct sched_pod *pod, const char *node, bool assumed);
void snapshot_remove(struct snapshot *s, const char *uid);
bool snapshot_assumed(const struct snapshot *s, const char *uid);
size_t snapshot_image_nodes(const struct snapshot *s, const char *image);

#endif
