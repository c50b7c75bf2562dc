/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading: libyaml's events drive the same kind of frame stack that json_parse.c has; nothing recurses. What
 * YAML can do that JSON cannot is expansion: an alias repeats a subtree, so each anchor remembers how many
 * nodes and bytes it stands for, and a document whose expansion passes JS_MAX_NODES or YAML_MAX_BYTES is
 * refused before the copy is made.
 *
 * Types, duplicate keys, keys that are not strings, and merge keys ("<<") behave as in sigs.k8s.io/yaml.
 */
#include "object/yaml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>
#include "base/base64.h"
#include "base/map.h"
#include "object/yaml_scalar.h"

static const char merge_wrong[] = "map merge requires map or sequence of maps as the value";

#define MAX_TAG_LINES 16
#define YAML_MAX_BYTES (32u * 1024 * 1024) /* of scalars that aliases repeat */

struct anchor {
	js *node; /* an own copy; NULL is a null */
	size_t nodes, bytes;
};

struct yaml_frame {
	js *node;
	js *merge; /* "<<": what to add at the end, in order; an array */
	char *key; /* of the member whose value comes next; NULL = a key is due */
	char *anchor;
	size_t nodes, bytes; /* counters when the container began */
	size_t line;	     /* where it did */
	bool is_map, merging;
	bool bare; /* the key was no string */
};

struct yaml_reader {
	yaml_parser_t y;
	struct js_duplicates *dup;
	struct err *err;
	struct map anchors; /* name -> struct anchor */
	struct yaml_frame *frames;
	size_t depth, cap;
	size_t nodes, bytes; /* so far, expansion included */
	size_t notes;	     /* duplicates looked at */
	size_t line;	     /* of the event at hand */
	js *root;
	bool have_root;
};

static int fail(struct yaml_reader *r, const char *what)
{
	return err_set(r->err, REASON_BAD_REQUEST, "yaml: line %zu: %s", r->line + 1, what);
}

/* ---- scalars ---- */
static js *from_resolved(const struct yaml_scalar *v)
{
	switch (v->type) {
	case YAML_BOOL:
		return js_new_bool(v->b);
	case YAML_INT:
		return js_new_int(v->i);
	case YAML_UINT:
		return json_object_new_uint64(v->u);
	default:
		/* The text of a float is lost on the way through float64, so a whole one comes out as an
		 * integer. */
		if (v->d == floor(v->d) && fabs(v->d) < 0x1p63)
			return js_new_int((int64_t)v->d);
		return js_new_double(v->d);
	}
}

static bool has_tag(const yaml_event_t *e, const char *tag)
{
	return e->data.scalar.tag && !strcmp((const char *)e->data.scalar.tag, tag);
}

/* Whether the text is a string as it stands. */
static bool stays_string(const yaml_event_t *e)
{
	if (e->data.scalar.tag)
		return !has_tag(e, YAML_INT_TAG) && !has_tag(e, YAML_FLOAT_TAG) &&
		       !has_tag(e, YAML_BOOL_TAG) && !has_tag(e, YAML_NULL_TAG);
	return e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
}

static int scalar_node(struct yaml_reader *r, const yaml_event_t *e, js **ret)
{
	const char *text = (const char *)e->data.scalar.value;
	size_t n = e->data.scalar.length;
	autobuf struct buf b = BUF_INIT;

	if (has_tag(e, "tag:yaml.org,2002:binary")) {
		if (base64_decode(&b, text, n, r->err))
			return err_set(r->err, REASON_BAD_REQUEST,
				       "yaml: !!binary value contains invalid base64 data");
		if (buf_utf8_valid(buf_str(&b), b.len) < b.len)
			return fail(r, "!!binary value is not UTF-8");
		*ret = js_new_strn(buf_str(&b), b.len);
		return 0;
	}
	if (stays_string(e)) {
		*ret = js_new_strn(text, n);
		return 0;
	}
	struct yaml_scalar v = yaml_resolve(text, n);

	if (v.type == YAML_DOUBLE && !isfinite(v.d))
		return fail(r, "number out of range");
	*ret = v.type == YAML_STRING ? js_new_strn(text, n) : v.type == YAML_NULL ? NULL : from_resolved(&v);
	return 0;
}

