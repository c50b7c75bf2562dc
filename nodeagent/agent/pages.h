/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent's server and its metrics tell of the Pods that run here. Loop thread.
 */
#ifndef AGENT_PAGES_H
#define AGENT_PAGES_H

#include "agent/node.h"

/* How many run, after that has changed. */
void pages_count(struct node *n);
/* v1 PodList of what runs on the nodes. The caller puts it. */
js *pages_pods(struct node *nodes, size_t n);

#endif
