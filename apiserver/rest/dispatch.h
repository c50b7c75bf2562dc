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
	DISPATCH_READ,	 /* on a worker, when the cache has reached what dispatch_needs says */
	DISPATCH_WRITE,	 /* a verb: verb_run on a worker */
	DISPATCH_RELAY,	 /* as READ, and a node agent answers */
};
/* With method, target, headers and peer filled in, before the body arrives. `segments` as in route_find. */
enum dispatch dispatch_begin(struct api *api, const struct auth *auth, struct request *rq,
			     struct response *rs, char *segments);
/* With the body. */
void dispatch_run(struct request *rq, struct response *rs);
/* The revision that a read must not miss (0 = whatever is newest in the store), and until when to wait for it.
   False: any state will do. */
bool dispatch_needs(const struct request *rq, uint64_t *rv, int64_t *deadline_ns);
/* The cache did not get there. */
void dispatch_stale(struct request *rq, struct response *rs, uint64_t rv, const struct err *err);
/* A refusal that does not come from a handler. */
void dispatch_refuse(const struct request *rq, struct response *rs, enum reason reason, const char *message);

#endif
