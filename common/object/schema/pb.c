/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading protobuf by the schema.
 *
 * A message is decoded into a plain tree in which everything stands as JSON would have it (bytes in base64,
 * times as text), and schema_conform then gives it the normal form, so both encodings of one object end as
 * the same tree. Messages that Go embeds (pb_in) are decoded into their parent. As in protobuf, later
 * occurrences of a single field win, and messages that occur twice are merged.
 *
 * Two bytes of input can make a new object, which costs half a KB, or a string of a hundred bytes, so values
 * are counted as they are in JSON (JS_MAX_NODES), messages as MESSAGE_COST of them. pb_encode.c is the other
 * direction.
 */
#include "object/pb.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "base/base64.h"
#include "base/clock.h"
#include "object/pb_wire.h"
#include "object/rfc3339.h"
#include "object/schema/schema_internal.h"

#define MESSAGE_COST 10

struct pb_reader {
	const uint8_t *p, *end;
	struct decoder *d;
};
struct decoder {
	size_t cost;
	int depth;
	struct err *err;
};

static int message(struct pb_reader *r, const struct type *t, int in, js *o);

static int broken(struct pb_reader *r, const char *what)
{
	return err_set(r->d->err, REASON_BAD_REQUEST, "proto: %s", what);
}

static int count(struct pb_reader *r, size_t cost)
{
	if ((r->d->cost += cost) > JS_MAX_NODES)
		return broken(r, "too many values");
	return 0;
}

/* ---- the wire ---- */
static int read_varint(struct pb_reader *r, uint64_t *ret)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (r->p == r->end)
			return broken(r, "unexpected EOF");
		uint8_t b = *r->p++;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*ret = v;
			return 0;
		}
	}
	return broken(r, "integer overflow");
}

static int read_bytes(struct pb_reader *r, const char **p, size_t *n)
{
	uint64_t len = 0;
	if (read_varint(r, &len) < 0)
		return -1;
	if (len > (uint64_t)(r->end - r->p))
		return broken(r, "unexpected EOF");
	*p = (const char *)r->p;
	*n = (size_t)len;
	r->p += len;
	return 0;
}

static int read_fixed(struct pb_reader *r, void *ret, size_t n)
{
	if ((size_t)(r->end - r->p) < n)
		return broken(r, "unexpected EOF");
	memcpy(ret, r->p, n);
	r->p += n;
	return 0;
}

static int read_tag(struct pb_reader *r, int *number, int *wire)
{
	uint64_t tag;
	if (read_varint(r, &tag) < 0)
		return -1;
	if (tag >> 3 == 0 || tag >> 3 > 536870911)
		return broken(r, "illegal tag");
	*number = (int)(tag >> 3);
	*wire = (int)(tag & 7);
	return 0;
}

static int skip(struct pb_reader *r, int wire)
{
	uint64_t v = 0;
	const char *p = NULL;
	size_t n = 0;
	switch (wire) {
	case PB_VARINT:
		return read_varint(r, &v);
	case PB_FIXED64:
		return read_fixed(r, &v, 8);
	case PB_BYTES:
		return read_bytes(r, &p, &n);
	case PB_FIXED32:
		return read_fixed(r, &v, 4);
	}
	return broken(r, "illegal wireType"); /* groups are not used by any Kubernetes message */
}

/* A length-delimited part as a reader of its own. */
static int sub_reader(struct pb_reader *r, struct pb_reader *ret)
{
	const char *p = NULL;
	size_t n = 0;
	if (read_bytes(r, &p, &n) < 0)
		return -1;
	*ret = (struct pb_reader){(const uint8_t *)p, (const uint8_t *)p + n, r->d};
	return 0;
}

/* ---- text ---- */
static js *read_text(struct pb_reader *r)
{
	const char *p = NULL;
	size_t n = 0;
	if (read_bytes(r, &p, &n) < 0)
		return NULL;
	if (buf_utf8_valid(p, n) != n) {
		broken(r, "a string holds invalid UTF-8");
		return NULL;
	}
	return js_new_strn(p, n);
}

