/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenAPI v2 as protobuf, from the document in JSON: what old kubectls insist on. The messages are those of gnostic's
 * openapiv2/OpenAPIv2.proto, as rows: which key of which message has which number and what is below it. Extensions, defaults
 * and enums are of any type and travel as YAML, which JSON is.
 *
 * One pass of the scanner. A message's length stands before it: one byte is left for it, and more room is made when it
 * turns out to be longer.
 */
#include "rest/discovery/openapi_internal.h"

#include <stdlib.h>
#include <string.h>
#include "object/pb_wire.h"
#include "object/scan.h"

enum pb_message {
	DOCUMENT,
	INFO,
	PATHS,
	PATH_ITEM,
	OPERATION,
	PARAMETERS,
	BODY_PARAMETER,
	QUERY_PARAMETER,
	PATH_PARAMETER,
	REFERENCE,
	RESPONSES,
	RESPONSE,
	DEFINITIONS,
	SCHEMA,
	PROPERTIES,
	SECURITY_DEFINITIONS,
	API_KEY,
	SECURITY,
	STRINGS,
	EXTERNAL_DOCS,
};

enum pb_what {
	TEXT,	    /* string; a list of them is repeated */
	FLAG,	    /* bool */
	WHOLE,	    /* int64 */
	NUMBER,	    /* double */
	ANY,	    /* YAML; a list is repeated, where it is told to be */
	ANYS,	    /* ... */
	MESSAGE,    /* a list is repeated */
	PARAMETER,  /* which one depends on what it says */
	ADDITIONAL, /* a schema or a boolean */
};

