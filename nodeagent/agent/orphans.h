/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an earlier agent left of Pods that are gone: sandboxes, directories, logs. Called once, on the loop,
 * when the first list of Pods has been delivered and every Pod has taken over what is its own (node.found is
 * what the runtime had).
 */
#ifndef AGENT_ORPHANS_H
#define AGENT_ORPHANS_H

#include "agent/node.h"

void orphans_remove(struct node *n);

#endif
