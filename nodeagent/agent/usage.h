/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node and the containers on it use, in the words of the kubelet's page /metrics/resource: counters of CPU time, and
 * memory in use. It is read when somebody asks, and nothing is kept of it.
 *
 * Containers of a fake node use what annotations of their Pod say, each: coracle.dev/fake-cpu ("250m") and
 * coracle.dev/fake-memory ("64Mi"), from when the page is read until it is read again. A fleet of them has one page, on which
 * each line of a node names it. Loop thread.
 */
#ifndef AGENT_USAGE_H
#define AGENT_USAGE_H

#include "agent/node.h"

#define USAGE_CPU_ANNOTATION "coracle.dev/fake-cpu"
#define USAGE_MEMORY_ANNOTATION "coracle.dev/fake-memory"

struct usage {		      /* zeroed to begin with */
	struct map pretended; /* Pod's uid/container -> what it has used */
};
void usage_release(struct usage *u); /* for tests */
/* proc: "/proc". */
void usage_write(struct usage *u, struct buf *out, struct node *nodes, size_t n, const char *proc);

#endif
