/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict decoding: from any JSON tree to the tree that upstream's Go types would have produced.
 *
 * Encoding/json gives a Go struct a definite normal form: unknown keys vanish, null and absent are the same,
 * `omitempty` drops zero values, struct values are always written. Clients see that normal form in every
 * reply, equality of two specs (generation, immutable fields, no-op updates) is decided on it, and stored
 * objects are small because of it. So it is made here, once per write, in one pass that also fills defaults
 * when asked to (schema_decode). Members are visited in document order, for the order of strict errors, and
 * joined in the order of the type.
 *
 * Half the cost of a tree is malloc's. A tree that its owner has no use for afterwards is taken (schema_take):
 * every list, map and object of it becomes the one of the result, with the members that belong there. It then is
 * in two hands for a moment, as a scalar is in any case.
 *
 * Messages are those of encoding/json and sigs.k8s.io/json: the struct is the innermost one, the path has no
 * indexes.
 */
#include <stdlib.h>
#include <string.h>
#include "base/base64.h"
#include "object/quantity.h"
#include "object/rfc3339.h"
#include "object/schema/schema_internal.h"

/* ---- where we are ---- */
static void at_write_one(struct buf *out, const struct at *at, enum at_style style)
{
	if (!at->name) {
		if (style != AT_GO)
			buf_addf(out, "[%zu]", at->index);
	} else if (at->key && style == AT_FIELD_ERROR) {
		buf_addf(out, "[%s]", at->name);
	} else if (!at->key || style != AT_GO) {
		if (out->len)
			buf_addc(out, '.');
		buf_adds(out, at->name);
	}
}

void schema_at_write(struct buf *out, const struct at *at, enum at_style style)
{
	if (!at)
		return;
	if (at->path && style == AT_FIELD_ERROR) {
		buf_adds(out, at->path);
		return;
	}
	schema_at_write(out, at->up, style);
	at_write_one(out, at, style);
}

void schema_strict_errors_release(struct strict_errors *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	s->n = s->n_inner = 0;
}

void conform_unknown(struct conform *c, const struct at *up, const char *name)
{
	if (!c->strict || c->strict->n == ARRAY_LEN(c->strict->v))
		return;
	autobuf struct buf b = BUF_INIT;
	struct at at = {.up = up, .name = name};
	schema_at_write(&b, &at, AT_STRICT);
	struct strict_errors *s = c->strict;
	bool inner = c->metadata && c->metadata->up;
	size_t to = inner ? s->n : s->n - s->n_inner;
	memmove(s->v + to + 1, s->v + to, (s->n - to) * sizeof(*s->v));
	s->v[to] = mem_printf("unknown field \"%s\"", buf_str(&b));
	s->n++;
	s->n_inner += inner;
}

/* ---- type mismatches ---- */
/* Where a user's object has metadata, what is above it is not in its path. */
static void below_metadata(const struct conform *c, struct buf *path)
{
	autobuf struct buf head = BUF_INIT;
	if (!c->metadata)
		return;
	schema_at_write(&head, c->metadata, AT_GO);
	size_t n = path->len > head.len ? head.len + 1 : path->len;
	memmove(path->p, path->p + n, path->len - n);
	buf_truncate(path, path->len - n);
}

/* The Go kind of what a parser has made. */
static const char *go_kind(const js *v)
{
	switch (json_object_get_type(v)) {
	case json_type_int:
		return "int64";
	case json_type_double:
		return "float64";
	case json_type_array:
		return "slice";
	case json_type_object:
		return "map";
	default:
		return js_word(v);
	}
}

/* In the words of what restores a struct from maps; false: of these it says nothing of its own. */
static bool mismatch_restored(struct conform *c, const struct type *t, const js *v)
{
	static const char *const scalars[TYPE_EITHER] = {
		[TYPE_STRING] = "string", [TYPE_INT32] = "int32",    [TYPE_INT64] = "int64",
		[TYPE_BOOL] = "bool",	  [TYPE_DOUBLE] = "float64",
	};
	static const char *const containers[TYPE_EITHER] = {
		[TYPE_BYTES] = "slice",
		[TYPE_LIST] = "slice",
		[TYPE_MAP] = "map",
	};
	bool whole = t->form == TYPE_INT32 || t->form == TYPE_INT64;
	bool converts = js_is_int(v) ? t->form == TYPE_STRING : js_is_num(v) && whole;

	if (t->form == TYPE_OBJECT)
		err_set(c->err, REASON_BAD_REQUEST, "cannot restore struct from: %s", go_kind(v));
	else if (t->form < TYPE_EITHER && containers[t->form])
		err_set(c->err, REASON_BAD_REQUEST, "cannot restore %s from %s", containers[t->form],
			go_kind(v));
	else if (converts)
		err_set(c->err, REASON_BAD_REQUEST, "cannot convert %s to %s", go_kind(v), t->go);
	else if (t->form < TYPE_EITHER && scalars[t->form] && !(whole && js_is_num(v)))
		err_set(c->err, REASON_BAD_REQUEST, "unrecognized type: %s", scalars[t->form]);
	else
		return false;
	return true;
}

