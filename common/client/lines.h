/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts a byte stream that arrives in pieces into lines: watch events, followed logs. A line that came in one
 * piece is handed on where it lies; only a partial one is copied. One thread at a time.
 */
#ifndef CLIENT_LINES_H
#define CLIENT_LINES_H

#include "base/buf.h"

struct lines {
	struct buf partial; /* its max is the longest line allowed */
};
#define LINES_INIT(max_line)                                                                                 \
	{                                                                                                    \
		.partial = BUF_INIT_MAX(max_line)                                                            \
	}
void lines_release(struct lines *l);
void lines_clear(struct lines *l); /* for the next stream */

/* The line without its '\n' and one '\r' before it; not NUL-terminated. Empty lines are skipped. False stops.
 */
typedef bool lines_fn(void *arg, const char *line, size_t n);
enum lines_result { LINES_OK, LINES_STOPPED, LINES_TOO_LONG };
enum lines_result lines_feed(struct lines *l, const char *p, size_t n, lines_fn *fn, void *arg);

#endif
