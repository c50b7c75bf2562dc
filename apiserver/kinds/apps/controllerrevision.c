/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ControllerRevisions (kubernetes/kubernetes pkg/apis/apps/validation): data is fixed (the schema says so), the number may
 * move up when a state comes back.
 */
#include "kinds/strategies.h"

static void revision_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			      struct field_errors *errs)
{
	const js *data = js_field(new, "data");

	if (!old && data && !js_is_obj(data))
		field_error_required(errs, "data", "data must be a valid JSON object");
}

const struct strategy controllerrevision_strategy = {
	.group = "apps",
	.kind = "ControllerRevision",
	.validate = revision_validate,
};
