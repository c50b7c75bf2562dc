/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing protobuf by the schema. A length stands before its message, so a message is written first and its
 * length is moved in before it: objects are small and shallow, which makes that cheaper than measuring first.
 * Fields go out by number; zero values are written as far as the tree holds them.
 */
#include <math.h>
#include <string.h>
#include "base/base64.h"
#include "base/flags.h"
#include "object/pb.h"
#include "object/pb_wire.h"
#include "object/rfc3339.h"
#include "object/schema/schema_internal.h"

struct writer {
	struct buf *out;
	int depth;
	struct err *err;
};

static int value(struct writer *w, int number, const struct type *t, const js *v);
static int message(struct writer *w, const struct type *t, int in, const js *o);

static void put_varint(struct buf *b, uint64_t v)
{
	while (v >= 0x80) {
		buf_addc(b, (char)(v | 0x80));
		v >>= 7;
	}
	buf_addc(b, (char)v);
}

static void put_tag(struct buf *b, int number, int wire)
{
	put_varint(b, (uint64_t)number << 3 | (unsigned)wire);
}

static void put_bytes(struct buf *b, int number, const void *p, size_t n)
{
	put_tag(b, number, PB_BYTES);
	put_varint(b, n);
	buf_add(b, p, n);
}

/* Turns everything behind `start` into a length-delimited part. */
static void close_part(struct buf *b, size_t start)
{
	size_t n = b->len - start;
	char length[10];
	size_t len = 0;
	for (size_t v = n; len == 0 || v; v >>= 7)
		length[len++] = (char)((v & 0x7f) | (v >= 0x80 ? 0x80 : 0));
	buf_add(b, length, len); /* makes room */
	memmove(b->p + start + len, b->p + start, n);
	memcpy(b->p + start, length, len);
}

static int wrong(struct writer *w, const struct type *t)
{
	return err_set(w->err, REASON_INTERNAL, "proto: the value is no %s", t->go);
}

/* ---- values ---- */
static int put_text(struct writer *w, int number, const struct type *t, const js *v)
{
	if (!js_is_str(v))
		return wrong(w, t);
	put_bytes(w->out, number, json_object_get_string((js *)v), (size_t)json_object_get_string_len(v));
	return 0;
}

static int put_int(struct writer *w, int number, const struct type *t, const js *v)
{
	if (t->form == TYPE_BOOL ? !js_is_bool(v) : !js_is_int(v))
		return wrong(w, t);
	put_tag(w->out, number, PB_VARINT);
	put_varint(w->out, t->form == TYPE_BOOL ? (uint64_t)json_object_get_boolean(v)
						: (uint64_t)json_object_get_int64(v));
	return 0;
}

static int put_double(struct writer *w, int number, const struct type *t, const js *v)
{
	if (!js_is_num(v))
		return wrong(w, t);
	double d = json_object_get_double(v);
	put_tag(w->out, number, PB_FIXED64);
	buf_add(w->out, &d, sizeof(d));
	return 0;
}

/* {1: nanoseconds} */
static int put_duration(struct writer *w, int number, const struct type *t, const js *v)
{
	int64_t ns;
	if (!js_is_str(v))
		return wrong(w, t);
	if (flags_duration(json_object_get_string((js *)v), &ns, w->err) < 0)
		return -1;
	put_tag(w->out, number, PB_BYTES);
	size_t start = w->out->len;
	put_tag(w->out, 1, PB_VARINT);
	put_varint(w->out, (uint64_t)ns);
	close_part(w->out, start);
	return 0;
}

static int put_base64(struct writer *w, int number, const struct type *t, const js *v)
{
	if (!js_is_str(v))
		return wrong(w, t);
	autobuf struct buf b = BUF_INIT;
	if (base64_decode(&b, json_object_get_string((js *)v), (size_t)json_object_get_string_len(v),
			  w->err) < 0)
		return -1;
	put_bytes(w->out, number, buf_str(&b), b.len);
	return 0;
}

static int put_time(struct writer *w, int number, const struct type *t, const js *v)
{
	struct rfc3339_time time;
	bool micro = t->form == TYPE_MICRO_TIME;
	if (!js_is_str(v))
		return wrong(w, t);
	if (rfc3339_read(json_object_get_string((js *)v), micro, &time, w->err) < 0)
		return -1;
	put_tag(w->out, number, PB_BYTES);
	size_t start = w->out->len;
	put_tag(w->out, 1, PB_VARINT);
	put_varint(w->out, (uint64_t)time.s);
	put_tag(w->out, 2, PB_VARINT);
	put_varint(w->out, (uint64_t)(micro ? time.ns : 0));
	close_part(w->out, start);
	return 0;
}