/* ---- values ---- */
static js *value(struct pb_reader *r, const struct type *t, int wire, js *old);

static js *value_text(struct pb_reader *r, const struct type *t, js *old)
{
	return read_text(r);
}

static js *value_bytes(struct pb_reader *r, const struct type *t, js *old)
{
	const char *p = NULL;
	size_t n = 0;
	if (read_bytes(r, &p, &n) < 0)
		return NULL;
	autobuf struct buf b = BUF_INIT;
	base64_encode(&b, p, n);
	return js_new_strn(buf_str(&b), b.len);
}

static js *value_int(struct pb_reader *r, const struct type *t, js *old)
{
	uint64_t v = 0;
	if (read_varint(r, &v) < 0)
		return NULL;
	if (t->form == TYPE_BOOL)
		return js_new_bool(v != 0);
	return js_new_int(t->form == TYPE_INT32 ? (int32_t)(uint32_t)v : (int64_t)v);
}

static js *value_double(struct pb_reader *r, const struct type *t, js *old)
{
	double v;
	if (read_fixed(r, &v, sizeof(v)) < 0)
		return NULL;
	if (!isfinite(v)) {
		broken(r, "a number that JSON cannot express");
		return NULL;
	}
	return json_object_new_double(v);
}

/* {1: seconds, 2: nanos}; nothing at all is the zero time. */
static js *value_time(struct pb_reader *r, const struct type *t, js *old)
{
	struct pb_reader m;
	if (sub_reader(r, &m) < 0)
		return NULL;
	bool micro = t->form == TYPE_MICRO_TIME, none = m.p == m.end;
	uint64_t part[2] = {0};
	while (m.p < m.end) {
		int number = 0, wire = 0;
		if (read_tag(&m, &number, &wire) < 0)
			return NULL;
		bool known = (number == 1 || number == 2) && wire == PB_VARINT;
		if (known ? read_varint(&m, &part[number - 1]) < 0 : skip(&m, wire) < 0)
			return NULL;
	}
	struct rfc3339_time time = {(int64_t)part[0], micro ? (int32_t)(uint32_t)part[1] : 0};
	if (none)
		time.s = RFC3339_ZERO_S;
	if (!rfc3339_writable(&time)) {
		broken(r, "a time out of range");
		return NULL;
	}
	char text[RFC3339_MAX];
	rfc3339_write(&time, micro ? 6 : 0, text);
	return js_new_str(text); /* the zero time becomes null when the tree is conformed */
}

/* Messages of one text: Quantity {1: string}, RawExtension and FieldsV1 {1: JSON}. */
static js *value_wrapped(struct pb_reader *r, const struct type *t, js *old)
{
	struct pb_reader m;
	if (sub_reader(r, &m) < 0)
		return NULL;
	const char *p = "";
	size_t n = 0;
	while (m.p < m.end) {
		int number = 0, wire = 0;
		if (read_tag(&m, &number, &wire) < 0)
			return NULL;
		bool known = number == 1 && wire == PB_BYTES;
		if (known ? read_bytes(&m, &p, &n) < 0 : skip(&m, wire) < 0)
			return NULL;
	}
	if (t->form != TYPE_QUANTITY)
		return n ? js_parse(p, n, NULL, r->d->err) : js_new_obj();
	if (buf_utf8_valid(p, n) != n) {
		broken(r, "a string holds invalid UTF-8");
		return NULL;
	}
	return n ? js_new_strn(p, n) : js_new_str("0");
}

