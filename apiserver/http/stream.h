/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long replies (watches, followed logs, big lists) are written straight onto the connection, on the loop that
 * it lives on. The listener lends socket and TLS session once the reply's headers are out, and gets both back
 * at the end. An upgraded connection is the same, with a source that also takes what the client sends.
 */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include "loop/loop.h"
#include "request/response.h"

struct streams;
/* Those of one loop. All functions are for the loop's thread, or while nobody runs the loop. */
struct streams *streams_new(struct loop *l);
/* Ends those that have no end of their own, or all: their `done` runs. Not clean, when a piece is only half sent. */
void streams_end(struct streams *h, bool all);
void streams_free(struct streams *h); /* none is left, and no source wakes any more */

struct stream_connection {
	struct loop_io *io; /* started; the stream's until `done`, which finds it without interest */
	void *tls;	    /* gnutls_session_t; NULL = plain */
	bool more;    /* behind the request something has been read already, and waits in the TLS session */
	bool finite;  /* it comes to its end by itself */
	bool chunked; /* frame as HTTP/1.1 chunks; the last, empty one is left to the listener */
	char *head;   /* goes out first; taken over, NULL = none */
	size_t head_len;
	size_t *counted; /* what the source gives is added; NULL: nobody wants to know */
	/* Once, after the response_stream was closed. clean: everything was sent; else the connection is of no
	   more use. */
	void (*done)(void *arg, bool clean);
	void *arg;
};
/* Takes rs over; `done` does not run before this returns. */
void stream_start(struct streams *h, const struct stream_connection *c, struct response_stream *rs);

#endif
