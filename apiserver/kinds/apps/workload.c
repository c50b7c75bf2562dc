/* SPDX-License-Identifier: Apache-2.0 */
/* kubernetes/kubernetes pkg/apis/apps/validation ValidatePodTemplateSpecForReplicaSet and its callers. */
#include "kinds/apps/workload.h"

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

void workload_warn_template(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	const js *template = js_obj(new, "spec", "template", NULL);

	if (!old || generation(new) != generation(old))
		podspec_warn(ctx, js_obj(template, "metadata", NULL), js_obj(template, "spec", NULL),
			     "spec.template.");
}

void workload_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	if (!old)
		advice_name(ctx, new, "Pod names and hostnames");
	workload_warn_template(ctx, new, old);
}

/* False when the selector is none. */
static bool validate_match(const js *selector, const js *template, const struct workload_words *w,
			   struct field_errors *errs)
{
	struct err why = ERR_INIT;
	struct selector *s = selector_from_json(selector, &why);

	if (!s) {
		if (w->bad)
			field_error_invalid(errs, "spec.selector", selector, w->bad);
		return false;
	}
	const js *labels = js_obj(template, "metadata", "labels", NULL);
	autofree struct labels *l = labels_new(labels);
	errs->look = 'm';
	if (!selector_matches(s, l))
		field_error_invalid(errs, "spec.template.metadata.labels", labels,
				    "`selector` does not match template `labels`");
	errs->look = 0;
	selector_free(s);
	return true;
}

const struct workload_words workload_of_deployments = {
	.empty = "empty selector is invalid for deployment",
	.bad = "invalid label selector",
	.deadline = "activeDeadlineSeconds in ReplicaSet is not Supported",
	.unread = true,
};

bool workload_validate_selector(const js *o, const struct workload_words *w, struct field_errors *errs)
{
	const js *selector = js_obj(o, "spec", "selector", NULL);

	check_label_selector(selector, "spec.selector", errs);
	if (selector && !js_len(js_field(selector, "matchLabels")) &&
	    !js_len(js_field(selector, "matchExpressions")))
		field_error_invalid(errs, "spec.selector", selector, w->empty);
	/* a missing selector selects nothing, so it never matches */
	return validate_match(selector, js_obj(o, "spec", "template", NULL), w, errs);
}

void workload_validate_lasting(const js *o, const struct workload_words *w, struct field_errors *errs)
{
	static const char *const always[] = {"Always", NULL};
	const js *spec = js_obj(o, "spec", "template", "spec", NULL);
	const char *policy = js_str0(spec, "restartPolicy", NULL);

	errs->look = '9';
	if (strcmp(policy, "Always")) /* what is no policy at all is told twice */
		field_error_not_supported(errs, "spec.template.spec.restartPolicy", policy, always);
	if (js_field(spec, "activeDeadlineSeconds"))
		field_error_forbidden(errs, "spec.template.spec.activeDeadlineSeconds", w->deadline);
	errs->look = 0;
}

void workload_validate(const js *o, const struct workload_words *w, struct field_errors *errs)
{
	if (!workload_validate_selector(o, w, errs) && w->unread) {
		field_errors_drop(errs, "spec.template");
		return;
	}
	podspec_validate_template(js_obj(o, "spec", "template", NULL), "spec.template", errs);
	workload_validate_lasting(o, w, errs);
}

void workload_validate_counts(const js *o, const struct workload_rule *rules, size_t n,
			      struct field_errors *errs)
{
	const js *s = js_obj(o, "status", NULL);

	errs->look = '3';
	for (size_t i = 0; i < n; i++) {
		int64_t less = js_int(s, 0, rules[i].less, NULL);
		if (less <= js_int(s, 0, rules[i].more, NULL))
			continue;
		autojson js *value = js_new_int(less); /* absent is 0 */
		field_error_invalid(errs, PATH("status.%s", rules[i].less), value, rules[i].detail);
	}
	errs->look = 0;
}

void workload_validate_status(const js *o, const char *count, struct field_errors *errs)
{
	const struct workload_rule rules[] = {
		{count, "replicas", "cannot be greater than status.replicas"},
		{"readyReplicas", "replicas", "cannot be greater than status.replicas"},
		{"availableReplicas", "replicas", "cannot be greater than status.replicas"},
		{"availableReplicas", "readyReplicas", "cannot be greater than readyReplicas"},
	};

	workload_validate_counts(o, rules, ARRAY_LEN(rules), errs);
}

void workload_validate_collisions(const js *new, const js *old, struct field_errors *errs)
{
	int64_t is = js_int(new, 0, "status", "collisionCount", NULL);

	if (is >= js_int(old, 0, "status", "collisionCount", NULL))
		return;
	autojson js *value = js_new_int(is);
	errs->look = '3';
	field_error_invalid(errs, "status.collisionCount", value, "cannot be decremented");
	errs->look = 0;
}
