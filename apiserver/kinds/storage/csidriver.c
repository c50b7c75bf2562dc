/* SPDX-License-Identifier: Apache-2.0 */
/* CSIDrivers (kubernetes/kubernetes pkg/apis/storage/validation, pkg/registry/storage/csidriver). */
#include <string.h>
#include "base/unique.h"
#include "kinds/strategies.h"

/* Counts that change while a node runs are off by default upstream. */
static void driver_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	js_del(js_obj(new, "spec", NULL), "nodeAllocatableUpdatePeriodSeconds");
	if (old && !js_equal(js_field(new, "spec"),
			     js_field(old, "spec"))) /* changes only: a new one has what it says */
		js_set_int(js_ensure(new, "metadata", NULL), "generation",
			   js_int(old, 0, "metadata", "generation", NULL) + 1);
}

static void validate_modes(const js *modes, struct field_errors *errs)
{
	static const char *const supported[] = {"Persistent", "Ephemeral", NULL};

	js_array_for_each (m, modes) {
		const char *mode = js_str0(m, NULL);
		if (strcmp(mode, "Persistent") && strcmp(mode, "Ephemeral"))
			field_error_not_supported(errs, "spec.volumeLifecycleModes", mode, supported);
	}
}

/* Nothing else is said of a request whose audience is there already. */
static void validate_tokens(const js *requests, struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};

	js_array_for_each (r, requests) {
		const char *audience = js_str0(r, "audience", NULL);
		if (!unique_seen(&seen, audience))
			continue;
		field_errors_drop(errs, PATH("spec.tokenRequests[%zu]", r_i));
		field_error_duplicate(errs, PATH("spec.tokenRequests[%zu].audience", r_i), audience);
	}
}

static void driver_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			    struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL);

	validate_tokens(js_arr(spec, "tokenRequests", NULL), errs);
	validate_modes(js_arr(spec, "volumeLifecycleModes", NULL), errs);
	errs->look = 'u';
	if (old && !js_equal(js_field(spec, "attachRequired"), js_get(old, "spec", "attachRequired", NULL)))
		field_error_invalid(errs, "spec.attachedRequired", js_field(spec, "attachRequired"),
				    "field is immutable"); /* so named upstream */
	errs->look = 0;
}

const struct strategy csidriver_strategy = {
	.group = "storage.k8s.io",
	.kind = "CSIDriver",
	.flags = STRATEGY_NEEDS_VERSION | STRATEGY_RETURNS_DELETED,
	.prepare = driver_prepare,
	.validate = driver_validate,
};
