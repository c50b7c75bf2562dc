/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node with the Pods on it, and the sums of what they take.
 *
 * A state is counted. The cache and the snapshot share it; whoever wants to change one that others hold changes a copy
 * (node_state_own), so a search reads without a lock what the cache goes on changing, and a node that did not change is
 * in memory once. A fork is such a copy too. Pods and node inside are references.
 */
#ifndef NODE_STATE_H
#define NODE_STATE_H

#include "node.h"
#include "pod.h"

struct node_state {
	int refs;		       /* atomic */
	const struct sched_node *node; /* NULL: Pods are known to be here, the Node object is not */
	size_t index;		       /* place in snapshot.nodes, while it is there */
	/* What every search reads of the node stands here again, so that it need not be fetched from there. */
	bool restricted;	      /* tainted or unschedulable */
	struct resources allocatable; /* its scalars are the node's */
	struct resources used;
	int64_t nonzero_cpu_milli, nonzero_memory;
	const struct sched_pod **pods;
	size_t n_pods, cap_pods;
	size_t n_with_ports, n_with_affinity;
};

struct node_state *node_state_new(void);
const struct node_state *node_state_ref(const struct node_state *n);
void node_state_unref(const struct node_state *n); /* NULL is fine */
struct node_state *node_state_copy(const struct node_state *n);
/* *n, or in its place a copy of one's own when somebody else holds it too. */
struct node_state *node_state_own(struct node_state **n);

/* On one that nobody else holds. Removing one that is not there does nothing. */
void node_state_set_node(struct node_state *n, const struct sched_node *node);
void node_state_add(struct node_state *n, const struct sched_pod *p);
bool node_state_remove(struct node_state *n, const char *uid);

static inline const char *node_state_name(const struct node_state *n)
{
	return n->node->base.meta.name;
}

#endif
