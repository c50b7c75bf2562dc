/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenAPI as protobuf, from the document in JSON: of v2 what old kubectls insist on. The messages are gnostic's, as tables
 * of rows (openapi_pb_internal.h). Extensions, enums and v2's defaults are of any type and travel as YAML, which JSON is.
 *
 * One pass of the scanner. A message's length stands before it: one byte is left for it, and more room is made when it
 * turns out to be longer.
 */
#include "rest/discovery/openapi_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "object/pb_wire.h"
#include "object/scan.h"
#include "rest/discovery/openapi_pb_internal.h"

/* ---- the wire ---- */

static void put_varint(struct buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_addc(b, (char)(v | 0x80));
	buf_addc(b, (char)v);
}

static void put_tag(struct buf *b, unsigned number, unsigned wire)
{
	put_varint(b, (uint64_t)number << 3 | wire);
}

/* Returns where the message begins. */
static size_t open_message(struct buf *b, unsigned number)
{
	put_tag(b, number, PB_BYTES);
	buf_addc(b, 0);
	return b->len;
}

static void close_message(struct buf *b, size_t at)
{
	size_t n = b->len - at, more = 0;
	for (size_t v = n; v >= 0x80; v >>= 7)
		more++;
	if (more) {
		buf_add(b, "\0\0\0\0\0\0\0\0\0", more);
		memmove(b->p + at + more, b->p + at, n);
	}
	for (size_t i = 0, v = n; i <= more; i++, v >>= 7)
		b->p[at - 1 + i] = (char)(v | (i < more ? 0x80 : 0));
}

static void put_bytes(struct buf *b, unsigned number, const char *p, size_t n)
{
	put_tag(b, number, PB_BYTES);
	put_varint(b, n);
	buf_add(b, p, n);
}

/* ---- values ---- */

struct pb_pass {
	const struct openapi_pb_table *table;
	struct scan s;
	struct buf *out;
};

static void add_message(struct pb_pass *p, int m);

static void add_string(struct pb_pass *p, unsigned number)
{
	const char *text;
	size_t n;
	bool escaped;
	if (!scan_string(&p->s, &text, &n, &escaped))
		return;
	if (!escaped) {
		put_bytes(p->out, number, text, n);
		return;
	}
	size_t at = open_message(p->out, number);
	scan_unescape(p->out, text, n);
	close_message(p->out, at);
}

static void add_texts(struct pb_pass *p, unsigned number)
{
	if (scan_peek(&p->s) != SCAN_ARRAY) {
		add_string(p, number);
		return;
	}
	scan_enter_array(&p->s);
	while (scan_item(&p->s))
		add_string(p, number);
}

static void add_any(struct pb_pass *p, unsigned number)
{
	scan_peek(&p->s); /* over white space */
	const char *from = p->s.p;
	if (!scan_skip(&p->s))
		return;
	size_t at = open_message(p->out, number);
	put_bytes(p->out, 2, from, (size_t)(p->s.p - from));
	close_message(p->out, at);
}

static void add_anys(struct pb_pass *p, unsigned number)
{
	if (!scan_enter_array(&p->s))
		return;
	while (scan_item(&p->s))
		add_any(p, number);
}

static void add_flag(struct pb_pass *p, unsigned number)
{
	bool v;
	if (!scan_bool(&p->s, &v) || !v)
		return;
	put_tag(p->out, number, PB_VARINT);
	put_varint(p->out, 1);
}

static void add_whole(struct pb_pass *p, unsigned number)
{
	int64_t v;
	if (!scan_int(&p->s, &v) || !v)
		return;
	put_tag(p->out, number, PB_VARINT);
	put_varint(p->out, (uint64_t)v);
}

static void add_number(struct pb_pass *p, unsigned number)
{
	const char *text;
	char copy[64] = "";
	size_t n;
	if (!scan_number(&p->s, &text, &n))
		return;
	memcpy(copy, text, n < sizeof(copy) ? n : sizeof(copy) - 1);
	double d = strtod(copy, NULL);
	uint64_t bits;
	memcpy(&bits, &d, sizeof(bits));
	if (d == 0)
		return;
	put_tag(p->out, number, PB_FIXED64);
	for (int i = 0; i < 8; i++, bits >>= 8)
		buf_addc(p->out, (char)bits);
}

