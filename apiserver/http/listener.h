/* SPDX-License-Identifier: Apache-2.0 */
/* The network side of the apiserver: sockets, TLS, HTTP; the only room that sees libmicrohttpd. Main thread.
 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include "request/service.h"

struct listener_config {
	const struct service *service; /* borrowed until after listener_stop */
	const char *bind_address;      /* "0.0.0.0", "::1" … */
	int port;		       /* 0 = any free one */
	const char *cert_pem, *key_pem,
		*client_ca_pem; /* PEM texts; client_ca_pem NULL = no client certificates */
	int threads;		/* loops, each on a thread of its own; 0 = one per core */
	size_t connections;	/* at most; half of them for clients that the service knows; 0 = 20,000 */
};
struct listener;
struct listener *listener_start(const struct listener_config *c, struct err *err) MUST_CHECK;
int listener_port(const struct listener *l);
/* Stops accepting, lets running requests finish, ends streams. */
void listener_stop(struct listener *l);

#endif
