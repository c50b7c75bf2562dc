/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Definitions of custom resources: what their CustomResourceDefinition says, descriptions and all, nearly as it stands
 * there. The second version of the format does not know all of it, and old kubectls misread some of it, so that upstream
 * leaves that out (kubernetes/apiextensions-apiserver pkg/controller/openapi, v2/conversion.go and builder/builder.go).
 */
#include "rest/discovery/openapi_internal.h"

#include <string.h>

static bool is_set(const js *s, const char *key)
{
	return js_bool(s, false, key, NULL);
}

static bool is_kept_whole(const js *s)
{
	return is_set(s, "x-kubernetes-preserve-unknown-fields");
}

/* What a node says of its own value that the version cannot have. */
struct left_out {
	bool type, below; /* type; items and properties */
};

static struct left_out left_out_of(const struct openapi_writer *w, const js *s)
{
	const char *type = js_str0(s, "type", NULL);
	bool nullable = is_set(s, "nullable"), whole = is_kept_whole(s);
	struct left_out x = {0};
	if (w->v3)
		return x;
	x.below = nullable || whole;
	x.type = nullable || (whole && !strcmp(type, "object")) ||
		 (!strcmp(type, "array") && (x.below || !js_obj(s, "items", NULL)));
	return x;
}

static bool has_name(const js *list, const char *name)
{
	js_array_for_each (x, list)
		if (!strcmp(js_str0(x, NULL), name))
			return true;
	return false;
}

/* v2: who reads it would insist on a value where null is one. */
static bool is_required(const struct openapi_writer *w, const js *s, const char *name)
{
	return w->v3 || !is_set(js_obj(s, "properties", name, NULL), "nullable");
}

static void add_required(struct openapi_writer *w, const js *s, bool resource)
{
	static const char *const envelope[] = {"kind", "apiVersion"};
	const js *list = js_arr(s, "required", NULL);
	bool any = false;
	if (!w->v3 && is_set(js_obj(s, "additionalProperties", NULL), "nullable"))
		list = NULL;
	js_array_for_each (x, list) {
		if (!is_required(w, s, js_str0(x, NULL)))
			continue;
		if (!any)
			emit_open(&w->e, "required", '[');
		any = true;
		emit_string(&w->e, NULL, js_str0(x, NULL));
	}
	for (size_t i = 0; resource && i < ARRAY_LEN(envelope); i++) {
		if (has_name(list, envelope[i]))
			continue;
		if (!any)
			emit_open(&w->e, "required", '[');
		any = true;
		emit_string(&w->e, NULL, envelope[i]);
	}
	if (any)
		emit_close(&w->e, ']');
}

static void add_node(struct openapi_writer *w, const char *key, const js *s);

/* envelope: apiVersion, kind and metadata are the server's to describe. */
static void add_properties(struct openapi_writer *w, const js *properties, bool envelope)
{
	emit_open(&w->e, "properties", '{');
	for (struct js_iter it = js_iter(properties); js_next(&it);) {
		bool common = !strcmp(it.key, "apiVersion") || !strcmp(it.key, "kind") ||
			      !strcmp(it.key, "metadata");
		if (!envelope || !common)
			add_node(w, it.key, it.value);
	}
	if (envelope)
		openapi_schema_envelope(w);
	emit_close(&w->e, '}');
}

enum member_of_node { AS_IT_IS, JUNCTOR, TYPE, PROPERTIES, BELOW, ADDITIONAL, NULLABLE, NEVER };

static const struct {
	const char *key;
	enum member_of_node what;
} members[] = {
	{"type", TYPE},
	{"properties", PROPERTIES},
	{"items", BELOW},
	{"additionalProperties", ADDITIONAL},
	{"nullable", NULLABLE},
	{"allOf", JUNCTOR},
	{"anyOf", JUNCTOR},
	{"oneOf", JUNCTOR},
	{"not", JUNCTOR},
	{"required", NEVER},
	{"id", NEVER},
	{"$schema", NEVER},
	{"$ref", NEVER},
	{"definitions", NEVER},
	{"dependencies", NEVER},
	{"patternProperties", NEVER},
	{"additionalItems", NEVER},
	{"example", NEVER},
	{"externalDocs", NEVER},
};

static enum member_of_node what_is(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (!strcmp(members[i].key, key))
			return members[i].what;
	return AS_IT_IS;
}

static void add_additional(struct openapi_writer *w, const js *v)
{
	if (js_is_obj(v))
		add_node(w, "additionalProperties", v);
	else
		emit_tree(&w->e, "additionalProperties", v);
}

/* All but `properties` and `required`, which the server adds to. */
static void add_members(struct openapi_writer *w, const js *s)
{
	struct left_out out = left_out_of(w, s);
	for (struct js_iter it = js_iter(s); js_next(&it);) {
		enum member_of_node what = what_is(it.key);
		if (what == AS_IT_IS || (what == TYPE && !out.type) ||
		    ((what == JUNCTOR || what == NULLABLE) && w->v3))
			emit_tree(&w->e, it.key, it.value);
		else if (what == BELOW && !out.below && js_is_obj(it.value))
			add_node(w, it.key, it.value);
		else if (what == ADDITIONAL)
			add_additional(w, it.value);
	}
}

static void add_node(struct openapi_writer *w, const char *key, const js *s)
{
	bool resource = is_set(s, "x-kubernetes-embedded-resource") && (w->v3 || !is_kept_whole(s));
	const js *properties = left_out_of(w, s).below ? NULL : js_obj(s, "properties", NULL);
	emit_open(&w->e, key, '{');
	add_members(w, s);
	if (properties || resource)
		add_properties(w, properties, resource);
	add_required(w, s, resource);
	emit_close(&w->e, '}');
}

/* ---- the definition ---- */

static const js *schema_in(const js *crd, const char *version)
{
	js_array_for_each (v, js_arr(crd, "spec", "versions", NULL))
		if (!strcmp(js_str0(v, "name", NULL), version))
			return js_obj(v, "schema", "openAPIV3Schema", NULL);
	return NULL;
}

static void add_selectable(struct openapi_writer *w, const struct kind *k)
{
	if (!k->n_selectable)
		return;
	emit_open(&w->e, "x-kubernetes-selectable-fields", '[');
	for (size_t i = 0; i < k->n_selectable; i++) {
		emit_open(&w->e, NULL, '{');
		emit_string(&w->e, "fieldPath", k->selectable[i].field);
		emit_close(&w->e, '}');
	}
	emit_close(&w->e, ']');
}

void openapi_custom_write(struct openapi_writer *w, const struct kind *k, const js *crd)
{
	const js *s = schema_in(crd, k->version);
	bool open = is_kept_whole(s) || is_set(js_obj(crd, "spec", NULL), "preserveUnknownFields");
	if (!s || (!w->v3 && open)) { /* kubectl would take any list of fields for all of them */
		emit_string(&w->e, "type", "object");
	} else {
		add_members(w, s);
		add_properties(w, js_obj(s, "properties", NULL), true);
		add_required(w, s, false);
	}
	add_selectable(w, k);
}
