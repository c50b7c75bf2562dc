/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS connection's socket, as GnuTLS sees it: with read-ahead, with a word to its owner about what happens,
 * and without spinning while a handshake waits for its client.
 */
#ifndef SERVE_TRANSPORT_H
#define SERVE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

#define TRANSPORT_AHEAD 1024

struct transport;
struct transport_events {		   /* any but the first may be NULL */
	void (*wait)(struct transport *t); /* the handshake cannot go on before the socket is readable */
	void (*handshaken)(struct transport *t); /* the client's last word of it was read */
	/* Somebody reads: bytes that have come, `n` of them just now. False: he gets the end of the connection. */
	bool (*reading)(struct transport *t, size_t n);
	void (*writing)(struct transport *t); /* bytes have gone */
};
struct transport { /* embedded by the connection, zeroed */
	const struct transport_events *events;
	int fd;
	bool exact; /* no read-ahead: somebody asks the socket whether there is more */
	bool handshaken;
	size_t off, len;
	char *ahead; /* TRANSPORT_AHEAD bytes while some are unread, else NULL: most connections are idle */
};
/* Before the handshake; events and fd are set. `tls` is a gnutls_session_t. */
void transport_attach(struct transport *t, void *tls);
void transport_release(struct transport *t);

#endif
