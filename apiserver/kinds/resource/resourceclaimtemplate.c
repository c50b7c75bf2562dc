/* SPDX-License-Identifier: Apache-2.0 */
/* ResourceClaimTemplates (kubernetes/kubernetes pkg/apis/resource/validation). */
#include "kinds/podspec/podspec.h"
#include "kinds/resource/device.h"
#include "kinds/strategies.h"

static void template_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	device_drop(js_obj(new, "spec", "spec", "devices", NULL));
}

static void template_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			      struct field_errors *errs)
{
	if (!old)
		device_check_admin(ctx, new, js_arr(new, "spec", "spec", "devices", "requests", NULL),
				   "spec.devices.requests", errs);
	podspec_validate_claim_meta(js_obj(new, "spec", "metadata", NULL), "spec.metadata", errs);
	device_check_claim(js_obj(new, "spec", "spec", "devices", NULL), old != NULL, "spec.spec.devices",
			   errs);
}

const struct strategy resourceclaimtemplate_strategy = {
	.group = "resource.k8s.io",
	.kind = "ResourceClaimTemplate",
	.flags = STRATEGY_RETURNS_DELETED,
	.prepare = template_prepare,
	.validate = template_validate,
};
