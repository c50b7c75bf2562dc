/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes (kubernetes/kubernetes pkg/registry/core/node, pkg/apis/core/validation ValidateNode and
 * ValidateNodeUpdate). */
#include <stdio.h>
#include "base/unique.h"
#include "kinds/advice.h"
#include "kinds/check.h"
#include "kinds/strategies.h"
#include "object/ip.h"

#define AVOID "scheduler.alpha.kubernetes.io/preferAvoidPods"
#define TAINTS "scheduler.alpha.kubernetes.io/taints"

/* Values are shown as upstream shows its internal structs. */
static void duplicate_taint(const js *t, size_t i, struct field_errors *errs)
{
	autojson js *shown = js_new_obj();
	autobuf struct buf b = BUF_INIT;

	js_set_str(shown, "Key", js_str0(t, "key", NULL));
	js_set_str(shown, "Value", js_str0(t, "value", NULL));
	js_set_str(shown, "Effect", js_str0(t, "effect", NULL));
	js_set(shown, "TimeAdded", js_dup(js_field(t, "timeAdded")));
	buf_adds(&b, "Duplicate value: ");
	js_write(&b, shown);
	buf_adds(&b, ": taints must be unique by key and effect pair");
	field_errors_add(errs, "FieldValueDuplicate", mem_printf("metadata.taints[%zu]", i),
			 buf_take(&b, NULL));
}

static void validate_taints(const js *taints, struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};

	js_array_for_each (t, taints) {
		if (unique_seen_f(&seen, "%s:%s", js_str0(t, "key", NULL), js_str0(t, "effect", NULL)))
			duplicate_taint(t, t_i, errs);
	}
}

static void validate_addresses(const js *addresses, struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};

	js_array_for_each (a, addresses) {
		const char *type = js_str0(a, "type", NULL), *address = js_str0(a, "address", NULL);
		if (!unique_seen_f(&seen, "%s\n%s", type, address))
			continue;
		autojson js *shown = js_new_obj();
		autobuf struct buf b = BUF_INIT;
		js_set_str(shown, "Type", type);
		js_set_str(shown, "Address", address);
		buf_adds(&b, "Duplicate value: ");
		js_write(&b, shown);
		field_errors_add(errs, "FieldValueDuplicate", mem_printf("status.addresses[%zu]", a_i),
				 buf_take(&b, NULL));
	}
}

static void validate_resources(const js *status, struct field_errors *errs)
{
	static const char *const lists[] = {"capacity", "allocatable"};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (struct js_iter it = js_iter(js_obj(status, lists[i], NULL)); js_next(&it);)
			check_resource_quantity(it.key, js_str0(it.value, NULL),
						PATH("status.%s.%s", lists[i], it.key), errs);
}

/* ---- annotations ---- */

static void validate_avoided(const js *entry, size_t i, struct field_errors *errs)
{
	const js *controller = js_obj(entry, "podSignature", "podController", NULL);
	const char *path = PATH("metadata.annotations." AVOID "[%zu].PodSignature", i);

	if (!controller)
		field_error_required(errs, path, "");
	else if (!js_bool(controller, false, "controller", NULL))
		field_error_invalid(errs, PATH("%s.PodController", path), controller,
				    "must point to a controller");
}

static void validate_annotations(const js *annotations, struct field_errors *errs)
{
	const char *avoid = js_str0(annotations, AVOID, NULL), *taints = js_str0(annotations, TAINTS, NULL);
	char detail[CHECK_DETAIL_MAX];

	if (*taints) {
		autojson js *list = check_json(taints, strlen(taints), true, detail);
		if (!list)
			field_error_invalid_str(errs, "metadata.annotations", TAINTS, detail);
	}
	if (!*avoid)
		return;
	autojson js *o = check_json(avoid, strlen(avoid), false, detail);
	if (!o)
		field_error_invalid_str(errs, "metadata.annotations.AvoidPods", AVOID, detail);
	js_array_for_each (entry, js_arr(o, "preferAvoidPods", NULL))
		validate_avoided(entry, entry_i, errs);
}

/* ---- networks ---- */

