/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of its protocols a client gets: what the headers of its request offer, against what is spoken here. Pure.
 */
#ifndef STREAM_HANDSHAKE_H
#define STREAM_HANDSHAKE_H

#include "base/err.h"
#include "stream/mux.h"

#define HANDSHAKE_OFFERS 16 /* headers that are looked at */

enum handshake_use { HANDSHAKE_COMMAND = 1, HANDSHAKE_PORTS = 2 };
struct handshake {				/* texts borrowed, NULL = absent */
	const char *upgrade, *connection, *key; /* Upgrade, Connection, Sec-WebSocket-Key */
	const char *spdy[HANDSHAKE_OFFERS],
		*websocket[HANDSHAKE_OFFERS]; /* what they offer, lists with commas */
	size_t n_spdy, n_websocket;
};
/* For every header of the request. */
void handshake_take(struct handshake *h, const char *name, const char *value);
bool handshake_is_websocket(const struct handshake *h);

struct handshake_choice {
	enum mux_form form;
	int version;	      /* of remotecommand */
	const char *protocol; /* static; "" = none was asked for */
};
/* 101, or the status with which the request is refused; *err says why, and is for the client. 403: `accepted` gets what is
   spoken here, a static list that NULL ends. */
int handshake_choose(const struct handshake *h, enum handshake_use use, struct handshake_choice *ret,
		     const char *accepted[], struct err *err) MUST_CHECK;
#define HANDSHAKE_ACCEPTED 8 /* places in `accepted` */

#endif
