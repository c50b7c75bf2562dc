/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ValidatingAdmissionPolicies (kubernetes/kubernetes pkg/apis/admissionregistration/validation,
 * pkg/registry/admissionregistration/validatingadmissionpolicy). Expressions are not compiled yet.
 */
#include <ctype.h>
#include <string.h>
#include "kinds/admissionregistration/matching.h"
#include "kinds/check.h"
#include "kinds/strategies.h"
#include "object/name.h"

/* second looks, which the types' $looked_at name */
#define LOOK_NO_RULES 'n'
#define LOOK_ACTIONS 'a'
#define LOOK_BOTH 'f'
#define MAX_ANNOTATIONS 20
#define MAX_ANNOTATION 5120 /* bytes of its expression */

/* ---- parameters ---- */

/* All objections to a name are one text there. */
static void check_name(name_check *check, const char *name, const char *shown, const char *before,
		       const char *path, struct field_errors *errs)
{
	struct name_faults wrong;
	autobuf struct buf text = BUF_INIT;

	if (!check(name, &wrong))
		return;
	buf_adds(&text, before);
	name_faults_join(&wrong, ",", &text);
	field_error_invalid_str(errs, path, shown, buf_str(&text));
}

static void check_group_version(const char *text, const char *path, struct field_errors *errs)
{
	const char *slash = strchr(text, '/'), *version = slash ? slash + 1 : text;

	if (slash && strchr(version, '/')) {
		autofree char *detail = mem_printf("unexpected GroupVersion string: %s", text);
		field_error_invalid_str(errs, path, text, detail);
		return;
	}
	if (slash > text) {
		autofree char *group = mem_strndup(text, (size_t)(slash - text));
		check_name(name_check_dns1123_subdomain, group, group, "", path, errs);
	}
	if (!*version)
		field_error_invalid_str(errs, path, text, "version must be specified");
	else
		check_name(name_check_dns1035_label, version, version, "", path, errs);
}

static void check_param_kind(const js *o, struct field_errors *errs)
{
	const char *version = js_str0(o, "apiVersion", NULL), *kind = js_str0(o, "kind", NULL);
	autofree char *lower = mem_strdup(kind);

	if (*version)
		check_group_version(version, "spec.paramKind.apiVersion", errs);
	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (*kind)
		check_name(name_check_dns1035_label, lower, kind,
			   "may have mixed case, but should otherwise match: ", "spec.paramKind.kind", errs);
}

/* ---- expressions ---- */

static bool is_identifier(const char *s)
{
	static const char *const reserved[] = {
		"true",	    "false",   "null",	    "in",	"as",  "break",	 "const",
		"continue", "else",    "for",	    "function", "if",  "import", "let",
		"loop",	    "package", "namespace", "return",	"var", "void",	 "while",
	};

	if (*s != '_' && !isalpha((unsigned char)*s))
		return false;
	for (const char *p = s; *p; p++)
		if (*p != '_' && !isalnum((unsigned char)*p))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
		if (!strcmp(s, reserved[i]))
			return false;
	return true;
}

/* Reported when there is something, and only white space; an absent one is the schema's to miss. */
static void check_blank(const js *o, const char *key, const char *detail, const char *path,
			struct field_errors *errs)
{
	const char *text = js_str0(o, key, NULL);

	if (*text && matching_is_blank(text))
		field_error_required(errs, PATH("%s.%s", path, key), detail);
}

static void check_variable(const js *v, const char *path, struct field_errors *errs)
{
	const char *name = js_str0(v, "name", NULL);

	check_blank(v, "name", "name is not specified", path, errs);
	check_blank(v, "expression", "expression is not specified", path, errs);
	if (!matching_is_blank(name) && !is_identifier(name))
		field_error_invalid_str(errs, PATH("%s.name", path), name, "must be a valid CEL identifier");
}

/* What stands between white space: from *s on, how many bytes. */
static size_t trimmed(const char **s)
{
	static const char white[] = " \t\n\v\f\r";
	const char *end = *s + strlen(*s);

	*s += strspn(*s, white);
	while (end > *s && strchr(white, end[-1]))
		end--;
	return (size_t)(end - *s);
}

static bool has_line_breaks(const char *s)
{
	size_t n = trimmed(&s);

	return strcspn(s, "\n\r") < n;
}

static void check_validation(const js *v, const char *path, struct field_errors *errs)
{
	const char *message = js_str0(v, "message", NULL), *made = js_str0(v, "messageExpression", NULL);

	check_blank(v, "expression", "expression is not specified", path, errs);
	if (*made && matching_is_blank(made))
		field_error_invalid_str(errs, PATH("%s.messageExpression", path), made,
					"must be non-empty if specified");
	if (*message && matching_is_blank(message))
		field_error_invalid_str(errs, PATH("%s.message", path), message,
					"must be non-empty if specified");
	else if (has_line_breaks(message))
		field_error_invalid_str(errs, PATH("%s.message", path), message,
					"must not contain line breaks");
}

