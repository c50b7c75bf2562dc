/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status of a Pod, written from its machine, and the patch that brings the API's copy up to it.
 *
 * Phase, conditions and container states follow the kubelet (pkg/kubelet/kubelet_pods.go,
 * pkg/kubelet/status). Pure; trees belong to the caller's thread.
 */
#ifndef POD_STATUS_H
#define POD_STATUS_H

#include "pod/machine.h"

struct status_node {
	const char *host_ip; /* node's InternalIP */
	const char *runtime; /* scheme of containerID */
};

/* What a container's entry shows. */
enum shown { SHOWN_WAITING, SHOWN_RUNNING, SHOWN_TERMINATED, SHOWN_UNKNOWN };
struct status_view { /* borrowed from the machine */
	enum shown state;
	const char *reason, *message;		/* of waiting */
	const struct container_run *now, *last; /* the run of the state, and lastState's; NULL = none */
};
struct status_view status_view(const struct machine *m, size_t i);

enum pod_phase status_phase(const struct machine *m);
/* `old` (may be NULL) is the status sent last: transition times come from it. The caller puts the result. */
js *status_build(const struct machine *m, const struct status_node *node, const js *old, int64_t now_wall_ns);
/* Strategic merge patch {metadata:{uid}, status:{…}} from old (may be NULL) to new; NULL when nothing
 * differs. */
js *status_patch(const js *old, const js *new, const char *uid);
/* The container's entry in a built status; NULL when there is none. Borrowed. */
js *status_container(const js *status, const char *name);

#endif
