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

enum pod_phase status_phase(const struct machine *m); /* for tests */

/*
 * The status that the API has, as digests of its parts: enough to know which parts of a new one differ, at a tenth of
 * what its text takes.
 */
enum { STATUS_FIELDS = 13, STATUS_CONDITIONS = 8 };
struct status_known {
	uint64_t fields[STATUS_FIELDS]; /* 0 = it has no such field */
	struct status_condition {
		uint64_t digest;
		int64_t since_ns; /* lastTransitionTime; 0 = there is no such condition */
		bool yes, has_reason, has_message;
	} conditions[STATUS_CONDITIONS];
};
/* status NULL: there is none. */
void status_known_read(struct status_known *k, const js *status);
/*
 * The status (JSON text) is at least as new as what is known. True when somebody else has changed the condition Ready, as
 * the control plane does while it hears nothing of the node; what is known is corrected, so that the next patch tells it
 * again.
 */
bool status_known_correct(struct status_known *k, const char *status);

/* The whole status; transition times come from `known`. The caller puts it. */
js *status_build(const struct machine *m, const struct status_node *node, const struct status_known *known,
		 int64_t now_wall_ns);
/*
 * Strategic merge patch {metadata:{uid}, status:{…}} of the parts in which the machine's status differs from what is
 * known; NULL when none does. *ret: what is known once the API has taken it;
 * may be `known` itself.
 */
js *status_patch(const struct status_known *known, const struct machine *m, const struct status_node *node,
		 int64_t now_wall_ns, struct status_known *ret);
/* The container's entry in a built status; NULL when there is none. Borrowed. */
js *status_container(const js *status, const char *name);

#endif
