/* SPDX-License-Identifier: Apache-2.0 */
/* What the scheduler keeps of a Node: decoded once, frozen, shared by reference. */
#ifndef NODE_H
#define NODE_H

#include "pod.h"

struct node_image {
	char *name;
	int64_t size; /* bytes */
};
struct sched_node {
	struct informer_object base;
	bool unschedulable;
	struct taint *taints;
	size_t n_taints;
	struct resources allocatable;
	int64_t pods;		   /* allocatable Pod count */
	struct node_image *images; /* every name of every image */
	size_t n_images;
};

extern const struct informer_type sched_node_type;

#endif
