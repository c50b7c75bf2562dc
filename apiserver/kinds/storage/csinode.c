/* SPDX-License-Identifier: Apache-2.0 */
/* CSINodes (kubernetes/kubernetes pkg/apis/storage/validation, pkg/registry/storage/csinode). */
#include <string.h>
#include "base/map.h"
#include "base/unique.h"
#include "kinds/strategies.h"
#include "object/name.h"

#define NODE_ID_MAX 256

/* Upstream reports keys at the driver, without a field. */
static void validate_keys(const js *keys, const char *path, struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};
	struct name_faults bad;

	js_array_for_each (k, keys) {
		const char *key = js_str0(k, NULL);
		if (!*key)
			field_error_required(errs, path, "");
		if (unique_seen(&seen, key))
			field_error_duplicate(errs, path, key);
		if (name_check_qualified(key, &bad))
			field_error_names(errs, path, key, &bad);
	}
}

static void validate_driver(const js *d, size_t i, struct field_errors *errs)
{
	const char *path = PATH("spec.drivers[%zu]", i), *id = js_str0(d, "nodeID", NULL);

	if (strlen(id) > NODE_ID_MAX)
		field_error_invalid_str(errs, PATH("%s.nodeID", path), id, "must be 256 characters or less");
	validate_keys(js_arr(d, "topologyKeys", NULL), path, errs);
}

/* A driver may come and go, but not change. */
static void validate_update(const js *new, const js *old, struct field_errors *errs)
{
	autounique struct unique names = {.n = 0};

	js_array_for_each (d, new) {
		const char *name = js_str0(d, "name", NULL);
		unique_first(&names, name, strlen(name), d_i);
	}
	js_array_for_each (was, old) {
		const char *name = js_str0(was, "name", NULL);
		size_t i = unique_first(&names, name, strlen(name), SIZE_MAX - 1);
		const js *is = i < js_len(new) ? js_at(new, i) : NULL;
		if (is && !js_equal(is, was))
			field_error_invalid(errs, "spec.drivers", is, "field is immutable");
	}
}

static void node_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			  struct field_errors *errs)
{
	const js *drivers = js_arr(new, "spec", "drivers", NULL);

	js_array_for_each (d, drivers)
		validate_driver(d, d_i, errs);
	if (old)
		validate_update(drivers, js_arr(old, "spec", "drivers", NULL), errs);
}

const struct strategy csinode_strategy = {
	.group = "storage.k8s.io",
	.kind = "CSINode",
	.flags = STRATEGY_NEEDS_VERSION | STRATEGY_RETURNS_DELETED,
	.validate = node_validate,
};