static void add_messages(struct pb_pass *p, unsigned number, unsigned inner, int m)
{
	bool list = scan_peek(&p->s) == SCAN_ARRAY;
	if (list)
		scan_enter_array(&p->s);
	while (!list || scan_item(&p->s)) {
		size_t at = open_message(p->out, number), in = inner ? open_message(p->out, inner) : 0;
		add_message(p, m);
		if (inner)
			close_message(p->out, in);
		close_message(p->out, at);
		if (!list)
			return;
	}
}

/* Where a parameter is, which tells of which message it is: looks ahead. */
static int kind_of_parameter(const struct pb_pass *p)
{
	struct scan s = p->s;
	const char *key, *text;
	size_t n;
	bool escaped;
	int found = p->table->query;
	if (!scan_enter_object(&s))
		return found;
	while (scan_key(&s, &key, &n)) {
		if (scan_key_is(key, n, "$ref"))
			return p->table->reference;
		if (!scan_key_is(key, n, "in")) {
			scan_skip(&s);
			continue;
		}
		if (!scan_string(&s, &text, &n, &escaped))
			return found;
		found = scan_key_is(text, n, "body")   ? p->table->body
			: scan_key_is(text, n, "path") ? p->table->path
						       : p->table->query;
	}
	return found;
}

/* Parameter: a body, or one of the others, one level deeper. */
static void add_parameter(struct pb_pass *p, int m)
{
	size_t outer = open_message(p->out, m == p->table->body ? 1 : 2), in = 0;
	if (m != p->table->body)
		in = open_message(p->out, m == p->table->query ? 3 : 4);
	add_message(p, m);
	if (m != p->table->body)
		close_message(p->out, in);
	close_message(p->out, outer);
}

/* inner: in a list, where it may be a reference. */
static void add_parameters(struct pb_pass *p, unsigned number, unsigned inner)
{
	bool list = scan_peek(&p->s) == SCAN_ARRAY;
	if (list)
		scan_enter_array(&p->s);
	while (!list || scan_item(&p->s)) {
		int m = kind_of_parameter(p);
		size_t at = open_message(p->out, number),
		       in = inner ? open_message(p->out, m == p->table->reference ? 2 : 1) : 0;
		if (m == p->table->reference)
			add_message(p, m);
		else
			add_parameter(p, m);
		if (inner)
			close_message(p->out, in);
		close_message(p->out, at);
		if (!list)
			return;
	}
}

/* It says so before anything else. */
static bool is_reference(struct scan s)
{
	const char *key;
	size_t n;
	return scan_enter_object(&s) && scan_key(&s, &key, &n) && scan_key_is(key, n, "$ref");
}

static void add_either(struct pb_pass *p, unsigned number, unsigned inner, int m)
{
	bool list = scan_peek(&p->s) == SCAN_ARRAY;
	if (list)
		scan_enter_array(&p->s);
	while (!list || scan_item(&p->s)) {
		bool reference = is_reference(p->s);
		size_t at = open_message(p->out, number), in = inner ? open_message(p->out, inner) : 0;
		add_messages(p, reference ? 2 : 1, 0, reference ? p->table->reference : m);
		if (inner)
			close_message(p->out, in);
		close_message(p->out, at);
		if (!list)
			return;
	}
}

/* One of several, which is said even if it is false. */
static void add_choice(struct pb_pass *p)
{
	bool v;
	if (scan_bool(&p->s, &v))
		buf_add(p->out, v ? "\x10\x01" : "\x10\0", 2);
}

/* A default of nothing (0, false, "") is one, too. */
static void add_scalar(struct pb_pass *p, unsigned number)
{
	enum scan_type t = scan_peek(&p->s);
	size_t at = open_message(p->out, number), empty = p->out->len;
	if (t == SCAN_NUMBER)
		add_number(p, 1);
	else if (t == SCAN_STRING)
		add_string(p, 3);
	else if (t == SCAN_TRUE || t == SCAN_FALSE)
		add_choice(p);
	else
		scan_skip(&p->s);
	if (t == SCAN_NUMBER && p->out->len == empty)
		buf_add(p->out, "\x09\0\0\0\0\0\0\0", 9);
	close_message(p->out, at);
}

static void add_additional(struct pb_pass *p, unsigned number, int m)
{
	enum scan_type t = scan_peek(&p->s);
	size_t at = open_message(p->out, number);
	if (t == SCAN_TRUE || t == SCAN_FALSE)
		add_choice(p);
	else if (p->table == &openapi_pb_v3)
		add_either(p, 1, 0, m);
	else
		add_messages(p, 1, 0, m);
	close_message(p->out, at);
}