static const struct pb_row {
	enum pb_message in;
	const char *key; /* "*": any, with its name beside the value */
	unsigned number;
	unsigned inner; /* number inside of a message that holds nothing else; 0 = there is none */
	enum pb_what what;
	enum pb_message below;
} rows[] = {
	{DOCUMENT, "swagger", 1, 0, TEXT, 0},
	{DOCUMENT, "info", 2, 0, MESSAGE, INFO},
	{DOCUMENT, "paths", 8, 0, MESSAGE, PATHS},
	{DOCUMENT, "definitions", 9, 0, MESSAGE, DEFINITIONS},
	{DOCUMENT, "parameters", 10, 0, MESSAGE, PARAMETERS},
	{DOCUMENT, "security", 12, 0, MESSAGE, SECURITY},
	{DOCUMENT, "securityDefinitions", 13, 0, MESSAGE, SECURITY_DEFINITIONS},
	{INFO, "title", 1, 0, TEXT, 0},
	{INFO, "version", 2, 0, TEXT, 0},
	{PATHS, "*", 2, 0, MESSAGE, PATH_ITEM},
	{PATH_ITEM, "get", 2, 0, MESSAGE, OPERATION},
	{PATH_ITEM, "put", 3, 0, MESSAGE, OPERATION},
	{PATH_ITEM, "post", 4, 0, MESSAGE, OPERATION},
	{PATH_ITEM, "delete", 5, 0, MESSAGE, OPERATION},
	{PATH_ITEM, "options", 6, 0, MESSAGE, OPERATION},
	{PATH_ITEM, "head", 7, 0, MESSAGE, OPERATION},
	{PATH_ITEM, "patch", 8, 0, MESSAGE, OPERATION},
	{PATH_ITEM, "parameters", 9, 1, PARAMETER, 0},
	{OPERATION, "tags", 1, 0, TEXT, 0},
	{OPERATION, "description", 3, 0, TEXT, 0},
	{OPERATION, "operationId", 5, 0, TEXT, 0},
	{OPERATION, "produces", 6, 0, TEXT, 0},
	{OPERATION, "consumes", 7, 0, TEXT, 0},
	{OPERATION, "parameters", 8, 1, PARAMETER, 0},
	{OPERATION, "responses", 9, 0, MESSAGE, RESPONSES},
	{OPERATION, "schemes", 10, 0, TEXT, 0},
	{OPERATION, "deprecated", 11, 0, FLAG, 0},
	{PARAMETERS, "*", 1, 0, PARAMETER, 0},
	{BODY_PARAMETER, "description", 1, 0, TEXT, 0},
	{BODY_PARAMETER, "name", 2, 0, TEXT, 0},
	{BODY_PARAMETER, "in", 3, 0, TEXT, 0},
	{BODY_PARAMETER, "required", 4, 0, FLAG, 0},
	{BODY_PARAMETER, "schema", 5, 0, MESSAGE, SCHEMA},
	{QUERY_PARAMETER, "required", 1, 0, FLAG, 0},
	{QUERY_PARAMETER, "in", 2, 0, TEXT, 0},
	{QUERY_PARAMETER, "description", 3, 0, TEXT, 0},
	{QUERY_PARAMETER, "name", 4, 0, TEXT, 0},
	{QUERY_PARAMETER, "type", 6, 0, TEXT, 0},
	{QUERY_PARAMETER, "uniqueItems", 20, 0, FLAG, 0},
	{PATH_PARAMETER, "required", 1, 0, FLAG, 0},
	{PATH_PARAMETER, "in", 2, 0, TEXT, 0},
	{PATH_PARAMETER, "description", 3, 0, TEXT, 0},
	{PATH_PARAMETER, "name", 4, 0, TEXT, 0},
	{PATH_PARAMETER, "type", 5, 0, TEXT, 0},
	{PATH_PARAMETER, "uniqueItems", 19, 0, FLAG, 0},
	{REFERENCE, "$ref", 1, 0, TEXT, 0},
	{RESPONSES, "*", 1, 1, MESSAGE, RESPONSE},
	{RESPONSE, "description", 1, 0, TEXT, 0},
	{RESPONSE, "schema", 2, 1, MESSAGE, SCHEMA},
	{DEFINITIONS, "*", 1, 0, MESSAGE, SCHEMA},
	{SCHEMA, "$ref", 1, 0, TEXT, 0},
	{SCHEMA, "format", 2, 0, TEXT, 0},
	{SCHEMA, "title", 3, 0, TEXT, 0},
	{SCHEMA, "description", 4, 0, TEXT, 0},
	{SCHEMA, "default", 5, 0, ANY, 0},
	{SCHEMA, "multipleOf", 6, 0, NUMBER, 0},
	{SCHEMA, "maximum", 7, 0, NUMBER, 0},
	{SCHEMA, "exclusiveMaximum", 8, 0, FLAG, 0},
	{SCHEMA, "minimum", 9, 0, NUMBER, 0},
	{SCHEMA, "exclusiveMinimum", 10, 0, FLAG, 0},
	{SCHEMA, "maxLength", 11, 0, WHOLE, 0},
	{SCHEMA, "minLength", 12, 0, WHOLE, 0},
	{SCHEMA, "pattern", 13, 0, TEXT, 0},
	{SCHEMA, "maxItems", 14, 0, WHOLE, 0},
	{SCHEMA, "minItems", 15, 0, WHOLE, 0},
	{SCHEMA, "uniqueItems", 16, 0, FLAG, 0},
	{SCHEMA, "maxProperties", 17, 0, WHOLE, 0},
	{SCHEMA, "minProperties", 18, 0, WHOLE, 0},
	{SCHEMA, "required", 19, 0, TEXT, 0},
	{SCHEMA, "enum", 20, 0, ANYS, 0},
	{SCHEMA, "additionalProperties", 21, 0, ADDITIONAL, SCHEMA},
	{SCHEMA, "type", 22, 1, TEXT, 0},
	{SCHEMA, "items", 23, 1, MESSAGE, SCHEMA},
	{SCHEMA, "allOf", 24, 0, MESSAGE, SCHEMA},
	{SCHEMA, "properties", 25, 0, MESSAGE, PROPERTIES},
	{SCHEMA, "discriminator", 26, 0, TEXT, 0},
	{SCHEMA, "readOnly", 27, 0, FLAG, 0},
	{SCHEMA, "externalDocs", 29, 0, MESSAGE, EXTERNAL_DOCS},
	{SCHEMA, "example", 30, 0, ANY, 0},
	{PROPERTIES, "*", 1, 0, MESSAGE, SCHEMA},
	{SECURITY_DEFINITIONS, "*", 1, 2, MESSAGE, API_KEY},
	{API_KEY, "type", 1, 0, TEXT, 0},
	{API_KEY, "name", 2, 0, TEXT, 0},
	{API_KEY, "in", 3, 0, TEXT, 0},
	{API_KEY, "description", 4, 0, TEXT, 0},
	{SECURITY, "*", 1, 0, MESSAGE, STRINGS},
	{EXTERNAL_DOCS, "description", 1, 0, TEXT, 0},
	{EXTERNAL_DOCS, "url", 2, 0, TEXT, 0},
};

/* Numbers of vendor_extension, where there is one. */
static const unsigned extensions[] = {
	[DOCUMENT] = 16,     [INFO] = 7,
	[PATHS] = 0,	     [PATH_ITEM] = 10,
	[OPERATION] = 13,    [BODY_PARAMETER] = 6,
	[RESPONSE] = 5,	     [QUERY_PARAMETER] = 23,
	[SCHEMA] = 31,	     [PATH_PARAMETER] = 22,
	[EXTERNAL_DOCS] = 3,
};

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
	struct scan s;
	struct buf *out;
};