static void *mismatch(struct conform *c, const struct type *t, const struct at *at, const js *v, bool literal)
{
	if (c->restore && at && mismatch_restored(c, t, v))
		return NULL;
	autobuf struct buf what = BUF_INIT, path = BUF_INIT;
	buf_adds(&what, js_word(v));
	if (literal) {
		buf_addc(&what, ' ');
		js_write(&what, v);
	}
	schema_at_write(&path, at, AT_GO);
	below_metadata(c, &path);
	const char *dot = c->holder ? strrchr(c->holder->go, '.') : NULL;
	if (path.len && c->holder)
		err_set(c->err, REASON_BAD_REQUEST,
			"json: cannot unmarshal %s into Go struct field %s.%s of type %s", buf_str(&what),
			dot ? dot + 1 : c->holder->go, buf_str(&path), t->go);
	else
		err_set(c->err, REASON_BAD_REQUEST, "json: cannot unmarshal %s into Go value of type %s",
			buf_str(&what), t->go);
	return NULL;
}

/* Of a value that unmarshals itself: it knows no path when it is restored by itself. */
static void *mismatch_within(struct conform *c, const struct type *t, const struct at *at, const js *v)
{
	bool restore = c->restore;
	c->restore = false;
	mismatch(c, t, restore ? NULL : at, v, js_is_num(v) && t->form == TYPE_INT32);
	c->restore = restore;
	return NULL;
}

/* ---- scalars ---- */

/* Nobody changes a scalar in place, and both trees are the caller's own: what is right as it is belongs to both. */
static js *share(const js *in)
{
	return json_object_get((js *)in);
}

static js *conform_string(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	return js_is_str(in) ? share(in) : mismatch(c, t, at, in, false);
}

static js *conform_int(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	if (!js_is_int(in))
		return mismatch(c, t, at, in, js_is_num(in));
	int64_t v = json_object_get_int64(in);
	if (t->form == TYPE_INT32 && (v < INT32_MIN || v > INT32_MAX))
		return mismatch(c, t, at, in, true);
	if (v == INT64_MAX &&
	    json_object_get_uint64(in) > (uint64_t)INT64_MAX) /* json-c keeps larger ones unsigned */
		return mismatch(c, t, at, in, true);
	return share(in);
}

static js *conform_bool(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	return js_is_bool(in) ? share(in) : mismatch(c, t, at, in, false);
}

static js *conform_double(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	if (!js_is_num(in))
		return mismatch(c, t, at, in, false);
	return js_plain(share(in));
}

static js *conform_bytes(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	if (!js_is_str(in))
		return mismatch(c, t, at, in, false);
	const char *s = json_object_get_string((js *)in);
	size_t n = (size_t)json_object_get_string_len(in);
	autobuf struct buf clean = BUF_INIT, bytes = BUF_INIT;
	if (memchr(s, '\n', n) || memchr(s, '\r', n)) { /* Go's decoder skips line ends */
		for (size_t i = 0; i < n; i++)
			if (s[i] != '\n' && s[i] != '\r')
				buf_addc(&clean, s[i]);
		s = buf_str(&clean);
		n = clean.len;
	}
	buf_reserve(&bytes, n);
	if (base64_decode(&bytes, s, n, c->err) < 0)
		return NULL;
	return js_new_strn(s, n);
}

static js *conform_time(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	if (!js_is_str(in)) { /* Go unmarshals into a string first */
		struct type string = {.form = TYPE_STRING, .go = "string"};
		return mismatch_within(c, &string, at, in);
	}
	bool micro = t->form == TYPE_MICRO_TIME;
	struct rfc3339_time time;
	if (rfc3339_read(json_object_get_string((js *)in), micro, &time, c->err) < 0)
		return NULL;
	char text[RFC3339_MAX] = "";
	if (!rfc3339_is_zero(&time))
		rfc3339_write(&time, micro ? 6 : 0, text);
	return js_new_str(text); /* none: becomes null where the field is joined */
}

