/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes (kubernetes/kubernetes pkg/registry/core/node, pkg/apis/core/validation ValidateNode and
 * ValidateNodeUpdate). */
#include <stdio.h>
#include "base/unique.h"
#include "kinds/check.h"
#include "kinds/strategies.h"

static void validate_taints(const js *taints, struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};

	js_array_for_each (t, taints) {
		autofree char *key = mem_printf("%s:%s", js_str0(t, "key", NULL), js_str0(t, "effect", NULL));
		if (unique_seen(&seen, key))
			field_error_duplicate(errs, PATH("metadata.taints[%zu]", t_i), key);
	}
}

static void validate_addresses(const js *addresses, struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};

	js_array_for_each (a, addresses) {
		const char *address = js_str0(a, "address", NULL);
		if (unique_seen_f(&seen, "%s\n%s", js_str0(a, "type", NULL), address))
			field_error_duplicate(errs, PATH("status.addresses[%zu]", a_i), address);
	}
}

/* podCIDR and podCIDRs[0] say the same; whichever is given makes the other. */
static void pair_cidrs(js *spec)
{
	const char *one = js_str0(spec, "podCIDR", NULL);
	js *many = js_arr(spec, "podCIDRs", NULL);

	if (*one && !js_len(many))
		js_push(js_ensure_arr(spec, "podCIDRs"), js_new_str(one));
	else if (!*one && js_len(many) && js_is_str(js_at(many, 0)))
		js_set_str(spec, "podCIDR", json_object_get_string(js_at(many, 0)));
}

static void node_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	/* the agent registers its node with its status: kept on create */
	if (!*ctx->subresource)
		pair_cidrs(js_ensure(new, "spec", NULL));
}

static void validate_cidrs(const js *new, const js *old, struct field_errors *errs)
{
	const js *cidrs = js_arr(new, "spec", "podCIDRs", NULL), *was = js_arr(old, "spec", "podCIDRs", NULL);

	js_array_for_each (c, cidrs) {
		if (!check_is_cidr(json_object_get_string(c)))
			field_error_invalid(
				errs, PATH("spec.podCIDRs[%zu]", c_i), c,
				"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
	}
	if (js_len(was) && !js_equal(cidrs, was))
		field_error_forbidden(errs, "spec.podCIDRs",
				      "node updates may not change podCIDR except from \"\" to valid");
}

static void node_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			  struct field_errors *errs)
{
	if (!strcmp(ctx->subresource, "status")) {
		validate_addresses(js_arr(new, "status", "addresses", NULL), errs);
		return;
	}
	validate_taints(js_arr(new, "spec", "taints", NULL), errs);
	validate_cidrs(new, old, errs);
	const char *was = js_str0(old, "spec", "providerID", NULL),
		   *is = js_str0(new, "spec", "providerID", NULL);
	if (*was && strcmp(was, is))
		field_error_forbidden(errs, "spec.providerID",
				      "node updates may not change providerID except from \"\" to valid");
}

const struct strategy node_strategy = {
	.group = "",
	.kind = "Node",
	.prepare = node_prepare,
	.validate = node_validate,
};
