/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How objects become those of another version: nothing to do, or a webhook with what it needs to be called. Its CA bundle may
 * be wrong until the definition is established (it is not then, and says so), and as long as it was wrong before.
 */
#include "base/base64.h"
#include "base/unique.h"
#include "kinds/apiextensions/apiextensions_internal.h"
#include "kinds/certificates/pem.h"
#include "kinds/webhook_client.h"
#include "object/name.h"

/* ---- certificates ---- */

static int check_bundle(const js *client, struct err *err)
{
	const char *text = js_str0(client, "caBundle", NULL);
	autobuf struct buf pem = BUF_INIT;

	if (!*text)
		return 0;
	if (base64_decode(&pem, text, strlen(text), err) < 0)
		return -1;
	return pem_check_authorities(pem.p, pem.len, err);
}

static const js *client_of(const js *crd)
{
	return js_obj(crd, "spec", "conversion", "webhook", "clientConfig", NULL);
}

bool definition_has_valid_authorities(const js *crd)
{
	struct err ignored = ERR_INIT;

	return check_bundle(client_of(crd), &ignored) == 0;
}

/* ---- versions of reviews ---- */

static bool is_known_review(const char *version)
{
	return !strcmp(version, "v1") || !strcmp(version, "v1beta1");
}

bool definition_knew_review(const js *old)
{
	const js *versions = js_arr(old, "spec", "conversion", "webhook", "conversionReviewVersions", NULL);

	js_array_for_each (v, versions)
		if (is_known_review(js_str0(v, NULL)))
			return true;
	return !js_len(versions);
}

static void check_review_versions(struct definition_walk *w, const js *versions)
{
	autounique struct unique seen = {.n = 0};
	bool known = false;

	if (!js_len(versions)) {
		field_error_required(w->errs, definition_path(w, ".conversionReviewVersions"), "");
		return;
	}
	js_array_for_each (v, versions) {
		const char *s = js_str0(v, NULL);
		struct name_faults bad;
		autofree char *field = mem_printf(".conversionReviewVersions[%zu]", v_i);
		if (unique_seen(&seen, s)) {
			field_error_invalid_str(w->errs, definition_path(w, "%s", field), s,
						"duplicate version");
			continue;
		}
		if (name_check_dns1035_label(s, &bad))
			field_error_names(w->errs, definition_path(w, "%s", field), s, &bad);
		known |= is_known_review(s);
	}
	if (w->rules.review && !known)
		field_error_invalid(w->errs, definition_path(w, ".conversionReviewVersions"), versions,
				    "must include at least one of v1, v1beta1");
}

/* ---- all of it ---- */

static void check_webhook(struct definition_walk *w, const js *client, const js *versions)
{
	struct err err = ERR_INIT;

	if (!client)
		field_error_required(w->errs, definition_path(w, ".webhookClientConfig"),
				     "required when strategy is set to Webhook");
	else
		webhook_client_check(client, definition_path(w, ".webhookClientConfig"), w->errs);
	if (w->rules.authorities && check_bundle(client, &err) < 0)
		field_error_invalid(w->errs, definition_path(w, ".webhookClientConfig.caBundle"),
				    js_field(client, "caBundle"), err.msg);
	check_review_versions(w, versions);
}

static void check_no_webhook(struct definition_walk *w, const js *client, const js *versions)
{
	static const char detail[] = "should not be set when strategy is not set to Webhook";

	if (client)
		field_error_forbidden(w->errs, definition_path(w, ".webhookClientConfig"), detail);
	if (js_len(versions))
		field_error_forbidden(w->errs, definition_path(w, ".conversionReviewVersions"), detail);
}

void definition_check_conversion(struct definition_walk *w, const js *spec)
{
	static const char *const strategies[] = {"None", "Webhook", NULL};
	const js *conversion = js_obj(spec, "conversion", NULL),
		 *webhook = js_obj(conversion, "webhook", NULL),
		 *client = js_obj(webhook, "clientConfig", NULL),
		 *versions = js_arr(webhook, "conversionReviewVersions", NULL);
	const char *strategy = js_str0(conversion, "strategy", NULL);

	if (!conversion)
		return;
	if (strcmp(strategy, "None") && js_bool(spec, false, "preserveUnknownFields", NULL))
		field_error_invalid_str(w->errs, definition_path(w, ".strategy"), strategy,
					"must be None if spec.preserveUnknownFields is true");
	if (!*strategy)
		field_error_required(w->errs, definition_path(w, ".strategy"), "");
	else if (strcmp(strategy, "None") && strcmp(strategy, "Webhook"))
		field_error_not_supported(w->errs, definition_path(w, ".strategy"), strategy, strategies);
	if (!strcmp(strategy, "Webhook"))
		check_webhook(w, client, versions);
	else
		check_no_webhook(w, client, versions);
}