static js *conform_quantity(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	autobuf struct buf number = BUF_INIT;
	const char *s;
	if (js_is_str(in)) {
		s = json_object_get_string((js *)in);
	} else {
		js_write(&number, in); /* a bare number is taken by its text; anything else fails as text */
		s = buf_str(&number);
	}
	struct quantity q;
	if (quantity_parse(s, &q, c->err) < 0)
		return NULL;
	if (t->milli)
		quantity_round_up_milli(&q);
	char text[QUANTITY_TEXT_MAX];
	quantity_format(&q, text);
	return js_new_str(text);
}

static js *conform_int_or_string(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	if (js_is_str(in))
		return share(in);
	struct type int32 = {.form = TYPE_INT32, .go = "int32"};
	return js_is_int(in) || !c->restore ? conform_int(c, &int32, at, in)
					    : mismatch_within(c, &int32, at, in);
}

static js *conform_raw(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	return c->take ? share(in) : js_dup(in);
}

/* ---- containers ---- */

/* Room that the members of a taken object leave behind; a search for what is not there walks over it. */
#define TAKEN_MAX 40

/* What the result of an object is made of. */
static js *object_to_fill(const struct conform *c, const js *in)
{
	if (!c->take || js_len(in) > TAKEN_MAX)
		return json_object_new_object();
	js *out = share(in);
	struct lh_table *members = json_object_get_object(out);
	struct lh_entry *e, *next;
	lh_foreach_safe(members, e, next) lh_table_delete_entry(members, e);
	return out;
}

/* The same for a list: item i of it is v. */
static void list_put(js *list, size_t i, const js *item, js *v)
{
	if (v && v == item)
		json_object_put(v);
	else if (v || item)
		json_object_array_put_idx(list, i, v);
}

/* A null in a list is a struct without anything, and gets its defaults. */
static js *null_item(struct conform *c, const struct type *t, const struct at *at)
{
	if (t->form != TYPE_OBJECT)
		return schema_zero_value(t);
	autojson js *empty = js_new_obj();
	return conform_value(c, t, at, empty);
}

static js *take_list(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	js *list = (js *)in;
	for (size_t i = 0; i < js_len(in); i++) {
		struct at here = {.up = at, .index = i};
		const js *item = json_object_array_get_idx(in, i);
		js *v = item ? conform_value(c, t->elem, &here, item) : null_item(c, t->elem, &here);
		if (!v && item)
			return NULL;
		list_put(list, i, item, v);
	}
	return share(in);
}

static js *conform_list(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	if (!js_is_arr(in))
		return mismatch(c, t, at, in, false);
	if (c->take)
		return take_list(c, t, at, in);
	size_t n = js_len(in);
	js *out = json_object_new_array_ext((int)(n ? n : 1));
	for (size_t i = 0; i < n; i++) {
		struct at here = {.up = at, .index = i};
		const js *item = json_object_array_get_idx(in, i);
		js *v = item ? conform_value(c, t->elem, &here, item) : null_item(c, t->elem, &here);
		if (!v && item) {
			json_object_put(out);
			return NULL;
		}
		json_object_array_add(out, v);
	}
	return out;
}

/* What upstream has read back for a null in a map: bytes that are none are empty ones by then. */
static js *zero_element(const struct type *t)
{
	return t->form == TYPE_BYTES ? js_new_str("") : schema_zero_value(t);
}

/* A time that is none is null in a map, too. */
static bool is_no_time(const struct type *t, const js *v)
{
	return (t->form == TYPE_TIME || t->form == TYPE_MICRO_TIME) && v &&
	       !json_object_get_string_len((js *)v);
}

static js *take_map(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	json_object_object_foreach ((js *)in, key, item) {
		struct at here = {.up = at, .name = key, .key = true};
		js *v = item ? conform_value(c, t->elem, &here, item) : zero_element(t->elem);
		if (!v && item)
			return NULL;
		bool none = is_no_time(t->elem, v);
		if (none) {
			js_autoput(&v);
			v = NULL;
		}
		if (v && v == item)
			json_object_put(v);
		else if (v || none)
			json_object_object_add((js *)in, key, v);
	}
	return share(in);
}