static void add_value(struct pb_pass *p, const struct openapi_pb_row *r, unsigned number)
{
	size_t at;
	switch (r->what) {
	case PB_TEXT:
		at = r->inner ? open_message(p->out, number) : 0;
		add_texts(p, r->inner ? r->inner : number);
		if (r->inner)
			close_message(p->out, at);
		break;
	case PB_FLAG:
		add_flag(p, number);
		break;
	case PB_WHOLE:
		add_whole(p, number);
		break;
	case PB_NUMBER:
		add_number(p, number);
		break;
	case PB_ANY:
		add_any(p, number);
		break;
	case PB_ANYS:
		add_anys(p, number);
		break;
	case PB_MESSAGE:
		add_messages(p, number, r->inner, r->below);
		break;
	case PB_SCALAR:
		add_scalar(p, number);
		break;
	case PB_TEXTS:
		at = open_message(p->out, number);
		add_texts(p, 1);
		close_message(p->out, at);
		break;
	case PB_EITHER:
		add_either(p, number, r->inner, r->below);
		break;
	case PB_PARAMETER:
		add_parameters(p, number, r->inner);
		break;
	case PB_ADDITIONAL:
		add_additional(p, number, r->below);
		break;
	}
}

/* ---- messages ---- */

/* Items of a map: their names stand beside them. */
static void add_named(struct pb_pass *p, const struct openapi_pb_row *r, const char *key, size_t n)
{
	size_t at = open_message(p->out, r->number), name = open_message(p->out, 1);
	scan_unescape(p->out, key, n);
	close_message(p->out, name);
	add_value(p, r, 2);
	close_message(p->out, at);
}

static void add_extension(struct pb_pass *p, unsigned number, const char *key, size_t n)
{
	size_t at = open_message(p->out, number);
	put_bytes(p->out, 1, key, n);
	add_any(p, 2);
	close_message(p->out, at);
}

static const struct openapi_pb_row *row_of(const struct openapi_pb_table *t, int m, const char *key, size_t n)
{
	for (size_t i = 0; i < t->n_rows; i++)
		if (t->rows[i].in == m && (t->rows[i].key[0] == '*' || scan_key_is(key, n, t->rows[i].key)))
			return &t->rows[i];
	return NULL;
}

static void add_member(struct pb_pass *p, int m, const char *key, size_t n)
{
	const struct openapi_pb_table *t = p->table;
	const struct openapi_pb_row *r = row_of(t, m, key, n);
	unsigned extension = (size_t)m < t->n_extensions ? t->extensions[m] : 0;
	if (r && r->key[0] == '*')
		add_named(p, r, key, n);
	else if (r)
		add_value(p, r, r->number);
	else if (extension && n > 2 && !strncmp(key, "x-", 2))
		add_extension(p, extension, key, n);
	else
		scan_skip(&p->s);
}

static void add_message(struct pb_pass *p, int m)
{
	const char *key;
	size_t n;
	if (!scan_enter_object(&p->s))
		return;
	while (scan_key(&p->s, &key, &n))
		add_member(p, m, key, n);
}

static const struct openapi_pb_table *table_of(bool v3)
{
	return v3 ? &openapi_pb_v3 : &openapi_pb_v2;
}

static int write_message(struct buf *out, bool v3, int m, const char *json, size_t n, struct err *err)
{
	struct pb_pass p = {.table = table_of(v3), .out = out};
	scan_init(&p.s, json, n);
	add_message(&p, m);
	if (!scan_failed(&p.s) && scan_finish(&p.s))
		return 0;
	return scan_err(&p.s, err);
}

int openapi_pb_write(struct buf *out, bool v3, const char *json, size_t n, struct err *err)
{
	return write_message(out, v3, 0, json, n, err);
}

int openapi_pb_write_member(struct buf *out, bool v3, const char *key, const char *json, size_t n,
			    struct err *err)
{
	const struct openapi_pb_row *r = row_of(table_of(v3), 0, key, strlen(key));
	assert(r && r->what == PB_MESSAGE);
	return write_message(out, v3, r->below, json, n, err);
}

void openapi_pb_open_member(struct buf *out, bool v3, const char *key, size_t len)
{
	const struct openapi_pb_row *r = row_of(table_of(v3), 0, key, strlen(key));
	assert(r && r->what == PB_MESSAGE);
	put_tag(out, r->number, PB_BYTES);
	put_varint(out, len);
}
