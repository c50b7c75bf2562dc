/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the listener calls. It brings requests from the network and takes responses back; whoever stands
 * behind this table decides who may, what happens, and on which thread.
 *
 * An exchange belongs to one thread at a time: to the listener's, except between submit and done.
 */
#ifndef REQUEST_SERVICE_H
#define REQUEST_SERVICE_H

#include "base/list.h"
#include "request/peers.h"
#include "request/response.h"

struct exchange {
	struct request rq;
	struct response rs;
	/* Set before submit. The response is complete, the exchange the listener's again. Any thread, once. */
	void (*done)(struct exchange *x);
	/* for whoever works on it */
	int way;
	void *lane;
	size_t cost; /* bytes of memory that it may take while it is under way */
	struct list link;
};

enum service_way {
	SERVICE_REFUSED, /* the response is filled; a body is not needed */
	SERVICE_INLINE,	 /* run answers at once, on the calling thread, without blocking */
	SERVICE_LATER,	 /* submit, and done some time later */
};

struct service {
	void *arg;
	/* What a finished handshake tells about the client; `tls` is a gnutls_session_t, `known` the loop's own. */
	void (*peer_read)(struct peers *known, struct peer *p, void *tls);
	/* With method, target, headers and peer filled in, before the body arrives. `segments`: room for
	   strlen(path) + 1 bytes that live as long as the request. */
	enum service_way (*begin)(void *arg, struct exchange *x, char *segments);
	/* With the body. */
	void (*run)(void *arg, struct exchange *x);
	/* With the body. False: there is too much to do already; the response says so and done is not called.
	   Else done is called, maybe before this returns. */
	bool (*submit)(void *arg, struct exchange *x);
	/* The response is complete, a stream's beginning too, or the client is gone; once or more often, on any
	   thread, for every exchange that began. */
	void (*end)(void *arg, struct exchange *x);
	/* Answers with a refusal that the listener itself has found. */
	void (*refuse)(void *arg, struct exchange *x, enum reason reason, const char *message);
};

#endif
