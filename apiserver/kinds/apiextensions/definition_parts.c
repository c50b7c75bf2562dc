/* SPDX-License-Identifier: Apache-2.0 */
/* What a version has beside its schema: subresources, columns of tables, fields to select by. */
#include "base/unique.h"
#include "kinds/apiextensions/apiextensions_internal.h"

#define SELECTABLE_MAX 8

/* ---- subresources, columns, fields ---- */

/* As upstream's: it begins with a dot, whatever follows. */
static bool check_simple_path(struct definition_walk *w, const char *field, const char *path)
{
	if (*path == '.')
		return true;
	field_error_invalid_str(w->errs, definition_path(w, ".%s", field), path,
				"must be a simple json path starting with .");
	return false;
}

static void check_scale_path(struct definition_walk *w, const js *scale, const char *key, bool optional,
			     const char *const *below, const char *detail)
{
	const char *path = js_str0(scale, key, NULL);
	autofree char *field = mem_printf("scale.%s", key);

	if (!*path) {
		if (!optional)
			field_error_required(w->errs, definition_path(w, ".%s", field), "");
		return;
	}
	if (!check_simple_path(w, field, path))
		return;
	for (; *below; below++)
		if (!strncmp(path, *below, strlen(*below)))
			return;
	field_error_invalid_str(w->errs, definition_path(w, ".%s", field), path, detail);
}

void definition_check_subresources(struct definition_walk *w, const js *subresources)
{
	static const char *const spec[] = {".spec.", NULL}, *const status[] = {".status.", NULL},
				 *const either[] = {".spec.", ".status.", NULL};
	const js *scale = js_obj(subresources, "scale", NULL);

	if (!scale)
		return;
	check_scale_path(w, scale, "specReplicasPath", false, spec, "should be a json path under .spec");
	check_scale_path(w, scale, "statusReplicasPath", false, status,
			 "should be a json path under .status");
	check_scale_path(w, scale, "labelSelectorPath", true, either,
			 "should be a json path under either .spec or .status");
}

static bool is_one_of(const char *s, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(s, list[i]))
			return true;
	return false;
}

static void check_column(struct definition_walk *w, const js *c)
{
	static const char *const types[] = {"boolean", "date", "integer", "number", "string"},
				 *const formats[] = {"byte",  "date",  "date-time", "double",
						     "float", "int32", "int64",	    "password"};
	static const char want_type[] = "must be one of boolean,date,integer,number,string";
	const char *type = js_str0(c, "type", NULL), *format = js_str0(c, "format", NULL),
		   *path = js_str0(c, "jsonPath", NULL);

	if (!*js_str0(c, "name", NULL))
		field_error_required(w->errs, definition_path(w, ".name"), "");
	if (!*type)
		field_error_required(w->errs, definition_path(w, ".type"), want_type);
	else if (!is_one_of(type, types, ARRAY_LEN(types)))
		field_error_invalid_str(w->errs, definition_path(w, ".type"), type, want_type);
	if (*format && !is_one_of(format, formats, ARRAY_LEN(formats)))
		field_error_invalid_str(
			w->errs, definition_path(w, ".format"), format,
			"must be one of byte,date,date-time,double,float,int32,int64,password");
	if (!*path)
		field_error_required(w->errs, definition_path(w, ".JSONPath"), "");
	else
		check_simple_path(w, "JSONPath", path);
}

void definition_check_columns(struct definition_walk *w, const js *columns)
{
	size_t start = w->path.len;

	js_array_for_each (c, columns) {
		definition_enter(w, "[%zu]", c_i);
		check_column(w, c);
		definition_leave(w, start);
	}
}

static void check_selectable(struct definition_walk *w, const js *field, const js *schema,
			     struct unique *seen)
{
	const char *path = js_str0(field, "jsonPath", NULL);
	autofree char *why = NULL;

	if (!*path) {
		field_error_required(w->errs, definition_path(w, ".jsonPath"), "");
		return;
	}
	const js *found = definition_field(schema, path, false, &why);
	if (!found) {
		autofree char *detail = mem_printf("is an invalid path: %s", why);
		field_error_invalid_str(w->errs, definition_path(w, ".jsonPath"), path, detail);
		return;
	}
	if (!strncmp(path, ".metadata", 9) && (!path[9] || path[9] == '.'))
		field_error_invalid_str(w->errs, definition_path(w, ".jsonPath"), path,
					"must not point to fields in metadata");
	const char *type = js_str0(found, "type", NULL);
	if (strcmp(type, "string") && strcmp(type, "boolean") && strcmp(type, "integer"))
		field_error_invalid_str(
			w->errs, definition_path(w, ".jsonPath"), path,
			"must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.");
	if (unique_seen(seen, path))
		field_error_duplicate(w->errs, definition_path(w, ".jsonPath"), path);
}

void definition_check_selectables(struct definition_walk *w, const js *fields, const js *schema)
{
	autounique struct unique seen = {.n = 0};
	size_t start = w->path.len;

	js_array_for_each (field, fields) {
		definition_enter(w, "[%zu]", field_i);
		check_selectable(w, field, schema, &seen);
		definition_leave(w, start);
	}
	if (seen.n > SELECTABLE_MAX)
		field_error_too_many(w->errs, definition_path(w, "%s", ""), (int)seen.n, SELECTABLE_MAX);
}
