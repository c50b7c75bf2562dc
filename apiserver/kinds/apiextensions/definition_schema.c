/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a definition's schema must satisfy as OpenAPI (kubernetes/apiextensions-apiserver
 * pkg/apis/apiextensions/validation/validation.go, ValidateCustomResourceDefinitionOpenAPISchema): one walk over all of it.
 * Whether it is structural is definition_structural.c's to say.
 */
#include "base/unique.h"
#include "kinds/apiextensions/apiextensions_internal.h"

/* What holds for a node because of where it is. */
struct node_place {
	bool root;
	bool in_meta;	     /* below apiVersion, kind or metadata of a resource */
	const char *forbids; /* why there may be no default; NULL: there may be one */
};

static void check_node(struct definition_walk *w, const js *s, struct node_place at);

/* ---- what is not supported, and types ---- */

static const char *const types[] = {"array", "boolean", "integer", "number", "object", "string", NULL};

static bool is_one_of(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(s, *list))
			return true;
	return false;
}

bool definition_is_type(const char *type)
{
	return is_one_of(type, types);
}

static void check_unsupported(struct definition_walk *w, const js *s, struct node_place at)
{
	static const struct {
		const char *key, *name;
		bool empty_is_none;
	} never[] = {
		{"id", "id", true},
		{"additionalItems", "additionalItems", false},
		{"patternProperties", "patternProperties", true},
		{"definitions", "definitions", true},
		{"dependencies", "dependencies", false},
		{"$ref", "$ref", false},
	};
	const char *type = js_str0(s, "type", NULL);

	if (w->rules.types && *type && !definition_is_type(type))
		field_error_not_supported(w->errs, definition_path(w, ".type"), type, types);
	if (js_field(s, "default") && at.forbids) {
		autofree char *detail = mem_printf("must not be set %s", at.forbids);
		field_error_forbidden(w->errs, definition_path(w, ".default"), detail);
	}
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		const js *v = js_field(s, never[i].key);
		bool none = never[i].empty_is_none && (js_is_str(v) ? !*js_str0(v, NULL) : !js_len(v));
		if (!v || none)
			continue;
		autofree char *detail = mem_printf("%s is not supported", never[i].name);
		field_error_forbidden(w->errs, definition_path(w, ".%s", never[i].key), detail);
	}
	if (!strcmp(type, "null"))
		field_error_forbidden(w->errs, definition_path(w, ".type"),
				      "type cannot be set to null, use nullable as an alternative");
	if (js_len(js_arr(s, "items", NULL)))
		field_error_forbidden(w->errs, definition_path(w, ".items"),
				      "items must be a schema object and not an array");
	if (at.in_meta && js_bool(s, false, "x-kubernetes-embedded-resource", NULL))
		field_error_forbidden(w->errs, definition_path(w, ".x-kubernetes-embedded-resource"),
				      "must not be used inside of resource meta");
}

/* ---- list and map types ---- */

static void check_kind_of_type(struct definition_walk *w, const char *type, const char *want, const char *key)
{
	autofree char *detail = mem_printf("must be %s if %s is specified", want, key);

	if (!*type)
		field_error_required(w->errs, definition_path(w, ".type"), detail);
	else
		field_error_invalid_str(w->errs, definition_path(w, ".type"), type, detail);
}

/* The word in a set's items for which they are not owned whole; NULL: they are. */
static const char *open_word(const js *items)
{
	const char *type = js_str0(items, "type", NULL),
		   *list = js_str(items, "x-kubernetes-list-type", NULL);

	if (!strcmp(type, "array") && list && strcmp(list, "atomic"))
		return "x-kubernetes-list-type";
	if (!strcmp(type, "object") && strcmp(js_str0(items, "x-kubernetes-map-type", NULL), "atomic"))
		return "x-kubernetes-map-type";
	return NULL;
}

bool definition_has_open_set(const js *s)
{
	const js *items = js_obj(s, "items", NULL);

	return items && !strcmp(js_str0(s, "x-kubernetes-list-type", NULL), "set") && open_word(items);
}