/* podCIDR and podCIDRs[0] say the same; podCIDR wins, and where it is not given the other makes it. */
static void pair_cidrs(js *spec)
{
	const char *one = js_str0(spec, "podCIDR", NULL);
	const js *many = js_arr(spec, "podCIDRs", NULL);
	const char *first = js_len(many) ? js_str0(js_at(many, 0), NULL) : "";

	if (!*one && *first) {
		js_set_str(spec, "podCIDR", first);
	} else if (*one && strcmp(one, first)) {
		js *list = js_new_arr();
		js_push(list, js_new_str(one));
		js_set(spec, "podCIDRs", list);
	}
}

static void node_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	/* the agent registers its node with its status: kept on create */
	js *spec = js_ensure(new, "spec", NULL);

	/* once for kubelets that were configured by a ConfigMap; upstream takes them no more */
	js_del(spec, "configSource");
	js_del(js_obj(new, "status", NULL), "config");
	if (!*ctx->subresource)
		pair_cidrs(spec);
}

static void validate_cidrs(const js *cidrs, struct field_errors *errs)
{
	size_t v4 = 0;
	size_t bad = SIZE_MAX; /* the first that is none; the kind file reports them all */

	js_array_for_each (c, cidrs) {
		const char *s = js_str0(c, NULL);
		struct ip ip;
		unsigned bits;
		if (ip_parse_cidr(s, &ip, &bits))
			v4 += ip.v4;
		else if (bad == SIZE_MAX)
			bad = c_i;
	}
	size_t n = js_len(cidrs);
	errs->look = '3';
	if (n > 1 && bad != SIZE_MAX)
		field_errors_add(
			errs, "InternalError", mem_strdup("spec.podCIDRs"),
			mem_printf("Internal error: invalid PodCIDRs. failed to check with dual stack with "
				   "error:invalid CIDR[%zu]: <nil> (invalid CIDR address: %s)",
				   bad, js_str0(js_at(cidrs, bad), NULL)));
	if (n > 1 && (bad != SIZE_MAX || n > 2 || v4 != 1))
		field_error_invalid(errs, "spec.podCIDRs", cidrs,
				    "may specify no more than one CIDR for each IP family");
	errs->look = 0;
}

/* What is set once. */
static void validate_fixed(const js *new, const js *old, struct field_errors *errs)
{
	const js *cidrs = js_arr(new, "spec", "podCIDRs", NULL),
		 *were = js_arr(old, "spec", "podCIDRs", NULL);
	const char *was = js_str0(old, "spec", "providerID", NULL),
		   *is = js_str0(new, "spec", "providerID", NULL);

	if (js_len(were) && !js_equal(cidrs, were))
		field_error_forbidden(errs, "spec.podCIDRs",
				      "node updates may not change podCIDR except from \"\" to valid");
	if (*was && strcmp(was, is))
		field_error_forbidden(errs, "spec.providerID",
				      "node updates may not change providerID except from \"\" to valid");
	if (strcmp(js_str0(new, "spec", "externalID", NULL), js_str0(old, "spec", "externalID", NULL)))
		field_error_forbidden(errs, "spec.externalID", "may not be updated");
}

static void node_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			  struct field_errors *errs)
{
	validate_annotations(js_obj(new, "metadata", "annotations", NULL), errs);
	validate_resources(js_obj(new, "status", NULL), errs);
	validate_taints(js_arr(new, "spec", "taints", NULL), errs);
	if (!*ctx->subresource) /* of an update, too */
		validate_cidrs(js_arr(new, "spec", "podCIDRs", NULL), errs);
	if (old) {
		validate_addresses(js_arr(new, "status", "addresses", NULL), errs);
		validate_fixed(new, old, errs);
	}
}

static void node_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	if (*ctx->subresource)
		return;
	if (*js_str0(new, "spec", "externalID", NULL))
		strategy_warn(ctx, "spec.externalID: this field is deprecated, and is unused by Kubernetes");
	js_array_for_each (c, js_arr(new, "spec", "podCIDRs", NULL))
		advice_cidr(ctx, js_str0(c, NULL), PATH("spec.podCIDRs[%zu]", c_i));
}

const struct strategy node_strategy = {
	.group = "",
	.kind = "Node",
	.prepare = node_prepare,
	.validate = node_validate,
	.warn = node_warn,
};
