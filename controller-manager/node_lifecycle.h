/* SPDX-License-Identifier: Apache-2.0 */
/* How long nodes may be silent, and how fast they are emptied then: kube-controller-manager's flags. */
#ifndef NODE_LIFECYCLE_H
#define NODE_LIFECYCLE_H

#include "zones.h"

struct node_lifecycle_config {
	int64_t grace_ns, startup_grace_ns; /* of a node that has spoken, and of one that has not yet */
	struct zones_config zones;
};
/* Before the controllers start. */
void node_lifecycle_configure(const struct node_lifecycle_config *c);

#endif
