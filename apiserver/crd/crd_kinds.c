/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a definition to kinds: each version that is served is one, with a type made of its schema, and all of them share
 * what is stored. It is the road of the kind files (object/schema.h): what a file says in YAML is put together here.
 *
 * Objects are kept in the storage version. Where that is not served, nobody can see the difference, and the first
 * version that is served stands for it. Conversion by webhook is not there yet: then the stored version alone is served.
 */
#include "crd/crd_internal.h"

#include <string.h>
#include "object/name.h"

static bool is_served(const js *crd, const js *version)
{
	bool webhook = !strcmp(js_str0(crd, "spec", "conversion", "strategy", NULL), "Webhook");

	return js_bool(version, false, "served", NULL) &&
	       (!webhook || js_bool(version, false, "storage", NULL));
}

/* The version whose kind stands for what is stored; NULL = none is served. */
static const char *crd_stored_version(const js *crd)
{
	const char *first = NULL;

	js_array_for_each (v, js_arr(crd, "spec", "versions", NULL)) {
		if (!is_served(crd, v))
			continue;
		if (js_bool(v, false, "storage", NULL))
			return js_str0(v, "name", NULL);
		first = first ? first : js_str0(v, "name", NULL);
	}
	return first;
}

/* ---- parts of a kind ---- */

static void add_column(js *columns, const js *c)
{
	static const char *const keys[] = {"name", "type", "format"};
	const char *path = js_str0(c, "jsonPath", NULL), *text = js_str0(c, "description", NULL);
	autobuf struct buf cell = BUF_INIT, described = BUF_INIT;
	js *row = js_new_arr();

	buf_addf(&cell, "{%s}", path);
	buf_addf(&described, "Custom resource definition column (in JSONPath format): %s", path);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		js_push(row, js_new_str(js_str0(c, keys[i], NULL)));
	js_push(row, js_new_int(js_int(c, 0, "priority", NULL)));
	js_push(row, js_new_str(buf_str(&cell)));
	js_push(row, js_new_str(*text ? text : buf_str(&described)));
	js_push(columns, row);
}

static bool is_path(const char *path)
{
	autoarena struct arena arena = ARENA_INIT;
	struct err ignored = ERR_INIT;

	return jsonpath_compile(&arena, path, strlen(path), &ignored);
}

/* One that cannot be read ends the list, as upstream has it. */
static js *columns_of(const js *version)
{
	const js *more = js_arr(version, "additionalPrinterColumns", NULL);
	js *columns = js_new_arr(), *name = js_new_arr();

	js_push(name, js_new_str("Name"));
	js_push(name, js_new_str("string"));
	js_push(name, js_new_str("name"));
	js_push(name, js_new_int(0));
	js_push(name, js_new_str(".metadata.name"));
	js_push(name, js_new_str("Name of the object, unique among its kind in a namespace"));
	js_push(columns, name);
	js_array_for_each (c, more) {
		if (!is_path(js_str0(c, "jsonPath", NULL)))
			return columns;
		add_column(columns, c);
	}
	if (!js_len(more)) {
		autojson js *age = js_new_obj();
		js_set_str(age, "name", "Age");
		js_set_str(age, "type", "date");
		js_set_str(age, "description", "When the object was created");
		js_set_str(age, "jsonPath", ".metadata.creationTimestamp");
		add_column(columns, age);
	}
	return columns;
}

static const char *without_dot(const char *path)
{
	return *path == '.' ? path + 1 : path;
}

static js *subresources_of(const js *version)
{
	const js *subs = js_obj(version, "subresources", NULL), *scale = js_obj(subs, "scale", NULL);
	js *out = js_new_obj();

	if (js_obj(subs, "status", NULL))
		js_set_str(js_ensure(out, "status", NULL), "verbs", "get patch update");
	if (scale) {
		js *to = js_ensure(out, "scale", NULL);
		js_set_str(to, "group", "autoscaling");
		js_set_str(to, "version", "v1");
		js_set_str(to, "kind", "Scale");
		js_set_str(to, "verbs", "get patch update");
		js_set_str(to, "replicas", without_dot(js_str0(scale, "specReplicasPath", NULL)));
		js_set_str(to, "status_replicas", without_dot(js_str0(scale, "statusReplicasPath", NULL)));
		js_set_str(to, "selector", without_dot(js_str0(scale, "labelSelectorPath", NULL)));
	}
	return out;
}

static js *selectable_of(const js *version)
{
	js *out = js_new_obj();

	js_array_for_each (f, js_arr(version, "selectableFields", NULL))
		js_set(out, without_dot(js_str0(f, "jsonPath", NULL)), js_new_obj());
	return out;
}

/* ---- deprecation ---- */

