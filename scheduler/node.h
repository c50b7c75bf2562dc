/* SPDX-License-Identifier: Apache-2.0 */
/* What the scheduler keeps of a Node: decoded once, by rows, in one block; frozen, shared by reference. */
#ifndef NODE_H
#define NODE_H

#include "controller/informer.h"
#include "object/core/resources.h"
#include "object/core/taint.h"

struct node_image {
	const char *const *names;
	size_t n_names;
	int64_t size; /* bytes */
};
struct sched_node {
	struct informer_object base;
	bool unschedulable;
	struct taint *taints;
	size_t n_taints;
	struct resources allocatable;
	struct node_image *images;
	size_t n_images;
};

extern const struct informer_type sched_node_type;
extern const struct decode_spec sched_node_spec; /* for tests */

static inline const char *sched_node_name(const struct sched_node *n)
{
	return n->base.meta.name;
}

#endif