static void add_message(struct pb_pass *p, enum pb_message m);

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

static void add_messages(struct pb_pass *p, unsigned number, unsigned inner, enum pb_message m)
{
	bool list = m != STRINGS && scan_peek(&p->s) == SCAN_ARRAY;
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
static enum pb_message kind_of_parameter(struct scan s)
{
	const char *key, *text;
	size_t n;
	bool escaped;
	enum pb_message found = QUERY_PARAMETER;
	if (!scan_enter_object(&s))
		return found;
	while (scan_key(&s, &key, &n)) {
		if (scan_key_is(key, n, "$ref"))
			return REFERENCE;
		if (!scan_key_is(key, n, "in")) {
			scan_skip(&s);
			continue;
		}
		if (!scan_string(&s, &text, &n, &escaped))
			return found;
		found = scan_key_is(text, n, "body")   ? BODY_PARAMETER
			: scan_key_is(text, n, "path") ? PATH_PARAMETER
						       : QUERY_PARAMETER;
	}
	return found;
}

/* Parameter: a body, or one of the others, one level deeper. */
static void add_parameter(struct pb_pass *p, enum pb_message m)
{
	size_t outer = open_message(p->out, m == BODY_PARAMETER ? 1 : 2), in = 0;
	if (m != BODY_PARAMETER)
		in = open_message(p->out, m == QUERY_PARAMETER ? 3 : 4);
	add_message(p, m);
	if (m != BODY_PARAMETER)
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
		enum pb_message m = kind_of_parameter(p->s);
		size_t at = open_message(p->out, number),
		       in = inner ? open_message(p->out, m == REFERENCE ? 2 : 1) : 0;
		if (m == REFERENCE)
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

static void add_additional(struct pb_pass *p, unsigned number)
{
	enum scan_type t = scan_peek(&p->s);
	size_t at = open_message(p->out, number);
	if (t == SCAN_TRUE || t == SCAN_FALSE)
		add_flag(p, 2);
	else
		add_messages(p, 1, 0, SCHEMA);
	close_message(p->out, at);
}

static void add_value(struct pb_pass *p, const struct pb_row *r, unsigned number)
{
	size_t at;
	switch (r->what) {
	case TEXT:
		at = r->inner ? open_message(p->out, number) : 0;
		add_texts(p, r->inner ? r->inner : number);
		if (r->inner)
			close_message(p->out, at);
		break;
	case FLAG:
		add_flag(p, number);
		break;
	case WHOLE:
		add_whole(p, number);
		break;
	case NUMBER:
		add_number(p, number);
		break;
	case ANY:
		add_any(p, number);
		break;
	case ANYS:
		add_anys(p, number);
		break;
	case MESSAGE:
		add_messages(p, number, r->inner, r->below);
		break;
	case PARAMETER:
		add_parameters(p, number, r->inner);
		break;
	case ADDITIONAL:
		add_additional(p, number);
		break;
	}
}

/* ---- messages ---- */

/* Items of a map: their names stand beside them. */
static void add_named(struct pb_pass *p, const struct pb_row *r, const char *key, size_t n)
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

static const struct pb_row *row_of(enum pb_message m, const char *key, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].in == m && (rows[i].key[0] == '*' || scan_key_is(key, n, rows[i].key)))
			return &rows[i];
	return NULL;
}

static void add_member(struct pb_pass *p, enum pb_message m, const char *key, size_t n)
{
	const struct pb_row *r = row_of(m, key, n);
	unsigned extension = m < ARRAY_LEN(extensions) ? extensions[m] : 0;
	if (r && r->key[0] == '*')
		add_named(p, r, key, n);
	else if (r)
		add_value(p, r, r->number);
	else if (extension && n > 2 && !strncmp(key, "x-", 2))
		add_extension(p, extension, key, n);
	else
		scan_skip(&p->s);
}

static void add_message(struct pb_pass *p, enum pb_message m)
{
	const char *key;
	size_t n;
	if (m == STRINGS) {
		add_texts(p, 1);
		return;
	}
	if (!scan_enter_object(&p->s))
		return;
	while (scan_key(&p->s, &key, &n))
		add_member(p, m, key, n);
}

int openapi_pb_write(struct buf *out, const char *json, size_t n, struct err *err)
{
	struct pb_pass p = {.out = out};
	scan_init(&p.s, json, n);
	add_message(&p, DOCUMENT);
	if (!scan_failed(&p.s) && scan_finish(&p.s))
		return 0;
	return scan_err(&p.s, err);
}
