/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May this Pod run here? The node's own check before anything is started, for Pods that came past the
 * scheduler (spec.nodeName set by hand) or met a node that has changed (kubelet
 * pkg/kubelet/lifecycle/predicate.go). Pure.
 */
#ifndef POD_ADMIT_H
#define POD_ADMIT_H

#include "pod/resources.h"

struct admit_node {
	const char *name;
	const struct labels *labels;
	const char *taints;		    /* JSON text of spec.taints, NULL = none */
	struct resources allocatable, used; /* used: by the Pods admitted already */
	int64_t max_pods, pods;
};

/* True when admitted; otherwise *ret_reason is static and *message says why, as the event and status show it.
 */
bool admit_check(const struct admit_node *n, const struct pod *p, const char **ret_reason,
		 struct buf *message);

/* Both want the same host port. */
bool admit_ports_conflict(const struct pod *a, const struct pod *b);
extern const char ADMIT_PORTS_REASON[], ADMIT_PORTS_MESSAGE[];

#endif
