/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers look at the type before they ask json-c for a value, since its getters convert, and some
 * conversions store their result in the tree. What is left of json-c here neither counts references nor
 * writes, so a frozen tree may be read by several threads.
 *
 * A double that was parsed carries its source text as json-c's userdata (json_object_new_double_s); nothing
 * else of ours sets userdata.
 */
#include "object/json.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void js_autoput(js **o)
{
	json_object_put(*o);
}

static inline js *writable(const js *o)
{
	return (js *)(uintptr_t)o; /* json-c's getters take no const; those used here do not write */
}

static inline js *must(js *o)
{
	if (!o)
		abort(); /* out of memory */
	return o;
}

/* ---- reading ---- */

/* Among so few members a key is found, or missed, by its first letter before json-c has computed its hash. */
#define FEW_MEMBERS 16

js *js_field(const js *o, const char *key)
{
	const struct lh_table *members = json_object_get_object(o);
	js *v;

	if (!members)
		return NULL;
	if (members->count > FEW_MEMBERS)
		return json_object_object_get_ex(o, key, &v) ? v : NULL;
	for (const struct lh_entry *e = members->head; e; e = e->next) {
		const char *k = e->k;
		if (*k == *key && !strcmp(k, key))
			return writable(e->v);
	}
	return NULL;
}

static js *walk(const js *o, va_list ap)
{
	for (const char *key; o && (key = va_arg(ap, const char *));)
		o = js_field(o, key);
	return writable(o);
}

#define WALK(o, last)                                                                                        \
	({                                                                                                   \
		va_list ap_;                                                                                 \
		va_start(ap_, last);                                                                         \
		js *walked_ = walk(o, ap_);                                                                  \
		va_end(ap_);                                                                                 \
		walked_;                                                                                     \
	})

js *js_get(const js *o, ...)
{
	return WALK(o, o);
}

const char *js_bytes(const js *o, size_t *ret_len)
{
	if (!js_is_str(o))
		return NULL;
	*ret_len = (size_t)json_object_get_string_len(o);
	return json_object_get_string(writable(o));
}

/* NULL unless v is a string that a C string can hold. */
static const char *text(const js *v)
{
	size_t n;
	const char *s = js_bytes(v, &n);

	return s && strlen(s) == n ? s : NULL;
}

const char *js_str(const js *o, ...)
{
	return text(WALK(o, o));
}

const char *js_str0(const js *o, ...)
{
	const char *s = text(WALK(o, o));

	return s ? s : "";
}

int64_t js_int(const js *o, int64_t dflt, ...)
{
	const js *v = WALK(o, dflt);

	return js_is_int(v) ? json_object_get_int64(v) : dflt;
}

bool js_bool(const js *o, int dflt, ...)
{
	const js *v = WALK(o, dflt);

	return js_is_bool(v) ? json_object_get_boolean(v) : dflt != 0;
}

js *js_obj(const js *o, ...)
{
	js *v = WALK(o, o);

	return js_is_obj(v) ? v : NULL;
}

js *js_arr(const js *o, ...)
{
	js *v = WALK(o, o);

	return js_is_arr(v) ? v : NULL;
}

size_t js_len(const js *o)
{
	switch (json_object_get_type(o)) {
	case json_type_array:
		return json_object_array_length(o);
	case json_type_object:
		return (size_t)json_object_object_length(o);
	default:
		return 0;
	}
}

js *js_at(const js *array, size_t i)
{
	return js_is_arr(array) ? json_object_array_get_idx(array, i) : NULL;
}

bool js_is_str(const js *o)
{
	return json_object_get_type(o) == json_type_string;
}

bool js_is_int(const js *o)
{
	return json_object_get_type(o) == json_type_int;
}

bool js_is_num(const js *o)
{
	return js_is_int(o) || json_object_get_type(o) == json_type_double;
}

bool js_is_bool(const js *o)
{
	return json_object_get_type(o) == json_type_boolean;
}

