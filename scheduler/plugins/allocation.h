/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of a node's resources is taken, for scores: one amount by name, and what three strategies make of it
 * (upstream's pkg/scheduler/framework/plugins/noderesources).
 */
#ifndef PLUGINS_ALLOCATION_H
#define PLUGINS_ALLOCATION_H

#include "framework.h"

struct allocation {
	int64_t capacity; /* 0: it does not count */
	int64_t taken;	  /* with the Pod */
};
/* nonzero: containers that name no cpu or memory count with a little of it. */
struct allocation allocation_of(const char *resource, const struct sched_pod *p, const struct node_state *n,
				bool nonzero);
/* Does the Pod ask for any of them? */
bool allocation_asked(const struct resource_weight *v, size_t n, const struct sched_pod *p);
/* 0..SCORE_MAX */
int64_t allocation_score(const struct plugin_args *args, const struct sched_pod *p,
			 const struct node_state *n);

#endif
