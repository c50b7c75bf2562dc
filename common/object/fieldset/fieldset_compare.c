/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two objects of one type side by side (structured-merge-diff typed/compare.go): what was added, modified, removed. Most
 * of what is compared is equal, and most often the very same tree, so nothing is made before something differs.
 *
 * A new object is compared with one of which nothing is set, as Go has it: structs by value are there and empty, fields
 * that are always written have their zero value. That one is not made; it is a side of a kind of its own.
 */
#include "object/fieldset/fieldset_internal.h"

#include <stdlib.h>

struct side {
	enum { SIDE_ABSENT, SIDE_ZERO, SIDE_VALUE } is;
	const js *v; /* of a value; NULL: JSON's null */
};
static const struct side absent = {SIDE_ABSENT, NULL}, zero = {SIDE_ZERO, NULL};

enum change_of { ADDED, MODIFIED, REMOVED, CHANGES };
struct difference {
	bool self[CHANGES];
	const struct fieldset *below[CHANGES];
};
/* The nodes of a level while it is walked over. */
struct level {
	struct fieldset_node *v[CHANGES];
	size_t n[CHANGES], cap[CHANGES];
};

static void compare(struct arena *a, const struct shape *s, struct side old, struct side new,
		    struct difference *ret);

static struct side value(const js *v)
{
	return (struct side){SIDE_VALUE, v};
}

static void add(struct arena *a, struct level *l, enum change_of i, const struct fieldset_node *node)
{
	if (l->n[i] == l->cap[i]) {
		size_t cap = l->cap[i] ? l->cap[i] * 2 : 8;
		struct fieldset_node *v = arena_array(a, cap, sizeof(*v));
		if (l->n[i])
			memcpy(v, l->v[i], l->n[i] * sizeof(*v));
		l->v[i] = v;
		l->cap[i] = cap;
	}
	l->v[i][l->n[i]++] = *node;
}

static void note(struct arena *a, struct level *l, const struct fieldset_element *e,
		 const struct difference *c)
{
	for (int i = 0; i < CHANGES; i++)
		if (c->self[i] || c->below[i])
			add(a, l, i,
			    &(struct fieldset_node){.e = *e, .member = c->self[i], .below = c->below[i]});
}

static void finish(struct arena *a, struct level *l, struct difference *ret)
{
	for (int i = 0; i < CHANGES; i++)
		if (l->n[i])
			ret->below[i] = fieldset_make(a, l->v[i], l->n[i]);
}

/* ---- leaves ---- */

bool fieldset_is_zero(const js *v)
{
	if (js_is_str(v)) { /* "0": of a quantity, which has no other zero */
		const char *s = js_str0(v, NULL);
		return !*s || !strcmp(s, "0");
	}
	if (js_is_num(v))
		return js_num(v) == 0;
	return !v || (js_is_bool(v) && !json_object_get_boolean(v));
}

static bool is_equal(struct side old, struct side new)
{
	if (old.is == SIDE_ZERO)
		return fieldset_is_zero(new.v);
	return old.v == new.v || js_equal(old.v, new.v);
}

static void compare_leaf(struct side old, struct side new, struct difference *ret)
{
	if (old.is == SIDE_ABSENT)
		ret->self[ADDED] = true;
	else if (new.is == SIDE_ABSENT)
		ret->self[REMOVED] = true;
	else if (!is_equal(old, new))
		ret->self[MODIFIED] = true;
}

static bool is_empty(struct side x)
{
	return x.is == SIDE_ABSENT || (x.is == SIDE_VALUE && !js_len(x.v));
}

/* ---- members ---- */

static void compare_member(struct arena *a, const struct shape *s, const char *key, struct side old,
			   struct side new, struct level *l)
{
	if (old.is == SIDE_VALUE && new.is == SIDE_VALUE && old.v == new.v &&old.v)
		return;
	bool named;
	struct shape member = shape_member(s, key, &named);
	struct difference c = {.self = {false}};

	if (old.is == SIDE_ZERO) { /* of the struct: only what is always there is zero */
		const struct field *f = named ? schema_field(s->type, key) : NULL;
		old = f && f->keep_empty ? zero : absent;
	}
	compare(a, &member, old, new, &c);
	note(a, l, &(struct fieldset_element){.by = FIELDSET_FIELD, .n = (uint32_t)strlen(key), .p = key},
	     &c);
}

static void compare_members(struct arena *a, const struct shape *s, struct side old, struct side new,
			    struct level *l)
{
	size_t shared = 0;
	struct js_iter beside = js_iter(old.v);
	bool in_step = js_next(&beside);