/* {1: nanoseconds}, in the words of Go for whole seconds and more; finer ones keep their fraction. */
static js *value_duration(struct pb_reader *r, const struct type *t, js *old)
{
	struct pb_reader m;
	uint64_t part = 0;
	autobuf struct buf text = BUF_INIT;
	if (sub_reader(r, &m) < 0)
		return NULL;
	while (m.p < m.end) {
		int number = 0, wire = 0;
		if (read_tag(&m, &number, &wire) < 0)
			return NULL;
		bool known = number == 1 && wire == PB_VARINT;
		if (known ? read_varint(&m, &part) < 0 : skip(&m, wire) < 0)
			return NULL;
	}
	uint64_t ns = (int64_t)part < 0 ? -part : part, s = ns / NS_PER_S;
	if ((int64_t)part < 0)
		buf_addc(&text, '-');
	if (s >= 3600)
		buf_addf(&text, "%" PRIu64 "h", s / 3600);
	if (s >= 60)
		buf_addf(&text, "%" PRIu64 "m", s / 60 % 60);
	buf_addf(&text, "%" PRIu64, s % 60);
	if (ns % NS_PER_S) {
		buf_addf(&text, ".%09" PRIu64, ns % NS_PER_S);
		while (text.p[text.len - 1] == '0')
			buf_truncate(&text, text.len - 1);
	}
	buf_addc(&text, 's');
	return js_new_str(buf_str(&text));
}

/* {1: 0 = int, 1 = string; 2: int; 3: string} */
static js *value_int_or_string(struct pb_reader *r, const struct type *t, js *old)
{
	struct pb_reader m;
	if (sub_reader(r, &m) < 0)
		return NULL;
	uint64_t number_of[2] = {0};
	autojson js *text = NULL;
	while (m.p < m.end) {
		int number = 0, wire = 0;
		if (read_tag(&m, &number, &wire) < 0)
			return NULL;
		if ((number == 1 || number == 2) && wire == PB_VARINT) {
			if (read_varint(&m, &number_of[number - 1]) < 0)
				return NULL;
		} else if (number == 3 && wire == PB_BYTES) {
			json_object_put(text);
			if (!(text = read_text(&m)))
				return NULL;
		} else if (skip(&m, wire) < 0) {
			return NULL;
		}
	}
	if (number_of[0] == 0)
		return js_new_int((int32_t)(uint32_t)number_of[1]);
	return text ? STEAL(text) : js_new_str("");
}

static js *value_object(struct pb_reader *r, const struct type *t, js *old)
{
	struct pb_reader m;
	if (sub_reader(r, &m) < 0)
		return NULL;
	autojson js *o = old ? json_object_get(old) : js_new_obj();
	return message(&m, t, 0, o) < 0 ? NULL : STEAL(o);
}

/* The first of the fields that says something; none: false, where a boolean is one of them. */
static js *value_either(struct pb_reader *r, const struct type *t, js *old)
{
	autojson js *o = value_object(r, t, NULL);
	for (unsigned i = 0; o && i < t->n_fields; i++) {
		js *v = js_field(o, t->fields[i].name);
		if (v && (t->fields[i].type->form != TYPE_LIST || js_len(v)))
			return json_object_get(v);
	}
	return !o						    ? NULL
	       : t->fields[t->n_fields - 1].type->form == TYPE_BOOL ? js_new_bool(false)
								    : js_new_obj();
}

/* One entry {1: key, 2: value} of a map. */
static int map_entry(struct pb_reader *r, const struct type *t, js *map)
{
	struct pb_reader m;
	if (sub_reader(r, &m) < 0)
		return -1;
	autojson js *key = NULL, *v = NULL;
	while (m.p < m.end) {
		int number = 0, wire = 0;
		if (read_tag(&m, &number, &wire) < 0)
			return -1;
		js **into = number == 1 && wire == PB_BYTES ? &key : number == 2 ? &v : NULL;
		if (!into) {
			if (skip(&m, wire) < 0)
				return -1;
			continue;
		}
		if (count(r, 1) < 0) /* the key, or a value that replaces one */
			return -1;
		js *got = number == 1 ? read_text(&m) : value(&m, t->elem, wire, NULL);
		if (!got)
			return -1;
		json_object_put(*into);
		*into = got;
	}
	const char *name = key ? json_object_get_string(key) : "";
	if (key && strlen(name) != (size_t)json_object_get_string_len(key))
		return broken(r, "a map key holds a NUL");
	js_set(map, name, v ? STEAL(v) : schema_zero_value(t->elem));
	return 0;
}