/* A key of another type is written as JSON would. */
static char *key_text(struct yaml_reader *r, const yaml_event_t *e, bool *bare)
{
	const char *text = (const char *)e->data.scalar.value;
	autobuf struct buf b = BUF_INIT;
	autojson js *v = NULL;

	if (strlen(text) != e->data.scalar.length) {
		fail(r, "object key with U+0000");
		return NULL;
	}
	if (scalar_node(r, e, &v))
		return NULL;
	if (!v) {
		fail(r, "unsupported map key of type: null");
		return NULL;
	}
	*bare = !js_is_str(v);
	if (!*bare)
		return mem_strdup(js_str0(v, NULL));
	js_write(&b, v);
	return buf_take(&b, NULL);
}

/* ---- the tree ---- */
static void note_duplicate(struct yaml_reader *r, const struct yaml_frame *f, size_t line)
{
	autobuf struct buf text = BUF_INIT;

	if (r->notes++ >= 10 * JS_MAX_DUPLICATES)
		return;
	buf_addf(&text, "line %zu: key ", line + 1);
	if (f->bare)
		buf_adds(&text, f->key);
	else
		buf_add_json_string(&text, f->key, strlen(f->key));
	buf_adds(&text, " already set in map");
	js_duplicates_add(r->dup, buf_str(&text));
}

/* Takes v, which begins in that line. */
static void attach(struct yaml_reader *r, js *v, size_t line)
{
	if (!r->depth) {
		r->root = v;
		r->have_root = true;
		return;
	}
	struct yaml_frame *f = &r->frames[r->depth - 1];

	if (!f->is_map) {
		js_push(f->node, v);
	} else if (f->merging) {
		f->merging = false;
		f->merge = f->merge ? f->merge : js_new_arr();
		js_push(f->merge, v);
	} else {
		size_t before = js_len(f->node);

		js_set(f->node, f->key, v);
		if (r->dup && js_len(f->node) == before)
			note_duplicate(r, f, line);
		free(STEAL(f->key));
	}
}

/* v was just attached and stays where it is; the anchor keeps a copy. Counts towards the limits as an alias
 * does. */
static int remember(struct yaml_reader *r, const char *name, const js *v, size_t nodes, size_t bytes)
{
	r->nodes += nodes;
	r->bytes += bytes;
	if (r->nodes > JS_MAX_NODES || r->bytes > YAML_MAX_BYTES)
		return fail(r, "document contains excessive aliasing");
	struct anchor *a = mem_alloc(sizeof(*a)), *old;

	*a = (struct anchor){.node = js_dup(v), .nodes = nodes, .bytes = bytes};
	old = map_set(&r->anchors, name, a);
	if (old) {
		json_object_put(old->node);
		free(old);
	}
	return 0;
}

static int push(struct yaml_reader *r, js *node, bool is_map, const yaml_char_t *anchor)
{
	if (r->depth >= YAML_MAX_DEPTH) {
		json_object_put(node);
		return fail(r, "exceeded max depth");
	}
	if (r->depth == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 16;
		r->frames = mem_realloc_array(r->frames, r->cap, sizeof(*r->frames));
	}
	r->frames[r->depth++] = (struct yaml_frame){.node = node,
						    .is_map = is_map,
						    .anchor = mem_strdup((const char *)anchor),
						    .nodes = r->nodes,
						    .bytes = r->bytes,
						    .line = r->line};
	r->nodes += is_map ? JS_OBJECT_COST : 1;
	return 0;
}

static int merge_one(struct yaml_reader *r, js *into, const js *from)
{
	if (!js_is_obj(from))
		return fail(r, merge_wrong);
	for (struct js_iter it = js_iter(from); js_next(&it);)
		if (!json_object_object_get_ex(into, it.key, NULL))
			js_set(into, it.key, js_dup(it.value));
	return 0;
}

