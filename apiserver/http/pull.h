/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a TLS connection's socket for GnuTLS: with read-ahead, and without spinning while a handshake waits
 * for its client.
 */
#ifndef HTTP_PULL_H
#define HTTP_PULL_H

#include <stddef.h>
#include "http/readable.h"

#define PULL_AHEAD 1024

struct pull { /* embedded by the connection, zeroed */
	struct readable *waits;
	struct readable_wait wait;
	/* Stops and restarts whoever drives the handshake. suspend runs on that thread, resume on any. */
	void (*suspend)(void *arg);
	void (*resume)(void *arg);
	void *arg;
	int fd;
	bool handshaken, dead;
	size_t off, len;
	char *ahead; /* PULL_AHEAD bytes while some are unread, else NULL: most connections are idle */
};
/* Before the handshake; the other members are set. `tls` is a gnutls_session_t. */
void pull_attach(struct pull *p, void *tls);
void pull_release(struct pull *p);

#endif
