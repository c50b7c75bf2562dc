/* SPDX-License-Identifier: Apache-2.0 */
/* Leases (kubernetes/kubernetes pkg/registry/coordination/lease): two holders must not overwrite each other
 * unseen. */
#include "kinds/strategies.h"

/* Coordinated leader election is off by default upstream, and what belongs to it is dropped. */
static void lease_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	js *spec = js_obj(new, "spec", NULL);

	js_del(spec, "strategy");
	js_del(spec, "preferredHolder");
}

const struct strategy lease_strategy = {
	.group = "coordination.k8s.io",
	.kind = "Lease",
	.flags = STRATEGY_CREATE_ON_UPDATE | STRATEGY_NEEDS_VERSION | STRATEGY_FREE_FINALIZERS,
	.prepare = lease_prepare,
};
