/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May this Pod run here? The node's own check before anything is started, for Pods that came past the
 * scheduler (spec.nodeName set by hand) or met a node that has changed (kubelet
 * pkg/kubelet/lifecycle/predicate.go). Pure.
 */
#ifndef POD_ADMIT_H
#define POD_ADMIT_H

#include "pod/spec.h"

struct admit_node {
	const char *name;
	const struct labels *labels;
	const struct taint *taints;
	size_t n_taints;
	bool apparmor, apparmor_default; /* the kernel confines by its profiles; and there is a default one */
	const char
		*unsafe_sysctls; /* that Pods may set beside the safe ones: comma-separated, "kernel.msg*" */
	bool shutting_down;	 /* the machine is */
	const bool *pressure;	 /* memory, disk, pids; NULL = none */
	struct resources allocatable, used; /* used: by the Pods admitted already */
};

/* Static, or of a system priority class: no pressure keeps it out, nor ends it. */
bool admit_is_critical(const struct pod *p);

#define ADMIT_REASON_MAX 384 /* OutOf and a resource's name */
/* True when admitted; otherwise reason and *message say why, as the event and status show it. */
bool admit_check(const struct admit_node *n, const struct pod *p, char reason[ADMIT_REASON_MAX],
		 struct buf *message);

/* The same, whether or not there is room for it. */
bool admit_suits(const struct admit_node *n, const struct pod *p, char reason[ADMIT_REASON_MAX],
		 struct buf *message);
#define ADMIT_LACKS_MAX 16
/* What there is too little of beside `used`; how many, the first of them are told. */
size_t admit_lacks(const struct admit_node *n, const struct resources *want, const struct resources *used,
		   struct resource_shortage v[ADMIT_LACKS_MAX]);

/* Whether such a list may be one: each is of a namespace that a Pod has for itself. */
int admit_check_sysctls(const char *list, struct err *err) MUST_CHECK;

extern const char ADMIT_PORTS_REASON[], ADMIT_PORTS_MESSAGE[];

#endif
