/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node, its Pods and their containers use, in the words of the kubelet's page /metrics/resource: counters of CPU time,
 * memory and swap in use. It is read when somebody asks.
 *
 * Containers of a fake node use what annotations of their Pod say, each: coracle.dev/fake-cpu ("250m") and
 * coracle.dev/fake-memory ("64Mi"), from when the page is read until it is read again. A fleet of them has one page, on which
 * each line of a node names it. Loop thread.
 */
#ifndef AGENT_USAGE_H
#define AGENT_USAGE_H

#include "agent/census.h"

#define USAGE_CPU_ANNOTATION "coracle.dev/fake-cpu"
#define USAGE_MEMORY_ANNOTATION "coracle.dev/fake-memory"

struct usage {		      /* zeroed to begin with */
	struct map pretended; /* Pod's uid/container -> what it has used */
};
void usage_release(struct usage *u);			   /* for tests */
void usage_write(const struct census *c, struct buf *out); /* one that is finished */
/* Of fake nodes. */
void usage_pretend(struct usage *u, struct buf *out, const struct node *nodes, size_t n);

#endif
