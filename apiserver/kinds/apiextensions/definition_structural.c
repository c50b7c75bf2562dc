/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a schema is structural (kubernetes/apiextensions-apiserver pkg/apiserver/schema/{validation,complete}.go): what
 * gives values their form stands outside of allOf, anyOf, oneOf and not, every value has a form, and what branches speak of
 * is there. Errors are told in the order of their text, as upstream sorts them.
 */
#include <stdlib.h>
#include "base/regex.h"
#include "base/unique.h"
#include "kinds/apiextensions/apiextensions_internal.h"

enum schema_level { LEVEL_ROOT, LEVEL_ITEM, LEVEL_FIELD };

static void check_branch(struct definition_walk *w, const js *v, bool skip_any_of);

static const js *properties_of(const js *s)
{
	return js_obj(s, "properties", NULL);
}

static bool flag(const js *s, const char *key)
{
	return js_bool(s, false, key, NULL);
}

/* ---- what no structural schema has ---- */

const char *definition_unsupported(const js *s)
{
	static const char *const keys[] = {
		"id",		"$schema",	   "$ref",	 "patternProperties",
		"dependencies", "additionalItems", "definitions"};
	static const char *const lists[] = {"allOf", "anyOf", "oneOf"}, *const parts[] = {
										"not", "items",
										"additionalProperties"};
	const char *why = NULL;

	for (size_t i = 0; js_is_obj(s) && i < ARRAY_LEN(keys); i++) {
		const js *v = js_field(s, keys[i]);
		if (v && (js_is_bool(v) || js_len(v) || *js_str0(v, NULL)))
			return keys[i][1] == 's' ? keys[i] + 1 : keys[i]; /* "schema" */
	}
	if (!js_is_obj(s))
		return NULL;
	if (js_is_arr(js_field(s, "items")))
		return "items";
	for (size_t i = 0; i < ARRAY_LEN(lists) && !why; i++)
		js_array_for_each (branch, js_arr(s, lists[i], NULL))
			if (!why)
				why = definition_unsupported(branch);
	for (size_t i = 0; i < ARRAY_LEN(parts) && !why; i++)
		why = definition_unsupported(js_obj(s, parts[i], NULL));
	for (struct js_iter it = js_iter(js_obj(s, "properties", NULL)); !why && js_next(&it);)
		why = definition_unsupported(it.value);
	return why;
}

/* ---- branches ---- */

/* [{type: integer}, {type: string}] */
static bool is_int_or_string(const js *any_of)
{
	static const char *const words[] = {"integer", "string"};

	for (size_t i = 0; i < 2; i++)
		if (js_len(any_of) != 2 || js_len(js_at(any_of, i)) != 1 ||
		    strcmp(js_str0(js_at(any_of, i), "type", NULL), words[i]))
			return false;
	return true;
}

static void check_branches(struct definition_walk *w, const js *v, bool skip_any_of, bool skip_first)
{
	static const char *const lists[] = {"anyOf", "allOf", "oneOf"};
	size_t start = w->path.len;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		if (i == 0 && skip_any_of)
			continue;
		js_array_for_each (branch, js_arr(v, lists[i], NULL)) {
			definition_enter(w, ".%s[%zu]", lists[i], branch_i);
			check_branch(w, branch, i == 1 && skip_first && branch_i == 0);
			definition_leave(w, start);
		}
	}
	if (js_obj(v, "not", NULL)) {
		definition_enter(w, ".not");
		check_branch(w, js_obj(v, "not", NULL), false);
		definition_leave(w, start);
	}
	const char *pattern = js_str0(v, "pattern", NULL);
	autoarena struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	if (*pattern && !regex_compile(&arena, pattern, strlen(pattern), &err)) {
		autofree char *detail =
			mem_printf("must be a valid regular expression, but isn't: %s", err.msg);
		field_error_invalid_str(w->errs, definition_path(w, ".pattern"), pattern, detail);
	}
}

