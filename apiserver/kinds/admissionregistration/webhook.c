/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Webhook configurations (kubernetes/kubernetes pkg/apis/admissionregistration/validation,
 * pkg/registry/admissionregistration). What an older object is excused from upstream has never been stored here.
 */
#include <string.h>
#include "base/unique.h"
#include "kinds/admissionregistration/matching.h"
#include "kinds/strategies.h"
#include "kinds/webhook_client.h"
#include "object/name.h"

/* At least three labels; whatever is wrong is one text. */
static void check_name(const char *name, const char *path, struct field_errors *errs)
{
	struct name_faults wrong;
	autobuf struct buf text = BUF_INIT;
	const char *dot = strchr(name, '.');

	if (!*name)
		return; /* the schema has seen to it */
	if (name_check_dns1123_subdomain(name, &wrong))
		name_faults_join(&wrong, ",", &text);
	else if (!dot || !strchr(dot + 1, '.'))
		buf_adds(&text, "should be a domain with at least three segments separated by dots");
	if (text.len)
		field_error_invalid_str(errs, path, name, buf_str(&text));
}

static void check_versions(const js *versions, const char *path, struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};
	bool known = false;

	js_array_for_each (v, versions) {
		const char *text = js_str0(v, NULL), *at = PATH("%s[%zu]", path, v_i);
		struct name_faults wrong;
		if (unique_seen(&seen, text)) {
			field_error_invalid_str(errs, at, text, "duplicate version");
			continue;
		}
		if (name_check_dns1035_label(text, &wrong))
			field_error_names(errs, at, text, &wrong);
		known |= !strcmp(text, "v1") || !strcmp(text, "v1beta1");
	}
	errs->look = '3';
	if (js_len(versions) && !known)
		field_error_invalid(errs, path, versions, "must include at least one of v1, v1beta1");
	errs->look = 0;
}

static void webhook_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			     struct field_errors *errs)
{
	js_array_for_each (hook, js_arr(new, "webhooks", NULL)) {
		const char *path = PATH("webhooks[%zu]", hook_i);
		check_name(js_str0(hook, "name", NULL), PATH("%s.name", path), errs);
		matching_check_rules(js_arr(hook, "rules", NULL), PATH("%s.rules", path), errs);
		matching_check_selectors(hook, path, errs);
		matching_check_conditions(js_arr(hook, "matchConditions", NULL),
					  PATH("%s.matchConditions", path), errs);
		webhook_client_check(js_obj(hook, "clientConfig", NULL), PATH("%s.clientConfig", path), errs);
		check_versions(js_arr(hook, "admissionReviewVersions", NULL),
			       PATH("%s.admissionReviewVersions", path), errs);
	}
}

const struct strategy mutatingwebhook_strategy = {
	.group = "admissionregistration.k8s.io",
	.kind = "MutatingWebhookConfiguration",
	.flags = STRATEGY_NEEDS_VERSION | STRATEGY_FREE_FINALIZERS,
	.validate = webhook_validate,
};

const struct strategy validatingwebhook_strategy = {
	.group = "admissionregistration.k8s.io",
	.kind = "ValidatingWebhookConfiguration",
	.flags = STRATEGY_NEEDS_VERSION | STRATEGY_FREE_FINALIZERS,
	.validate = webhook_validate,
};
