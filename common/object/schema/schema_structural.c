/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of structural types while they are decoded. Unlike those of kind files they are not brought into the form of a Go
 * struct: zero values stay, a value of the wrong type stays until validation reports it, and only unknown fields are
 * pruned (kubernetes/apiextensions-apiserver pkg/apiserver/schema/{pruning,defaulting}).
 */
#include <string.h>
#include "object/schema/schema_internal.h"

/* Any key, known to be new or not. */
static void add(js *o, const char *key, js *v)
{
	json_object_object_add(o, key, v);
}

/* A copy as Go's unstructured content has it: a number that is no int64 is a float64, and its text is its value's. */
static js *dup_number(const js *in)
{
	bool large = js_is_int(in) && json_object_get_int64(in) == INT64_MAX &&
		     json_object_get_uint64(in) > (uint64_t)INT64_MAX;

	return large || !js_is_int(in) ? js_new_double(js_num(in)) : js_dup(in);
}

static js *dup_free(const js *in)
{
	if (js_is_num(in))
		return dup_number(in);
	if (!js_is_obj(in) && !js_is_arr(in))
		return js_dup(in);
	js *out = js_is_obj(in) ? js_new_obj() : js_new_arr();
	for (struct js_iter it = js_iter(js_is_obj(in) ? in : NULL); js_next(&it);)
		add(out, it.key, dup_free(it.value));
	js_array_for_each (item, js_is_arr(in) ? in : NULL)
		json_object_array_add(out, dup_free(item));
	return out;
}

/* One member or item; a null stays one. */
static bool conform_one(struct conform *c, const struct type *t, const struct at *at, const js *in, js **ret)
{
	*ret = in ? conform_value(c, t, at, in) : NULL;
	return *ret || !in;
}

/* A null that nothing allows is none; it gives way to the default, if there is one. */
static bool null_vanishes(const struct conform *c, const struct field *f)
{
	if (c->nulls && f->type->structural)
		return !f->type->nullable && f->more->def;
	return !f->type->nullable && (c->defaults || !f->more->def);
}

/* As upstream's field errors have it. */
static bool refuse(struct conform *c, const struct at *at, const js *in, const char *why)
{
	autobuf struct buf path = BUF_INIT, value = BUF_INIT;
	schema_at_write(&path, at, AT_STRICT);
	js_write_sorted(&value, in, NULL);
	err_set(c->err, REASON_BAD_REQUEST, "%s: Invalid value: %s: %s", buf_str(&path), buf_str(&value),
		why);
	return false;
}

/* metadata is of the form that all objects' is. Whose it is is told where it is not the object's own. */
static bool conform_metadata(struct conform *c, const struct type *t, const struct at *at, const js *in,
			     js **ret)
{
	const struct at *outer = c->metadata;
	c->metadata = at;
	bool ok = conform_one(c, t, at, in, ret);
	c->metadata = outer;
	if (ok || !at->up)
		return ok;
	struct err why = *c->err;
	return refuse(c, at, in, why.msg);
}

static bool names_resource(const struct type *t, const char *key)
{
	bool resource = t->check && t->check->structural && t->check->structural->resource;
	return resource && (!strcmp(key, "apiVersion") || !strcmp(key, "kind"));
}

static bool conform_member(struct conform *c, const struct type *t, const struct at *at, const char *key,
			   int i, const js *in, js *out)
{
	const struct field *f = i < 0 ? NULL : &t->fields[i];
	struct at here = {.up = at, .name = f ? f->name : key};
	js *v;
	if (!f) {
		if (t->preserve_unknown)
			add(out, key, dup_free(in));
		else
			conform_unknown(c, at, key);
		return true;
	}
	if (!in && null_vanishes(c, f))
		return true;
	if (in && !js_is_str(in) && names_resource(t, f->name))
		return refuse(c, &here, in, "must be a string");
	bool metadata = f->type->form == TYPE_OBJECT && !f->type->structural;
	if (!(metadata ? conform_metadata : conform_one)(c, f->type, &here, in, &v))
		return false;
	schema_object_add(out, f->name, v);
	return true;
}

static size_t count_values(const js *v)
{
	size_t n = 1;

	for (struct js_iter it = js_iter(js_is_obj(v) ? v : NULL); js_next(&it);)
		n += count_values(it.value);
	for (size_t i = 0; js_is_arr(v) && i < js_len(v); i++)
		n += count_values(js_at(v, i));
	return n;
}

/* A default is complete in itself: what stands below it has its own in there already. */
static bool add_default(struct conform *c, const struct field *f, js *out)
{
	c->made += count_values(f->more->def);
	if (c->made > DEFAULTS_MAX) {
		err_set(c->err, REASON_TOO_LARGE, "defaults make more than %d values", DEFAULTS_MAX);
		return false;
	}
	schema_object_add(out, f->name, js_dup(f->more->def));
	return true;
}

static js *conform_object(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	js *out = json_object_new_object();
	unsigned next = 0;
	for (struct js_iter it = js_iter(in); js_next(&it);)
		if (!conform_member(c, t, at, it.key, member_index(t, it.key, &next), it.value, out)) {
			json_object_put(out);
			return NULL;
		}
	for (unsigned i = 0; c->defaults && i < t->n_fields; i++)
		if (t->fields[i].more->def && !json_object_object_get_ex(out, t->fields[i].name, NULL) &&
		    !add_default(c, &t->fields[i], out)) {
			json_object_put(out);
			return NULL;
		}
	return out;
}

static js *conform_map(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	js *out = json_object_new_object(), *v;
	for (struct js_iter it = js_iter(in); js_next(&it);) {
		struct at here = {.up = at, .name = it.key, .key = true};
		if (!it.value && !t->elem->nullable && !c->nulls)
			continue;
		if (!conform_one(c, t->elem, &here, it.value, &v)) {
			json_object_put(out);
			return NULL;
		}
		add(out, it.key, v);
	}
	return out;
}

static js *conform_list(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	js *out = json_object_new_array(), *v;
	for (size_t i = 0; i < js_len(in); i++) {
		struct at here = {.up = at, .index = i};
		if (!conform_one(c, t->elem, &here, js_at(in, i), &v)) {
			json_object_put(out);
			return NULL;
		}
		json_object_array_add(out, v);
	}
	return out;
}

/* An object where none belongs: validation will say so, but nothing in it is known. */
static js *prune_all(struct conform *c, const struct at *at, const js *in)
{
	for (struct js_iter it = js_iter(in); js_next(&it);)
		conform_unknown(c, at, it.key);
	return js_new_obj();
}

js *structural_conform(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	if (t->form == TYPE_OBJECT && js_is_obj(in))
		return conform_object(c, t, at, in);
	if (t->form == TYPE_MAP && js_is_obj(in))
		return conform_map(c, t, at, in);
	if (t->form == TYPE_LIST && js_is_arr(in))
		return conform_list(c, t, at, in);
	if (js_is_obj(in) && t->form != TYPE_RAW)
		return prune_all(c, at, in);
	return dup_free(in);
}
