/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FlowSchemas (kubernetes/kubernetes pkg/apis/flowcontrol/validation). Nothing is queued by them yet; the two that
 * upstream insists on may still only be what they are there.
 */
#include <string.h>
#include "kinds/flowcontrol/initial.h"
#include "kinds/strategies.h"
#include "object/name.h"

#define MAX_PRECEDENCE 10000

static bool has(const js *list, const char *text)
{
	js_array_for_each (item, list)
		if (!strcmp(js_str0(item, NULL), text))
			return true;
	return false;
}

/* True when it is there, and then nothing else is looked at. */
static bool check_wildcard(const js *list, const char *what, const char *path, struct field_errors *errs)
{
	if (!has(list, "*"))
		return false;
	autofree char *detail = mem_printf("if '*' is present, must not specify other %s", what);
	if (js_len(list) > 1)
		field_error_invalid(errs, path, list, detail);
	return true;
}

/* ---- subjects ---- */

static void check_account(const js *account, const char *path, struct field_errors *errs)
{
	const char *name = js_str0(account, "name", NULL), *ns = js_str0(account, "namespace", NULL);
	struct name_faults wrong;

	if (!*name)
		field_error_required(errs, PATH("%s.name", path), "");
	else if (strcmp(name, "*") && name_check_dns1123_subdomain(name, &wrong))
		field_error_names(errs, PATH("%s.name", path), name, &wrong);
	if (!*ns)
		field_error_required(errs, PATH("%s.namespace", path),
				     "must specify namespace for service account");
	else if (name_check_dns1123_label(ns, &wrong))
		field_error_names(errs, PATH("%s.namespace", path), ns, &wrong);
}

static const struct {
	const char *kind, *key;
} subject_kinds[] = {{"ServiceAccount", "serviceAccount"}, {"User", "user"}, {"Group", "group"}};

static void check_chosen(const js *subject, size_t k, const char *path, struct field_errors *errs)
{
	const char *key = subject_kinds[k].key;
	const js *chosen = js_obj(subject, key, NULL);
	autofree char *missing =
		mem_printf("%s is required when subject kind is '%s'", key, subject_kinds[k].kind);

	path = PATH("%s.%s", path, key);
	if (!chosen)
		field_error_required(errs, path, missing);
	else if (k == 0)
		check_account(chosen, path, errs);
	else if (!*js_str0(chosen, "name", NULL))
		field_error_required(errs, PATH("%s.name", path), "");
}

static void check_subject(const js *subject, const char *path, struct field_errors *errs)
{
	const char *kind = js_str0(subject, "kind", NULL);
	size_t k = 0;

	while (k < ARRAY_LEN(subject_kinds) && strcmp(subject_kinds[k].kind, kind))
		k++;
	if (k == ARRAY_LEN(subject_kinds))
		return; /* the schema names those that there are */
	check_chosen(subject, k, path, errs);
	for (size_t i = 0; i < ARRAY_LEN(subject_kinds); i++) {
		if (i == k || !js_obj(subject, subject_kinds[i].key, NULL))
			continue;
		autofree char *detail = mem_printf("%s is forbidden when subject kind is not '%s'",
						   subject_kinds[i].key, subject_kinds[i].kind);
		field_error_forbidden(errs, PATH("%s.%s", path, subject_kinds[i].key), detail);
	}
}

/* ---- rules ---- */

static void check_verbs(const js *verbs, const char *path, struct field_errors *errs)
{
	static const char *const known[] = {"create", "delete", "deletecollection", "get",   "list",
					    "patch",  "proxy",	"update",	    "watch", NULL};
	autobuf struct buf text = BUF_INIT;

	if (check_wildcard(verbs, "verbs", path, errs))
		return;
	js_array_for_each (v, verbs) {
		size_t i = 0;
		while (known[i] && strcmp(known[i], js_str0(v, NULL)))
			i++;
		if (known[i])
			continue;
		/* the list is what is not supported */
		buf_adds(&text, "Unsupported value: ");
		js_write(&text, verbs);
		buf_adds(&text, ": supported values: ");
		for (i = 0; known[i]; i++)
			buf_addf(&text, "%s\"%s\"", i ? ", " : "", known[i]);
		field_errors_add(errs, "FieldValueNotSupported", mem_strdup(path), buf_take(&text, NULL));
		return;
	}
}

static const char *bad_url(const char *url)
{
	const char *star = strchr(url, '*');

	if (!*url)
		return "must not be empty";
	if (*url != '/')
		return "must start with slash";
	if (strchr(url, ' '))
		return "must not contain white-space";
	if (strstr(url, "//"))
		return "must not contain double slash";
	return star && (star[1] || star[-1] != '/') ? "wildcard can only do suffix matching" : NULL;
}

static void check_urls(const js *urls, const char *path, struct field_errors *errs)
{
	if (check_wildcard(urls, "non-resource URLs", path, errs))
		return;
	js_array_for_each (item, urls) {
		const char *url = js_str0(item, NULL), *why = bad_url(url);
		if (why)
			field_error_invalid_str(errs, PATH("%s[%zu]", path, item_i), url, why);
	}
}

