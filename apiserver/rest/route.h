/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which handler answers: upstream's RequestInfo (path -> group, version, namespace, resource, name,
 * subresource, verb) followed by one table of (method, scope, subresource). Pure, any thread.
 */
#ifndef REST_ROUTE_H
#define REST_ROUTE_H

#include "request/request.h"
#include "rest/api.h"

enum route_class {
	ROUTE_INLINE, /* on the network thread */
	ROUTE_READ, /* there too, once storage_fresh() says so; until then, and when it is heavy, on a worker */
	ROUTE_WRITE,   /* a verb, on a worker */
	ROUTE_RELAY,   /* asks a node agent: podlog_start */
	ROUTE_USAGE,   /* may ask some of them: usage_start */
	ROUTE_CONNECT, /* another server answers: connect_start */
};

struct verb;
struct route {
	enum method method;
	enum {
		SCOPE_EVERYWHERE, /* a collection, also over all namespaces */
		SCOPE_COLLECTION,
		SCOPE_ITEM
	} scope;
	const char *resource; /* of a virtual kind; NULL = any that is stored */
	const char *
		subresource; /* "" = the object itself; NULL = any that carries the verb and has no row of its own */
	const char *verb; /* RBAC's word */
	unsigned bit;	  /* VERB_x that the kind or subresource must offer */
	enum route_class class;
	handler_fn *handler; /* NULL: a verb, or a relay */
	const struct verb *write;
};

enum route_result {
	ROUTE_OK,
	ROUTE_API_PATH, /* /api, /apis … without a resource: discovery or, when unknown, a NotFound Status */
	ROUTE_OTHER_PATH,  /* anything else: health, version, 404 */
	ROUTE_UNKNOWN,	   /* a resource that does not exist: NotFound Status */
	ROUTE_NOT_ALLOWED, /* the resource exists, the method does not: 405 */
};
/* Needs rq->method, path, params and api->schema; fills the routing result of rq. Slashes in rq->path are
   overwritten in `segments`, a private copy of the path with room for strlen(path) + 1 bytes that must
   outlive the request. */
enum route_result route_find(struct request *rq, char *segments);
/* The methods that a path refused with ROUTE_NOT_ALLOWED does take, as Allow lists them. */
#define ROUTE_ALLOW_MAX 40
void route_allowed(const struct request *rq, char out[ROUTE_ALLOW_MAX]);

#endif