/* A list or map inside a list or map is wrapped into a message of its own: {1: repeated}. */
static js *value_nested(struct pb_reader *r, const struct type *t, js *old)
{
	struct field f = {.name = "items", .type = t, .pb = 1, .more = &schema_nothing_more};
	uint16_t order = 0;
	struct type_index ix = {.by_pb = &order, .n_by_pb = 1};
	struct type wrapper = {.form = TYPE_OBJECT, .fields = &f, .n_fields = 1, .index = &ix};
	autojson js *o = value_object(r, &wrapper, NULL);
	js *items = o ? js_field(o, "items") : NULL;
	if (!o)
		return NULL;
	return items ? json_object_get(items) : t->form == TYPE_LIST ? js_new_arr() : js_new_obj();
}

static const struct {
	int wire;
	js *(*read)(struct pb_reader *r, const struct type *t, js *old);
} readers[] = {
	[TYPE_STRING] = {PB_BYTES, value_text},
	[TYPE_INT32] = {PB_VARINT, value_int},
	[TYPE_INT64] = {PB_VARINT, value_int},
	[TYPE_BOOL] = {PB_VARINT, value_int},
	[TYPE_DOUBLE] = {PB_FIXED64, value_double},
	[TYPE_BYTES] = {PB_BYTES, value_bytes},
	[TYPE_TIME] = {PB_BYTES, value_time},
	[TYPE_MICRO_TIME] = {PB_BYTES, value_time},
	[TYPE_DURATION] = {PB_BYTES, value_duration},
	[TYPE_QUANTITY] = {PB_BYTES, value_wrapped},
	[TYPE_INT_OR_STRING] = {PB_BYTES, value_int_or_string},
	[TYPE_FIELDS_V1] = {PB_BYTES, value_wrapped},
	[TYPE_RAW] = {PB_BYTES, value_wrapped},
	[TYPE_OBJECT] = {PB_BYTES, value_object},
	[TYPE_MAP] = {PB_BYTES, value_nested},
	[TYPE_LIST] = {PB_BYTES, value_nested},
	[TYPE_EITHER] = {PB_BYTES, value_either},
};

/* The value of one occurrence; old is what the field held before. */
static js *value(struct pb_reader *r, const struct type *t, int wire, js *old)
{
	if (wire != readers[t->form].wire) {
		broken(r, "wrong wireType");
		return NULL;
	}
	if (count(r, 1) < 0)
		return NULL;
	return readers[t->form].read(r, t, old);
}

/* ---- messages ---- */
static int repeated(struct pb_reader *r, const struct type *t, int wire, js *list)
{
	int want = readers[t->elem->form].wire;
	if (wire == PB_BYTES && want != PB_BYTES) { /* packed */
		struct pb_reader m;
		if (sub_reader(r, &m) < 0)
			return -1;
		while (m.p < m.end) {
			js *v = value(&m, t->elem, want, NULL);
			if (!v)
				return -1;
			js_push(list, v);
		}
		return 0;
	}
	js *v = value(r, t->elem, wire, NULL);
	if (!v)
		return -1;
	js_push(list, v);
	return 0;
}

static int field(struct pb_reader *r, const struct field *f, int wire, js *o)
{
	js *old = js_field(o, f->name);
	if (!f->pb_wrapped && (f->type->form == TYPE_LIST || f->type->form == TYPE_MAP)) {
		if (!old) {
			old = f->type->form == TYPE_LIST ? js_new_arr() : js_new_obj();
			js_set(o, f->name, old);
		}
		if (f->type->form == TYPE_LIST)
			return repeated(r, f->type, wire, old);
		return wire == PB_BYTES ? map_entry(r, f->type, old) : broken(r, "wrong wireType");
	}
	js *v = value(r, f->type, wire, old);
	if (!v)
		return -1;
	if (v == old) {
		json_object_put(v); /* merged in place; value_object returned another reference */
	} else {
		js_set(o, f->name, v);
	}
	return 0;
}

