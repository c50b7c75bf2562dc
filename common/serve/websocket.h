/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's end of a WebSocket (RFC 6455): frames, and what two ends have to say to each other about the connection.
 * It knows no socket: bytes that came go in, bytes that are to be sent come out. One thread at a time.
 */
#ifndef SERVE_WEBSOCKET_H
#define SERVE_WEBSOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"

/* Sec-WebSocket-Accept for the client's Sec-WebSocket-Key. */
void websocket_accept(struct buf *out, const char *key);

enum websocket_form { WEBSOCKET_TEXT = 1, WEBSOCKET_BINARY = 2 };
#define WEBSOCKET_HEAD_MAX 10
/* What is sent before the n bytes of a message that leaves in one frame. Returns its length. */
size_t websocket_head(char out[WEBSOCKET_HEAD_MAX], enum websocket_form form, uint64_t n);

struct websocket;
struct websocket *websocket_new(void); /* messages of the client are dropped until somebody wants them */
/* A part of a message, as it comes; the message may be of any length. */
struct websocket_part {
	enum websocket_form form;
	bool first, last; /* the last one may be empty */
	const char *p;	  /* borrowed for the call */
	size_t n;
};
typedef void websocket_fn(void *arg, const struct websocket_part *part);
void websocket_on_message(struct websocket *ws, websocket_fn *fn,
			  void *arg); /* fn: from inside websocket_take */
void websocket_free(struct websocket *ws);
/* Bytes that the client has sent. False: the connection is over, because the client said so or broke the protocol; what
   is left to say about it is what websocket_say gives. */
bool websocket_take(struct websocket *ws, const char *p, size_t n);
/* From this end: over, and nothing went wrong. */
void websocket_close(struct websocket *ws);
/* Appends what has to be sent before the next message: answers to pings, the close. */
void websocket_say(struct websocket *ws, struct buf *out);

#endif
