/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zero values and defaults.
 *
 * For a field that Go holds by value, "absent" includes the zero value: `port: 0` and no port are the same
 * thing, and a default replaces both. A default whose `when` names a sibling applies only beside certain
 * values of it; siblings that come first in the type have their own default by then.
 */
#include <string.h>
#include "object/schema/schema_internal.h"

void schema_object_add(js *o, const char *key, js *v)
{
	json_object_object_add_ex(o, key, v, JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY);
}

bool schema_value_is_zero(const struct type *t, const js *v)
{
	if (!v)
		return true;
	switch (json_object_get_type(v)) {
	case json_type_string:
		if (t->form == TYPE_QUANTITY)
			return strcmp(json_object_get_string((js *)v), "0") == 0;
		return json_object_get_string_len(v) == 0;
	case json_type_int:
		return json_object_get_int64(v) == 0;
	case json_type_boolean:
		return !json_object_get_boolean(v);
	case json_type_double:
		return json_object_get_double(v) == 0;
	case json_type_array:
		return t->form == TYPE_LIST && json_object_array_length(v) == 0;
	case json_type_object:
		return t->form == TYPE_MAP && json_object_object_length(v) == 0;
	default:
		return false;
	}
}

static js *zero_object(const struct type *t)
{
	js *o = json_object_new_object();
	for (unsigned i = 0; t->index->zeroes && i < t->n_fields; i++) {
		const struct field *f = &t->fields[i];
		if (f->keep_empty)
			schema_object_add(o, f->name, schema_zero_value(f->type));
	}
	return o;
}

js *schema_zero_value(const struct type *t)
{
	switch (t->form) {
	case TYPE_STRING:
		return js_new_str("");
	case TYPE_QUANTITY:
		return js_new_str("0");
	case TYPE_INT32:
	case TYPE_INT64:
	case TYPE_INT_OR_STRING:
		return js_new_int(0);
	case TYPE_DOUBLE:
		return json_object_new_double(0);
	case TYPE_BOOL:
		return js_new_bool(false);
	case TYPE_OBJECT:
		return zero_object(t);
	default:
		return NULL; /* null */
	}
}

bool default_applies(const struct field *f, const js *when)
{
	const char *s = js_str0(when, NULL);
	for (const char **v = f->more->when_values; *v; v++)
		if (strcmp(*v, s) == 0)
			return true;
	return false;
}

static void default_members(const struct field *f, js *o)
{
	if (!js_is_obj(o))
		return;
	json_object_object_foreach ((js *)f->more->def_members, key, v) {
		const struct field *m = schema_field(f->type, key);
		js *old = js_field(o, key);
		if (!old || (m && !m->pb_optional && schema_value_is_zero(m->type, old)))
			js_set(o, key, js_dup(v));
	}
}

static void fill_field(const struct type *t, const struct field *f, js *o)
{
	js *v = js_field(o, f->name);
	bool absent = f->type->structural ? !json_object_object_get_ex(o, f->name, NULL)
					  : !v || (!f->pb_optional && schema_value_is_zero(f->type, v));
	if (absent && (f->more->def || f->more->def_from) &&
	    (!f->more->when_field || default_applies(f, js_field(o, f->more->when_field)))) {
		const js *src = f->more->def ? f->more->def : js_field(o, f->more->def_from);
		if (src) {
			v = js_dup(src);
			js_set(o, f->name, v);
		}
	}
	if (!v && f->keep_empty && f->type->form == TYPE_OBJECT) {
		v = schema_zero_value(f->type);
		js_set(o, f->name, v);
	}
	if (v && f->type->index->defaults)
		default_fill(f->type, v);
	if (v && f->more->def_members)
		default_members(f, v);
}

static void fill_union(const struct type *t, js *o)
{
	for (unsigned i = 0; i < t->n_fields; i++)
		if (t->fields[i].member && js_field(o, t->fields[i].name))
			return;
	js_set(o, t->union_default, js_new_obj());
}

void default_fill(const struct type *t, js *o)
{
	if (!t->index->defaults || !o)
		return;
	if (t->form == TYPE_LIST) {
		js_array_for_each (item, o)
			default_fill(t->elem, item);
	} else if (t->form == TYPE_MAP && js_is_obj(o)) {
		json_object_object_foreach (o, key, item) {
			(void)key;
			default_fill(t->elem, item);
		}
	} else if (t->form == TYPE_OBJECT && js_is_obj(o)) {
		if (t->union_default)
			fill_union(t, o);
		for (unsigned i = 0; i < t->n_fields; i++) {
			const struct field *f = &t->fields[i];
			if (f->more->def || f->more->def_from || f->more->def_members ||
			    f->type->index->defaults)
				fill_field(t, f, o);
		}
	}
}

void schema_default(const struct type *type, js *o)
{
	default_fill(type, o);
}
