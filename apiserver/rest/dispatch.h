/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's way between the socket and its handler: who is it, where does it go, may it, and what does it
 * wait for. Knows neither sockets nor threads, so tests walk the whole way with a struct request of their
 * own.
 */
#ifndef REST_DISPATCH_H
#define REST_DISPATCH_H

#include "auth/auth.h"
#include "rest/api.h"

enum dispatch {
	DISPATCH_DONE,	 /* refused; rs is filled */
	DISPATCH_INLINE, /* call dispatch_run at once */
	DISPATCH_READ,	 /* call it on a reading worker: the cache is behind */
	DISPATCH_WRITE,	 /* on a writing worker */
	DISPATCH_RELAY,	 /* on a worker for node agents */
};
/* With method, target, headers and peer filled in, before the body arrives. `segments` as in route_find. */
enum dispatch dispatch_begin(struct api *api, const struct auth *auth, struct request *rq,
			     struct response *rs, char *segments);
/* With the body. `waited`: on a worker, may block. */
void dispatch_run(struct request *rq, struct response *rs, bool waited);
/* A refusal that does not come from a handler. */
void dispatch_refuse(const struct request *rq, struct response *rs, enum reason reason, const char *message);

#endif
