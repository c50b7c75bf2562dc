/* SPDX-License-Identifier: Apache-2.0 */
/* Leases (kubernetes/kubernetes pkg/registry/coordination/lease): two holders must not overwrite each other
 * unseen. */
#include "kinds/strategies.h"

const struct strategy lease_strategy = {
	.group = "coordination.k8s.io",
	.kind = "Lease",
	.flags = STRATEGY_CREATE_ON_UPDATE | STRATEGY_NEEDS_VERSION | STRATEGY_FREE_FINALIZERS,
};
