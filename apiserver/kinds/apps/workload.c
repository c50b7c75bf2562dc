/* SPDX-License-Identifier: Apache-2.0 */
/* kubernetes/kubernetes pkg/apis/apps/validation ValidatePodTemplateSpecForReplicaSet and its callers. */
#include "kinds/apps/workload.h"

#include <stdio.h>
#include "kinds/advice.h"
#include "kinds/check.h"
#include "kinds/podspec/podspec.h"
#include "object/labels.h"

void workload_default(js *o)
{
	js *spec = js_obj(o, "spec", "template", "spec", NULL);

	if (spec)
		podspec_default(spec, false);
}

static int64_t generation(const js *o)
{
	return js_int(o, 0, "metadata", "generation", NULL);
}

void workload_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	const js *template = js_obj(new, "spec", "template", NULL);

	if (old && generation(new) == generation(old))
		return;
	if (!old)
		advice_name(ctx, new, "Pod names and hostnames");
	podspec_warn(ctx, js_obj(template, "metadata", NULL), js_obj(template, "spec", NULL),
		     "spec.template.");
}

/* False when the selector is none: upstream does not look at the template then. */
static bool validate_match(const js *selector, const js *template, struct field_errors *errs)
{
	struct err why = ERR_INIT;
	struct selector *s = selector_from_json(selector, &why);

	if (!s) {
		field_error_invalid(errs, "spec.selector", selector, "invalid label selector");
		field_errors_drop(errs, "spec.template");
		return false;
	}
	const js *labels = js_obj(template, "metadata", "labels", NULL);
	autofree struct labels *l = labels_new(labels);
	if (!selector_matches(s, l))
		field_error_invalid(errs, "spec.template.metadata.labels", labels,
				    "`selector` does not match template `labels`");
	selector_free(s);
	return true;
}

void workload_validate(const js *o, const char *kind, struct field_errors *errs)
{
	static const char *const always[] = {"Always", NULL};
	const js *selector = js_obj(o, "spec", "selector", NULL),
		 *template = js_obj(o, "spec", "template", NULL);
	const js *spec = js_obj(template, "spec", NULL);
	const char *policy = js_str0(spec, "restartPolicy", NULL);
	char detail[128];

	check_label_selector(selector, "spec.selector", errs);
	if (selector && !js_len(js_field(selector, "matchLabels")) &&
	    !js_len(js_field(selector, "matchExpressions"))) {
		snprintf(detail, sizeof(detail), "empty selector is invalid for %s", kind);
		field_error_invalid(errs, "spec.selector", selector, detail);
	}
	/* a missing selector selects nothing, so it never matches */
	if (!validate_match(selector, template, errs))
		return;
	podspec_validate_template(template, "spec.template", errs);
	if (strcmp(policy, "Always") && !field_errors_has(errs, "spec.template.spec.restartPolicy"))
		field_error_not_supported(errs, "spec.template.spec.restartPolicy", policy, always);
	if (js_field(spec, "activeDeadlineSeconds"))
		field_error_forbidden(errs, "spec.template.spec.activeDeadlineSeconds",
				      "activeDeadlineSeconds in ReplicaSet is not Supported");
}

void workload_validate_status(const js *o, const char *count, struct field_errors *errs)
{
	const struct {
		const char *less, *more, *detail;
	} rules[] = {
		{count, "replicas", "cannot be greater than status.replicas"},
		{"readyReplicas", "replicas", "cannot be greater than status.replicas"},
		{"availableReplicas", "replicas", "cannot be greater than status.replicas"},
		{"availableReplicas", "readyReplicas", "cannot be greater than readyReplicas"},
	};
	const js *s = js_obj(o, "status", NULL);

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		int64_t less = js_int(s, 0, rules[i].less, NULL);
		if (less <= js_int(s, 0, rules[i].more, NULL))
			continue;
		autojson js *value = js_new_int(less); /* absent is 0 */
		field_error_invalid(errs, PATH("status.%s", rules[i].less), value, rules[i].detail);
	}
}
