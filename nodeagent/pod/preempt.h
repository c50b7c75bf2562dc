/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room for a critical Pod that does not fit: which of the others have to go (kubelet pkg/kubelet/preemption/preemption.go).
 * As few of them as can be, by class of service: guaranteed ones only for what all others do not free.
 */
#ifndef POD_PREEMPT_H
#define POD_PREEMPT_H

#include "pod/admit.h"
#include "pod/worker.h"

/* Ends those Pods that are in the way of this critical one, which is not admitted yet, and holds it until they have ended. False
   with reason and message: there is no room for it either way. Loop thread. */
bool preempt_others(struct worker *w, char reason[ADMIT_REASON_MAX], struct buf *message);
/* Somebody was admitted or has ended: those that are held may begin once there is room. */
void preempt_look(struct pod_host *h);

/* ---- who ---- */

/* Whether `p` may take the place of `other`. */
bool preempt_may(const struct pod *p, const struct pod *other); /* for tests */
/*
 * Of v, all of which may go, those that free what is short: moved to the front, in the order in which they go, and how many
 * they are. All of them together may not be enough: REASON_INVALID.
 */
int preempt_choose(const struct pod **v, size_t n, const struct resource_shortage *lacks, size_t n_lacks,
		   size_t *ret_n, struct err *err) MUST_CHECK; /* for tests */

#endif