/* Upstream shows the list's type for either word. */
static void check_set(struct definition_walk *w, const js *items)
{
	const char *word = open_word(items);

	if (word)
		field_error_invalid(w->errs, definition_path(w, ".items.%s", word),
				    js_field(items, "x-kubernetes-list-type"),
				    "must be atomic as item of a list with x-kubernetes-list-type=set");
}

static void check_map_key(struct definition_walk *w, const js *items, const js *keys, const char *key)
{
	const js *property = js_field(js_obj(items, "properties", NULL), key);
	const char *type = js_str0(property, "type", NULL);

	if (property && (!strcmp(type, "array") || !strcmp(type, "object")))
		field_error_invalid(w->errs, definition_path(w, ".items.properties[%s].type", key),
				    js_field(items, "type"),
				    "must be a scalar type if parent array's x-kubernetes-list-type is map");
	if (!property)
		field_error_invalid(w->errs, definition_path(w, ".x-kubernetes-list-map-keys"), keys,
				    "entries must all be names of item properties");
}

static void check_map(struct definition_walk *w, const js *s)
{
	const js *keys = js_arr(s, "x-kubernetes-list-map-keys", NULL), *items = js_field(s, "items");
	autounique struct unique seen = {.n = 0};

	if (!js_len(keys))
		field_error_required(w->errs, definition_path(w, ".x-kubernetes-list-map-keys"),
				     "must not be empty if x-kubernetes-list-type is map");
	if (!items)
		field_error_required(w->errs, definition_path(w, ".items"),
				     "must have a schema if x-kubernetes-list-type is map");
	if (js_is_arr(items))
		field_error_invalid(w->errs, definition_path(w, ".items"), items,
				    "must only have a single schema if x-kubernetes-list-type is map");
	if (!js_is_obj(items))
		return;
	if (strcmp(js_str0(items, "type", NULL), "object")) {
		field_error_invalid_str(w->errs, definition_path(w, ".items.type"),
					js_str0(items, "type", NULL),
					"must be object if parent array's x-kubernetes-list-type is map");
		return;
	}
	js_array_for_each (key, keys) {
		check_map_key(w, items, keys, js_str0(key, NULL));
		if (unique_seen(&seen, js_str0(key, NULL)))
			field_error_invalid(w->errs, definition_path(w, ".x-kubernetes-list-map-keys"), keys,
					    "must not contain duplicate entries");
	}
}

static void check_types(struct definition_walk *w, const js *s)
{
	static const char *const map_types[] = {"atomic", "granular", NULL}, *const list_types[] = {
										     "atomic", "set", "map",
										     NULL};
	const char *type = js_str0(s, "type", NULL), *map = js_str(s, "x-kubernetes-map-type", NULL),
		   *list = js_str(s, "x-kubernetes-list-type", NULL);

	if (map && strcmp(type, "object"))
		check_kind_of_type(w, type, "object", "x-kubernetes-map-type");
	if (map && !is_one_of(map, map_types))
		field_error_not_supported(w->errs, definition_path(w, ".x-kubernetes-map-type"), map,
					  map_types);
	if (list && strcmp(type, "array"))
		check_kind_of_type(w, type, "array", "x-kubernetes-list-type");
	else if (w->rules.atomic_sets && list && !strcmp(list, "set") && js_obj(s, "items", NULL))
		check_set(w, js_obj(s, "items", NULL));
	if (list && !is_one_of(list, list_types))
		field_error_not_supported(w->errs, definition_path(w, ".x-kubernetes-list-type"), list,
					  list_types);
	if (js_len(js_arr(s, "x-kubernetes-list-map-keys", NULL))) {
		static const char detail[] = "must be map if x-kubernetes-list-map-keys is non-empty";
		if (!list)
			field_error_required(w->errs, definition_path(w, ".x-kubernetes-list-type"), detail);
		else if (strcmp(list, "map"))
			field_error_invalid_str(w->errs, definition_path(w, ".x-kubernetes-list-type"), list,
						detail);
	}
	if (list && !strcmp(list, "map"))
		check_map(w, s);
}