static void check_namespaces(const js *rule, const char *path, struct field_errors *errs)
{
	const js *list = js_arr(rule, "namespaces", NULL);

	if (!js_len(list) && !js_bool(rule, false, "clusterScope", NULL))
		field_error_required(
			errs, path,
			"resource rules that are not cluster scoped must supply at least one namespace");
	if (check_wildcard(list, "namespaces", path, errs))
		return;
	js_array_for_each (item, list) {
		const char *ns = js_str0(item, NULL);
		struct name_faults wrong;
		name_check_dns1123_label(ns, &wrong);
		for (size_t i = 0; i < wrong.n; i++) {
			autofree char *detail = mem_printf(
				"each member of this list must be '*' or a DNS-1123 label; %s", wrong.v[i]);
			field_error_invalid_str(errs, PATH("%s[%zu]", path, item_i), ns, detail);
		}
	}
}

static void check_rule(const js *rule, const char *path, struct field_errors *errs)
{
	const js *resources = js_arr(rule, "resourceRules", NULL),
		 *others = js_arr(rule, "nonResourceRules", NULL);

	js_array_for_each (s, js_arr(rule, "subjects", NULL))
		check_subject(s, PATH("%s.subjects[%zu]", path, s_i), errs);
	if (!js_len(resources) && !js_len(others))
		field_error_required(
			errs, path, "at least one of resourceRules and nonResourceRules has to be non-empty");
	js_array_for_each (r, resources) {
		const char *at = PATH("%s.resourceRules[%zu]", path, r_i);
		check_verbs(js_arr(r, "verbs", NULL), PATH("%s.verbs", at), errs);
		check_wildcard(js_arr(r, "apiGroups", NULL), "api groups", PATH("%s.apiGroups", at), errs);
		check_wildcard(js_arr(r, "resources", NULL), "resources", PATH("%s.resources", at), errs);
		check_namespaces(r, PATH("%s.namespaces", at), errs);
	}
	js_array_for_each (r, others) {
		const char *at = PATH("%s.nonResourceRules[%zu]", path, r_i);
		check_verbs(js_arr(r, "verbs", NULL), PATH("%s.verbs", at), errs);
		check_urls(js_arr(r, "nonResourceURLs", NULL), PATH("%s.nonResourceURLs", at), errs);
	}
}

/* ---- schemas ---- */

static void check_precedence(const js *spec, const char *name, struct field_errors *errs)
{
	static const char path[] = "spec.matchingPrecedence";
	const js *v = js_field(spec, "matchingPrecedence");
	int64_t n = js_int(v, 0, NULL);

	if (n <= 0)
		field_error_invalid(errs, path, v, "must be a positive value");
	if (n > MAX_PRECEDENCE)
		field_error_invalid(errs, path, v, "must not be greater than 10000");
	if (n == 1 && strcmp(name, "exempt"))
		field_error_invalid(errs, path, v,
				    "only the schema named 'exempt' may have matchingPrecedence 1");
}

/* The object is what is not supported, shown as upstream's internal struct. */
static void check_method(const js *method, struct field_errors *errs)
{
	const char *type = js_str0(method, "type", NULL);

	if (!method || !strcmp(type, "ByUser") || !strcmp(type, "ByNamespace"))
		return;
	autojson js *shown = js_new_obj();
	autobuf struct buf text = BUF_INIT;
	js_set_str(shown, "Type", type);
	buf_adds(&text, "Unsupported value: ");
	js_write(&text, shown);
	buf_adds(&text, ": supported values: \"ByNamespace\", \"ByUser\"");
	field_errors_add(errs, "FieldValueNotSupported", mem_strdup("spec.distinguisherMethod.type"),
			 buf_take(&text, NULL));
}

static void check_mandatory(const js *spec, const char *name, struct field_errors *errs)
{
	autofree char *detail = mem_printf("spec of '%s' must equal the fixed value", name);

	if (initial_is_mandatory(INITIAL_SCHEMAS, name) && !initial_holds(INITIAL_SCHEMAS, name, spec))
		field_error_invalid(errs, "spec", spec, detail);
}

static void flowschema_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL);
	const char *name = js_str0(new, "metadata", "name", NULL);

	if (!strcmp(ctx->subresource, "status"))
		return;
	check_precedence(spec, name, errs);
	check_method(js_obj(spec, "distinguisherMethod", NULL), errs);
	js_array_for_each (rule, js_arr(spec, "rules", NULL))
		check_rule(rule, PATH("spec.rules[%zu]", rule_i), errs);
	check_mandatory(spec, name, errs);
}

static void flowschema_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	if (!old)
		js_set(new, "status", js_new_obj());
}

const struct strategy flowschema_strategy = {
	.group = INITIAL_GROUP,
	.kind = "FlowSchema",
	.flags = STRATEGY_STATUS_KEEPS_METADATA,
	.prepare = flowschema_prepare,
	.validate = flowschema_validate,
};
