/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many Pods there should be, by who controls them: of ReplicaSets, their Deployments and ReplicationControllers from what is
 * watched anyway, of everybody else by the scale subresource, custom resources included.
 */
#ifndef DISRUPTION_DISRUPTION_SCALE_H
#define DISRUPTION_DISRUPTION_SCALE_H

#include "controller/controller.h"
#include "decode/pod.h"
#include "restmap.h"

enum { DISRUPTION_BUDGETS, DISRUPTION_PODS, DISRUPTION_SETS, DISRUPTION_DEPLOYMENTS, DISRUPTION_CONTROLLERS };

/* The sum over the controllers of all these Pods, each of which counts once. unmanaged: a Pod has none. -1: one of them
   cannot be asked, or does not say. */
int disruption_scale(struct controller_ctx *ctx, struct restmap *kinds, const void *const *pods, size_t n,
		     int32_t *ret, bool *ret_unmanaged, struct err *err) MUST_CHECK;

#endif
