/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a machine its Pods may have: the capacity without what is reserved for the system and for Kubernetes' own daemons,
 * and without what hard eviction thresholds keep free (kubernetes/kubernetes pkg/kubelet/cm/node_container_manager_linux.go).
 * Pure.
 */
#ifndef AGENT_RESERVE_H
#define AGENT_RESERVE_H

#include "agent/nodeobject.h"
#include "pressure/threshold.h"

struct reserve {
	int64_t cpu_milli, memory, storage, pids;
};
/* "cpu=100m,memory=1Gi,ephemeral-storage=1Gi,pid=1000", added to *ret. flag: for the message. */
int reserve_add(const char *text, const char *flag, struct reserve *ret, struct err *err) MUST_CHECK;
/* What the Pods' cgroup is bounded by, and what the Node offers; never less than nothing. */
struct reserve reserve_bound(const struct node_facts *f, const struct reserve *reserved);
struct reserve reserve_allocatable(const struct node_facts *f, const struct reserve *reserved,
				   const struct thresholds *t);

#endif