static js *conform_map(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	if (!js_is_obj(in))
		return mismatch(c, t, at, in, false);
	if (c->take)
		return take_map(c, t, at, in);
	js *out = json_object_new_object();
	json_object_object_foreach ((js *)in, key, item) {
		struct at here = {.up = at, .name = key, .key = true};
		js *v = item ? conform_value(c, t->elem, &here, item) : zero_element(t->elem);
		if (!v && item) {
			json_object_put(out);
			return NULL;
		}
		if (is_no_time(t->elem, v)) {
			js_autoput(&v);
			v = NULL;
		}
		json_object_object_add_ex(out, key, v, JSON_C_OBJECT_ADD_KEY_IS_NEW);
	}
	return out;
}

/* The conformed members of one object by field number, before they are joined in order. */
struct members {
	js **v;
	js *small[SCHEMA_SMALL];
};

static void members_init(struct members *m, const struct type *t)
{
	m->v = t->n_fields > SCHEMA_SMALL ? mem_array(t->n_fields, sizeof(*m->v)) : m->small;
	if (m->v == m->small)
		memset(m->small, 0, t->n_fields * sizeof(*m->v));
}

static void members_release(struct members *m, const struct type *t)
{
	for (unsigned i = 0; i < t->n_fields; i++)
		if (m->v[i])
			json_object_put(m->v[i]);
	if (m->v != m->small)
		free(m->v);
}

static js *default_of(const struct type *t, const struct members *m, const struct field *f)
{
	if (f->more->when_field && !default_applies(f, m->v[schema_field_index(t, f->more->when_field)]))
		return NULL;
	const js *src = f->more->def	    ? f->more->def
			: f->more->def_from ? m->v[schema_field_index(t, f->more->def_from)]
					    : NULL;
	js *v = src ? js_dup(src) : NULL;
	if (v && f->type->index->defaults)
		default_fill(f->type, v);
	return v;
}

static void default_member(const struct type *t, js **v)
{
	for (unsigned i = 0; i < t->n_fields; i++)
		if (t->fields[i].member && v[i])
			return;
	v[schema_field_index(t, t->union_default)] = js_new_obj();
}

static js *join(struct conform *c, const struct type *t, struct members *m, const js *given, js *out);

/* The object that stands for an absent one. */
static js *made_object(struct conform *c, const struct type *t, const js *given)
{
	struct members m;
	members_init(&m, t);
	js *out = join(c, t, &m, given, json_object_new_object());
	members_release(&m, t);
	return out;
}

static js *absent_value(struct conform *c, const struct type *t, struct members *m, const struct field *f,
			const js *given)
{
	js *v = c->defaults && (f->more->def || f->more->def_from) ? default_of(t, m, f) : NULL;
	if (!v && given && (v = js_field(given, f->name)))
		v = js_dup(v);
	if (v || !f->keep_empty)
		return v;
	bool fill = c->defaults && f->type->form == TYPE_OBJECT &&
		    (f->type->index->defaults || f->more->def_members);
	return fill ? made_object(c, f->type, f->more->def_members) : schema_zero_value(f->type);
}

/*
 * Sorts the members into `out`, which is empty, and returns it; what Go would omit is put, what it would write is made. `given` are
 * defaults that the field which holds the object has for its members.
 */
static js *join(struct conform *c, const struct type *t, struct members *m, const js *given, js *out)
{
	if (c->defaults && t->union_default)
		default_member(t, m->v);
	for (unsigned i = 0; i < t->n_fields; i++) {
		const struct field *f = &t->fields[i];
		js *v = m->v[i];
		bool replaced = !f->keep_empty || (c->defaults && (f->more->def || f->more->def_from));
		bool null = v && type_is_time(f->type) && schema_value_is_zero(f->type, v);
		if (v && (null || (!f->pb_optional && (replaced || type_zero_is_null(f->type)) &&
				   schema_value_is_zero(f->type, v)))) {
			json_object_put(v);
			m->v[i] = v = NULL;
		}
		if (!v && (f->keep_empty || given || (c->defaults && (f->more->def || f->more->def_from))))
			v = m->v[i] = absent_value(c, t, m, f, given);
		if (v)
			schema_object_add(out, f->name, json_object_get(v));
		else if ((null && f->pb_optional) || (f->keep_empty && type_zero_is_null(f->type)))
			schema_object_add(out, f->name, NULL);
	}
	return out;
}

