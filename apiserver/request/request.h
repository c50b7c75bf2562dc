/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request on its way through the rooms, and the response it becomes. Neither knows libmicrohttpd:
 * listener.c fills the one and sends the other, so every handler can be tested without a socket.
 *
 * Lifetime: the request lives until its response was sent; everything it points to is its own or the
 * listener's. A handler runs on a network thread (reads; must not block) or on a worker (writes; may block):
 * route.h says which.
 */
#ifndef REQUEST_REQUEST_H
#define REQUEST_REQUEST_H

#include "base/buf.h"
#include "object/schema.h"
#include "storage/storage.h"

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

struct user {
	const char *name;
	const char *uid;
	const char *const *groups; /* NULL-terminated */
};

struct query_param {
	const char *key, *value; /* decoded */
};
#define REQUEST_MAX_PARAMS 64
#define REQUEST_MAX_TARGET (8 * 1024)	   /* bytes of path and query; more is 414 */
#define REQUEST_MAX_BODY (3 * 1024 * 1024) /* upstream's limit for any body; more is 413 */

struct route;
struct request {
	enum method method;
	const char *method_name, *path; /* path percent-decoded */
	struct query_param params[REQUEST_MAX_PARAMS];
	size_t n_params;
	const char *accept, *content_type, *user_agent, *authorization, *if_none_match; /* "" when absent */
	const char *client_cert_cn; /* verified client certificate; NULL = none */
	const char *const *client_cert_orgs;
	const char *client_cert_error; /* one was shown and refused: why; NULL = fine */
	const char *remote;	       /* "127.0.0.1" */
	const char *body;
	size_t body_len;
	struct user user;
	int64_t start_ns; /* monotonic */
	uint64_t id;	  /* of this process, for the access log */
	/* routing result */
	const struct route *route;
	const char *verb;	 /* "get", "list", "watch", "create" … as RBAC names them */
	const struct kind *kind; /* NULL for non-resource paths */
	const char *group, *version, *resource, *ns, *name, *subresource; /* "" when absent */
	bool is_watch;
	struct api *api; /* rest/api.h: what all handlers share */
};

/*
 * Splits and decodes "PATH?QUERY" into `scratch` (at least strlen(target) + 2 bytes, must outlive the
 * request) and fills path and params. REASON_BAD_REQUEST on a broken escape, a NUL, or too many parameters.
 */
int request_parse_target(struct request *rq, const char *target, char *scratch, struct err *err) MUST_CHECK;
enum method request_method(const char *name);
/* Last value of a query parameter, NULL when absent. */
const char *request_param(const struct request *rq, const char *key);
/* "true", "1", "True", "t", "" (present without value) are true, as strconv.ParseBool plus Kubernetes' habit.
 */
bool request_param_bool(const struct request *rq, const char *key);

/*
 * A response is one of: bytes owned by it; an object's bytes, shared; or a stream that produces bytes until
 * it ends (watch, log follow, a long list).
 */
struct response_stream {
	/* Fills at most `max` bytes (at least 16 KiB). > 0: so many; 0: nothing now, call again after
	   response_wake or at wake_at_ns; -1: the end. Runs on a stream thread, one at a time, must not
	   block. */
	long (*read)(void *arg, char *p, size_t max);
	/* Always called once, when the client is gone or the stream ended; frees arg (which usually embeds
	   this struct). Nobody may call response_wake once it has returned. */
	void (*close)(void *arg);
	void *arg;
	void *wake; /* set before read is first called: pass to response_wake. Sources that start earlier look
		       at it under the lock that guards their data */
	int64_t wake_at_ns; /* monotonic; read may move it; 0 = never */
};
#define RESPONSE_MAX_WARNINGS 16
struct response {
	int status;
	const char *content_type; /* static or content_type_buf; NULL = application/json */
	char content_type_buf[128];
	struct buf body;
	const char *static_body; /* bytes that outlive the process' listener (discovery); instead of body */
	size_t static_len;
	struct obj *obj;		/* body is this object's bytes, when not NULL (owned reference) */
	struct response_stream *stream; /* owned via close(); NULL = none */
	/* headers */
	char *warnings[RESPONSE_MAX_WARNINGS]; /* owned texts for `Warning: 299 - "…"` */
	size_t n_warnings;
	int retry_after_s; /* 0 = none */
	char etag[80];
	char allow[40]; /* methods, for 405; "" = none */
	bool vary_accept, close_connection;
};
void response_release(struct response *rs);
/* A stream has something again. Any thread, never blocks; not after its close(). */
void response_wake(void *wake);

/* Status bodies: upstream's shape {kind: Status, …}. details (name, group, kind) come from rq where upstream
   gives them for that reason; rq may be NULL. causes may be NULL. */
void response_status(struct response *rs, const struct err *err, const struct request *rq,
		     const struct field_errors *causes);
void response_ok_status(struct response *rs, const struct request *rq, const char *uid);
void response_warn(struct response *rs, const char *fmt, ...) PRINTF(2, 3);

/* The same with every part in the caller's hand, for what does not fit the rule above. NULL and 0 are left
 * out. */
struct status_parts {
	enum reason reason;
	const char *message;
	const char *name, *group, *kind, *uid;
	const struct field_errors *causes;
	const char *cause_reason, *cause_message; /* one cause that is no field error */
	int retry_after_s;
	const char *list_continue; /* metadata.continue of an expired list */
};
void status_write(struct buf *out, const struct status_parts *st); /* the JSON of a failure */
void response_status_parts(struct response *rs, const struct status_parts *st);

#endif
