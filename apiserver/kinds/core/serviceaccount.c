/* SPDX-License-Identifier: Apache-2.0 */
/* ServiceAccounts (kubernetes/kubernetes pkg/registry/core/serviceaccount). */
#include "kinds/strategies.h"

#define MOUNTABLE "kubernetes.io/enforce-mountable-secrets"

/* Secrets are named only: whatever else the references say is dropped. */
static void serviceaccount_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	js *list = js_arr(new, "secrets", NULL);

	if (!js_len(list))
		return;
	js *names = js_new_arr();
	js_array_for_each (s, list) {
		js *ref = js_new_obj();
		const char *name = js_str0(s, "name", NULL);
		if (*name)
			js_set_str(ref, "name", name);
		js_push(names, ref);
	}
	js_set(new, "secrets", names);
}

/* An annotation that is there already was told of. */
static void serviceaccount_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	if (js_get(new, "metadata", "annotations", MOUNTABLE, NULL) &&
	    !js_get(old, "metadata", "annotations", MOUNTABLE, NULL))
		strategy_warn(
			ctx,
			"metadata.annotations[" MOUNTABLE
			"]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets");
}

const struct strategy serviceaccount_strategy = {
	.group = "",
	.kind = "ServiceAccount",
	.flags = STRATEGY_RETURNS_DELETED,
	.prepare = serviceaccount_prepare,
	.warn = serviceaccount_warn,
};
