/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request on its way through the rooms. It does not know libmicrohttpd: the listener fills it in, so every
 * handler can be tested without a socket.
 *
 * Lifetime: the request lives until its response was sent; everything it points to is its own or the
 * listener's. One thread at a time; service.h says which.
 */
#ifndef REQUEST_REQUEST_H
#define REQUEST_REQUEST_H

#include <stdint.h>
#include "base/buf.h"
#include "request/attributes.h"
#include "request/upgrade.h"

enum method {
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OPTIONS,
	METHOD_OTHER
};

/* What the client's certificate says; read once per connection. All parts NULL: none was shown. */
struct peer {
	char *name;    /* common name */
	char **groups; /* organizations, then system:authenticated; NULL-terminated */
	char *error;   /* one was shown, but is not to be trusted: why */
};

struct query_param {
	const char *key, *value; /* decoded */
};
#define REQUEST_MAX_PARAMS 64
#define REQUEST_MAX_TARGET (1024 * 1024)   /* bytes of path and query; more is 414 */
#define REQUEST_MAX_BODY (3 * 1024 * 1024) /* upstream's limit for any body; more is 413 */

/* Headers Impersonate-*, as they came; borrowed from whoever read them. */
#define IMPERSONATION_MAX 64 /* values; more is 400 */
struct impersonation {
	struct {
		const char *name, *value;
	} v[IMPERSONATION_MAX];
	size_t n; /* may be IMPERSONATION_MAX + 1: there were more */
};

struct request {
	enum method method;
	const char *method_name, *path; /* path percent-decoded */
	const char *target;		/* as it came; until the request has begun */
	size_t n_params;
	struct query_param *params; /* with their texts, where the target was decoded to */
	const char *accept, *content_type, *user_agent, *authorization, *if_none_match; /* "" when absent */
	const struct peer *peer; /* NULL: no TLS, or client certificates are not asked for */
	const char *remote;	 /* "127.0.0.1" */
	const char *body;
	size_t body_len;
	int64_t start_ns;		     /* monotonic */
	int64_t deadline_ns;		     /* the same, of who waits no longer; 0 = none */
	uint64_t id;			     /* of this process, for the access log */
	struct impersonation *impersonation; /* what the client's headers ask for; owned, NULL = nothing */
	bool wants_headers;		     /* set when it begins: all of them are to be in */
	struct buf headers;		     /* "Name: value\r\n" each; the listener's */
	struct upgrade *upgrade; /* what the connection shall become; the listener's, NULL = nothing */
	/* by authentication */
	struct user user;
	struct auth_identity *identity; /* of somebody impersonated; NULL = nobody is */
	/* by routing */
	struct attributes attr;
	const struct route *route; /* rest/route.h; NULL for a path that is no resource */
	bool is_watch;
	const char *subpath; /* what stands behind a subresource that takes a path; "" = nothing */
	struct api *api;     /* rest/api.h: what all handlers share */
	struct schema_pin
		kinds; /* what attr.kind and every look-up refer to, until the response is complete */
};

/*
 * Splits and decodes "PATH?QUERY" into `scratch` (request_scratch_size(target) bytes, must outlive the
 * request) and fills path and params. REASON_BAD_REQUEST on a broken escape, a NUL, or too many parameters.
 */
size_t request_scratch_size(const char *target);
int request_parse_target(struct request *rq, const char *target, char *scratch, struct err *err) MUST_CHECK;
enum method request_method(const char *name);
bool request_is_mutating(const struct request *rq);
/* First value of a query parameter, NULL when absent. */
const char *request_param(const struct request *rq, const char *key);
/* Present, and neither "0" nor "false": as Kubernetes converts parameters. */
bool request_param_bool(const struct request *rq, const char *key);
/* A whole number that fits; absent is 0. REASON_BAD_REQUEST in strconv's words. */
int request_param_int(const struct request *rq, const char *key, int64_t *ret, struct err *err) MUST_CHECK;
/* For every header; keeps those that ask for somebody else's rights. */
void request_take_impersonation(struct request *rq, const char *name, const char *value);

#endif
