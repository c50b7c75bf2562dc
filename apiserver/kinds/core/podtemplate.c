/* SPDX-License-Identifier: Apache-2.0 */
/* PodTemplates (kubernetes/kubernetes pkg/registry/core/podtemplate). */
#include "kinds/podspec/podspec.h"
#include "kinds/strategies.h"

static void podtemplate_default(js *o)
{
	js *spec = js_obj(o, "template", "spec", NULL);

	if (spec)
		podspec_default(spec, false);
}

/* There is no spec: what counts as one is the template. */
static void podtemplate_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	podspec_drop_disabled(js_obj(new, "template", "spec", NULL), js_obj(old, "template", "spec", NULL));
	if (old && !js_equal(js_field(new, "template"), js_field(old, "template")))
		js_set_int(js_ensure(new, "metadata", NULL), "generation",
			   js_int(old, 0, "metadata", "generation", NULL) + 1);
}

static void podtemplate_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				 struct field_errors *errs)
{
	podspec_validate_template(js_obj(new, "template", NULL), "template", errs);
}

static void podtemplate_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	const js *template = js_obj(new, "template", NULL);

	if (!old || !js_equal(template, js_field(old, "template")))
		podspec_warn(ctx, js_obj(template, "metadata", NULL), js_obj(template, "spec", NULL),
			     "template.");
}

const struct strategy podtemplate_strategy = {
	.group = "",
	.kind = "PodTemplate",
	.flags = STRATEGY_RETURNS_DELETED,
	.prepare = podtemplate_prepare,
	.default_more = podtemplate_default,
	.validate = podtemplate_validate,
	.warn = podtemplate_warn,
};
