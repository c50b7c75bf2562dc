/* SPDX-License-Identifier: Apache-2.0 */
/* See pod.h. */
#include "object/core/pod.h"

#include "base/clock.h"

const char *const pod_phase_names[POD_PHASES] = {
	[PHASE_PENDING] = "Pending", [PHASE_RUNNING] = "Running", [PHASE_SUCCEEDED] = "Succeeded",
	[PHASE_FAILED] = "Failed",   [PHASE_UNKNOWN] = "Unknown",
};
const char *const pod_restart_policy_names[RESTART_POLICIES] = {
	[RESTART_ALWAYS] = "Always", [RESTART_ON_FAILURE] = "OnFailure", [RESTART_NEVER] = "Never"};

static const char *const statuses[] = {
	[CONDITION_FALSE] = "False", [CONDITION_TRUE] = "True", [CONDITION_UNKNOWN] = "Unknown"};
static const struct decode_row condition_rows[] = {
	DECODE_ENUM("status", struct object_condition, status, statuses),
	DECODE_STRING("reason", struct object_condition, reason),
	DECODE_STRING("message", struct object_condition, message),
	DECODE_TIME("lastTransitionTime", struct object_condition, since_ns),
};
const struct decode_spec pod_condition_spec = DECODE_SPEC(struct object_condition, condition_rows);

const char *pod_phase_name(enum pod_phase p)
{
	return pod_phase_names[p];
}

bool pod_active(enum pod_phase p, const struct meta *m)
{
	return !pod_phase_terminal(p) && !m->deleted_ns;
}

bool pod_condition_true_for(const struct object_condition *ready, int32_t min_ready_seconds, int64_t now)
{
	return ready->status == CONDITION_TRUE &&
	       (min_ready_seconds == 0 || ready->since_ns + min_ready_seconds * NS_PER_S <= now);
}
