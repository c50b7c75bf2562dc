/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What another server answers, HTTP/1.x, taken out of the bytes as they come: its head, then its body without its framing.
 * Pure, any thread; memory is bounded by ANSWER_HEAD_MAX and by what the caller leaves in `in`.
 */
#ifndef REST_CONNECT_ANSWER_H
#define REST_CONNECT_ANSWER_H

#include "base/buf.h"

#define ANSWER_HEAD_MAX ((size_t)24 << 10) /* as much as fits into what is passed on */

struct answer {		  /* zeroed, then `bodiless` set */
	bool bodiless;	  /* it answers HEAD */
	int status;	  /* 0: the head is not complete */
	struct buf lines; /* "Name: value\r\n" each, in order, all of them */
	int64_t length;	  /* of the body, as told; -1: not told */
	enum { ANSWER_LENGTH, ANSWER_CHUNKED, ANSWER_CLOSE } framing;
	enum { CHUNK_SIZE, CHUNK_DATA, CHUNK_END, CHUNK_TRAILER } chunk;
	uint64_t left; /* of the body, or of the chunk */
	bool over;     /* the body is complete */
};
void answer_release(struct answer *a);
/* Takes the head out of `in`; interim answers (100) are dropped, but not 101. 1: it is complete, 0: more is needed, -1: it is
   no HTTP. */
int answer_head(struct answer *a, struct buf *in, struct err *err);
/* Moves body from `in` to `out`, as much as there is. `ended`: nothing follows. -1: cut short, or no HTTP. */
int answer_body(struct answer *a, struct buf *in, struct buf *out, bool ended, struct err *err);
/* The next header: *at starts as 0. False: that was all. Texts are inside of lines. */
struct answer_line {
	const char *name, *value;
	size_t name_len, value_len;
};
bool answer_next(const struct buf *lines, size_t *at, struct answer_line *ret);
bool answer_is(const struct answer_line *l, const char *name);
/* Appends the first value of that name; false: there is none. */
bool answer_value(const struct buf *lines, const char *name, struct buf *out);
/* Whether this header is for one connection only: by its name, or because `Connection` among `lines` names it. */
bool answer_is_hop(const struct buf *lines, const struct answer_line *l);

#endif