bool js_is_obj(const js *o)
{
	return json_object_get_type(o) == json_type_object;
}

bool js_is_arr(const js *o)
{
	return json_object_get_type(o) == json_type_array;
}

bool js_is_null(const js *o)
{
	return json_object_get_type(o) == json_type_null;
}

double js_num(const js *o)
{
	if (!js_is_num(o))
		return 0;
	return js_is_int(o) && json_object_get_int64(o) == INT64_MAX ? (double)json_object_get_uint64(o)
								     : json_object_get_double(o);
}

/* ---- iteration ---- */
struct js_iter js_iter(const js *o)
{
	return (struct js_iter){.entry = js_is_obj(o) ? json_object_get_object(o)->head : NULL};
}

bool js_next(struct js_iter *it)
{
	const struct lh_entry *e = it->entry;

	if (!e)
		return false;
	it->key = e->k;
	it->value = writable(e->v);
	it->shared = e->k_is_constant; /* json_key.c */
	it->entry = e->next;
	return true;
}

/* ---- comparing ---- */
static bool equal_numbers(const js *a, const js *b)
{
	if (!js_is_int(a) || !js_is_int(b))
		return js_num(a) == js_num(b);
	/* A value is beyond int64 when both views saturate differently. */
	return json_object_get_int64(a) == json_object_get_int64(b) &&
	       json_object_get_uint64(a) == json_object_get_uint64(b);
}

static bool equal_strings(const js *a, const js *b)
{
	size_t n = 0, m = 0;
	const char *s = js_bytes(a, &n), *t = js_bytes(b, &m);

	return n == m && !memcmp(s, t, n);
}

bool js_equal(const js *a, const js *b)
{
	if (a == b)
		return true;
	if (js_is_num(a) && js_is_num(b))
		return equal_numbers(a, b);
	enum json_type t = json_object_get_type(a);

	if (t != json_object_get_type(b))
		return false;
	size_t n = js_len(a);

	switch (t) {
	case json_type_string:
		return equal_strings(a, b);
	case json_type_boolean:
		return json_object_get_boolean(a) == json_object_get_boolean(b);
	case json_type_array:
		if (n != js_len(b))
			return false;
		for (size_t i = 0; i < n; i++)
			if (!js_equal(js_at(a, i), js_at(b, i)))
				return false;
		return true;
	case json_type_object:
		if (n != js_len(b))
			return false;
		for (struct js_iter it = js_iter(a); js_next(&it);) {
			js *other;

			if (!json_object_object_get_ex(b, it.key, &other) || !js_equal(it.value, other))
				return false;
		}
		return true;
	default:
		return true; /* null */
	}
}

/* ---- making ---- */
js *js_new_obj(void)
{
	return must(json_object_new_object());
}

js *js_new_arr(void)
{
	return must(json_object_new_array_ext(4)); /* json-c's own choice of 32 slots suits no list of ours */
}

js *js_new_str(const char *s)
{
	return js_new_strn(s, strlen(s));
}

js *js_new_strn(const char *s, size_t n)
{
	assert(n <= INT32_MAX);
	return must(json_object_new_string_len(s, (int)n));
}

js *js_new_int(int64_t v)
{
	return must(json_object_new_int64(v));
}

js *js_new_double(double v)
{
	return must(json_object_new_double(v));
}

js *js_new_bool(bool v)
{
	return must(json_object_new_boolean(v));
}

const char *js_word(const js *v)
{
	switch (json_object_get_type(v)) {
	case json_type_null:
		return "null";
	case json_type_boolean:
		return "bool";
	case json_type_int:
	case json_type_double:
		return "number";
	case json_type_string:
		return "string";
	case json_type_array:
		return "array";
	case json_type_object:
		return "object";
	}
	return "value";
}

static bool is_double(const js *o)
{
	return json_object_get_type(o) == json_type_double;
}