static int put_quantity(struct writer *w, int number, const struct type *t, const js *v)
{
	put_tag(w->out, number, PB_BYTES);
	size_t start = w->out->len;
	if (put_text(w, 1, t, v) < 0)
		return -1;
	close_part(w->out, start);
	return 0;
}

static int put_raw(struct writer *w, int number, const struct type *t, const js *v)
{
	autobuf struct buf b = BUF_INIT;
	js_write(&b, v);
	put_tag(w->out, number, PB_BYTES);
	size_t start = w->out->len;
	put_bytes(w->out, 1, buf_str(&b), b.len);
	close_part(w->out, start);
	return 0;
}

static int put_int_or_string(struct writer *w, int number, const struct type *t, const js *v)
{
	bool text = js_is_str(v);
	if (!text && !js_is_int(v))
		return wrong(w, t);
	put_tag(w->out, number, PB_BYTES);
	size_t start = w->out->len;
	put_tag(w->out, 1, PB_VARINT);
	put_varint(w->out, text);
	put_tag(w->out, 2, PB_VARINT);
	put_varint(w->out, text ? 0 : (uint64_t)json_object_get_int64(v));
	put_bytes(w->out, 3, text ? json_object_get_string((js *)v) : "",
		  text ? (size_t)json_object_get_string_len(v) : 0);
	close_part(w->out, start);
	return 0;
}

static int put_object(struct writer *w, int number, const struct type *t, const js *v)
{
	put_tag(w->out, number, PB_BYTES);
	size_t start = w->out->len;
	if (message(w, t, 0, v) < 0)
		return -1;
	close_part(w->out, start);
	return 0;
}

static int put_repeated(struct writer *w, int number, const struct type *t, const js *v)
{
	if (t->form == TYPE_LIST) {
		if (!js_is_arr(v))
			return wrong(w, t);
		js_array_for_each (item, v)
			if (value(w, number, t->elem, item) < 0)
				return -1;
		return 0;
	}
	if (!js_is_obj(v))
		return wrong(w, t);
	json_object_object_foreach ((js *)v, key, item) {
		put_tag(w->out, number, PB_BYTES);
		size_t start = w->out->len;
		put_bytes(w->out, 1, key, strlen(key));
		if (value(w, 2, t->elem, item) < 0)
			return -1;
		close_part(w->out, start);
	}
	return 0;
}

static int put_nested(struct writer *w, int number, const struct type *t, const js *v)
{
	put_tag(w->out, number, PB_BYTES);
	size_t start = w->out->len;
	if (put_repeated(w, 1, t, v) < 0)
		return -1;
	close_part(w->out, start);
	return 0;
}

/* Beside another field, the boolean says that there is something. */
static int put_either(struct writer *w, int number, const struct type *t, const js *v)
{
	const struct field *f = schema_either(t, v), *last = &t->fields[t->n_fields - 1];
	if (!f)
		return wrong(w, t);
	put_tag(w->out, number, PB_BYTES);
	size_t start = w->out->len;
	if (f != last && last->type->form == TYPE_BOOL) {
		put_tag(w->out, last->pb, PB_VARINT);
		put_varint(w->out, 1);
	}
	bool many = f->type->form == TYPE_LIST;
	if ((many ? put_repeated(w, f->pb, f->type, v) : value(w, f->pb, f->type, v)) < 0)
		return -1;
	close_part(w->out, start);
	return 0;
}

static int (*const putters[])(struct writer *w, int number, const struct type *t, const js *v) = {
	[TYPE_STRING] = put_text,
	[TYPE_INT32] = put_int,
	[TYPE_INT64] = put_int,
	[TYPE_BOOL] = put_int,
	[TYPE_DOUBLE] = put_double,
	[TYPE_BYTES] = put_base64,
	[TYPE_TIME] = put_time,
	[TYPE_MICRO_TIME] = put_time,
	[TYPE_DURATION] = put_duration,
	[TYPE_QUANTITY] = put_quantity,
	[TYPE_INT_OR_STRING] = put_int_or_string,
	[TYPE_FIELDS_V1] = put_raw,
	[TYPE_RAW] = put_raw,
	[TYPE_OBJECT] = put_object,
	[TYPE_MAP] = put_nested,
	[TYPE_LIST] = put_nested,
	[TYPE_EITHER] = put_either,
};

