/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long replies (watches, followed logs, big lists) are written by their own few threads, straight onto the
 * connection. The listener lends them the socket and TLS session once the reply's headers are out, and gets
 * both back at the end.
 */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include "request/response.h"

struct stream_hub;
struct stream_hub *stream_hub_new(size_t threads);
/* Ends all streams (their `done` runs) and the threads. */
void stream_hub_free(struct stream_hub *h);

struct stream_connection {
	int fd;	      /* non-blocking */
	void *tls;    /* gnutls_session_t; NULL = plain */
	bool chunked; /* frame as HTTP/1.1 chunks; the last, empty one is left to the listener */
	/* On a stream thread, once, after the response_stream was closed. clean: everything was sent; else
	   the connection is of no more use. fd and tls belong to the listener again. */
	void (*done)(void *arg, bool clean);
	void *arg;
};
/* Takes rs over. Any thread; `done` may run before this returns. */
void stream_start(struct stream_hub *h, const struct stream_connection *c, struct response_stream *rs);

#endif
