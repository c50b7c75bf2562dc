/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conditions that the node agent writes of a Pod: a row each, with who judges it. The words are the kubelet's
 * (pkg/kubelet/status/generate.go). Pure.
 */
#ifndef POD_CONDITIONS_H
#define POD_CONDITIONS_H

#include "pod/status.h"

/* What a part of the status is made from. */
struct status_source {
	const struct machine *m;
	const struct status_node *node;
	enum pod_phase phase;
	int64_t now_ns;
};

struct conditions_verdict {
	bool absent; /* it is not ours to say: what the API has stays */
	bool gone;   /* there is none: what the API has is removed */
	bool yes;
	const char *reason; /* static; NULL = none */
	int64_t generation; /* that it was observed of; 0 = the Pod's */
	struct buf message; /* whoever asked releases it */
};

extern const struct conditions_row {
	const char *type;
	struct conditions_verdict (*judge)(const struct status_source *src);
} conditions_rows[STATUS_CONDITIONS];

#endif
