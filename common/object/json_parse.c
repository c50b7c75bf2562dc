/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From scanner events to a json-c tree, without recursion: one frame per open container, at most JS_MAX_DEPTH
 * of them, so neither a worker's small stack nor a deep document is a concern. UTF-8 is checked over the
 * whole input first, at memory speed; the scanner then has no byte above 0x7f to look at.
 *
 * Object keys with a NUL byte are refused: json-c holds keys as C strings.
 */
#include "object/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "object/json_key.h"
#include "object/scan.h"

/* json-c gives every object room for 16 members, 640 bytes. From this many values on it is cut to size as an
 * object ends. */
#define LARGE_NODES 4096

/* Duplicates looked at in one document; each costs the length of its path. */
#define MAX_NOTES (10 * JS_MAX_DUPLICATES)

struct frame {
	js *node;
	const char *key; /* raw key of the member being read, in an object */
	size_t key_len;
	bool is_object, key_escaped;
};

struct parser {
	struct scan s;
	struct js_duplicates *dup;
	struct buf scratch; /* unescaped text, NUL-terminated keys and numbers */
	struct frame *frames;
	size_t depth, cap;
	size_t nodes, notes;
	js *root;
};

void js_duplicates_release(struct js_duplicates *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->path[i]);
	d->n = 0;
}

void js_duplicates_add(struct js_duplicates *d, const char *path)
{
	for (size_t i = 0; i < d->n; i++)
		if (!strcmp(d->path[i], path))
			return;
	if (d->n < JS_MAX_DUPLICATES)
		d->path[d->n++] = mem_strdup(path);
}

static void note_duplicate(struct parser *p)
{
	autobuf struct buf path = BUF_INIT;

	if (p->notes++ >= MAX_NOTES)
		return;
	for (size_t i = 0; i < p->depth; i++) {
		const struct frame *f = &p->frames[i];

		if (!f->is_object) {
			buf_addf(&path, "[%zu]",
				 js_len(f->node) - 1); /* containers are attached when they open */
			continue;
		}
		if (path.len)
			buf_addc(&path, '.');
		scan_unescape(&path, f->key, f->key_len);
	}
	js_duplicates_add(p->dup, buf_str(&path));
}

/* The key of f's member in the scratch buffer; NULL when it is none that json-c can hold. */
static const char *key_text(struct parser *p, const struct frame *f)
{
	buf_clear(&p->scratch);
	if (!f->key_escaped) {
		buf_add(&p->scratch, f->key, f->key_len);
		return buf_str(&p->scratch);
	}
	scan_unescape(&p->scratch, f->key, f->key_len);
	if (!memchr(buf_str(&p->scratch), '\0', p->scratch.len))
		return buf_str(&p->scratch);
	scan_fail(&p->s, "object key with U+0000");
	return NULL;
}

/* Hangs v under the innermost container, or makes it the root. False only for a bad key; v is owned either
 * way. */
static bool attach(struct parser *p, js *v)
{
	if (!p->depth) {
		p->root = v;
		return true;
	}
	struct frame *f = &p->frames[p->depth - 1];

	if (!f->is_object) {
		js_push(f->node, v);
		return true;
	}
	int before = json_object_object_length(f->node);
	unsigned flags = before ? 0 : JSON_C_OBJECT_ADD_KEY_IS_NEW;
	const char *key = f->key_escaped ? NULL : json_key_shared(f->key, f->key_len);

	if (key)
		flags |= JSON_C_OBJECT_ADD_CONSTANT_KEY;
	else if (!(key = key_text(p, f))) {
		json_object_put(v);
		return false;
	}
	if (json_object_object_add_ex(f->node, key, v, flags))
		abort(); /* out of memory */
	if (p->dup && json_object_object_length(f->node) == before)
		note_duplicate(p);
	return true;
}

static bool open_container(struct parser *p, bool is_object)
{
	if (!(is_object ? scan_enter_object(&p->s) : scan_enter_array(&p->s)))
		return false;
	js *node = is_object ? js_new_obj() : js_new_arr();

	p->nodes += is_object ? JS_OBJECT_COST - 1 : 0;
	if (!attach(p, node))
		return false;
	if (p->depth == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 16;
		p->frames = mem_realloc_array(p->frames, p->cap, sizeof(*p->frames));
	}
	p->frames[p->depth++] = (struct frame){.node = node, .is_object = is_object};
	return true;
}