/* Items of sets and maps are there, and so is what tells them apart. */
static void check_items_of_list(struct definition_walk *w, const js *s)
{
	const char *list = js_str0(s, "x-kubernetes-list-type", NULL);
	const js *items = js_obj(s, "items", NULL);
	autounique struct unique required = {.n = 0};

	if (!items || (strcmp(list, "set") && strcmp(list, "map")))
		return;
	if (js_bool(items, false, "nullable", NULL)) {
		autofree char *detail =
			mem_printf("cannot be nullable when x-kubernetes-list-type is %s", list);
		field_error_forbidden(w->errs, definition_path(w, ".items.nullable"), detail);
	}
	if (strcmp(list, "map"))
		return;
	js_array_for_each (name, js_arr(items, "required", NULL))
		unique_seen(&required, js_str0(name, NULL));
	js_array_for_each (item, js_arr(s, "x-kubernetes-list-map-keys", NULL)) {
		const char *key = js_str0(item, NULL);
		const js *property = js_field(js_obj(items, "properties", NULL), key);
		if (property && !unique_has(&required, key) && !js_field(property, "default"))
			field_error_required(
				w->errs, definition_path(w, ".items.properties[%s].default", key),
				"this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property");
		if (js_bool(property, false, "nullable", NULL))
			field_error_forbidden(
				w->errs, definition_path(w, ".items.properties[%s].nullable", key),
				"this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
	}
}

bool definition_has_loose_keys(const js *s)
{
	struct field_errors found = {.n = 0};
	struct definition_walk w = {.errs = &found};

	check_items_of_list(&w, s);
	bool yes = found.n > 0;
	field_errors_release(&found);
	definition_walk_release(&w);
	return yes;
}

/* ---- rules in CEL: their form; what they say is not looked at ---- */

static bool blank(const char *s)
{
	return !s[strspn(s, " \t\r\n\v\f")];
}

static bool has_newline(const char *s)
{
	const char *end = s + strlen(s);

	while (end > s && strchr(" \t\r\n", end[-1]))
		end--;
	s += strspn(s, " \t\r\n");
	return s < end && strcspn(s, "\r\n") < (size_t)(end - s);
}

/* Of what cannot be looked at as structural nobody says where its fields are. */
static void check_field_path(struct definition_walk *w, const js *s, const char *path)
{
	autofree char *why = NULL;

	if (*path && blank(path))
		field_error_invalid_str(w->errs, definition_path(w, ".fieldPath"), path,
					"must be non-empty if specified");
	if (strpbrk(path, "\r\n"))
		field_error_invalid_str(w->errs, definition_path(w, ".fieldPath"), path,
					"must not contain line breaks");
	if (*path && !definition_unsupported(s) && !definition_field(s, path, true, &why))
		field_error_invalid_str(w->errs, definition_path(w, ".fieldPath"), path,
					"must be a valid path");
}

static void check_rule(struct definition_walk *w, const js *s, const js *rule, size_t i)
{
	static const char *const reasons[] = {"FieldValueDuplicate", "FieldValueForbidden",
					      "FieldValueInvalid", "FieldValueRequired", NULL};
	const char *text = js_str0(rule, "rule", NULL), *message = js_str0(rule, "message", NULL),
		   *expression = js_str0(rule, "messageExpression", NULL),
		   *reason = js_str(rule, "reason", NULL), *path = js_str0(rule, "fieldPath", NULL);
	size_t start = w->path.len;

	definition_enter(w, ".x-kubernetes-validations[%zu]", i);
	if (blank(text))
		field_error_required(w->errs, definition_path(w, ".rule"), "rule is not specified");
	else if (*message && blank(message))
		field_error_invalid_str(w->errs, definition_path(w, ".message"), message,
					"must be non-empty if specified");
	else if (has_newline(message))
		field_error_invalid_str(w->errs, definition_path(w, ".message"), message,
					"must not contain line breaks");
	else if (has_newline(text) && blank(message))
		field_error_required(w->errs, definition_path(w, ".message"),
				     "message must be specified if rule contains line breaks");
	if (*expression && blank(expression))
		field_error_required(w->errs, definition_path(w, ".messageExpression"),
				     "messageExpression must be non-empty if specified");
	if (reason && !is_one_of(reason, reasons))
		field_error_not_supported(w->errs, definition_path(w, ".reason"), reason, reasons);
	check_field_path(w, s, path);
	definition_leave(w, start);
}

/* ---- what is below ---- */

static void check_list(struct definition_walk *w, const js *list, const char *key, struct node_place at)
{
	js_array_for_each (s, list) {
		size_t start = w->path.len;
		definition_enter(w, ".%s[%zu]", key, s_i);
		check_node(w, s, at);
		definition_leave(w, start);
	}
}

static void check_one(struct definition_walk *w, const js *s, const char *key, struct node_place at)
{
	size_t start = w->path.len;

	if (!js_is_obj(s))
		return;
	definition_enter(w, ".%s", key);
	check_node(w, s, at);
	definition_leave(w, start);
}

static void check_named(struct definition_walk *w, const js *schemas, const char *key, struct node_place at)
{
	for (struct js_iter it = js_iter(schemas); js_next(&it);) {
		size_t start = w->path.len;
		definition_enter(w, ".%s[%s]", key, it.key);
		check_node(w, it.value, at);
		definition_leave(w, start);
	}
}

static void check_properties(struct definition_walk *w, const js *s, struct node_place at)
{
	bool resource = at.root || js_bool(s, false, "x-kubernetes-embedded-resource", NULL);

	for (struct js_iter it = js_iter(js_obj(s, "properties", NULL)); js_next(&it);) {
		struct node_place below = {.in_meta = at.in_meta, .forbids = at.forbids};
		autofree char *reason = NULL;
		if (resource && definition_is_meta(it.key)) {
			below.in_meta = true;
			if (at.root)
				below.forbids = reason = mem_printf("in top-level %s", it.key);
		}
		size_t start = w->path.len;
		definition_enter(w, ".properties[%s]", it.key);
		check_node(w, it.value, below);
		definition_leave(w, start);
	}
}

static void check_below(struct definition_walk *w, const js *s, struct node_place at)
{
	static const char *const branches[] = {"allOf", "oneOf", "anyOf"};
	const js *more = js_field(s, "additionalProperties");
	struct node_place below = {.in_meta = at.in_meta, .forbids = at.forbids};

	if (more && js_len(js_obj(s, "properties", NULL)) && (js_is_obj(more) || !js_bool(more, true, NULL)))
		field_error_forbidden(w->errs, definition_path(w, ".additionalProperties"),
				      "additionalProperties and properties are mutual exclusive");
	struct node_place in_more = below;
	if (at.in_meta)
		in_more.forbids = "inside additionalProperties applying to object metadata";
	check_one(w, more, "additionalProperties", in_more);
	check_properties(w, s, at);
	check_one(w, js_field(s, "not"), "not", below);
	for (size_t i = 0; i < ARRAY_LEN(branches); i++)
		check_list(w, js_arr(s, branches[i], NULL), branches[i], below);
	check_named(w, js_obj(s, "definitions", NULL), "definitions", below);
	check_one(w, js_field(s, "items"), "items", below);
	check_list(w, js_arr(s, "items", NULL), "items", below);
	check_named(w, js_obj(s, "dependencies", NULL), "dependencies", below);
}

static void check_node(struct definition_walk *w, const js *s, struct node_place at)
{
	const js *keep = js_field(s, "x-kubernetes-preserve-unknown-fields");

	if (!js_is_obj(s))
		return;
	check_unsupported(w, s, at);
	if (js_bool(s, false, "uniqueItems", NULL))
		field_error_forbidden(
			w->errs, definition_path(w, ".uniqueItems"),
			"uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
	check_below(w, s, at);
	if (keep && !js_bool(keep, false, NULL))
		field_error_invalid(w->errs, definition_path(w, ".x-kubernetes-preserve-unknown-fields"),
				    keep, "must be true or undefined");
	check_types(w, s);
	if (w->rules.keys)
		check_items_of_list(w, s);
	js_array_for_each (rule, js_arr(s, "x-kubernetes-validations", NULL))
		check_rule(w, s, rule, rule_i);
}

void definition_check_openapi(struct definition_walk *w, const js *schema)
{
	check_node(w, schema, (struct node_place){.root = true});
}
