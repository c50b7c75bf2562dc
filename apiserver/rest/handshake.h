/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door through which a request leaves HTTP, for who answers it: the handshake. Bytes of both directions are then a
 * response_stream's; http/ carries them. Network thread.
 */
#ifndef REST_HANDSHAKE_H
#define REST_HANDSHAKE_H

#include "request/request.h"
#include "request/response.h"

/* Makes the response a WebSocket's beginning, whose stream is the caller's to set; false: it is the refusal. */
bool handshake_websocket(const struct request *rq, struct response *rs);
/* The same for who knows certain subprotocols (a list that NULL ends) and asks for no Origin. *ret is the one of `known`, or "" of
   a client that offers none. */
bool handshake_one_of(const struct request *rq, struct response *rs, const char *const *known,
		      const char **ret);

#endif
