/* SPDX-License-Identifier: Apache-2.0 */
/* kubernetes/kubernetes pkg/apis/admissionregistration/validation. What stands in one field is the schema's to check. */
#include "kinds/admissionregistration/matching.h"

#include <string.h>
#include "base/unique.h"
#include "kinds/check.h"

bool matching_is_blank(const char *s)
{
	return !s[strspn(s, " \t\n\v\f\r")];
}

static bool has(const js *list, const char *text)
{
	js_array_for_each (item, list)
		if (!strcmp(js_str0(item, NULL), text))
			return true;
	return false;
}

/* "*" stands for all, so nothing stands beside it. */
static void check_wildcard(const js *rule, const char *key, const char *detail, const char *path,
			   struct field_errors *errs)
{
	const js *list = js_arr(rule, key, NULL);

	if (js_len(list) > 1 && has(list, "*"))
		field_error_invalid(errs, PATH("%s.%s", path, key), list, detail);
}

/* ---- resources ---- */

static void covered(const char *pattern, const char *resource, const char *path, struct field_errors *errs)
{
	autofree char *detail = mem_printf("if '%s' is present, must not specify %s", pattern, resource);

	field_error_invalid_str(errs, path, resource, detail);
}

/* With a subresource: RESOURCE/SUBRESOURCE, either of which may be "*". */
static void check_part(struct unique *patterns, const char *text, const char *slash, const char *path,
		       struct field_errors *errs)
{
	autofree char *all_parts = mem_printf("%.*s/*", (int)(slash - text), text);
	autofree char *of_all = mem_printf("*%s", slash);

	if (unique_has(patterns, all_parts))
		covered(all_parts, text, path, errs);
	if (unique_has(patterns, of_all))
		covered(of_all, text, path, errs);
	if (!strcmp(slash, "/*") || (*text == '*' && slash == text + 1))
		unique_seen(patterns, text);
}

static void check_resources(const js *list, const char *path, struct field_errors *errs)
{
	autounique struct unique patterns = {.n = 0};
	bool plain = false; /* of the last one without a subresource, as upstream has it */

	js_array_for_each (item, list) {
		const char *text = js_str0(item, NULL), *slash = strchr(text, '/');
		if (!*text)
			field_error_required(errs, PATH("%s[%zu]", path, item_i), "");
		else if (slash)
			check_part(&patterns, text, slash, PATH("%s[%zu]", path, item_i), errs);
		else
			plain = strcmp(text, "*") != 0;
	}
	errs->look = '3';
	if (js_len(list) > 1 && has(list, "*/*"))
		field_error_invalid(errs, path, list,
				    "if '*/*' is present, must not specify other resources");
	if (plain && has(list, "*"))
		field_error_invalid(
			errs, path, list,
			"if '*' is present, must not specify other resources without subresources");
	errs->look = 0;
}

static void check_versions(const js *rule, const char *path, struct field_errors *errs)
{
	js_array_for_each (version, js_arr(rule, "apiVersions", NULL))
		if (!*js_str0(version, NULL))
			field_error_required(errs, PATH("%s.apiVersions[%zu]", path, version_i), "");
}

void matching_check_rules(const js *rules, const char *path, struct field_errors *errs)
{
	static const char *const lists[][2] = {
		{"operations", "if '*' is present, must not specify other operations"},
		{"apiGroups", "if '*' is present, must not specify other API groups"},
		{"apiVersions", "if '*' is present, must not specify other API versions"},
	};

	js_array_for_each (rule, rules) {
		const char *at = PATH("%s[%zu]", path, rule_i);
		for (size_t i = 0; i < ARRAY_LEN(lists); i++)
			check_wildcard(rule, lists[i][0], lists[i][1], at, errs);
		check_versions(rule, at, errs);
		check_resources(js_arr(rule, "resources", NULL), PATH("%s.resources", at), errs);
	}
}

/* ---- what else ---- */

void matching_check_conditions(const js *conditions, const char *path, struct field_errors *errs)
{
	js_array_for_each (c, conditions) {
		const char *expression = js_str0(c, "expression", NULL);
		if (*expression && matching_is_blank(expression))
			field_error_required(errs, PATH("%s[%zu].expression", path, c_i), "");
	}
}

void matching_check_selectors(const js *o, const char *path, struct field_errors *errs)
{
	static const char *const keys[] = {"namespaceSelector", "objectSelector"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		check_label_selector(js_obj(o, keys[i], NULL), PATH("%s.%s", path, keys[i]), errs);
}
