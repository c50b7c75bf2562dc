/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of a definition because of the one before it. What was let pass once, by an older version or in the store of
 * another server, may stay: else nobody could change anything about such a definition any more
 * (kubernetes/apiextensions-apiserver pkg/apis/apiextensions/validation/validation.go, ValidateCustomResourceDefinitionUpdate).
 */
#include "kinds/apiextensions/apiextensions_internal.h"
#include "object/condition.h"

/* ---- a schema that holds something ---- */

typedef bool schema_test(const js *s);
static bool schema_has(const js *s, schema_test *test);

static bool any_of_object(const js *o, schema_test *test)
{
	for (struct js_iter it = js_iter(o); js_next(&it);)
		if (schema_has(it.value, test))
			return true;
	return false;
}

static bool any_of_list(const js *list, schema_test *test)
{
	js_array_for_each (s, list)
		if (schema_has(s, test))
			return true;
	return false;
}

/* It, or what is in it. */
static bool schema_has(const js *s, schema_test *test)
{
	static const char *const objects[] = {"properties", "patternProperties", "definitions",
					      "dependencies"},
				 *const lists[] = {"items", "allOf", "anyOf", "oneOf"},
				 *const parts[] = {"items", "not", "additionalProperties", "additionalItems"};

	if (!js_is_obj(s))
		return false;
	if (test(s))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(objects); i++)
		if (any_of_object(js_obj(s, objects[i], NULL), test))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (any_of_list(js_arr(s, lists[i], NULL), test))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (schema_has(js_obj(s, parts[i], NULL), test))
			return true;
	return false;
}

static bool spec_has(const js *spec, schema_test *test)
{
	js_array_for_each (v, js_arr(spec, "versions", NULL))
		if (schema_has(js_obj(v, "schema", "openAPIV3Schema", NULL), test))
			return true;
	return false;
}

static bool has_default(const js *s)
{
	return js_field(s, "default") != NULL;
}

static bool has_extension(const js *s)
{
	static const char *const flags[] = {"x-kubernetes-embedded-resource", "x-kubernetes-int-or-string"},
				 *const keys[] = {"x-kubernetes-preserve-unknown-fields",
						  "x-kubernetes-list-type"},
				 *const lists[] = {"x-kubernetes-list-map-keys", "x-kubernetes-validations"};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (js_bool(s, false, flags[i], NULL) || js_field(s, keys[i]) ||
		    js_len(js_arr(s, lists[i], NULL)))
			return true;
	return false;
}

static bool has_odd_type(const js *s)
{
	const char *type = js_str0(s, "type", NULL);

	return *type && !definition_is_type(type);
}

static bool is_without_schema(const js *version)
{
	return !js_obj(version, "schema", "openAPIV3Schema", NULL);
}

/* ---- rules ---- */

static bool has_unpruned_default(const struct strategy_ctx *ctx, const js *schema)
{
	struct field_errors all = {.n = 0}, others = {.n = 0};
	struct err ignored = ERR_INIT;

	if (!schema_has(schema, has_default) || !definition_is_structural(schema) ||
	    schema_openapi_check(ctx->schema, schema, "", true, &all, &ignored) < 0 ||
	    schema_openapi_check(ctx->schema, schema, "", false, &others, &ignored) < 0)
		return false;
	bool yes = all.n != others.n;
	field_errors_release(&all);
	field_errors_release(&others);
	return yes;
}

static bool is_established(const js *crd)
{
	const js *c = condition_find(js_arr(crd, "status", "conditions", NULL), "Established");

	return !strcmp(js_str0(c, "status", NULL), "True");
}

bool definition_uses_defaults(const js *spec)
{
	return spec_has(spec, has_default);
}

static void loosen(struct definition_rules *r, const struct strategy_ctx *ctx, const js *old)
{
	const js *spec = js_obj(old, "spec", NULL);

	js_array_for_each (v, js_arr(spec, "versions", NULL)) {
		const js *schema = js_obj(v, "schema", "openAPIV3Schema", NULL);
		r->schemas &= !is_without_schema(v);
		r->structural &= !schema || definition_is_structural(schema);
		r->pruned &= !ctx->schema || !has_unpruned_default(ctx, schema);
	}
	r->types = !spec_has(spec, has_odd_type);
	r->atomic_sets = !spec_has(spec, definition_has_open_set);
	r->keys = !spec_has(spec, definition_has_loose_keys);
	r->review = definition_knew_review(old);
	r->authorities = is_established(old) && definition_has_valid_authorities(old);
	r->names = is_established(old);
}

struct definition_rules definition_rules(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	const js *spec = js_obj(new, "spec", NULL);
	struct definition_rules r = {.schemas = true,
				     .structural = true,
				     .types = true,
				     .pruned = true,
				     .atomic_sets = true,
				     .keys = true,
				     .review = true};

	if (old)
		loosen(&r, ctx, old);
	r.structural |= !js_bool(spec, false, "preserveUnknownFields", NULL) || spec_has(spec, has_default) ||
			spec_has(spec, has_extension);
	return r;
}
