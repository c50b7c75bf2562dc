/* SPDX-License-Identifier: Apache-2.0 */
/* Taints that the node life cycle sets, and what a Pod's tolerations make of NoExecute ones. Pure functions.
 */
#ifndef TAINTS_H
#define TAINTS_H

#include "decode/node.h"
#include "decode/pod.h"

/* What may be done about the Pods of a node that is not ready or unreachable. */
enum taints_pace {
	TAINTS_STOP, /* nothing: a NoExecute taint of ours goes */
	TAINTS_HOLD, /* it stays, or becomes the other one, but is not set anew */
	TAINTS_GO,
};
/*
 * The taints that a node in this state must carry: condition taints (NoSchedule), and the NoExecute taint of
 * a node that is not ready or unreachable. Writes a new taint list (JSON, others kept, timeAdded of ours set
 * when new) if it differs from node->taints; NULL when nothing is to change. `ready` overrides the node's own
 * condition.
 */
js *taints_wanted(const struct cm_node *node, enum condition_status ready, enum taints_pace pace,
		  int64_t now);
/* A NoExecute taint of ours is missing: TAINTS_GO would set it. */
bool taints_lacks_no_execute(const struct cm_node *node, enum condition_status ready);

#define TAINTS_STAY INT64_MAX
/*
 * When (wall ns) the Pod must leave the node because of its NoExecute taints: now when one is not tolerated, TAINTS_STAY
 * = never. A taint without timeAdded, or one that was there before the Pod, counts from `since_ns`, when the Pod was
 * first seen with it.
 */
int64_t taints_eviction_ns(const struct cm_pod *pod, const struct cm_node *node, int64_t since_ns,
			   int64_t now);

#endif
