/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The affinity terms of Pods that have a node, each different term once, with the nodes where Pods have it: whether a new
 * Pod is welcome is asked of the terms, of which there are as many as Deployments, and not of their Pods. Part of the snapshot;
 * one thread.
 */
#ifndef TERM_INDEX_H
#define TERM_INDEX_H

#include "base/map.h"
#include "pod.h"

enum term_role { TERM_REQUIRED, TERM_REQUIRED_ANTI, TERM_PREFERRED, TERM_PREFERRED_ANTI };
#define TERM_ROLES 4

struct term_place {
	uint32_t place, count;
};
struct term_group {
	enum term_role role;
	int32_t weight; /* of preferences */
	const struct pod_term *term;
	const struct sched_pod *owner; /* one that has or had it; a reference */
	struct term_place *v;	       /* by place */
	size_t n, cap;
	size_t index; /* in its role's list */
};
struct term_index {
	struct map by_text; /* struct term_group * */
	struct term_group **role[TERM_ROLES];
	size_t n[TERM_ROLES], cap[TERM_ROLES];
	size_t n_selecting; /* terms that select namespaces */
};

void term_index_release(struct term_index *x);
/* A Pod with affinity came to, or went from, this place. */
void term_index_change(struct term_index *x, size_t place, const struct sched_pod *p, bool came);

#endif
