/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several streams over one connection, as Kubernetes' clients carry them: SPDY/3.1, SPDY/3.1 inside the messages of a
 * WebSocket, or WebSocket messages whose first byte names a channel (binary, or with base64 behind a digit). Whoever uses
 * the streams does not see which. It knows no socket: bytes that came go in, bytes to be sent collect in mux_out. One thread.
 *
 * A stream's name is a number: the client's choice with SPDY, where it opens streams with headers; the channel otherwise,
 * and then all channels are there from the beginning.
 */
#ifndef STREAM_MUX_H
#define STREAM_MUX_H

#include "stream/spdy.h"

enum mux_form { MUX_SPDY, MUX_TUNNEL, MUX_BINARY, MUX_BASE64 };
#define MUX_CHANNELS(form) ((form) >= MUX_BINARY)
#define MUX_BASE64_MAX (1 << 20) /* of a message, which is kept until it is whole */

struct mux_user {
	/* SPDY: the client has opened a stream; nothing may be sent on it before this has returned. False refuses it. */
	bool (*opened)(void *arg, uint32_t stream, const struct spdy_headers *h);
	void (*data)(void *arg, uint32_t stream, const char *p, size_t n); /* of any stream, known or not */
	void (*ended)(void *arg, uint32_t stream); /* the client will send no more on it */
	void (*reset)(void *arg, uint32_t stream); /* nor does he read any more; NULL: as ended */
};

struct mux;
struct mux *mux_new(enum mux_form form, const struct mux_user *u, void *arg);
void mux_free(struct mux *m);
/* Channels: a message of 255 and a channel is the end of that channel (v5). */
void mux_closes_channels(struct mux *m);
/* False: the connection is over, because the client said so or broke the protocol. */
bool mux_take(struct mux *m, const char *p, size_t n);
struct buf *mux_out(struct mux *m); /* to be sent; whoever has sent of it consumes it */
void mux_send(struct mux *m, uint32_t stream, const void *p, size_t n);
void mux_end(struct mux *m, uint32_t stream); /* no more on it from here; channels know no such thing */
void mux_close(struct mux *m);		      /* the last thing that is said */

#endif