/* The key stands behind the policy's name in the audit log, so both together are a qualified name. */
static void check_annotation(const js *a, const char *policy, const char *path, struct field_errors *errs)
{
	const char *key = js_str0(a, "key", NULL), *expression = js_str0(a, "valueExpression", NULL);
	autofree char *full = mem_printf("%s/%s", policy, key);
	struct name_faults wrong;

	if (!*policy)
		field_error_invalid_str(errs, PATH("%s.key", path), key,
					"requires metadata.name be non-empty");
	else if (name_check_qualified(full, &wrong))
		field_error_names(errs, PATH("%s.key", path), full, &wrong);
	check_blank(a, "valueExpression", "valueExpression is not specified", path, errs);
	if (trimmed(&expression) > MAX_ANNOTATION)
		field_error_required(errs, PATH("%s.valueExpression", path),
				     "must not exceed 5120 bytes in length");
}

/* ---- policies ---- */

static void check_match(const js *match, const char *path, struct field_errors *errs)
{
	matching_check_selectors(match, path, errs);
	matching_check_rules(js_arr(match, "resourceRules", NULL), PATH("%s.resourceRules", path), errs);
	matching_check_rules(js_arr(match, "excludeResourceRules", NULL),
			     PATH("%s.excludeResourceRules", path), errs);
}

static void check_expressions(const js *o, const js *spec, struct field_errors *errs)
{
	static const char none[] = "validations or auditAnnotations must contain at least one item";
	const js *validations = js_arr(spec, "validations", NULL),
		 *annotations = js_arr(spec, "auditAnnotations", NULL);

	js_array_for_each (v, js_arr(spec, "variables", NULL))
		check_variable(v, PATH("spec.variables[%zu]", v_i), errs);
	js_array_for_each (v, validations)
		check_validation(v, PATH("spec.validations[%zu]", v_i), errs);
	js_array_for_each (a, annotations)
		check_annotation(a, js_str0(o, "metadata", "name", NULL),
				 PATH("spec.auditAnnotations[%zu]", a_i), errs);
	if (!js_len(validations) && !js_len(annotations)) {
		field_error_required(errs, "spec.validations", none);
		field_error_required(errs, "spec.auditAnnotations", none);
	}
	if (js_len(annotations) > MAX_ANNOTATIONS)
		field_error_invalid(errs, "spec.auditAnnotations", annotations,
				    "must not have more than 20 auditAnnotations");
}

static void policy_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			    struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL), *match = js_obj(spec, "matchConstraints", NULL);

	if (!strcmp(ctx->subresource, "status")) {
		check_conditions(js_arr(new, "status", "conditions", NULL), "status.conditions", errs);
		return;
	}
	if (js_obj(spec, "paramKind", NULL))
		check_param_kind(js_obj(spec, "paramKind", NULL), errs);
	check_match(match, "spec.matchConstraints", errs);
	errs->look = LOOK_NO_RULES;
	if (match && !js_len(js_field(match, "resourceRules")))
		field_error_required(errs, "spec.matchConstraints.resourceRules", "");
	errs->look = 0;
	matching_check_conditions(js_arr(spec, "matchConditions", NULL), "spec.matchConditions", errs);
	check_expressions(new, spec, errs);
}

static void policy_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	if (!old)
		js_set(new, "status", js_new_obj());
}

const struct strategy validatingpolicy_strategy = {
	.group = "admissionregistration.k8s.io",
	.kind = "ValidatingAdmissionPolicy",
	.flags = STRATEGY_NEEDS_VERSION | STRATEGY_FREE_FINALIZERS | STRATEGY_STATUS_KEEPS_METADATA,
	.prepare = policy_prepare,
	.validate = policy_validate,
};

/* ---- bindings ---- */

static void check_param(const js *param, struct field_errors *errs)
{
	static const char both[] = "name and selector are mutually exclusive";
	const js *selector = js_obj(param, "selector", NULL);
	bool named = *js_str0(param, "name", NULL);

	check_label_selector(selector, "spec.paramRef.selector", errs);
	errs->look = LOOK_BOTH;
	if (named && selector) {
		field_error_forbidden(errs, "spec.paramRef.name", both);
		field_error_forbidden(errs, "spec.paramRef.selector", both);
	}
	errs->look = 0;
	if (!named && !selector)
		field_error_required(errs, "spec.paramRef", "one of name or selector must be specified");
}

static void policybinding_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				   struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL), *param = js_obj(spec, "paramRef", NULL),
		 *actions = js_arr(spec, "validationActions", NULL);
	bool deny = false, warn = false;

	if (param)
		check_param(param, errs);
	check_match(js_obj(spec, "matchResources", NULL), "spec.matchResources", errs);
	js_array_for_each (a, actions) {
		deny |= !strcmp(js_str0(a, NULL), "Deny");
		warn |= !strcmp(js_str0(a, NULL), "Warn");
	}
	errs->look = LOOK_ACTIONS;
	if (deny && warn)
		field_error_invalid(
			errs, "spec.validationActions", actions,
			"must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)");
	errs->look = 0;
}

const struct strategy validatingpolicybinding_strategy = {
	.group = "admissionregistration.k8s.io",
	.kind = "ValidatingAdmissionPolicyBinding",
	.flags = STRATEGY_NEEDS_VERSION | STRATEGY_FREE_FINALIZERS,
	.validate = policybinding_validate,
};
