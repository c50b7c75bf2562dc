/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a Pod's life that every daemon reads: phase, conditions, restart policy. Any thread. */
#ifndef OBJECT_CORE_PODLIFE_H
#define OBJECT_CORE_PODLIFE_H

#include "object/core/resources.h"
#include "object/meta.h"

enum pod_phase { PHASE_PENDING, PHASE_RUNNING, PHASE_SUCCEEDED, PHASE_FAILED, PHASE_UNKNOWN };
#define POD_PHASES 5
extern const char *const podlife_phase_names[POD_PHASES]; /* for DECODE_ENUM; absent: pending */
const char *podlife_phase_name(enum pod_phase p);
static inline bool podlife_phase_terminal(enum pod_phase p) /* its containers have ended for good */
{
	return p == PHASE_SUCCEEDED || p == PHASE_FAILED;
}
/* Neither terminal nor being deleted: what counts as a replica (controller.IsPodActive). */
bool podlife_active(enum pod_phase p, const struct meta *m);

enum restart_policy { RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_NEVER, RESTART_UNSET };
#define RESTART_POLICIES 3
extern const char *const podlife_restart_policy_names[RESTART_POLICIES]; /* for DECODE_ENUM */
/* Of an init container with this restartPolicy. */
static inline enum container_role container_init_role(enum restart_policy p)
{
	return p == RESTART_ALWAYS ? CONTAINER_SIDECAR : CONTAINER_INIT;
}

enum condition_status { CONDITION_ABSENT, CONDITION_FALSE, CONDITION_TRUE, CONDITION_UNKNOWN };
/* One of status.conditions, of a Pod or of anything else: for DECODE_FIND. */
struct object_condition {
	enum condition_status status;
	const char *reason, *message; /* NULL when absent */
	int64_t since_ns;	      /* lastTransitionTime, wall; 0 when absent */
};
extern const struct decode_spec podlife_condition_spec;
/* True for at least min_ready_seconds at `now` (wall ns): podutil.IsPodAvailable. */
bool podlife_condition_true_for(const struct object_condition *ready, int32_t min_ready_seconds, int64_t now);

#endif