/* NULL with the scan failed when the number is out of range. */
static js *number(struct parser *p)
{
	const char *lit;
	size_t n;
	int64_t i;

	if (!scan_number(&p->s, &lit, &n))
		return NULL;
	if (scan_literal_int(lit, n, &i))
		return js_new_int(i);
	buf_clear(&p->scratch);
	buf_add(&p->scratch, lit, n);
	const char *text = buf_str(&p->scratch);

	if (*lit != '-' && !memchr(lit, '.', n) && !memchr(lit, 'e', n) && !memchr(lit, 'E', n)) {
		errno = 0;
		unsigned long long u = strtoull(text, NULL, 10);

		if (!errno)
			return json_object_new_uint64(u);
	}
	double d = strtod(text, NULL);

	if (__builtin_isinf(d)) {
		p->s.p = lit;
		scan_fail(&p->s, "number out of range");
		return NULL;
	}
	return json_object_new_double_s(d, text);
}

static js *string(struct parser *p)
{
	const char *s;
	size_t n;
	bool escaped;

	if (!scan_string(&p->s, &s, &n, &escaped))
		return NULL;
	if (n > INT32_MAX - 1) {
		scan_fail(&p->s, "string too long");
		return NULL;
	}
	if (!escaped)
		return js_new_strn(s, n);
	buf_clear(&p->scratch);
	scan_unescape(&p->scratch, s, n);
	return js_new_strn(buf_str(&p->scratch), p->scratch.len);
}

/* Reads one value; a container is only opened. */
static bool value(struct parser *p)
{
	js *v = NULL;
	bool b;

	if (++p->nodes > JS_MAX_NODES)
		return scan_fail(&p->s, "document has too many values");
	switch (scan_peek(&p->s)) {
	case SCAN_OBJECT:
		return open_container(p, true);
	case SCAN_ARRAY:
		return open_container(p, false);
	case SCAN_STRING:
		v = string(p);
		break;
	case SCAN_NUMBER:
		v = number(p);
		break;
	case SCAN_TRUE:
	case SCAN_FALSE:
		if (scan_bool(&p->s, &b))
			v = js_new_bool(b);
		break;
	case SCAN_NULL:
		scan_null(&p->s);
		break;
	default:
		return scan_skip(&p->s); /* which knows how to object */
	}
	return !p->s.error && attach(p, v);
}

static void shrink(js *object)
{
	int n = json_object_object_length(object);

	if (n <= 5)
		lh_table_resize(json_object_get_object(object), n <= 2 ? 4 : 8);
}

/* Moves to the next place where a value is due. False at the end of the document or on an error. */
static bool next(struct parser *p)
{
	while (p->depth) {
		struct frame *f = &p->frames[p->depth - 1];

		if (f->is_object ? scan_key_escaped(&p->s, &f->key, &f->key_len, &f->key_escaped)
				 : scan_item(&p->s))
			return true;
		if (p->s.error)
			return false;
		if (f->is_object && p->nodes > LARGE_NODES)
			shrink(f->node);
		p->depth--;
	}
	return false;
}

js *js_parse(const char *text, size_t n, struct js_duplicates *dup, struct err *err)
{
	struct parser p = {.dup = dup};
	size_t valid = buf_utf8_valid(text, n);

	if (valid < n) {
		err_set(err, REASON_BAD_REQUEST, "invalid UTF-8 in JSON input (byte %zu)", valid);
		return NULL;
	}
	scan_init(&p.s, text, n);
	while (value(&p) && next(&p))
		;
	bool ok = scan_finish(&p.s);

	free(p.frames);
	buf_release(&p.scratch);
	if (ok && p.root)
		return p.root;
	json_object_put(p.root);
	if (ok)
		err_set(err, REASON_BAD_REQUEST, "Object 'Kind' is missing in 'null'");
	else
		scan_err(&p.s, err);
	return NULL;
}
