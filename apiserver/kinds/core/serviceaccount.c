/* SPDX-License-Identifier: Apache-2.0 */
/* ServiceAccounts (kubernetes/kubernetes pkg/registry/core/serviceaccount). */
#include "kinds/strategies.h"

const struct strategy serviceaccount_strategy = {
	.group = "",
	.kind = "ServiceAccount",
	.flags = STRATEGY_RETURNS_DELETED | STRATEGY_NEEDS_VERSION,
};
