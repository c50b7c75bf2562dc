/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a configuration fits its type (structured-merge-diff typed/validate.go): values of the right form, no field
 * that the type does not name, no item twice. Complaints are upstream's; the first ERRORS_MAX are told.
 */
#include "object/fieldset/fieldset_internal.h"

#include <stdlib.h>
#include "object/patch.h"

#define ERRORS_MAX 64
#define SHOWN_MAX 200 /* bytes of a wrong value */

struct checker {
	struct arena arena;
	struct buf path, text;
	size_t n;
};

static void check(struct checker *c, const struct shape *s, const js *v);

static void complain(struct checker *c, const char *what, const char *shown)
{
	if (c->n++ >= ERRORS_MAX)
		return;
	buf_adds(&c->text, c->n > 1 ? "\n  " : "");
	if (c->path.len)
		buf_addf(&c->text, "%s: ", buf_str(&c->path));
	buf_addf(&c->text, what, shown);
}

/* A value as Go prints it behind a pointer to what holds it. */
static void complain_of(struct checker *c, const char *what, const js *v)
{
	autobuf struct buf shown = BUF_INIT;

	patch_write_go(&shown, v);
	if (shown.len > SHOWN_MAX)
		buf_truncate(&shown, SHOWN_MAX);
	complain(c, what, buf_str(&shown));
}

static const char *go_type(const js *v)
{
	return js_is_arr(v)    ? "[]interface {}"
	       : js_is_obj(v)  ? "map[string]interface {}"
	       : js_is_bool(v) ? "bool"
			       : "string";
}

static void check_leaf(struct checker *c, const struct type *t, const js *v)
{
	switch (t->form) {
	case TYPE_INT32:
	case TYPE_INT64:
	case TYPE_DOUBLE:
		if (!js_is_num(v))
			complain(c, "expected numeric (int or float), got %s", go_type(v));
		return;
	case TYPE_STRING:
	case TYPE_BYTES:
		if (!js_is_str(v))
			complain_of(c, "expected string, got &value.valueUnstructured{Value:%s}", v);
		return;
	case TYPE_BOOL:
		if (!js_is_bool(v))
			complain_of(c, "expected boolean, got &{%s}", v);
		return;
	case TYPE_RAW:
	case TYPE_INT_OR_STRING: /* which its decoder judges */
	case TYPE_EITHER:
	case TYPE_FIELDS_V1:
		return;
	default:
		if (js_is_obj(v) || js_is_arr(v))
			complain_of(c, "expected any scalar, got &{%s}", v);
	}
}

static bool takes_unknown(const struct type *t)
{
	return !t || t->form != TYPE_OBJECT || t->preserve_unknown || (t->structural && !t->n_fields);
}

static void check_members(struct checker *c, const struct shape *s, const js *o)
{
	size_t n = c->path.len;

	for (struct js_iter it = js_iter(o); js_next(&it); buf_truncate(&c->path, n)) {
		bool named;
		struct shape member = shape_member(s, it.key, &named);
		buf_addc(&c->path, '.');
		buf_adds(&c->path, it.key);
		if (!named && !takes_unknown(s->type))
			complain(c, "%s", "field not declared in schema");
		else
			check(c, &member, it.value);
	}
}

static int by_element(const void *a, const void *b)
{
	return fieldset_element_compare(a, b);
}

/* Every item has a name, and each its own. */
static bool check_names(struct checker *c, const struct shape *s, const js *list,
			struct fieldset_element *names)
{
	char why[256];

	js_array_for_each (item, list) {
		const char *what = shape_item(&c->arena, s, item, &names[item_i], why);
		if (what) {
			autofree char *text = mem_printf("element %zu: %s", item_i, what);
			complain(c, "%s", text);
			return false;
		}
	}
	size_t n = js_len(list);
	struct fieldset_element *sorted = arena_array(&c->arena, n + 1, sizeof(*sorted));
	memcpy(sorted, names, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_element);
	for (size_t i = 1; i < n; i++) {
		if (fieldset_element_compare(&sorted[i - 1], &sorted[i]))
			continue;
		autobuf struct buf name = BUF_INIT;
		fieldset_element_path(&name, &sorted[i]);
		complain(c, "duplicate entries for key %s", buf_str(&name));
	}
	return true;
}

static void check_items(struct checker *c, const struct shape *s, const js *list)
{
	size_t n = c->path.len;
	struct shape of = shape_elem(s);
	bool called = s->list != LIST_ATOMIC && !s->atomic;
	struct fieldset_element *names = arena_array(&c->arena, js_len(list) + 1, sizeof(*names));

	if (called && !check_names(c, s, list, names))
		return;
	js_array_for_each (item, list) {
		if (called)
			fieldset_element_path(&c->path, &names[item_i]);
		else
			buf_addf(&c->path, "[%zu]", item_i);
		check(c, &of, item);
		buf_truncate(&c->path, n);
	}
}

static void check(struct checker *c, const struct shape *s, const js *v)
{
	const struct type *t = s->type;

	if (!t || !v || t->untyped || s->depth >= SHAPE_DEPTH_MAX)
		return;
	switch (t->form) {
	case TYPE_OBJECT:
	case TYPE_MAP:
		if (js_is_obj(v))
			check_members(c, s, v);
		else
			complain_of(c, "expected map, got &{%s}", v);
		return;
	case TYPE_LIST:
		if (js_is_arr(v))
			check_items(c, s, v);
		else
			complain_of(c, "expected list, got &{%s}", v);
		return;
	default:
		check_leaf(c, t, v);
	}
}

int fieldset_check(const struct type *type, const js *o, struct buf *ret)
{
	struct checker c = {.arena = ARENA_INIT};
	struct shape s = shape_of(type);

	check(&c, &s, o);
	if (c.n > 1)
		buf_adds(ret, "errors:\n  ");
	buf_adds(ret, buf_str(&c.text));
	buf_release(&c.path);
	buf_release(&c.text);
	arena_release(&c.arena);
	return c.n ? -1 : 0;
}
