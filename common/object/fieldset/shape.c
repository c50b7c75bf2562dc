/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a type says to server-side apply: what is one field, what is taken apart, and how items of lists are called
 * (kube-openapi pkg/schemaconv, structured-merge-diff schema/elements.go, typed/helpers.go).
 *
 * Upstream makes a schema of its own out of OpenAPI documents; here the kind's type is read as it is. What no type
 * names, and what may be anything (a default of a schema, its items, a RawExtension), is taken apart by what it is:
 * objects into members, all else is a leaf.
 */
#include "object/fieldset/fieldset_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define KEYS_MAX 16 /* of one item; the check of kinds and schemas allows no more in practice */

struct shape shape_of(const struct type *t)
{
	struct shape s = {.type = t, .atomic = t->atomic};

	if (t->structural && t->form == TYPE_LIST)
		s.list = schema_list_kind(t, &s.keys);
	return s;
}

struct shape shape_of_field(const struct field *f)
{
	struct shape s = shape_of(f->type);

	s.atomic |= f->atomic;
	if (!f->type->structural) {
		s.list = f->list;
		s.keys = (const char *const *)f->more->keys;
	}
	return s;
}

static bool is_free(const struct type *t)
{
	return !t || t->form == TYPE_RAW || t->form == TYPE_EITHER;
}

enum shape_form shape_form(const struct shape *s, const js *v)
{
	const struct type *t = s->type;

	if (s->atomic || s->depth >= SHAPE_DEPTH_MAX)
		return SHAPE_LEAF;
	if (is_free(t))
		return js_is_obj(v) ? SHAPE_MAP : SHAPE_LEAF;
	switch (t->form) {
	case TYPE_OBJECT:
		return v && !js_is_obj(v) ? SHAPE_LEAF : SHAPE_STRUCT;
	case TYPE_MAP:
		return v && !js_is_obj(v) ? SHAPE_LEAF : SHAPE_MAP;
	case TYPE_LIST:
		return s->list == LIST_ATOMIC || (v && !js_is_arr(v)) ? SHAPE_LEAF : SHAPE_LIST;
	default:
		return SHAPE_LEAF;
	}
}

struct shape shape_member(const struct shape *s, const char *key, bool *ret_named)
{
	const struct type *t = s->type;
	const struct field *f = t && t->form == TYPE_OBJECT ? schema_field(t, key) : NULL;
	struct shape member = {.type = NULL};

	*ret_named = f;
	if (f)
		member = shape_of_field(f);
	else if (t && t->form == TYPE_MAP)
		member = shape_of(t->elem);
	member.depth = s->depth + 1;
	return member;
}

struct shape shape_elem(const struct shape *list)
{
	struct shape item = shape_of(list->type->elem);

	item.depth = list->depth + 1;
	return item;
}

/* ---- names of items ---- */

/* The value that stands for a missing key; NULL: none. */
static const js *default_of(const struct type *elem, const char *key, js **made)
{
	const struct field *f = elem->form == TYPE_OBJECT ? schema_field(elem, key) : NULL;

	if (!f || f->more->def)
		return f ? f->more->def : NULL;
	if (!f->keep_empty)
		return NULL;
	*made = f->type->form == TYPE_STRING ? js_new_str("")
		: f->type->form == TYPE_BOOL ? js_new_bool(false)
					     : js_new_int(0);
	return *made;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *without_keys(const char *const *keys, char why[256])
{
	size_t n = 0;

	n += (size_t)snprintf(why, 256,
			      "associative list with keys has an element that omits all key fields [");
	for (size_t i = 0; keys[i] && n < 160; i++)
		n += (size_t)snprintf(why + n, 256 - n, "%s\"%.40s\"", i ? " " : "", keys[i]);
	snprintf(why + n, 256 - n, "] (and doesn't have default values for any key fields)");
	return why;
}

static const char *keyed(struct arena *a, const struct shape *list, const js *item,
			 struct fieldset_element *ret, char why[256])
{
	const char *keys[KEYS_MAX];
	autobuf struct buf b = BUF_INIT;
	size_t n = 0;

	if (!item)
		return "associative list with keys may not have a null element";
	if (!js_is_obj(item))
		return "associative list with keys may not have non-map elements";
	while (n < KEYS_MAX && list->keys[n]) {
		keys[n] = list->keys[n];
		n++;
	}
	if (n > 1)
		qsort(keys, n, sizeof(*keys), by_text);
	for (size_t i = 0; i < n; i++) {
		js *value = NULL;
		autojson js *made = NULL;
		const js *v = json_object_object_get_ex(item, keys[i], &value)
				      ? value
				      : default_of(list->type->elem, keys[i], &made);
		if (!v && !json_object_object_get_ex(item, keys[i], NULL))
			continue;
		buf_addc(&b, b.len ? ',' : '{');
		buf_add_json_string(&b, keys[i], strlen(keys[i]));
		buf_addc(&b, ':');
		fieldset_element_value(&b, v);
	}
	if (!b.len)
		return without_keys(list->keys, why);
	buf_addc(&b, '}');
	*ret = (struct fieldset_element){
		.by = FIELDSET_KEY, .n = (uint32_t)b.len, .p = arena_strndup(a, b.p, b.len)};
	return NULL;
}

const char *shape_item(struct arena *a, const struct shape *list, const js *item,
		       struct fieldset_element *ret, char why[256])
{
	if (list->list == LIST_MAP)
		return keyed(a, list, item, ret, why);
	if (!item)
		return "associative list without keys has an element that's an explicit null";
	if (js_is_obj(item))
		return "associative list without keys has an element that's a map type";
	if (js_is_arr(item))
		return "not supported: associative list with lists as elements";
	autobuf struct buf b = BUF_INIT;
	fieldset_element_value(&b, item);
	*ret = (struct fieldset_element){
		.by = FIELDSET_VALUE, .n = (uint32_t)b.len, .p = arena_strndup(a, b.p, b.len)};
	return NULL;
}

static int by_element(const void *a, const void *b)
{
	const struct shape_entry *x = a, *y = b;
	int c = fieldset_element_compare(&x->e, &y->e);

	return c ? c : (x->at > y->at) - (x->at < y->at);
}

struct shape_entry *shape_entries(struct arena *a, const struct shape *list, const js *items, size_t *ret_n)
{
	struct shape_entry *v = arena_array(a, js_len(items) + 1, sizeof(*v));
	size_t n = 0;
	char why[256];

	js_array_for_each (item, items)
		if (!shape_item(a, list, item, &v[n].e, why)) {
			v[n].item = item;
			v[n++].at = item_i;
		}
	if (n > 1)
		qsort(v, n, sizeof(*v), by_element);
	*ret_n = n;
	return v;
}
