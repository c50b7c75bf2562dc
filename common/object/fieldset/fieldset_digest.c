/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of an object decides which fields somebody sets who makes it anew, in a few bytes: names, the keys of items, the items of
 * sets, and of all other values only whether they are null or zero. It is written in the order of the tree, without sorting
 * and without any set, so it costs a small part of what fieldset_compare does; objects of one template have the same.
 */
#include "object/fieldset/fieldset_internal.h"

#define DEPTH_MAX 64

static bool digest(struct buf *out, const struct shape *s, const js *v, int depth);

static void add_text(struct buf *out, const char *p, size_t n)
{
	uint32_t len = (uint32_t)n;

	buf_add(out, &len, sizeof(len));
	buf_add(out, p, n);
}

/* The shape of a member; of a tree that was conformed, the type's own names stand in its order. */
static struct shape member(struct buf *out, const struct shape *s, const char *key, unsigned *next)
{
	const struct type *t = s->type;
	unsigned n = t && t->form == TYPE_OBJECT ? t->n_fields : 0;
	bool named;

	for (unsigned i = *next; i < n; i++)
		if (t->fields[i].name == key) {
			const char place[] = {'f', (char)i, (char)(i >> 8)};
			*next = i + 1;
			buf_add(out, place, sizeof(place));
			return shape_of_field(&t->fields[i]);
		}
	buf_addc(out, 'm');
	add_text(out, key, strlen(key));
	return shape_member(s, key, &named);
}

static bool digest_members(struct buf *out, const struct shape *s, const js *o, int depth)
{
	unsigned next = 0;

	buf_addc(out, '{');
	for (struct js_iter it = js_iter(o); js_next(&it);) {
		struct shape below = member(out, s, it.key, &next);
		if (!digest(out, &below, it.value, depth))
			return false;
	}
	buf_addc(out, '}');
	return true;
}

static void add_value(struct buf *out, const js *v)
{
	size_t n;

	if (js_is_str(v)) {
		const char *p = js_bytes(v, &n);
		buf_addc(out, 's');
		add_text(out, p, n);
		return;
	}
	autobuf struct buf text = BUF_INIT;

	js_write(&text, v);
	buf_addc(out, 'v');
	add_text(out, text.p, text.len);
}

static bool digest_items(struct buf *out, const struct shape *s, const js *list, int depth)
{
	struct shape below = shape_elem(s);

	buf_addc(out, '[');
	js_array_for_each (item, list) {
		if (s->list != LIST_MAP || !js_is_obj(item)) {
			add_value(out, item);
			continue;
		}
		for (const char *const *key = s->keys; *key; key++) {
			js *v = NULL;
			if (json_object_object_get_ex(item, *key, &v))
				add_value(out, v);
			else
				buf_addc(out, '-');
		}
		if (!digest(out, &below, item, depth))
			return false;
	}
	buf_addc(out, ']');
	return true;
}

static bool digest(struct buf *out, const struct shape *s, const js *v, int depth)
{
	enum shape_form form = shape_form(s, v);

	if (depth == DEPTH_MAX)
		return false;
	if (!v) {
		buf_addc(out, 'n');
		return true;
	}
	if (form == SHAPE_LEAF) {
		buf_addc(out, fieldset_is_zero(v) ? '0' : '1');
		return true;
	}
	return (form == SHAPE_LIST ? digest_items : digest_members)(out, s, v, depth + 1);
}

bool fieldset_digest(struct buf *out, const struct type *type, const js *o)
{
	struct shape s = shape_of(type);

	return digest(out, &s, o, 0);
}
