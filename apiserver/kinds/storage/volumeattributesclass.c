/* SPDX-License-Identifier: Apache-2.0 */
/* VolumeAttributesClasses (kubernetes/kubernetes pkg/apis/storage/validation). */
#include "kinds/storage/parameters.h"
#include "kinds/strategies.h"

static void class_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			   struct field_errors *errs)
{
	parameters_check_driver(new, "driverName", errs);
	parameters_check(new, errs);
	if (!js_len(js_obj(new, "parameters", NULL)))
		field_error_required(errs, "parameters", "must contain at least one key/value pair");
	parameters_check_kept(new, old, "driverName", errs);
	parameters_check_kept(new, old, "parameters", errs);
}

const struct strategy volumeattributesclass_strategy = {
	.group = "storage.k8s.io",
	.kind = "VolumeAttributesClass",
	.flags = STRATEGY_RETURNS_DELETED,
	.validate = class_validate,
};
