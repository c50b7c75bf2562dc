/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all handlers share, and those that answer at once: a handler looks at a routed request, always fills the
 * response (a failure becomes a Status), and returns nothing. It runs on a network thread and must not block. Writing is rows of verb.h.
 *
 * Both meet in rest/negotiate.h: how an object is presented (JSON, Table, PartialObjectMetadata, pretty) is
 * decided in one place.
 */
#ifndef REST_API_H
#define REST_API_H

#include <stdatomic.h>
#include "request/request.h"
#include "request/status.h"
#include "storage/storage.h"

struct auth;
struct api {
	const struct schema *schema;
	const struct auth *auth; /* who somebody is, for those who ask */
	struct storage *storage;
	struct registry *registry;
	struct relays *relays;	     /* rest/log/relay.h */
	struct usage *usage;	     /* rest/usage/usage.h */
	atomic_int log_streams;	     /* open now; rest/log/podlog.c */
	atomic_int pipes;	     /* open now; rest/connect */
	struct discovery *discovery; /* rest/discovery/discovery.h */
	struct openapi *openapi;     /* rest/discovery/openapi.h */
	struct flow *flow;	     /* rest/flow.h; NULL: requests are not classified */
};

typedef void handler_fn(struct request *rq, struct response *rs);

handler_fn handle_get, handle_list, handle_watch, handle_discovery, handle_openapi, handle_scale_get;

/* The object that the request names, or NULL, and the response says why. */
struct obj *handle_found(const struct request *rq, struct response *rs);

#endif
