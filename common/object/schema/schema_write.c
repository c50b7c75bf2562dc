/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a tree in the order of its type, and the same object as another kind of one storage. */
#include <stdlib.h>
#include <string.h>
#include "object/schema/schema_internal.h"

static void write_value(struct buf *out, const struct type *t, const js *v, int depth);

static void write_key(struct buf *out, bool *first, const char *key)
{
	if (!*first)
		buf_addc(out, ',');
	*first = false;
	buf_add_json_string(out, key, strlen(key));
	buf_addc(out, ':');
}

#define SCHEMA_NAME_FAST 60 /* longer names are written in pieces */

static void write_name(struct buf *out, bool *first, const struct type *t, const char *name)
{
	if (t->index->escapes) {
		write_key(out, first, name);
		return;
	}
	size_t n = strlen(name);
	char text[SCHEMA_NAME_FAST + 4], *p = text;
	if (!*first)
		*p++ = ',';
	*first = false;
	*p++ = '"';
	if (n > SCHEMA_NAME_FAST) {
		buf_add(out, text, (size_t)(p - text));
		buf_add(out, name, n);
		p = text;
	} else {
		p = mempcpy(p, name, n);
	}
	*p++ = '"';
	*p++ = ':';
	buf_add(out, text, (size_t)(p - text));
}

/* Whether a null is a value of the field: not one that stands for an absent one. */
static bool writes_null(const struct type *t, const struct field *f)
{
	return t->structural || type_is_time(f->type) || (f->keep_empty && type_zero_is_null(f->type));
}

/* Whether the members stand in the type's order already, as they do unless something was added later. */
static bool in_order(const struct type *t, const js *o)
{
	int last = -1;
	unsigned next = 0;
	json_object_object_foreach ((js *)o, key, item) {
		int i = member_index(t, key, &next);
		if (i < 0 || i < last || (!item && !writes_null(t, &t->fields[i])))
			return false;
		last = i;
	}
	return true;
}

static void write_ordered(struct buf *out, const struct type *t, const js *o, int depth)
{
	bool first = true;
	unsigned next = 0;
	buf_addc(out, '{');
	json_object_object_foreach ((js *)o, key, item) {
		int i = member_index(t, key, &next);
		write_name(out, &first, t, t->fields[i].name);
		write_value(out, t->fields[i].type, item, depth);
	}
	buf_addc(out, '}');
}

/* Stands for a null that is written; only its address matters. */
static const js *const null_member = (const js *)&null_member;

static void write_object(struct buf *out, const struct type *t, const js *o, int depth)
{
	const js *small[SCHEMA_SMALL];
	const js **v = t->n_fields > SCHEMA_SMALL ? mem_array(t->n_fields, sizeof(*v)) : small;
	if (v == small)
		memset(small, 0, t->n_fields * sizeof(*v));
	bool first = true, unknown = false;
	unsigned next = 0;
	json_object_object_foreach ((js *)o, key, item) {
		int i = member_index(t, key, &next);
		if (i >= 0)
			v[i] = item || !writes_null(t, &t->fields[i]) ? item : null_member;
		else
			unknown = true;
	}
	buf_addc(out, '{');
	for (unsigned i = 0; i < t->n_fields; i++) {
		if (!v[i])
			continue;
		write_name(out, &first, t, t->fields[i].name);
		if (v[i] == null_member)
			buf_adds(out, "null");
		else
			write_value(out, t->fields[i].type, v[i], depth);
	}
	if (unknown) {
		json_object_object_foreach ((js *)o, name, extra) {
			if (schema_field_index(t, name) >= 0)
				continue;
			write_key(out, &first, name);
			js_write(out, extra);
		}
	}
	buf_addc(out, '}');
	if (v != small)
		free(v);
}

