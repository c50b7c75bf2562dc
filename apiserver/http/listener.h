/* SPDX-License-Identifier: Apache-2.0 */
/* The network side of the apiserver: sockets, TLS, HTTP; the only room that sees libmicrohttpd. Main thread.
 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include "rest/dispatch.h"

struct listener_config {
	const struct server *server;
	const char *bind_address; /* "0.0.0.0", "::1" … */
	int port;		  /* 0 = any free one */
	const char *cert_pem, *key_pem,
		*client_ca_pem; /* PEM texts; client_ca_pem NULL = no client certificates */
	int threads;		/* network threads, and as many stream threads; 0 = one per core */
	int workers;		/* writes in flight */
	int max_reads;		/* reads waiting for the store */
};
struct listener;
struct listener *listener_start(const struct listener_config *c, struct err *err) MUST_CHECK;
int listener_port(const struct listener *l);
/* Stops accepting, ends streams, lets running requests finish. */
void listener_stop(struct listener *l);

#endif
