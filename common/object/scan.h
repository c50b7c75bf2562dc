/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pull scanner over JSON bytes: one pass, no allocation, no tree.
 *
 * Used where only a few fields of a document matter (building the index of a stored object, finding the
 * splice point of resourceVersion, reading an etcd reply) and as the front half of js_parse. The input need
 * not be NUL-terminated. Malformed input ends the scan with SCAN_ERROR; nothing is read beyond the end. One
 * thread.
 *
 *	struct scan s;
 *	scan_init(&s, p, n);
 *	if (scan_enter_object(&s))
 *		while (scan_key(&s, &key, &klen))		// positioned at the value
 *			if (scan_key_is(key, klen, "metadata")) … else scan_skip(&s);
 */
#ifndef OBJECT_SCAN_H
#define OBJECT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"

enum scan_type {
	SCAN_ERROR,
	SCAN_OBJECT,
	SCAN_ARRAY,
	SCAN_STRING,
	SCAN_NUMBER,
	SCAN_TRUE,
	SCAN_FALSE,
	SCAN_NULL,
	SCAN_END
};

struct scan {
	const char *start, *p, *end;
	const char *error; /* NULL, or what is wrong at p */
	int depth, deepest;
	size_t values; /* met so far, counted as JS_MAX_NODES does */
	bool first;    /* inside: no member of the current container was read yet */
};

void scan_init(struct scan *s, const char *p, size_t n);
enum scan_type scan_peek(struct scan *s); /* type of the value at the cursor, white space skipped */
bool scan_enter_object(struct scan *s);
bool scan_enter_array(struct scan *s);
/* Next member of the object entered last. True: cursor at its value, which the caller must consume (read,
   enter or skip). False: the closing brace was consumed, or an error. key is raw (between the quotes, escapes
   not decoded). */
bool scan_key(struct scan *s, const char **key, size_t *len);
bool scan_key_escaped(struct scan *s, const char **key, size_t *len,
		      bool *escaped); /* *escaped: see scan_string */
bool scan_item(struct scan *s);	      /* the same for arrays */
bool scan_skip(struct scan *s);	      /* any value */
/* Reads a string value. Raw bytes between the quotes; *escaped tells whether scan_unescape is needed. */
bool scan_string(struct scan *s, const char **p, size_t *len, bool *escaped);
void scan_unescape(struct buf *out, const char *p, size_t len);
bool scan_int(struct scan *s, int64_t *v);
bool scan_number(struct scan *s, const char **p, size_t *len); /* the literal */
bool scan_bool(struct scan *s, bool *v);
bool scan_null(struct scan *s);
bool scan_finish(struct scan *s); /* true when only white space is left */
/* True when a literal of scan_number is an integer of 64 bits. */
bool scan_literal_int(const char *p, size_t len, int64_t *v);
/* Ends the scan with an error of the caller's (static text); false. */
bool scan_fail(struct scan *s, const char *what);
/* Words the scan's error as encoding/json does, with REASON_BAD_REQUEST; -1. */
int scan_err(const struct scan *s, struct err *err);
static inline bool scan_failed(const struct scan *s)
{
	return s->error != NULL;
}
bool scan_key_is(const char *key, size_t len, const char *want);

#endif