static bool is_sorted(const js *o)
{
	const char *before = "";

	for (struct js_iter it = js_iter(o); js_next(&it); before = it.key)
		if (strcmp(before, it.key) > 0)
			return false;
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_unsorted_map(struct buf *out, const struct type *t, const js *o, int depth)
{
	autofree const char **keys = mem_array(js_len(o) + 1, sizeof(*keys));
	size_t n = 0;
	bool first = true;

	for (struct js_iter it = js_iter(o); js_next(&it);)
		keys[n++] = it.key;
	qsort(keys, n, sizeof(*keys), by_text);
	buf_addc(out, '{');
	for (size_t i = 0; i < n; i++) {
		write_key(out, &first, keys[i]);
		write_value(out, t->elem, js_field(o, keys[i]), depth);
	}
	buf_addc(out, '}');
}

/* Maps say the same in any order, so there is one: what is written again is the same bytes. */
static void write_map(struct buf *out, const struct type *t, const js *o, int depth)
{
	bool first = true;

	if (!is_sorted(o)) {
		write_unsorted_map(out, t, o, depth);
		return;
	}
	buf_addc(out, '{');
	json_object_object_foreach ((js *)o, key, item) {
		write_key(out, &first, key);
		write_value(out, t->elem, item, depth);
	}
	buf_addc(out, '}');
}

static void write_value(struct buf *out, const struct type *t, const js *v, int depth)
{
	if (depth >= JS_MAX_DEPTH) {
		buf_adds(out, "null");
	} else if (t->form == TYPE_OBJECT && js_is_obj(v)) {
		(in_order(t, v) ? write_ordered : write_object)(out, t, v, depth + 1);
	} else if (t->form == TYPE_LIST && js_is_arr(v)) {
		buf_addc(out, '[');
		js_array_for_each (item, v) {
			if (item_i)
				buf_addc(out, ',');
			write_value(out, t->elem, item, depth + 1);
		}
		buf_addc(out, ']');
	} else if (t->form == TYPE_MAP && js_is_obj(v)) {
		write_map(out, t, v, depth + 1);
	} else if (t->form == TYPE_EITHER && schema_either(t, v)) {
		write_value(out, schema_either(t, v)->type, v, depth + 1);
	} else {
		js_write(out, v);
	}
}

void schema_write(struct buf *out, const struct type *type, const js *o)
{
	write_value(out, type, o, 0);
}

/* ---- other forms of one storage ---- */
static const char *stored_name(const struct field *f)
{
	return f->more->stored ? f->more->stored : f->name;
}

/* The value that the other kind calls by another name; false when there is none. */
static bool counterpart(const struct kind *from, const struct field *f, const js *o, js **ret)
{
	for (unsigned k = 0; k < from->type->n_fields; k++)
		if (strcmp(stored_name(&from->type->fields[k]), stored_name(f)) == 0)
			return json_object_object_get_ex(o, from->type->fields[k].name, ret);
	return false;
}

/* Of custom resources: the same object, but for what the other version's schema does not know. */
static js *convert_structural(const struct kind *to, const js *o)
{
	struct err ignored =
		ERR_INIT; /* nothing in it has a type that was not looked at when it was decoded */
	js *out = schema_conform(to->type, o, NULL, &ignored);
	return out ? out : js_dup(o);
}

static js *convert(const struct kind *from, const struct kind *to, const js *o)
{
	js *out = json_object_new_object();
	for (unsigned i = 0; i < to->type->n_fields; i++) {
		const struct field *f = &to->type->fields[i];
		js *v;
		bool there = counterpart(from, f, o, &v);
		if (there && (f->keep_empty || f->pb_optional || !schema_value_is_zero(f->type, v)))
			schema_object_add(out, f->name, js_dup(v));
		else if (f->keep_empty)
			schema_object_add(out, f->name, schema_zero_value(f->type));
	}
	return out;
}

js *schema_convert(const struct kind *from, const struct kind *to, const js *o)
{
	js *out = to->type->structural ? convert_structural(to, o) : convert(from, to, o);
	autofree char *version =
		*to->group ? mem_printf("%s/%s", to->group, to->version) : mem_strdup(to->version);
	js_set_str(out, "kind", to->kind);
	js_set_str(out, "apiVersion", version);
	return out;
}
