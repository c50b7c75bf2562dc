/* SPDX-License-Identifier: Apache-2.0 */
/* CSIStorageCapacities (kubernetes/kubernetes pkg/apis/storage/validation, pkg/registry/storage/csistoragecapacity). */
#include "kinds/advice.h"
#include "kinds/check.h"
#include "kinds/strategies.h"

static void capacity_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			      struct field_errors *errs)
{
	const char *capacity = js_str0(new, "capacity", NULL);

	check_label_selector(js_obj(new, "nodeTopology", NULL), "nodeTopology", errs);
	if (*capacity == '-')
		field_error_invalid_str(errs, "capacity", capacity, "must be greater than or equal to 0");
}

static void capacity_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	advice_selector(ctx, js_obj(new, "nodeTopology", NULL), "nodeTopology");
}

const struct strategy csistoragecapacity_strategy = {
	.group = "storage.k8s.io",
	.kind = "CSIStorageCapacity",
	.flags = STRATEGY_NEEDS_VERSION,
	.validate = capacity_validate,
	.warn = capacity_warn,
};
