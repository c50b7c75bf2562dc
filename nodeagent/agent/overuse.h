/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods that use more disk than they may: the limits of containers, those of all of them together, and sizeLimit of an emptyDir
 * (kubernetes/kubernetes pkg/kubelet/eviction/eviction_manager.go localStorageEviction). Files are counted of Pods alone that
 * have such a limit, and not for longer than a tenth of the time. Loop thread.
 */
#ifndef AGENT_OVERUSE_H
#define AGENT_OVERUSE_H

#include "agent/census.h"

struct overuse {
	struct node *node; /* borrowed */
	/* The Pod is to end. */
	void (*end)(void *arg, struct worker *w, const char *why);
	void *arg;
	/* inside; zeroed to begin with */
	bool busy;
	int64_t began_ns, next_ns;
};
/* Begins to count, when it is time. Called again and again. */
void overuse_look(struct overuse *o);
/* By which signal a Pod that uses so much goes, and why; NULL: it may stay. For tests. */
const char *overuse_judge(const struct pod *pod, const struct census_pod *used,
			  struct buf *why); /* for tests */

#endif