	for (struct js_iter it = js_iter(new.v); js_next(&it);) {
		struct side was = old.is == SIDE_ZERO ? zero : absent;
		js *v = NULL;
		if (in_step && !strcmp(beside.key, it.key)) {
			was = value(beside.value);
			in_step = js_next(&beside);
			shared++;
		} else if (old.v && json_object_object_get_ex(old.v, it.key, &v)) {
			was = value(v);
			shared++;
		}
		compare_member(a, s, it.key, was, value(it.value), l);
	}
	if (shared == js_len(old.v))
		return;
	for (struct js_iter it = js_iter(old.v); js_next(&it);)
		if (!new.v || !json_object_object_get_ex(new.v, it.key, NULL))
			compare_member(a, s, it.key, value(it.value), absent, l);
}

/* ---- items ---- */

static bool same_items(const struct shape_entry *x, size_t n, const struct shape_entry *y, size_t m)
{
	for (size_t i = 0; n == m && i < n; i++)
		if (!js_equal(x[i].item, y[i].item))
			return false;
	return n == m;
}

/* Items of the same name: n of the old list, m of the new one. What is there more than once is compared as one. */
static void compare_items(struct arena *a, const struct shape *s, const struct shape_entry *x, size_t n,
			  const struct shape_entry *y, size_t m, struct level *l)
{
	struct difference c = {.self = {false}};
	struct shape item = shape_elem(s);

	if (n >= 2 && m >= 2) {
		c.self[MODIFIED] = !same_items(x, n, y, m);
	} else if (n >= 2 || m >= 2) {
		const struct shape_entry *one = n >= 2 ? (m ? y : NULL) : n ? x : NULL;
		if (one)
			compare(a, &item, n >= 2 ? absent : value(one->item),
				n >= 2 ? value(one->item) : absent, &c);
		c.self[n >= 2 ? REMOVED : ADDED] = true;
	} else {
		compare(a, &item, n ? value(x->item) : absent, m ? value(y->item) : absent, &c);
	}
	note(a, l, n ? &x->e : &y->e, &c);
}

static size_t group(const struct shape_entry *v, size_t i, size_t n)
{
	size_t k = i + 1;

	while (k < n && !fieldset_element_compare(&v[i].e, &v[k].e))
		k++;
	return k - i;
}

static void compare_lists(struct arena *a, const struct shape *s, struct side old, struct side new,
			  struct level *l)
{
	size_t n, m, i = 0, k = 0;

	if (old.v && new.v && js_equal(old.v, new.v))
		return;
	struct shape_entry *x = shape_entries(a, s, old.v, &n), *y = shape_entries(a, s, new.v, &m);
	while (i < n || k < m) {
		int c = i == n ? 1 : k == m ? -1 : fieldset_element_compare(&x[i].e, &y[k].e);
		size_t left = c <= 0 ? group(x, i, n) : 0, right = c >= 0 ? group(y, k, m) : 0;
		compare_items(a, s, x + i, left, y + k, right, l);
		i += left;
		k += right;
	}
}

/* ---- values ---- */

static void compare_as(struct arena *a, const struct shape *s, enum shape_form form, struct side old,
		       struct side new, struct difference *ret)
{
	struct level l = {.n = {0}};

	if (form == SHAPE_LEAF || (is_empty(old) && is_empty(new))) {
		compare_leaf(old, new, ret);
		return;
	}
	(form == SHAPE_LIST ? compare_lists : compare_members)(a, s, old, new, &l);
	finish(a, &l, ret);
	if (old.is == SIDE_ABSENT)
		ret->self[ADDED] = true;
	else if (new.is == SIDE_ABSENT)
		ret->self[REMOVED] = true;
}

/* Of a value that may be anything: an object has come or gone, and with it its members. A null is an object without any. */
static void compare_unlike(struct arena *a, const struct shape *s, struct side old, struct side new,
			   struct difference *ret)
{
	bool was = js_is_obj(old.v);

	compare_as(a, s, SHAPE_MAP, was ? old : value(NULL), was ? value(NULL) : new, ret);
	if (old.v && new.v)
		ret->self[MODIFIED] = true;
}

static void compare(struct arena *a, const struct shape *s, struct side old, struct side new,
		    struct difference *ret)
{
	enum shape_form was = old.is == SIDE_VALUE ? shape_form(s, old.v) : SHAPE_LEAF,
			is = new.is == SIDE_VALUE ? shape_form(s, new.v) : was;

	if (old.is != SIDE_VALUE)
		was = is;
	if (was == is)
		compare_as(a, s, is, old, new, ret);
	else if (js_is_obj(old.v) || js_is_obj(new.v))
		compare_unlike(a, s, old, new, ret);
	else
		compare_leaf(old, new, ret);
}

void fieldset_compare(struct arena *a, const struct type *type, const js *old, const js *new,
		      struct fieldset_changes *ret)
{
	struct shape s = shape_of(type);
	struct difference c = {.self = {false}};

	compare(a, &s, old ? value(old) : zero, value(new), &c);
	*ret = (struct fieldset_changes){c.below[ADDED], c.below[MODIFIED], c.below[REMOVED]};
}
