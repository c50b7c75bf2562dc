/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON documents as json-c trees, read and written through type-checked paths.
 *
 * json-c is the tree; the scanner that builds it is ours, because input must be refused exactly (depth,
 * UTF-8, duplicate keys, numbers out of range, trailing bytes) and because the same scanner reads single
 * fields out of stored bytes without building a tree (scan.h). Debian's json-c does not count references
 * atomically and even reading with a conversion may write, so a tree belongs to one thread from parse to put;
 * nothing here shares one.
 *
 * Paths are C strings ending in NULL: js_str(pod, "spec", "nodeName", NULL). A missing step or a value of
 * another type reads as absent. Returned objects and strings are borrowed from the tree unless the name says
 * otherwise.
 */
#ifndef OBJECT_JSON_H
#define OBJECT_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"

typedef struct json_object js; /* the library's own name is long for the most used type of the house */

void js_autoput(js **o);
#define autojson __attribute__((cleanup(js_autoput)))

#define JS_MAX_DEPTH 500 /* deeper input is refused; upstream's limit is encoding/json's 10,000 */

/* A tree takes many times the memory of its shortest text, so the values of a document are counted, an object
   as JS_OBJECT_COST of them, and a document of more than JS_MAX_NODES is refused: under 100 MB of tree in the
   worst case. */
#define JS_MAX_NODES 1000000
#define JS_OBJECT_COST 4

/* Where duplicate keys go: appended as paths, e.g. `spec.containers[0].name`; NULL = do not look. The later
   value wins, as in encoding/json. At most JS_MAX_DUPLICATES are recorded. */
#define JS_MAX_DUPLICATES 100
struct js_duplicates {
	char *path[JS_MAX_DUPLICATES]; /* owned */
	size_t n;
};
void js_duplicates_release(struct js_duplicates *d);
void js_duplicates_add(struct js_duplicates *d, const char *path); /* unless it is there already */

/* NULL with REASON_BAD_REQUEST and what/where (byte offset) on failure. A top-level null is refused, because
   json-c has no object for it. Integers are int64 or uint64; other numbers are doubles that keep their
   literal. */
js *js_parse(const char *p, size_t n, struct js_duplicates *dup, struct err *err) MUST_CHECK;

/* Compact JSON, keys in insertion order, no HTML or slash escapes. Never writes into the tree. */
void js_write(struct buf *out, const js *o);
/* As encoding/json writes a map: members in their order, `<`, `>` and `&` in escapes. Numbers as `number` writes them, NULL: as
   js_write does. */
typedef void js_number_fn(struct buf *out, const js *number);
void js_write_sorted(struct buf *out, const js *o, js_number_fn *number);
void js_write_escaped(struct buf *out, const char *p, size_t n); /* a string in these escapes */
void js_write_pretty(struct buf *out, const js *o);		 /* two spaces, as `?pretty=true` */

/* ---- reading ---- */
js *js_get(const js *o, ...) __attribute__((sentinel));		/* NULL when absent or JSON null */
const char *js_str(const js *o, ...) __attribute__((sentinel)); /* NULL when absent */
/* Strings that hold a NUL byte read as absent here, since no C string is their value; js_bytes reads any. */
const char *js_bytes(const js *o, size_t *ret_len); /* of a string; NULL when o is none */
/* The same with "" instead of NULL. */
const char *js_str0(const js *o, ...) __attribute__((sentinel));
int64_t js_int(const js *o, int64_t dflt, ...) __attribute__((sentinel));
bool js_bool(const js *o, int dflt, ...) __attribute__((sentinel)); /* int: a bool cannot precede `...` */
js *js_obj(const js *o, ...) __attribute__((sentinel));		    /* NULL unless an object */
js *js_arr(const js *o, ...) __attribute__((sentinel));		    /* NULL unless an array */
/* One step without varargs, for hot paths. */
js *js_field(const js *o, const char *key);
size_t js_len(const js *array_or_object); /* 0 for NULL or another type */
js *js_at(const js *array, size_t i);	  /* NULL beyond the end */
bool js_is_str(const js *o);
bool js_is_int(const js *o);
bool js_is_num(const js *o);
bool js_is_bool(const js *o);
bool js_is_null(const js *o);	  /* NULL, as json-c has it */
const char *js_word(const js *o); /* as messages name its type: "string", "bool", "null" */
double js_num(const js *o);	  /* a number as double; 0 for another type */
bool js_is_obj(const js *o);
bool js_is_arr(const js *o);
bool js_equal(const js *a, const js *b); /* deep; key order ignored; 1 == 1.0; NULL equals JSON null */

/* break and continue work; item_i is the index. `arr` is asked for once; that array stays, with its length, meanwhile. */
#define js_array_for_each(item, arr)                                                                         \
	for (const js *item##_in = (arr); item##_in; item##_in = NULL)                                       \
		for (size_t item##_i = 0, item##_n = js_len(item##_in), item##_left = 0;                     \
		     !item##_left && item##_i < item##_n; item##_i++)                                        \
			for (js *item = js_at(item##_in, item##_i),                                          \
				*item##_once = (item##_left = 1, (js *)1);                                   \
			     item##_once; item##_once = NULL, item##_left = 0)

/* Iterates over an object's members in order. Nothing may be added or removed meanwhile.
   for (struct js_iter it = js_iter(o); js_next(&it);) … it.key, it.value (NULL is JSON null) */
struct js_iter {
	const char *key;
	js *value;
	const void *entry; /* inside */
	bool shared;	   /* inside */
};
struct js_iter js_iter(const js *o); /* empty unless o is an object */
bool js_next(struct js_iter *it);

/* ---- making and changing (private trees only) ---- */
js *js_new_obj(void);
js *js_new_arr(void);
js *js_new_str(const char *s);
js *js_new_strn(const char *s, size_t n);
js *js_new_int(int64_t v);
js *js_new_double(double v);
js *js_new_bool(bool v);
js *js_dup(const js *o); /* deep copy; only reads o, so threads may copy one frozen tree at once */
/* Takes the tree and returns it with its numbers as Go writes them back when it has read them into nothing special: 1.0
   is 1, 1.50 is 1.5. */
js *js_plain(js *o);
/* Sets key on an object, replacing; takes ownership of v. */
void js_set(js *o, const char *key, js *v);
js *js_take(js *o,
	    const char *key); /* removes key and returns its value, now the caller's; NULL when absent */
void js_set_str(js *o, const char *key, const char *v); /* NULL v: no-op */
void js_set_int(js *o, const char *key, int64_t v);
void js_set_bool(js *o, const char *key, bool v);
void js_del(js *o, const char *key);
void js_push(js *arr, js *v); /* takes ownership */
void js_del_at(js *arr, size_t i);
/* The object at a path, making empty objects on the way; a value of another type in the way is replaced. */
js *js_ensure(js *o, ...) __attribute__((sentinel));
js *js_ensure_arr(js *o, const char *key);

#endif