static js *conform_object(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	if (!js_is_obj(in))
		return mismatch(c, t, at, in, false);
	const struct type *outer = c->holder;
	const js *given = c->members;
	c->holder = t;
	c->members = NULL;
	struct members m;
	members_init(&m, t);
	js *out = NULL, *extra = NULL;
	json_object_object_foreach ((js *)in, key, item) {
		int i = schema_field_index(t, key);
		if (i < 0 && t->preserve_unknown) {
			if (!extra)
				extra = json_object_new_object();
			js_set(extra, key, c->take ? share(item) : js_dup(item));
			continue;
		}
		if (i < 0) {
			conform_unknown(c, at, key);
			continue;
		}
		struct at here = {.up = at, .name = t->fields[i].name};
		c->members = c->defaults ? t->fields[i].more->def_members : NULL;
		if (item && !(m.v[i] = conform_value(c, t->fields[i].type, &here, item)))
			goto done;
	}
	out = join(c, t, &m, given, object_to_fill(c, in));
	if (extra) {
		json_object_object_foreach (extra, name, kept)
			js_set(out, name, json_object_get(kept));
	}
done:
	json_object_put(extra);
	members_release(&m, t);
	c->holder = outer;
	return out;
}

/* encoding/json leaves what is below to the type itself, which is not strict. */
static js *conform_either(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	const struct field *f = schema_either(t, in);
	struct strict_errors *strict = c->strict;
	if (!f) {
		err_set(c->err, REASON_BAD_REQUEST, "%s", t->index->either);
		return NULL;
	}
	c->strict = NULL;
	js *v = conform_value(c, f->type, at, in);
	c->strict = strict;
	return v;
}

static js *(*const conformers[])(struct conform *c, const struct type *t, const struct at *at,
				 const js *in) = {
	[TYPE_STRING] = conform_string,
	[TYPE_INT32] = conform_int,
	[TYPE_INT64] = conform_int,
	[TYPE_BOOL] = conform_bool,
	[TYPE_DOUBLE] = conform_double,
	[TYPE_BYTES] = conform_bytes,
	[TYPE_TIME] = conform_time,
	[TYPE_MICRO_TIME] = conform_time,
	[TYPE_DURATION] = conform_string,
	[TYPE_QUANTITY] = conform_quantity,
	[TYPE_INT_OR_STRING] = conform_int_or_string,
	[TYPE_FIELDS_V1] = conform_raw,
	[TYPE_RAW] = conform_raw,
	[TYPE_OBJECT] = conform_object,
	[TYPE_MAP] = conform_map,
	[TYPE_LIST] = conform_list,
	[TYPE_EITHER] = conform_either,
};

js *conform_value(struct conform *c, const struct type *t, const struct at *at, const js *in)
{
	if (c->depth == JS_MAX_DEPTH) {
		err_set(c->err, REASON_BAD_REQUEST, "exceeded max depth");
		return NULL;
	}
	c->depth++;
	js *out = t->structural ? structural_conform(c, t, at, in) : conformers[t->form](c, t, at, in);
	c->depth--;
	return out;
}

static js *start(struct conform c, const struct type *type, const js *in)
{
	return in ? conform_value(&c, type, NULL, in) : mismatch(&c, type, NULL, in, false);
}

js *schema_conform(const struct type *type, const js *in, struct strict_errors *strict, struct err *err)
{
	return start((struct conform){.strict = strict, .err = err}, type, in);
}

js *schema_decode(const struct type *type, const js *in, struct strict_errors *strict, struct err *err)
{
	return start((struct conform){.strict = strict, .defaults = true, .err = err}, type, in);
}

js *schema_decode_merged(const struct type *type, const js *in, struct err *err)
{
	return start((struct conform){.defaults = true, .nulls = true, .err = err}, type, in);
}

static js *take(struct conform c, const struct type *type, js *in)
{
	c.defaults = c.take = true;
	js *out = start(c, type, in);
	json_object_put(in);
	return out;
}

js *schema_take(const struct type *type, js *in, struct strict_errors *strict, struct err *err)
{
	return take((struct conform){.strict = strict, .err = err}, type, in);
}

js *schema_restore(const struct type *type, js *in, struct strict_errors *strict, struct err *err)
{
	return take((struct conform){.strict = strict, .restore = true, .err = err}, type, in);
}
