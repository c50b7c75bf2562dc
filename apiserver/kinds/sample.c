/* SPDX-License-Identifier: Apache-2.0 */
#include "kinds/sample.h"

#include <stdio.h>
#include <string.h>
#include "base/mem.h"

#define KEY "k"		 /* of every map */
#define ITEM_DEPTH_MAX 3 /* of what the items of long lists hold */

/* ---- places ---- */

static bool entered(const struct sample_place *p)
{
	if (p->type->form != TYPE_OBJECT)
		return false;
	for (const struct sample_place *up = p->up; up; up = up->up)
		if (up->type == p->type)
			return true;
	return false;
}

static void walk(const struct sample_place *p, sample_fn *fn, void *arg)
{
	struct sample_place below = {.up = p, .depth = p->depth + 1};

	fn(p, arg);
	if (entered(p))
		return;
	for (unsigned i = 0; p->type->form == TYPE_OBJECT && i < p->type->n_fields; i++) {
		below.field = &p->type->fields[i];
		below.type = below.field->type;
		walk(&below, fn, arg);
	}
	if (p->type->elem) {
		below.field = NULL;
		below.type = p->type->elem;
		walk(&below, fn, arg);
	}
}

void sample_each(const struct type *t, sample_fn *fn, void *arg)
{
	struct sample_place root = {.type = t};

	walk(&root, fn, arg);
}

js *sample_with(const struct sample_place *p, js *value)
{
	for (; p->up; p = p->up) {
		js *around = p->field || p->up->type->form == TYPE_MAP ? js_new_obj() : js_new_arr();
		if (js_is_arr(around))
			js_push(around, value);
		else
			js_set(around, p->field ? p->field->name : KEY, value);
		value = around;
	}
	return value;
}

static bool find(const js *o, const struct sample_place *p, js **ret)
{
	js *above;

	if (!p->up) {
		*ret = (js *)o;
		return true;
	}
	if (!find(o, p->up, &above))
		return false;
	if (!p->field && js_is_arr(above)) {
		*ret = js_at(above, 0);
		return js_len(above) > 0;
	}
	return js_is_obj(above) && json_object_object_get_ex(above, p->field ? p->field->name : KEY, ret);
}

js *sample_at(const js *o, const struct sample_place *p)
{
	js *v;

	return find(o, p, &v) ? v : NULL;
}

bool sample_has(const js *o, const struct sample_place *p)
{
	js *v;

	return find(o, p, &v);
}

void sample_path(const struct sample_place *p, struct buf *out)
{
	if (!p->up)
		return;
	sample_path(p->up, out);
	if (p->field)
		buf_addf(out, "%s%s", out->len ? "." : "", p->field->name);
	else
		buf_adds(out, p->up->type->form == TYPE_MAP ? "[" KEY "]" : "[0]");
}

void sample_pointer(const struct sample_place *p, struct buf *out)
{
	if (!p->up)
		return;
	sample_pointer(p->up, out);
	buf_addf(out, "/%s", p->field ? p->field->name : p->up->type->form == TYPE_MAP ? KEY : "0");
}

/* ---- values ---- */

bool sample_wrong(unsigned i, js **ret)
{
	static const char *const values[] = {
		"null",
		"true",
		"-1",
		"9223372036854775807",
		"1.5",
		"1e308",
		"\"\"",
		"\"A_ b!\"",
		"\"\\u0000\"",
		"[]",
		"[null]",
		"[[[]]]",
		"{}",
		"{\"k\":null}",
		"{\"\":{\"\":[{}]}}",
		"[{\"name\":7},{\"name\":7}]",
	};
	struct err err = ERR_INIT;

	*ret = NULL;
	if (i >= ARRAY_LEN(values))
		return false;
	if (i)
		*ret = js_parse(values[i], strlen(values[i]), NULL, &err);
	return true;
}

/* Of the objects around; a type that holds itself is entered once. */
struct inside {
	const struct inside *up;
	const struct type *type;
	unsigned depth;
};

static js *item(const struct type *t, unsigned i, const struct inside *up);

static bool within(const struct inside *up, const struct type *t)
{
	while (t->elem)
		t = t->elem;
	while (up && up->type != t)
		up = up->up;
	return up;
}

/* An object inside another one may name its kind, but protobuf does not carry it. */
static bool is_type_meta(const struct field *f)
{
	return !f->pb && !f->pb_in && (!strcmp(f->name, "kind") || !strcmp(f->name, "apiVersion"));
}

static js *item_object(const struct type *t, unsigned i, const struct inside *up)
{
	struct inside here = {.up = up, .type = t, .depth = up ? up->depth + 1 : 0};
	js *o = js_new_obj();
	bool member = false;

	for (unsigned f = 0; f < t->n_fields; f++) {
		const struct type *in = t->fields[f].type;
		bool leaf = in->form != TYPE_OBJECT && !in->elem;
		if (is_type_meta(&t->fields[f]) || (t->fields[f].member && member) ||
		    (!leaf && here.depth >= ITEM_DEPTH_MAX) || within(&here, in))
			continue;
		member |= t->fields[f].member;
		js_set(o, t->fields[f].name, item(in, i, &here));
	}
	return o;
}

static js *one_of(const char *const *enums, unsigned i)
{
	unsigned n = 0;

	while (enums[n])
		n++;
	return js_new_str(enums[i % n]);
}

static js *item(const struct type *t, unsigned i, const struct inside *up)
{
	char text[16];
	js *v;

	switch (t->form) {
	case TYPE_STRING:
		if (t->check && t->check->enums)
			return one_of(t->check->enums, i);
		snprintf(text, sizeof(text), "n%u", i);
		return js_new_str(text);
	case TYPE_INT32:
	case TYPE_INT64:
		return js_new_int(1 + (int64_t)i);
	case TYPE_INT_OR_STRING:
		return js_new_int(1 + (int64_t)(i % 60000));
	case TYPE_BOOL:
		return js_new_bool(true);
	case TYPE_DOUBLE:
		return json_object_new_double(i);
	case TYPE_BYTES:
		return js_new_str("YQ==");
	case TYPE_TIME:
		return js_new_str("2026-01-02T15:04:05Z");
	case TYPE_MICRO_TIME:
		return js_new_str("2026-01-02T15:04:05.000001Z");
	case TYPE_DURATION:
		return js_new_str("1m30s");
	case TYPE_QUANTITY:
		return js_new_int(i);
	case TYPE_OBJECT:
		return item_object(t, i, up);
	case TYPE_LIST:
		v = js_new_arr();
		js_push(v, item(t->elem, i, up));
		return v;
	case TYPE_MAP:
		v = js_new_obj();
		js_set(v, KEY, item(t->elem, i, up));
		return v;
	default:
		v = js_new_obj();
		js_set_int(v, "i", i);
		return v;
	}
}

js *sample_item(const struct type *t, unsigned i)
{
	return item(t, i, NULL);
}
