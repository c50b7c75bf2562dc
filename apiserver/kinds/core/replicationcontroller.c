/* SPDX-License-Identifier: Apache-2.0 */
/* ReplicationControllers (kubernetes/kubernetes pkg/registry/core/replicationcontroller, pkg/apis/core/validation). */
#include "kinds/advice.h"
#include "kinds/podspec/podspec.h"
#include "kinds/strategies.h"

#define TEMPLATE "spec.template"

/* The template's labels are the selector's and the controller's own where these are not given. */
static void replicationcontroller_default(js *o)
{
	js *spec = js_obj(o, "spec", NULL), *pod = js_obj(spec, "template", "spec", NULL);
	const js *labels = js_obj(spec, "template", "metadata", "labels", NULL);

	if (pod)
		podspec_default(pod, false);
	if (!js_len(labels))
		return;
	if (!js_len(js_obj(spec, "selector", NULL)))
		js_set(spec, "selector", js_dup(labels));
	if (!js_len(js_obj(o, "metadata", "labels", NULL)))
		js_set(js_ensure(o, "metadata", NULL), "labels", js_dup(labels));
}

static void replicationcontroller_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	podspec_drop_of_template(new, old);
	if (old)
		return;
	js *status = js_new_obj();
	js_set_int(status, "replicas", 0);
	js_set(new, "status", status);
}

static bool matches(const js *selector, const js *labels)
{
	for (struct js_iter it = js_iter(selector); js_next(&it);)
		if (!js_equal(it.value, js_field(labels, it.key)))
			return false;
	return true;
}

static void check_template(const js *template, const js *selector, struct field_errors *errs)
{
	static const char *const always[] = {"Always", NULL};
	const js *labels = js_obj(template, "metadata", "labels", NULL);
	const char *policy = js_str0(template, "spec", "restartPolicy", NULL);

	if (!matches(selector, labels))
		field_error_invalid(errs, TEMPLATE ".metadata.labels", labels,
				    "`selector` does not match template `labels`");
	podspec_validate_template(template, TEMPLATE, errs);
	errs->look = '9';
	if (strcmp(policy, "Always"))
		field_error_not_supported(errs, TEMPLATE ".spec.restartPolicy", policy, always);
	if (js_get(template, "spec", "activeDeadlineSeconds", NULL))
		field_error_forbidden(errs, TEMPLATE ".spec.activeDeadlineSeconds",
				      "activeDeadlineSeconds in ReplicationController is not Supported");
	errs->look = 0;
}

static void check_counts(const js *s, struct field_errors *errs)
{
	static const struct {
		const char *less, *more, *detail;
	} rules[] = {
		{"fullyLabeledReplicas", "replicas", "cannot be greater than status.replicas"},
		{"readyReplicas", "replicas", "cannot be greater than status.replicas"},
		{"availableReplicas", "replicas", "cannot be greater than status.replicas"},
		{"availableReplicas", "readyReplicas", "cannot be greater than readyReplicas"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (js_int(s, 0, rules[i].less, NULL) > js_int(s, 0, rules[i].more, NULL))
			field_error_invalid(errs, PATH("status.%s", rules[i].less),
					    js_field(s, rules[i].less), rules[i].detail);
}

static void replicationcontroller_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
					   struct field_errors *errs)
{
	const js *selector = js_obj(new, "spec", "selector", NULL),
		 *template = js_obj(new, "spec", "template", NULL);

	if (!strcmp(ctx->subresource, "status")) {
		check_counts(js_obj(new, "status", NULL), errs);
		return;
	}
	if (!js_len(selector))
		field_error_required(errs, "spec.selector", "");
	if (template)
		check_template(template, selector, errs);
}

static void replicationcontroller_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	const js *template = js_obj(new, "spec", "template", NULL);

	if (*ctx->subresource || (old && js_int(new, 0, "metadata", "generation", NULL) ==
						 js_int(old, 0, "metadata", "generation", NULL)))
		return;
	if (!old)
		advice_name(ctx, new, "Pod names and hostnames");
	if (template)
		podspec_warn(ctx, js_obj(template, "metadata", NULL), js_obj(template, "spec", NULL),
			     TEMPLATE ".");
}

const struct strategy replicationcontroller_strategy = {
	.group = "",
	.kind = "ReplicationController",
	.flags = STRATEGY_ORPHANS,
	.prepare = replicationcontroller_prepare,
	.default_more = replicationcontroller_default,
	.validate = replicationcontroller_validate,
	.warn = replicationcontroller_warn,
};
