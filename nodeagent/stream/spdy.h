/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SPDY/3.1 frames over buffers, for one connection, whichever end of it: bytes that came go in and frames come out, frames to
 * be sent are appended as bytes. What frames mean is mux.h's. It knows no socket; one thread at a time.
 *
 * Whatever the other end says is bounded: a control frame by SPDY_CONTROL_MAX before and SPDY_HEADERS_MAX after inflating,
 * data is handed on in the pieces in which it came, whatever length the frame claims.
 */
#ifndef STREAM_SPDY_H
#define STREAM_SPDY_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"

#define SPDY_CONTROL_MAX (16 * 1024)
#define SPDY_HEADERS_MAX (16 * 1024)
#define SPDY_HEADERS 32 /* of one block */

enum spdy_type {
	SPDY_DATA,
	SPDY_SYN_STREAM,
	SPDY_SYN_REPLY,
	SPDY_RST_STREAM,
	SPDY_SETTINGS,
	SPDY_PING = 6,
	SPDY_GOAWAY,
	SPDY_HEADERS_FRAME,
	SPDY_WINDOW_UPDATE
};
/* Of RST_STREAM. */
enum spdy_status { SPDY_PROTOCOL_ERROR = 1, SPDY_REFUSED_STREAM = 3, SPDY_CANCEL = 5, SPDY_INTERNAL_ERROR };

struct spdy_header {
	const char *name, *value; /* lower case; of several values the first */
};
struct spdy_headers {
	struct spdy_header v[SPDY_HEADERS];
	size_t n;
};
/* NULL: it is not there. */
const char *spdy_header(const struct spdy_headers *h, const char *name);

struct spdy_frame { /* borrowed until the next call */
	enum spdy_type type;
	uint32_t stream; /* 0: it concerns the connection */
	bool fin;	 /* the last of this stream from that end */
	uint32_t value;	 /* RST_STREAM and GOAWAY: status; PING: its id; WINDOW_UPDATE: by how much */
	const char *data;
	size_t len; /* SPDY_DATA: of this piece */
	const struct spdy_headers *headers;
};

struct spdy;
struct spdy *spdy_new(void);
void spdy_free(struct spdy *s);
/* Takes from [*p, *p + *n). 1: *ret is a frame, and there may be more; 0: all was taken; -1: this is not SPDY, and the
   connection is over. */
int spdy_next(struct spdy *s, const char **p, size_t *n, struct spdy_frame *ret, struct err *err) MUST_CHECK;

void spdy_put_syn_stream(struct spdy *s, struct buf *out, uint32_t stream,
			 const struct spdy_headers *h); /* for tests */
void spdy_put_syn_reply(struct spdy *s, struct buf *out, uint32_t stream);
/* n may be anything: what does not fit into one frame goes into several. */
void spdy_put_data(struct buf *out, uint32_t stream, const void *p, size_t n, bool fin);
void spdy_put_rst(struct buf *out, uint32_t stream, enum spdy_status status);
void spdy_put_ping(struct buf *out, uint32_t id);
void spdy_put_goaway(struct buf *out, uint32_t last_stream);

#endif
