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
	bool stored = old && js_equal(config, js_arr(old, "spec", "config", NULL));

	device_check_size(js_arr(new, "spec", "selectors", NULL), DEVICE_LIST_MAX, DEVICE_SIZE,
			  "spec.selectors", errs);
	device_check_size(config, DEVICE_LIST_MAX, DEVICE_SIZE, "spec.config", errs);
	js_array_for_each (c, config)
		device_check_config(c, stored, PATH("spec.config[%zu]", c_i), errs);
}

const struct strategy deviceclass_strategy = {
	.group = "resource.k8s.io",
	.kind = "DeviceClass",
	.flags = STRATEGY_RETURNS_DELETED,
	.prepare = class_prepare,
	.validate = class_validate,
};
