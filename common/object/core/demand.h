/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Pod demands of its node: what both the scheduler, when it picks one, and the node, when it admits the Pod, look
 * at. A struct of a decoded object, in one block with it; frozen, any thread.
 */
#ifndef OBJECT_CORE_DEMAND_H
#define OBJECT_CORE_DEMAND_H

#include "object/core/affinity.h"
#include "object/core/hostport.h"
#include "object/core/resources.h"
#include "object/core/taint.h"

struct pod_demand {
	struct resources requests; /* effective; pods = 1 */
	/* The same where containers that request none count with upstream's assumption: what nodes are compared by. */
	int64_t nonzero_cpu_milli, nonzero_memory;
	struct host_port
		*ports; /* those that app containers and sidecars take; all of theirs on the host's network */
	struct labels *node_selector;	/* NULL = none */
	struct node_affinity *affinity; /* NULL = none */
	struct toleration *tolerations;
	size_t n_ports, n_tolerations;
};
extern const struct decode_spec pod_demand_spec;
decode_call pod_demand_decode;
#define DECODE_DEMAND(p, T, f)                                                                               \
	DECODE_CALL(p, T, f, pod_demand_decode, &pod_demand_spec) /* at the Pod's spec */

/* Both want one port. */
bool pod_demand_ports_conflict(const struct pod_demand *a, const struct pod_demand *b);

#endif
