/* SPDX-License-Identifier: Apache-2.0 */
/* IngressClasses (kubernetes/kubernetes pkg/apis/networking/validation). */
#include <string.h>
#include "kinds/strategies.h"
#include "object/name.h"

static void validate_controller(const char *s, struct field_errors *errs)
{
	static const char chars[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-._~%!$&'()*+,;=:";
	const char *slash = strchr(s, '/');
	struct name_faults bad;

	if (!slash || slash == s || !slash[1]) {
		field_error_invalid_str(errs, "spec.controller", s,
					"must be a domain-prefixed path (such as \"acme.io/foo\")");
		return;
	}
	autofree char *domain = mem_strndup(s, (size_t)(slash - s));
	if (name_check_dns1123_subdomain(domain, &bad))
		field_error_names(errs, "spec.controller", domain, &bad);
	if (slash[1 + strspn(slash + 1, chars)])
		field_error_invalid_str(
			errs, "spec.controller", slash + 1,
			"Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
}

static void validate_scope(const js *parameters, struct field_errors *errs)
{
	static const char *const scopes[] = {"Cluster", "Namespace", NULL};
	static const char path[] = "spec.parameters.namespace";
	const char *scope = js_str0(parameters, "scope", NULL), *ns = js_str(parameters, "namespace", NULL);
	struct name_faults bad;

	if (!strcmp(scope, "Cluster")) {
		if (ns)
			field_error_forbidden(errs, path, "`parameters.scope` is set to 'Cluster'");
	} else if (strcmp(scope, "Namespace")) {
		field_error_not_supported(errs, "spec.parameters.scope", scope, scopes);
	} else if (!ns) {
		field_error_required(errs, path, "`parameters.scope` is set to 'Namespace'");
	} else if (name_check_dns1123_label(ns, &bad)) {
		field_error_names(errs, path, ns, &bad);
	}
}

static void class_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			   struct field_errors *errs)
{
	const char *controller = js_str0(new, "spec", "controller", NULL);
	const js *parameters = js_obj(new, "spec", "parameters", NULL);

	if (*controller)
		validate_controller(controller, errs);
	if (parameters)
		validate_scope(parameters, errs);
}

const struct strategy ingressclass_strategy = {
	.group = "networking.k8s.io",
	.kind = "IngressClass",
	.validate = class_validate,
};
