/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP client: these files (http*.c) alone see libcurl.
 *
 * A struct http is a connection pool to any number of servers, on one loop: a daemon's (http_new_on: requests
 * are started and end on that loop's thread), or a small one of its own for one thread that blocks (http_new:
 * make one per thread). It runs many requests at once on few keep-alive connections (http_start; blocking:
 * http_run), and streams (watches, logs) through a callback. All requests have a deadline; none follows redirects unless
 * asked. A request other than GET and HEAD is never sent twice: when a kept connection breaks under it, it fails with
 * REASON_UNAVAILABLE, and whether it was done has to be found out by who asked. Errors: REASON_UNAVAILABLE when the server cannot be reached, REASON_TIMEOUT when the deadline
 * passes; an HTTP status is not an error here.
 */
#ifndef CLIENT_HTTP_H
#define CLIENT_HTTP_H

#include "base/buf.h"
#include "loop/loop.h"

struct http_tls { /* all optional; paths or PEM text; the strings are borrowed until http_free */
	const char *ca_file, *cert_file, *key_file;
	const char *ca_pem, *cert_pem, *key_pem;
	bool insecure;
};

struct http;
/* max_connections: per http, over all hosts; 0 = no limit. tls may be NULL (the system's CAs). */
struct http *http_new(const struct http_tls *tls, int max_connections); /* NULL with errno: no descriptors */
/* The same on a loop that somebody else runs. Any thread; what http_start began belongs to the loop's. */
struct http *http_new_on(struct loop *l, const struct http_tls *tls, int max_connections);
/* Before the first request: on HTTP/2 too, no two requests share a connection at the same time. For large replies and
   streams: beside each other, curl 7.88 loses the trailers of one while another one waits to be read. */
void http_unshare(struct http *h);
/* What http_start began is aborted; its `done` does not run. Any thread when it is on a loop. */
void http_free(struct http *h);

struct http_request {
	const char *method, *url;   /* borrowed while running */
	const char *const *headers; /* NULL-terminated "Name: value"; may be NULL */
	const char *body;
	size_t body_len;
	int64_t timeout_ns; /* whole request; 0 = 30 s. With on_data: time without any byte, 0 = none */
	size_t max_body;    /* largest reply; 0 = 64 MiB, no limit with on_data. More is REASON_TOO_LARGE */
	/* When set, reply bytes go here instead of into reply.body; return false to end the request early
	   (that is no error). Runs inside the transfer: http_start, http_abort and http_cancel are
	   allowed, nothing else of this struct http. */
	bool (*on_data)(void *arg, const char *p, size_t n);
	void (*on_status)(void *arg, int status); /* optional, before the first on_data; the same rule */
	void *arg;
	bool follow_redirects;
	const char *username, *password; /* basic auth, optional */
	const char *unix_socket;	 /* connect here instead of the URL's host */
	/* HTTP/2, many requests on one connection: by prior knowledge without TLS, by ALPN with it. */
	bool http2;
	bool trickle; /* a long life of small pieces (a watch): it holds 4 KiB to read into, not 16 */
	bool alone;   /* on a connection of its own, which is closed afterwards */
	bool unended; /* the body's end is never sent: a stream in both directions, until http_abort */
};
struct http_reply {
	int status;
	struct buf body;
	char content_type[128];
	char retry_after[32];
	char www_authenticate[1024];
	char docker_content_digest[128];
	char grpc_status[8], grpc_message[256]; /* trailers */
	bool unsent;	/* with err: no byte of the request has left, so it may be made again */
	struct err err; /* reason != REASON_NONE: no complete HTTP reply came back */
};
void http_reply_release(struct http_reply *r);

/* ---- blocking; only for http_new ---- */

/* One request, blocking. -1: transport error in *err (also r->err). *r need not be initialised. */
int http_do(struct http *h, const struct http_request *rq, struct http_reply *r, struct err *err) MUST_CHECK;
/* n requests at once, at most `in_flight` on the wire; returns when all have ended. Each reply has its own
 * err. */
void http_run(struct http *h, const struct http_request *rq, struct http_reply *r, size_t n,
	      size_t in_flight);
/* Makes a running http_do or http_run of this struct return with REASON_CANCELED, and later ones at once. Any
   thread. */
void http_cancel(struct http *h);

/* ---- on the loop ---- */

/*
 * Starts any number of requests. `done` runs on the loop (inside a blocking call of the same
 * struct http, when the loop is its own) and may use all of http but the blocking calls; the request's
 * strings are copied. After `done` the call is gone.
 */
typedef void http_done_fn(void *arg, struct http_reply *r); /* r is borrowed; take r->body if needed */
struct http_call;
struct http_call *http_start(struct http *h, const struct http_request *rq, http_done_fn *done,
			     void *done_arg);
void http_abort(struct http_call *c); /* `done` will not run */
/* Back-pressure of a stream: inside on_data, on_data is not called again, and the server soon cannot send
   more, until http_go_on (not inside on_data). */
void http_hold(struct http_call *c);
void http_go_on(struct http_call *c);
bool http_sent(struct http_call *c);	     /* some of the request has left */
size_t http_in_flight(const struct http *h); /* for tests */

/* Percent-encodes one path segment or query value. */
void http_escape(struct buf *out, const char *s);

#endif
