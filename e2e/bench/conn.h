/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load generator's connections: HTTP/1.1 over TLS, non-blocking, as cheap as can be, because client and
 * server share two cores and what the client burns the server lacks. Not a general client (that is
 * common/client/http).
 */
#ifndef E2E_BENCH_CONN_H
#define E2E_BENCH_CONN_H

#include <openssl/ssl.h>
#include "base/buf.h"
#include "client/kubeconfig.h"

struct target {
	struct kubeconfig kube;
	char host[64], port[8];
	SSL_CTX *ctx;
};
int target_open(struct target *t, const char *kubeconfig, struct err *err) MUST_CHECK;

struct conn {
	SSL *ssl;
	int fd;
	const char *out; /* what is left to send; borrowed */
	size_t out_len;
	struct buf in;
	size_t want; /* length of the reply in `in`, once the head is there; 0 = not yet */
	int status;
	int64_t sent_ns;
	void *tag;
};
/* Connects; the handshake goes along with what is pumped. */
int conn_begin(struct conn *c, const struct target *t, struct err *err) MUST_CHECK;
/* Connects and shakes hands (blocking), then turns non-blocking. */
int conn_open(struct conn *c, const struct target *t, struct err *err) MUST_CHECK;
void conn_close(struct conn *c);
void conn_send(struct conn *c, const char *p,
	       size_t n); /* starts a request; bytes must stay until the reply */
/* Moves bytes. 1: a whole reply has arrived (status is set, body in `in`); 0: wait for *ret_events; -1:
 * broken. */
int conn_pump(struct conn *c, unsigned *ret_events);
/* Streams: reads what is there into `in`; -1 at the end or error. */
int conn_read(struct conn *c);
/* Moves whole chunks (Transfer-Encoding: chunked) out of `in`, their framing taken off. */
void conn_dechunk(struct conn *c, struct buf *text);
/* Blocking request and reply; the body is left in c->in behind the head. */
int conn_call(struct conn *c, const char *p, size_t n, struct err *err) MUST_CHECK;
const char *conn_body(const struct conn *c);

/* "METHOD path HTTP/1.1" with headers and body. */
void request_write(struct buf *out, const struct target *t, const char *method, const char *path,
		   const char *body);

#endif
