/* SPDX-License-Identifier: Apache-2.0 */
/* See pod.h. */
#include "object/core/podlife.h"

#include "base/clock.h"

const char *const podlife_phase_names[POD_PHASES] = {
	[PHASE_PENDING] = "Pending", [PHASE_RUNNING] = "Running", [PHASE_SUCCEEDED] = "Succeeded",
	[PHASE_FAILED] = "Failed",   [PHASE_UNKNOWN] = "Unknown",
};
const char *const podlife_restart_policy_names[RESTART_POLICIES] = {
	[RESTART_ALWAYS] = "Always", [RESTART_ON_FAILURE] = "OnFailure", [RESTART_NEVER] = "Never"};

static const char *const statuses[] = {
	[CONDITION_FALSE] = "False", [CONDITION_TRUE] = "True", [CONDITION_UNKNOWN] = "Unknown"};
static const struct decode_row condition_rows[] = {
	DECODE_ENUM("status", struct object_condition, status, statuses),
	DECODE_STRING("reason", struct object_condition, reason),
	DECODE_STRING("message", struct object_condition, message),
	DECODE_TIME("lastTransitionTime", struct object_condition, since_ns),
};
const struct decode_spec podlife_condition_spec = DECODE_SPEC(struct object_condition, condition_rows);

const char *podlife_phase_name(enum pod_phase p)
{
	return podlife_phase_names[p];
}

bool podlife_active(enum pod_phase p, const struct meta *m)
{
	return !podlife_phase_terminal(p) && !m->deleted_ns;
}

bool podlife_condition_true_for(const struct object_condition *ready, int32_t min_ready_seconds, int64_t now)
{
	return ready->status == CONDITION_TRUE &&
	       (min_ready_seconds == 0 || ready->since_ns + min_ready_seconds * NS_PER_S <= now);
}
