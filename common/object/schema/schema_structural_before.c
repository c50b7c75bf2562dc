/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a custom resource had before, beside what it has now: which item of a list was which, and what has not changed. To
 * upstream (kubernetes/apiserver pkg/cel/common, equality.go and maplist.go) that is a question of the schema, too: the
 * order of a map's items says nothing, and what no schema names is never known to be the same.
 */
#include <string.h>
#include "object/schema/schema_internal.h"

/* Of so few items each is looked at. */
#define FEW 16

static bool is_key(const js *v)
{
	return js_is_str(v) || js_is_num(v) || js_is_bool(v);
}

/* To Go an integer is no float. */
static bool same_key(const js *a, const js *b)
{
	return is_key(a) && js_is_int(a) == js_is_int(b) && js_equal(a, b);
}

static bool same_keys(const char **keys, const js *a, const js *b)
{
	const char **name = keys;
	while (*name && same_key(js_field(a, *name), js_field(b, *name)))
		name++;
	return !*name;
}

/* False: a key is missing, and it is no item that anybody could know again. */
static bool key_text(struct buf *out, const char **keys, const js *item)
{
	bool all = true;
	for (const char **name = keys; *name; name++) {
		all &= is_key(js_field(item, *name));
		structural_text(out, js_field(item, *name));
		buf_addc(out, ',');
	}
	return all;
}

void before_init(struct before *b, const struct type *t, const js *old)
{
	const struct structural *k = t->check ? t->check->structural : NULL;
	*b = (struct before){.n = 0};
	if (!k || k->list != LIST_MAP || !js_is_arr(old))
		return;
	b->keys = k->keys;
	b->list = old;
	b->n = js_len(old);
	js_array_for_each (item, b->n > FEW ? old : NULL) {
		autobuf struct buf text = BUF_INIT;
		if (key_text(&text, b->keys, item) && !map_get(&b->by_key, buf_str(&text)))
			map_set(&b->by_key, buf_str(&text), item);
	}
}

const js *before_item(const struct before *b, const js *item)
{
	size_t i = 0;
	if (b->n > FEW) {
		autobuf struct buf text = BUF_INIT;
		return key_text(&text, b->keys, item) ? map_get(&b->by_key, buf_str(&text)) : NULL;
	}
	while (i < b->n && !same_keys(b->keys, item, js_at(b->list, i)))
		i++;
	return i < b->n ? js_at(b->list, i) : NULL;
}

void before_release(struct before *b)
{
	map_release(&b->by_key);
}

static bool same_list(const struct type *t, const js *v, const js *old)
{
	struct before before;
	before_init(&before, t, old);
	bool same = js_len(v) == js_len(old) && (before.keys || js_equal(v, old));
	js_array_for_each (item, before.keys ? v : NULL) {
		const js *was = same ? before_item(&before, item) : NULL;
		same = was && structural_unchanged(t->elem, item, was);
	}
	before_release(&before);
	return same;
}

const struct type *structural_member(const struct type *t, const char *key, unsigned *next)
{
	int i = t->form == TYPE_OBJECT ? member_index(t, key, next) : -1;
	const struct type *of = i >= 0 ? t->fields[i].type : t->form == TYPE_MAP ? t->elem : NULL;
	return of && of->structural ? of : NULL;
}

/* What its schema says of a member, of a resource's metadata as well. */
static const struct type *said_of(const struct type *t, const char *key, unsigned *next)
{
	const struct structural *k = t->check ? t->check->structural : NULL;
	const struct type *of = structural_member(t, key, next);
	const struct field *f = !of && k && k->says ? schema_field(k->says, key) : NULL;
	return f && f->type->structural ? f->type : of;
}

static bool same_object(const struct type *t, const js *v, const js *old)
{
	unsigned next = 0;
	bool same = js_len(v) == js_len(old);
	for (struct js_iter it = js_iter(v); same && js_next(&it);) {
		const struct type *of = said_of(t, it.key, &next);
		js *was;
		same = of && json_object_object_get_ex(old, it.key, &was) &&
		       structural_unchanged(of, it.value, was);
	}
	return same;
}

bool structural_unchanged(const struct type *t, const js *v, const js *old)
{
	if (js_is_arr(v) && js_is_arr(old))
		return same_list(t, v, old);
	if (js_is_obj(v) && js_is_obj(old))
		return same_object(t, v, old);
	return js_is_int(v) == js_is_int(old) && js_equal(v, old);
}
