/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream in front of the reply: it asks for a piece, compresses it, and hands on what comes out. When it has taken
 * TURN_BYTES in it gives the loop back and wakes itself.
 */
#include "http/gzip.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>
#include "base/mem.h"

#define LEVEL 1 /* as upstream: the others cost much more and save little */
#define PIECE_BYTES ((size_t)32 * 1024)
#define TURN_BYTES ((size_t)256 * 1024) /* 2 ms */
#define WINDOW_BITS (15 + 16)		/* with gzip's header */
#define MEMORY_LEVEL 8

static atomic_int under_way;

struct gzip {
	struct response_stream stream;
	z_stream z;
	struct response from; /* whose bytes these are */
	struct buf piece;
	size_t left; /* of this turn */
	bool from_over, over;
};

/* ---- what the client takes ---- */

static bool is_refused(const char *params, const char *end)
{
	const char *q = params;
	while (q < end && (*q == ';' || *q == ' ' || *q == '\t'))
		q++;
	if (end - q < 3 || (*q | 0x20) != 'q' || q[1] != '=' || q[2] != '0')
		return false;
	for (q += 3; q < end; q++)
		if (*q >= '1' && *q <= '9')
			return false;
	return true;
}

bool gzip_is_taken(const char *s)
{
	while (s && *s) {
		size_t n = strcspn(s, ",");
		const char *end = s + n, *p = s + strspn(s, " \t");
		size_t word = strcspn(p, " \t;,");
		if (word == 4 && !strncasecmp(p, "gzip", 4))
			return !is_refused(p + word, end);
		s = *end ? end + 1 : end;
	}
	return false;
}

/* ---- the stream ---- */

static void gzip_close(void *arg)
{
	struct gzip *g = arg;
	deflateEnd(&g->z);
	response_release(&g->from);
	buf_release(&g->piece);
	atomic_fetch_sub(&under_way, 1);
	free(g);
}

/* False: there is nothing left to compress. */
static bool take_piece(struct gzip *g)
{
	struct response_stream *s = g->from.stream;
	if (g->z.avail_in || g->from_over)
		return g->z.avail_in;
	buf_clear(&g->piece);
	buf_reserve(&g->piece, PIECE_BYTES);
	long n = s ? s->read(s->arg, g->piece.p, PIECE_BYTES) : -1;
	g->from_over = n <= 0;
	if (n > 0) {
		g->z.next_in = (unsigned char *)g->piece.p;
		g->z.avail_in = (unsigned)n;
	}
	return n > 0;
}

static long next_turn(struct gzip *g)
{
	g->left = TURN_BYTES;
	response_wake(g->stream.wake);
	return 0;
}

static long gzip_read(void *arg, char *p, size_t max)
{
	struct gzip *g = arg;
	g->z.next_out = (unsigned char *)p;
	g->z.avail_out = (unsigned)max;
	while (!g->over && g->left && g->z.avail_out) {
		bool more = take_piece(g);
		size_t before = g->z.avail_in, later = before > g->left ? before - g->left : 0;
		g->z.avail_in -= (unsigned)later;
		g->over = deflate(&g->z, more ? Z_NO_FLUSH : Z_FINISH) == Z_STREAM_END;
		g->z.avail_in += (unsigned)later;
		g->left -= before - g->z.avail_in;
	}
	size_t n = max - g->z.avail_out;
	return n ? (long)n : g->over ? -1 : next_turn(g);
}

/* ---- the beginning ---- */

/* Reads as much of a stream as decides. True: that was all, and rs has a body now. */
static bool is_short(struct response *rs, struct buf *head)
{
	struct response_stream *s = rs->stream;
	while (head->len <= GZIP_THRESHOLD) {
		buf_reserve(head, PIECE_BYTES);
		long n = s->read(s->arg, head->p + head->len, PIECE_BYTES);
		if (n <= 0) {
			s->close(s->arg);
			rs->stream = NULL;
			rs->body = *head;
			*head = (struct buf)BUF_INIT;
			return true;
		}
		head->len += (size_t)n;
	}
	return false;
}

static bool begin(struct gzip *g)
{
	if (atomic_fetch_add(&under_way, 1) >= GZIP_MAX ||
	    deflateInit2(&g->z, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
		atomic_fetch_sub(&under_way, 1);
		return false;
	}
	return true;
}

bool gzip_response(struct response *rs)
{
	size_t n;
	const char *p = response_bytes(rs, &n);
	autobuf struct buf head = BUF_INIT;
	if (rs->stream ? !rs->finite : n <= GZIP_THRESHOLD)
		return false;
	struct gzip *g = MEM_NEW(struct gzip);
	if (!begin(g)) {
		free(g);
		return false;
	}
	if (rs->stream && is_short(rs, &head)) {
		gzip_close(g);
		return false;
	}
	g->piece = head;
	head = (struct buf)BUF_INIT;
	g->from.stream = STEAL(rs->stream);
	g->from.shared = rs->shared;
	g->from.body = rs->body;
	rs->shared = (struct shared_bytes){.p = NULL};
	rs->body = (struct buf)BUF_INIT;
	g->z.next_in = (unsigned char *)(uintptr_t)(g->from.stream ? g->piece.p : p);
	g->z.avail_in = (unsigned)(g->from.stream ? g->piece.len : n);
	g->left = TURN_BYTES;
	g->stream = (struct response_stream){.read = gzip_read, .close = gzip_close, .arg = g};
	rs->stream = &g->stream;
	return true;
}