/* Explicit keys win over merged ones, earlier sources over later. */
static int merge_all(struct yaml_reader *r, struct yaml_frame *f)
{
	js_array_for_each (source, f->merge) {
		if (!js_is_arr(source)) {
			if (merge_one(r, f->node, source))
				return -1;
			continue;
		}
		js_array_for_each (one, source)
			if (merge_one(r, f->node, one))
				return -1;
	}
	return 0;
}

static void drop_frame(struct yaml_frame *f)
{
	json_object_put(f->node);
	json_object_put(f->merge);
	free(f->key);
	free(f->anchor);
}

static int pop(struct yaml_reader *r)
{
	struct yaml_frame f = r->frames[--r->depth];
	int rc = merge_all(r, &f);

	if (!rc && f.anchor)
		rc = remember(r, f.anchor, f.node, r->nodes - f.nodes, r->bytes - f.bytes);
	if (!rc)
		attach(r, STEAL(f.node), f.line);
	drop_frame(&f);
	return rc;
}

/* ---- events ---- */
static bool key_due(const struct yaml_reader *r)
{
	const struct yaml_frame *f = r->depth ? &r->frames[r->depth - 1] : NULL;

	return f && f->is_map && !f->key && !f->merging;
}

static int on_scalar(struct yaml_reader *r, const yaml_event_t *e)
{
	size_t n = e->data.scalar.length;
	js *v = NULL;

	r->nodes++;
	r->bytes += n;
	if (r->nodes > JS_MAX_NODES)
		return fail(r, "document is too large");
	if (key_due(r)) {
		struct yaml_frame *f = &r->frames[r->depth - 1];

		if (n == 2 && !memcmp(e->data.scalar.value, "<<", 2) && !e->data.scalar.tag &&
		    e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
			f->merging = true;
			return 0;
		}
		f->key = key_text(r, e, &f->bare);
		if (!f->key)
			return -1;
		if (!e->data.scalar.anchor)
			return 0;
		v = js_new_str(f->key);
		int rc = remember(r, (const char *)e->data.scalar.anchor, v, 1, n);

		json_object_put(v);
		return rc;
	}
	if (r->depth && r->frames[r->depth - 1].merging)
		return fail(r, merge_wrong);
	if (scalar_node(r, e, &v))
		return -1;
	if (e->data.scalar.anchor && remember(r, (const char *)e->data.scalar.anchor, v, 1, n)) {
		json_object_put(v);
		return -1;
	}
	attach(r, v, r->line);
	return 0;
}

static int on_alias(struct yaml_reader *r, const yaml_event_t *e)
{
	const char *name = (const char *)e->data.alias.anchor;
	const struct anchor *a = map_get(&r->anchors, name);

	if (!a) {
		for (size_t i = 0; i < r->depth; i++)
			if (r->frames[i].anchor && !strcmp(r->frames[i].anchor, name))
				return err_set(r->err, REASON_BAD_REQUEST,
					       "yaml: anchor '%.128s' value contains itself", name);
		return err_set(r->err, REASON_BAD_REQUEST, "yaml: unknown anchor '%.128s' referenced", name);
	}
	r->nodes += a->nodes;
	r->bytes += a->bytes;
	if (r->nodes > JS_MAX_NODES || r->bytes > YAML_MAX_BYTES)
		return fail(r, "document contains excessive aliasing");
	if (!key_due(r)) {
		attach(r, js_dup(a->node), r->line);
		return 0;
	}
	const char *key = js_str(a->node, NULL);

	if (!key)
		return fail(r, "unsupported map key");
	r->frames[r->depth - 1].key = mem_strdup(key);
	return 0;
}

static int on_event(struct yaml_reader *r, const yaml_event_t *e)
{
	bool is_map = e->type == YAML_MAPPING_START_EVENT;

	r->line = e->start_mark.line;
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(r, e);
	case YAML_ALIAS_EVENT:
		return on_alias(r, e);
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		if (key_due(r))
			return fail(r, "invalid map key");
		if (r->nodes > JS_MAX_NODES)
			return fail(r, "document is too large");
		return push(r, is_map ? js_new_obj() : js_new_arr(), is_map,
			    is_map ? e->data.mapping_start.anchor : e->data.sequence_start.anchor);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return pop(r);
	default:
		return 0;
	}
}

