/* SPDX-License-Identifier: Apache-2.0 */
/* DeviceClasses (kubernetes/kubernetes pkg/apis/resource/validation, pkg/registry/resource/deviceclass). */
#include "kinds/resource/device.h"
#include "kinds/strategies.h"

static void class_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	static const char *const fields[] = {"extendedResourceName", NULL};

	device_drop_fields(js_obj(new, "spec", NULL), fields);
}

static void class_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			   struct field_errors *errs)
{
	const js *config = js_arr(new, "spec", "config", NULL);

	device_check_size(js_arr(new, "spec", "selectors", NULL), DEVICE_LIST_MAX, "spec.selectors", errs);
	if (device_check_size(config, DEVICE_LIST_MAX, "spec.config", errs))
		return;
	js_array_for_each (c, config)
		device_check_config(c, PATH("spec.config[%zu]", c_i), errs);
}

const struct strategy deviceclass_strategy = {
	.group = "resource.k8s.io",
	.kind = "DeviceClass",
	.flags = STRATEGY_RETURNS_DELETED,
	.prepare = class_prepare,
	.validate = class_validate,
};