/* The newest version that is served and not deprecated, if it is newer. */
static const char *instead_of(const js *crd, const char *version)
{
	const char *best = NULL;

	js_array_for_each (v, js_arr(crd, "spec", "versions", NULL)) {
		const char *name = js_str0(v, "name", NULL);
		if (js_bool(v, false, "served", NULL) && !js_bool(v, false, "deprecated", NULL) &&
		    name_compare_versions(version, name) < 0 &&
		    (!best || name_compare_versions(best, name) < 0))
			best = name;
	}
	return best;
}

static void add_warning(const js *crd, const js *version, js *kind)
{
	const char *text = js_str(version, "deprecationWarning", NULL),
		   *group = js_str0(crd, "spec", "group", NULL), *name = js_str0(version, "name", NULL),
		   *of = js_str0(crd, "spec", "names", "kind", NULL);
	autobuf struct buf b = BUF_INIT;

	if (!js_bool(version, false, "deprecated", NULL))
		return;
	if (text) {
		js_set_str(kind, "deprecated", text);
		return;
	}
	const char *instead = instead_of(crd, name);
	buf_addf(&b, "%s/%s %s is deprecated", group, name, of);
	if (instead)
		buf_addf(&b, "; use %s/%s %s", group, instead, of);
	js_set_str(kind, "deprecated", buf_str(&b));
}

/* ---- all of it ---- */

/* "com.example.v1.Boat", as OpenAPI names its definitions. */
static char *type_name(const char *group, const char *version, const char *kind)
{
	autobuf struct buf b = BUF_INIT;

	for (const char *end = group + strlen(group), *p = end;; p--) {
		if (p > group && p[-1] != '.')
			continue;
		buf_add(&b, p, (size_t)(end - p));
		buf_addc(&b, '.');
		if (p == group)
			break;
		end = p - 1;
	}
	buf_addf(&b, "%s.%s", version, kind);
	return buf_take(&b, NULL);
}

static js *kind_of(const js *crd, const js *names, const js *version, const char *type)
{
	const char *group = js_str0(crd, "spec", "group", NULL), *name = js_str0(version, "name", NULL),
		   *stored = crd_stored_version(crd);
	static const char *const texts[][2] = {{"kind", "kind"},
					       {"list", "listKind"},
					       {"resource", "plural"},
					       {"singular", "singular"}},
				 *const lists[][2] = {{"short", "shortNames"}, {"categories", "categories"}};
	js *k = js_new_obj();

	js_set_str(k, "group", group);
	js_set_str(k, "version", name);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		js_set_str(k, texts[i][0], js_str0(names, texts[i][1], NULL));
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (js_arr(names, lists[i][1], NULL))
			js_set(k, lists[i][0], js_dup(js_arr(names, lists[i][1], NULL)));
	js_set_str(k, "scope", js_str0(crd, "spec", "scope", NULL));
	js_set_str(k, "type", type);
	js_set_str(k, "name_format", "dns1123-subdomain");
	js_set_bool(k, "generation", true);
	js_set_bool(k, "status", js_obj(version, "subresources", "status", NULL) != NULL);
	js_set(k, "subresources", subresources_of(version));
	js_set(k, "selectable", selectable_of(version));
	js_set(k, "columns", columns_of(version));
	add_warning(crd, version, k);
	if (strcmp(name, stored)) {
		autobuf struct buf as = BUF_INIT;
		buf_addf(&as, "%s/%s/%s", group, stored, js_str0(names, "kind", NULL));
		js_set_str(k, "stored_as", buf_str(&as));
	}
	return k;
}

static int add_version(struct schema_builder *b, const js *crd, const js *names, const js *version,
		       struct err *err)
{
	const js *schema = js_obj(version, "schema", "openAPIV3Schema", NULL);
	autofree char *type = type_name(js_str0(crd, "spec", "group", NULL), js_str0(version, "name", NULL),
					js_str0(names, "kind", NULL));
	if (!schema)
		return err_set(err, REASON_INVALID, "there is no schema");
	if (schema_builder_openapi(b, type, schema, err) < 0)
		return -1;
	autojson js *kind = kind_of(crd, names, version, type);
	return schema_builder_kind(b, kind, err);
}

struct schema_builder *crd_kinds(struct schema *schema, const js *crd, const js *status, struct err *err)
{
	const js *names = js_obj(status, "acceptedNames", NULL);

	if (!crd_stored_version(crd))
		return NULL;
	struct schema_builder *b = schema_builder_new(schema);
	js_array_for_each (v, js_arr(crd, "spec", "versions", NULL)) {
		if (!is_served(crd, v) || add_version(b, crd, names, v, err) == 0)
			continue;
		err_wrap(err, "version %s", js_str0(v, "name", NULL));
		schema_builder_free(b);
		return NULL;
	}
	return b;
}