static int syntax_error(struct yaml_reader *r)
{
	const yaml_parser_t *y = &r->y;
	size_t line = y->problem_mark.line ? y->problem_mark.line + (y->error == YAML_SCANNER_ERROR)
					   : y->context_mark.line;
	const char *problem = y->problem && *y->problem ? y->problem : "unknown problem parsing YAML content";

	if (line)
		return err_set(r->err, REASON_BAD_REQUEST, "yaml: line %zu: %s", line, problem);
	return err_set(r->err, REASON_BAD_REQUEST, "yaml: %s", problem);
}

static void forget_document(struct yaml_reader *r)
{
	for (struct map_iter it = {0}; map_next(&r->anchors, &it);) {
		struct anchor *a = it.value;

		json_object_put(a->node);
		free(a);
	}
	map_clear(&r->anchors);
	while (r->depth)
		drop_frame(&r->frames[--r->depth]);
	json_object_put(STEAL(r->root));
	r->have_root = false;
}

/* Reads on to the end of a document: 1 with it in r->root, 0 at the end of the stream, -1. */
static int document(struct yaml_reader *r)
{
	for (;;) {
		yaml_event_t e;

		if (!yaml_parser_parse(&r->y, &e))
			return syntax_error(r);
		yaml_event_type_t type = e.type;
		int rc = on_event(r, &e);

		yaml_event_delete(&e);
		if (rc)
			return -1;
		if (type == YAML_DOCUMENT_END_EVENT)
			return 1;
		if (type == YAML_STREAM_END_EVENT)
			return 0;
	}
}

/* libyaml compares every %TAG directive with all before it, and nobody uses them. One begins a line; these
   bytes end the line breaks that libyaml knows. */
static bool too_many_tags(const char *text, size_t n)
{
	const char *p = text, *end = text + n;
	int found = 0;

	while ((p = memmem(p, (size_t)(end - p), "%TAG", 4))) {
		if (p > text && strchr("\n\r\x85\xa8\xa9", p[-1]) && ++found > MAX_TAG_LINES)
			return true;
		p++;
	}
	return false;
}

static void open_reader(struct yaml_reader *r, const char *p, size_t n)
{
	if (!yaml_parser_initialize(&r->y))
		abort(); /* out of memory */
	yaml_parser_set_encoding(&r->y, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->y, (const unsigned char *)p, n);
}

static void close_reader(struct yaml_reader *r)
{
	forget_document(r);
	map_release(&r->anchors);
	free(r->frames);
	yaml_parser_delete(&r->y);
}

js *yaml_parse(const char *p, size_t n, struct js_duplicates *dup, struct err *err)
{
	struct yaml_reader r = {.dup = dup, .err = err};

	if (too_many_tags(p, n)) {
		err_set(err, REASON_BAD_REQUEST, "yaml: too many %%TAG directives");
		return NULL;
	}
	open_reader(&r, p, n);
	int rc = document(&r);
	js *root = rc < 0 ? NULL : STEAL(r.root);

	close_reader(&r);
	if (rc >= 0 && !root)
		err_set(err, REASON_BAD_REQUEST, "Object 'Kind' is missing in 'null'");
	return root;
}

js *yaml_parse_all(const char *p, size_t n, struct err *err)
{
	struct yaml_reader r = {.err = err};
	int rc;

	if (too_many_tags(p, n)) {
		err_set(err, REASON_BAD_REQUEST, "yaml: too many %%TAG directives");
		return NULL;
	}
	js *all = js_new_arr();

	open_reader(&r, p, n);
	while ((rc = document(&r)) > 0) {
		if (r.root)
			js_push(all, STEAL(r.root));
		forget_document(&r);
	}
	close_reader(&r);
	if (rc < 0) {
		json_object_put(all);
		return NULL;
	}
	return all;
}