/* What only the schema itself may say. */
static void check_forbidden(struct definition_walk *w, const js *v)
{
	static const struct {
		const char *key, *detail;
	} rows[] = {
		{"type", "must be empty to be structural"},
		{"additionalProperties", "must be undefined to be structural"},
		{"default", "must be undefined to be structural"},
		{"title", "must be empty to be structural"},
		{"description", "must be empty to be structural"},
		{"nullable", "must be false to be structural"},
		{"x-kubernetes-preserve-unknown-fields", "must be false to be structural"},
		{"x-kubernetes-embedded-resource", "must be false to be structural"},
		{"x-kubernetes-int-or-string", "must be false to be structural"},
		{"x-kubernetes-list-map-keys", "must be empty to be structural"},
		{"x-kubernetes-list-type", "must be undefined to be structural"},
		{"x-kubernetes-map-type", "must be undefined to be structural"},
		{"x-kubernetes-validations", "must be empty to be structural"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const js *is = js_field(v, rows[i].key);
		bool off = js_is_bool(is) && !js_bool(is, false, NULL);
		if (is && !off)
			field_error_forbidden(w->errs, definition_path(w, ".%s", rows[i].key),
					      rows[i].detail);
	}
}

static void check_branch(struct definition_walk *w, const js *v, bool skip_any_of)
{
	size_t start = w->path.len;

	if (!js_is_obj(v))
		return;
	check_branches(w, v, skip_any_of, false);
	if (js_obj(v, "items", NULL)) {
		definition_enter(w, ".items");
		check_branch(w, js_obj(v, "items", NULL), false);
		definition_leave(w, start);
	}
	for (struct js_iter it = js_iter(properties_of(v)); js_next(&it);) {
		definition_enter(w, ".properties[%s]", it.key);
		check_branch(w, it.value, false);
		definition_leave(w, start);
	}
	check_forbidden(w, v);
	if (js_field(properties_of(v), "metadata"))
		field_error_forbidden(w->errs, definition_path(w, ".properties[metadata]"),
				      "must not be specified in a nested context");
}

/* ---- the schema itself ---- */

static void check_extensions(struct definition_walk *w, const js *s)
{
	static const char *const keys[] = {"x-kubernetes-preserve-unknown-fields",
					   "x-kubernetes-embedded-resource"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (flag(s, "x-kubernetes-int-or-string") && flag(s, keys[i]))
			field_error_invalid(w->errs, definition_path(w, ".%s", keys[i]), js_field(s, keys[i]),
					    "must be false if x-kubernetes-int-or-string is true");
}

static void check_type(struct definition_walk *w, const js *s, enum schema_level level)
{
	static const char *const missing[] = {"must not be empty at the root",
					      "must not be empty for specified array items",
					      "must not be empty for specified object fields"};
	const char *type = js_str0(s, "type", NULL);
	bool resource = flag(s, "x-kubernetes-embedded-resource");

	if (resource && !*type)
		field_error_required(w->errs, definition_path(w, ".type"),
				     "must be object if x-kubernetes-embedded-resource is true");
	else if (resource && strcmp(type, "object"))
		field_error_invalid_str(w->errs, definition_path(w, ".type"), type,
					"must be object if x-kubernetes-embedded-resource is true");
	else if (!*type && !flag(s, "x-kubernetes-int-or-string") &&
		 !flag(s, "x-kubernetes-preserve-unknown-fields"))
		field_error_required(w->errs, definition_path(w, ".type"), missing[level]);
	if (resource && js_field(s, "additionalProperties"))
		field_error_forbidden(w->errs, definition_path(w, ".additionalProperties"),
				      "must not be used if x-kubernetes-embedded-resource is set");
	if (level == LEVEL_ROOT && *type && strcmp(type, "object"))
		field_error_invalid_str(w->errs, definition_path(w, ".type"), type,
					"must be object at the root");
}

/* At the root only names may be restricted. */
static bool only_names(const js *metadata)
{
	for (struct js_iter it = js_iter(metadata); js_next(&it);)
		if (strcmp(it.key, "type") && strcmp(it.key, "default") && strcmp(it.key, "properties"))
			return false;
	for (struct js_iter it = js_iter(properties_of(metadata)); js_next(&it);)
		if (strcmp(it.key, "name") && strcmp(it.key, "generateName"))
			return false;
	return true;
}

static void check_resource(struct definition_walk *w, const js *s, enum schema_level level)
{
	static const char *const texts[] = {"kind", "apiVersion"};
	const js *properties = properties_of(s), *metadata = js_field(properties, "metadata");
	bool resource = flag(s, "x-kubernetes-embedded-resource");

	for (size_t i = 0; i < ARRAY_LEN(texts) && (level == LEVEL_ROOT || resource); i++) {
		const js *p = js_field(properties, texts[i]);
		if (p && strcmp(js_str0(p, "type", NULL), "string"))
			field_error_invalid_str(w->errs, definition_path(w, ".properties[%s].type", texts[i]),
						js_str0(p, "type", NULL), "must be string");
	}
	if (metadata && (level == LEVEL_ROOT || resource) &&
	    strcmp(js_str0(metadata, "type", NULL), "object"))
		field_error_invalid_str(w->errs, definition_path(w, ".properties[metadata].type"),
					js_str0(metadata, "type", NULL), "must be object");
	if (metadata && level == LEVEL_ROOT && !only_names(metadata))
		field_error_forbidden(
			w->errs, definition_path(w, ".properties[metadata]"),
			"must not specify anything other than name and generateName, but metadata is implicitly specified");
	if (resource && !flag(s, "x-kubernetes-preserve-unknown-fields") && !js_len(properties))
		field_error_required(
			w->errs, definition_path(w, ".properties"),
			"must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields");
}

static void check_structure(struct definition_walk *w, const js *s, enum schema_level level)
{
	const js *items = js_obj(s, "items", NULL), *more = js_field(s, "additionalProperties");
	size_t start = w->path.len;

	if (!strcmp(js_str0(s, "type", NULL), "array") && !items)
		field_error_required(w->errs, definition_path(w, ".items"), "must be specified");
	if (items) {
		definition_enter(w, ".items");
		check_structure(w, items, LEVEL_ITEM);
		definition_leave(w, start);
	}
	for (struct js_iter it = js_iter(properties_of(s)); js_next(&it);) {
		definition_enter(w, ".properties[%s]", it.key);
		check_structure(w, it.value, LEVEL_FIELD);
		definition_leave(w, start);
	}
	if (more && level == LEVEL_ROOT)
		field_error_forbidden(w->errs, definition_path(w, ".additionalProperties"),
				      "must not be used at the root");
	if (js_is_obj(more)) {
		definition_enter(w, ".additionalProperties");
		check_structure(w, more, LEVEL_FIELD);
		definition_leave(w, start);
	}
	check_extensions(w, s);
	check_branches(w, s, is_int_or_string(js_arr(s, "anyOf", NULL)),
		       is_int_or_string(js_arr(js_at(js_arr(s, "allOf", NULL), 0), "anyOf", NULL)));
	check_type(w, s, level);
	check_resource(w, s, level);
}

/* ---- completeness ---- */

struct twin {
	struct definition_walk *w; /* path of the branch */
	struct buf path;	   /* of the value that it speaks of */
};

static void missing(struct twin *t, size_t start)
{
	autofree char *detail = mem_printf("because it is defined in %s", buf_str(&t->w->path));

	field_error_required(t->w->errs, buf_str(&t->path), detail);
	buf_truncate(&t->path, start);
}

static void complete_branch(struct twin *t, const js *v, const js *s);

static void complete_branches(struct twin *t, const js *v, const js *s)
{
	static const char *const lists[] = {"allOf", "anyOf", "oneOf"};
	size_t start = t->w->path.len;

	if (js_obj(v, "not", NULL)) {
		definition_enter(t->w, ".not");
		complete_branch(t, js_obj(v, "not", NULL), s);
		definition_leave(t->w, start);
	}
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		js_array_for_each (branch, js_arr(v, lists[i], NULL)) {
			definition_enter(t->w, ".%s[%zu]", lists[i], branch_i);
			complete_branch(t, branch, s);
			definition_leave(t->w, start);
		}
}

/* What the branch says of a part of the value: the value has it. */
static void complete_part(struct twin *t, const js *v, const js *s, const char *part)
{
	size_t here = t->w->path.len, there = t->path.len;

	if (!js_is_obj(v))
		return;
	buf_adds(&t->w->path, part);
	buf_adds(&t->path, part);
	if (js_is_obj(s))
		complete_branch(t, v, s);
	else
		missing(t, there);
	buf_truncate(&t->path, there);
	definition_leave(t->w, here);
}

static void complete_branch(struct twin *t, const js *v, const js *s)
{
	complete_branches(t, v, s);
	complete_part(t, js_obj(v, "items", NULL), js_obj(s, "items", NULL), ".items");
	for (struct js_iter it = js_iter(properties_of(v)); js_next(&it);) {
		autofree char *part = mem_printf(".properties[%s]", it.key);
		complete_part(t, it.value, js_field(properties_of(s), it.key), part);
	}
}

/* ---- all of it ---- */

static int by_text(const void *a, const void *b)
{
	const struct field_error *x = a, *y = b;
	autofree char *one = mem_printf("%s: %s", x->field, x->message);
	autofree char *other = mem_printf("%s: %s", y->field, y->message);

	return strcmp(one, other); /* of "a" and "a.b" the longer one comes first */
}

void definition_check_structural(struct definition_walk *w, const js *schema)
{
	struct field_errors found = {.n = 0};
	struct definition_walk inner = {.errs = &found};
	struct twin t = {.w = &inner};

	buf_add(&inner.path, w->path.p, w->path.len);
	buf_add(&t.path, w->path.p, w->path.len);
	check_structure(&inner, schema, LEVEL_ROOT);
	complete_branches(&t, schema, schema);
	if (found.n)
		qsort(found.v, field_errors_kept(&found), sizeof(*found.v), by_text);
	for (size_t i = 0; i < field_errors_kept(&found); i++)
		field_errors_add(w->errs, found.v[i].reason, STEAL(found.v[i].field),
				 STEAL(found.v[i].message));
	field_errors_release(&found);
	definition_walk_release(&inner);
	buf_release(&t.path);
}

bool definition_is_structural(const js *schema)
{
	struct field_errors found = {.n = 0};
	struct definition_walk w = {.errs = &found};

	if (definition_unsupported(schema))
		return false;
	definition_check_structural(&w, schema);
	bool yes = !found.n;
	field_errors_release(&found);
	definition_walk_release(&w);
	return yes;
}

/* As Go puts several errors into one, each once. */
static void join(struct buf *out, const struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};
	autobuf struct buf list = BUF_INIT;
	size_t told = 0;

	for (size_t i = 0; i < field_errors_kept(errs); i++) {
		autofree char *one = mem_printf("%s: %s", errs->v[i].field, errs->v[i].message);
		if (!unique_seen(&seen, one))
			buf_addf(&list, "%s%s", told++ ? ", " : "", one);
	}
	buf_addf(out, told > 1 ? "[%s]" : "%s", buf_str(&list));
}

const char *definition_judge_structure(const js *crd, struct buf *ret)
{
	struct field_errors found = {.n = 0};
	struct definition_walk w = {.errs = &found};
	const js *preserve = js_get(crd, "spec", "preserveUnknownFields", NULL), *odd = NULL;
	const char *why = NULL;

	if (js_bool(preserve, false, NULL))
		field_error_invalid(&found, "spec.preserveUnknownFields", preserve, "must be false");
	js_array_for_each (v, js_arr(crd, "spec", "versions", NULL)) {
		const js *schema = js_obj(v, "schema", "openAPIV3Schema", NULL);
		if (!schema || odd)
			continue;
		why = definition_unsupported(schema);
		odd = why ? v : NULL;
		definition_enter(&w, "spec.versions[%zu].schema.openAPIV3Schema", v_i);
		if (!why)
			definition_check_structural(&w, schema);
		definition_leave(&w, 0);
	}
	if (odd)
		buf_addf(
			ret,
			"failed to check validation schema for version %s: OpenAPIV3Schema '%s' is not supported",
			js_str0(odd, "name", NULL), why);
	else
		join(ret, &found);
	const char *reason = odd ? "StructuralError" : found.n ? "Violations" : NULL;
	field_errors_release(&found);
	definition_walk_release(&w);
	return reason;
}
