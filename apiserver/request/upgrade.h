/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client asks its connection to become (RFC 9110, 7.8): a WebSocket, SPDY. Read from the headers when there is an
 * `Upgrade` among them; who answers decides (rest/handshake.h).
 */
#ifndef REQUEST_UPGRADE_H
#define REQUEST_UPGRADE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

#define UPGRADE_MAX_OFFERS 16 /* headers that offer something; more are not looked at */
struct upgrade {	      /* texts are borrowed from whoever read the headers; "" when absent */
	const char *protocol; /* Upgrade */
	bool connection;      /* `Connection` says that it concerns this connection */
	const char *key, *version, *origin;	/* Sec-WebSocket-Key, -Version; Origin */
	const char *offers[UPGRADE_MAX_OFFERS]; /* Sec-WebSocket-Protocol, each a list with commas */
	size_t n_offers;
	const char *used; /* the one of them that was for authentication: it is offered no more */
};
struct upgrade *upgrade_new(void); /* free() */
/* For every header. */
void upgrade_take(struct upgrade *u, const char *name, const char *value);
/* NULL, or asks for something else: false. */
bool upgrade_is_websocket(const struct upgrade *u);
/* The bearer token that a browser, which can set no header, hides among the subprotocols; appended. 1: *used is that
   one, 0: there is none, -1: it is not to be understood. */
int upgrade_token(const struct upgrade *u, struct buf *out, const char **used);
/* The next subprotocol that the client offers: *p gets its beginning, *n its length without the blanks around it. Starts with
   *at 0. False: that was all. */
struct upgrade_place {
	size_t offer, off;
};
bool upgrade_next_offer(const struct upgrade *u, struct upgrade_place *at, const char **p, size_t *n);

#endif
