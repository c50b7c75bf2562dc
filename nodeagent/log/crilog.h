/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container logs as conmon writes them, the CRI format: one line per piece of output,
 *
 *	2016-10-06T00:17:09.669794202Z stdout F the content
 *
 * F ends a line of the container, P is a part of one that goes on in the next entry of the same stream. A
 * file is read forwards through a small buffer, and backwards only to find where its last N lines begin. Files
 * are untrusted: a line that does not parse is left out, one longer than CRILOG_LINE_MAX is cut. Blocking, any
 * thread.
 */
#ifndef LOG_CRILOG_H
#define LOG_CRILOG_H

#include <sys/types.h>
#include "base/buf.h"

#define CRILOG_LINE_MAX (64 * 1024) /* conmon writes pieces of 8 KiB */

enum crilog_stream { CRILOG_STDOUT = 1, CRILOG_STDERR = 2, CRILOG_BOTH = 3 };

struct crilog_line { /* borrowed */
	int64_t ns;  /* when it was written, wall */
	enum crilog_stream stream;
	bool partial;
	const char *content; /* without the newline */
	size_t content_len;
};
/* p without its newline. False when it is no log line. */
bool crilog_parse(const char *p, size_t n, struct crilog_line *ret); /* for tests */

struct crilog_options {
	int64_t tail_lines;  /* -1 = all */
	int64_t since_ns;    /* wall; 0 = all */
	int64_t limit_bytes; /* of output; -1 = none */
	bool timestamps;
	enum crilog_stream streams;
};

struct crilog_reader {
	int fd; /* borrowed */
	struct crilog_options o;
	off_t at;	/* next byte to read */
	int64_t left;	/* of limit_bytes; -1 = no limit */
	bool middle[4]; /* per stream: inside a line that was split */
	bool skip[4];	/* per stream: the line's first part was too old */
	struct buf raw;
};
/* Positions the reader at the first line that is wanted. */
int crilog_open(struct crilog_reader *r, int fd, const struct crilog_options *o, struct err *err) MUST_CHECK;
/* Goes on at the beginning of the file that the writer has begun since; what is left of the first one is given up. */
void crilog_next(struct crilog_reader *r, int fd);
void crilog_release(struct crilog_reader *r);
/*
 * Appends output until about `max` bytes are there or the file's present end is reached. Returns 1 when there
 * may be more at once, 0 at the end, -1 on failure. An unfinished last line stays for the next call.
 */
int crilog_read(struct crilog_reader *r, struct buf *out, size_t max, struct err *err) MUST_CHECK;
bool crilog_limit_reached(const struct crilog_reader *r);

/* The end of a log as plain text: at most `lines` lines and `bytes` bytes; nothing when there is no log. */
void crilog_tail(struct buf *out, const char *path, int lines, size_t bytes);

#endif