/* The first field with (pb_in, pb) not below the one asked for. */
static const struct field *find(const struct type *t, int in, int number)
{
	const struct type_index *ix = t->index;
	unsigned lo = 0, hi = ix->n_by_pb;
	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		const struct field *f = &t->fields[ix->by_pb[mid]];
		if (f->pb_in < in || (f->pb_in == in && f->pb < number))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < ix->n_by_pb ? &t->fields[ix->by_pb[lo]] : NULL;
}

static int message(struct pb_reader *r, const struct type *t, int in, js *o)
{
	struct decoder *d = r->d;
	if (count(r, MESSAGE_COST) < 0)
		return -1;
	if (++d->depth > JS_MAX_DEPTH)
		return broken(r, "exceeded max depth");
	while (r->p < r->end) {
		int number = 0, wire = 0;
		if (read_tag(r, &number, &wire) < 0)
			return -1;
		const struct field *f = find(t, in, number);
		bool known = f && f->pb_in == in && f->pb == number;
		const struct field *inner =
			known || number >= SCHEMA_PB_IN ? NULL : find(t, pb_place(in, number), 0);
		struct pb_reader m;
		int failed = 0;
		if (known)
			failed = field(r, f, wire, o);
		else if (inner && pb_embedded(inner, in) == number && wire == PB_BYTES)
			failed = sub_reader(r, &m) < 0 || message(&m, t, pb_place(in, number), o) < 0;
		else
			failed = skip(r, wire);
		if (failed)
			return -1;
	}
	d->depth--;
	return 0;
}

js *pb_decode(const struct type *type, const char *p, size_t n, struct err *err)
{
	struct decoder d = {.err = err};
	struct pb_reader r = {(const uint8_t *)p, (const uint8_t *)p + n, &d};
	autojson js *o = js_new_obj();
	if (message(&r, type, 0, o) < 0)
		return NULL;
	return schema_conform(type, o, NULL, err);
}

/* ---- envelope ---- */
static int copy_text(struct pb_reader *r, char *ret, size_t room)
{
	const char *p = NULL;
	size_t n = 0;
	if (read_bytes(r, &p, &n) < 0)
		return -1;
	if (n >= room || memchr(p, '\0', n) || buf_utf8_valid(p, n) != n)
		return broken(r, "bad apiVersion or kind");
	memcpy(ret, p, n);
	ret[n] = '\0';
	return 0;
}

static int type_meta(struct pb_reader *r, struct pb_envelope *e)
{
	struct pb_reader m;
	if (sub_reader(r, &m) < 0)
		return -1;
	while (m.p < m.end) {
		int number = 0, wire = 0;
		if (read_tag(&m, &number, &wire) < 0)
			return -1;
		int failed = 0;
		if (number == 1 && wire == PB_BYTES)
			failed = copy_text(&m, e->api_version, sizeof(e->api_version));
		else if (number == 2 && wire == PB_BYTES)
			failed = copy_text(&m, e->kind, sizeof(e->kind));
		else
			failed = skip(&m, wire);
		if (failed)
			return -1;
	}
	return 0;
}

int pb_open(const char *p, size_t n, struct pb_envelope *ret, struct err *err)
{
	if (n < 4 || memcmp(p, PB_MAGIC, 4) != 0)
		return err_set(
			err, REASON_BAD_REQUEST,
			"provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
	struct decoder d = {.err = err};
	struct pb_reader r = {(const uint8_t *)p + 4, (const uint8_t *)p + n, &d};
	struct pb_envelope e = {.raw = ""};
	while (r.p < r.end) {
		int number = 0, wire = 0, failed;
		if (read_tag(&r, &number, &wire) < 0)
			return -1;
		if (number == 1 && wire == PB_BYTES)
			failed = type_meta(&r, &e);
		else if (number == 2 && wire == PB_BYTES)
			failed = read_bytes(&r, &e.raw, &e.raw_len);
		else
			failed = skip(&r, wire);
		if (failed)
			return -1;
	}
	*ret = e;
	return 0;
}