static int value(struct writer *w, int number, const struct type *t, const js *v)
{
	if (!v)
		return 0;
	return putters[t->form](w, number, t, v);
}

static bool is_time(const struct type *t)
{
	return t->form == TYPE_TIME || t->form == TYPE_MICRO_TIME;
}

static int put_field(struct writer *w, const struct field *f, const js *o)
{
	const js *v = js_field(o, f->name);
	if (!v) {
		if (is_time(f->type) &&
		    json_object_object_get_ex((js *)o, f->name,
					      NULL)) /* a null: the zero time, a message of no byte */
			put_bytes(w->out, f->pb, "", 0);
		return 0;
	}
	bool many = !f->pb_wrapped && (f->type->form == TYPE_LIST || f->type->form == TYPE_MAP);
	return many ? put_repeated(w, f->pb, f->type, v) : value(w, f->pb, f->type, v);
}

static int put_embedded(struct writer *w, const struct type *t, int in, int number, const js *o)
{
	put_tag(w->out, number, PB_BYTES);
	size_t start = w->out->len;
	if (message(w, t, pb_place(in, number), o) < 0)
		return -1;
	close_part(w->out, start);
	return 0;
}

/*
 * The fields that live in embedded message `in` (see pb_in), by number. by_pb lists the
 * message's own fields first and then those of each embedded one; the second cursor stops at the first field
 * of each of these.
 */
static int message(struct writer *w, const struct type *t, int in, const js *o)
{
	const struct type_index *ix = t->index;
	const struct field *fields = t->fields;
	if (!js_is_obj(o))
		return wrong(w, t);
	if (++w->depth > JS_MAX_DEPTH)
		return err_set(w->err, REASON_BAD_REQUEST, "proto: exceeded max depth");
	unsigned i = 0, n = ix->n_by_pb;
	while (i < n && fields[ix->by_pb[i]].pb_in < in)
		i++;
	unsigned own_end = i;
	while (own_end < n && fields[ix->by_pb[own_end]].pb_in == in)
		own_end++;
	unsigned inner = own_end;
	while (i < own_end || (inner < n && pb_embedded(&fields[ix->by_pb[inner]], in))) {
		const struct field *own = i < own_end ? &fields[ix->by_pb[i]] : NULL;
		int embedded = inner < n ? pb_embedded(&fields[ix->by_pb[inner]], in) : 0;
		int r;
		if (own && (!embedded || own->pb < embedded)) {
			r = put_field(w, own, o);
			i++;
		} else {
			r = put_embedded(w, t, in, embedded, o);
			while (inner < n && pb_embedded(&fields[ix->by_pb[inner]], in) == embedded)
				inner++;
		}
		if (r < 0)
			return -1;
	}
	w->depth--;
	return 0;
}

/* The envelope up to the message. */
static void open_envelope(struct buf *out, const char *api_version, const char *kind)
{
	buf_add(out, PB_MAGIC, 4);
	put_tag(out, 1, PB_BYTES);
	size_t start = out->len;
	put_bytes(out, 1, api_version, strlen(api_version));
	put_bytes(out, 2, kind, strlen(kind));
	close_part(out, start);
}

static void close_envelope(struct buf *out)
{
	put_bytes(out, 3, "", 0);
	put_bytes(out, 4, "", 0);
}

int pb_encode(struct buf *out, const struct type *type, const char *api_version, const char *kind,
	      const js *o, struct err *err)
{
	struct writer w = {.out = out, .err = err};
	size_t begin = out->len;
	open_envelope(out, api_version, kind);
	put_tag(out, 2, PB_BYTES);
	size_t start = out->len;
	if (message(&w, type, 0, o) < 0) {
		buf_truncate(out, begin);
		return -1;
	}
	close_part(out, start);
	close_envelope(out);
	return 0;
}

void pb_add_part(struct buf *out, int number, const void *p, size_t n)
{
	put_bytes(out, number, p, n);
}

void pb_add_head(struct buf *out, int number, size_t n)
{
	put_tag(out, number, PB_BYTES);
	put_varint(out, n);
}

size_t pb_part_size(size_t n)
{
	size_t length = 1;
	for (size_t v = n; v >= 0x80; v >>= 7)
		length++;
	return 1 + length + n;
}

void pb_seal(struct buf *out, const char *api_version, const char *kind, const struct buf *raw)
{
	open_envelope(out, api_version, kind);
	put_bytes(out, 2, raw->p, raw->len);
	close_envelope(out);
}