/* Below 2^53 every whole number is itself; beyond, digits are made up, and others by an integer than by a double. */
static js *plain_number(js *o)
{
	double d = json_object_get_double(o);

	json_object_put(o);
	return d == floor(d) && fabs(d) < 0x1p53 ? js_new_int((int64_t)d) : js_new_double(d);
}

js *js_plain(js *o)
{
	if (is_double(o))
		return plain_number(o);
	for (struct js_iter it = js_iter(o); js_next(&it);)
		if (is_double(it.value))
			js_set(o, it.key, plain_number(json_object_get(it.value)));
		else
			js_plain(it.value);
	js_array_for_each (item, o)
		if (is_double(item))
			json_object_array_put_idx(o, item_i, plain_number(json_object_get(item)));
		else
			js_plain(item);
	return o;
}

static js *dup_number(const js *o)
{
	if (js_is_int(o)) {
		int64_t v = json_object_get_int64(o);
		uint64_t u = v == INT64_MAX ? json_object_get_uint64(o) : 0;

		return must(u > INT64_MAX ? json_object_new_uint64(u) : json_object_new_int64(v));
	}
	const char *literal = json_object_get_userdata(writable(o));
	double d = json_object_get_double(o);

	return must(literal ? json_object_new_double_s(d, literal) : json_object_new_double(d));
}

js *js_dup(const js *o)
{
	js *copy;
	size_t n = js_len(o);
	const char *s;

	switch (json_object_get_type(o)) {
	case json_type_null:
		return NULL;
	case json_type_boolean:
		return js_new_bool(json_object_get_boolean(o));
	case json_type_int:
	case json_type_double:
		return dup_number(o);
	case json_type_string:
		s = js_bytes(o, &n);
		return js_new_strn(s, n);
	case json_type_array:
		copy = must(json_object_new_array_ext(n ? (int)n : 1));
		for (size_t i = 0; i < n; i++)
			js_push(copy, js_dup(js_at(o, i)));
		return copy;
	case json_type_object:
		copy = js_new_obj();
		for (struct js_iter it = js_iter(o); js_next(&it);)
			if (json_object_object_add_ex(
				    copy, it.key, js_dup(it.value),
				    JSON_C_OBJECT_ADD_KEY_IS_NEW |
					    (it.shared ? JSON_C_OBJECT_ADD_CONSTANT_KEY : 0)))
				abort();
		return copy;
	}
	return NULL;
}

/* ---- changing ---- */
void js_set(js *o, const char *key, js *v)
{
	assert(js_is_obj(o));
	if (json_object_object_add(o, key, v))
		abort();
}

void js_set_str(js *o, const char *key, const char *v)
{
	if (v)
		js_set(o, key, js_new_str(v));
}

void js_set_int(js *o, const char *key, int64_t v)
{
	js_set(o, key, js_new_int(v));
}

void js_set_bool(js *o, const char *key, bool v)
{
	js_set(o, key, js_new_bool(v));
}

js *js_take(js *o, const char *key)
{
	js *v = json_object_get(js_field(o, key));

	js_del(o, key);
	return v;
}

void js_del(js *o, const char *key)
{
	if (js_is_obj(o))
		json_object_object_del(o, key);
}

void js_push(js *arr, js *v)
{
	assert(js_is_arr(arr));
	if (json_object_array_add(arr, v))
		abort();
}

void js_del_at(js *arr, size_t i)
{
	if (i < js_len(arr) && js_is_arr(arr))
		json_object_array_del_idx(arr, i, 1);
}

static js *ensure(js *o, const char *key, bool array)
{
	js *v = js_field(o, key);

	if (array ? js_is_arr(v) : js_is_obj(v))
		return v;
	v = array ? js_new_arr() : js_new_obj();
	js_set(o, key, v);
	return v;
}

js *js_ensure(js *o, ...)
{
	va_list ap;

	va_start(ap, o);
	for (const char *key; (key = va_arg(ap, const char *));)
		o = ensure(o, key, false);
	va_end(ap);
	return o;
}

js *js_ensure_arr(js *o, const char *key)
{
	return ensure(o, key, true);
}
