/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls to the Kubernetes API: single ones, and batches that keep many in flight on few connections without
 * callbacks.
 *
 * A struct rest is one thread's client (like the struct http inside it); struct rest_config is shared and
 * immutable. Any reply that is not 2xx becomes an error value: reason, message and code from its Status body.
 * 429 and 503 with Retry-After are retried inside, within the deadline.
 */
#ifndef CLIENT_REST_H
#define CLIENT_REST_H

#include "client/http.h"
#include "client/kubeconfig.h"
#include "object/json.h"

struct rest_config {
	struct kubeconfig kube;
	const char *user_agent; /* "scheduler/v0.1.0"; borrowed */
};
struct rest;
struct rest *rest_new(const struct rest_config *c, int max_connections);
void rest_free(struct rest *r);
struct http *rest_http(struct rest *r); /* for streams; borrowed */
const struct rest_config *rest_get_config(const struct rest *r);

enum rest_verb {
	REST_GET,
	REST_POST,
	REST_PUT,
	REST_PATCH_MERGE,
	REST_PATCH_STRATEGIC,
	REST_PATCH_JSON,
	REST_DELETE
};

/* Builds "/api/v1/namespaces/NS/pods/NAME/SUB"; group "" is core; ns, name and sub may be NULL. */
void rest_path(struct buf *out, const char *group, const char *version, const char *ns, const char *resource,
	       const char *name, const char *sub);

/* Starts a request on rest_http(r) with this client's server, credentials and headers, for a stream: a watch
   or a log. rq's method, url and headers are filled in here, the rest is the caller's. */
struct http_call *rest_start(struct rest *r, const char *path_and_query, struct http_request *rq,
			     http_done_fn *done, void *done_arg);
/* The error that a reply which is not 2xx stands for: its Status body, or the bare code. Returns -1. */
int rest_status_error(int http_status, const char *body, size_t n, struct err *err);

/* One call. body may be NULL; it is borrowed. *ret (may be NULL when not wanted) is owned by the caller. */
int rest_do(struct rest *r, enum rest_verb verb, const char *path_and_query, const js *body, js **ret,
	    struct err *err) MUST_CHECK;

/* The same with a body that is bytes already, and with the reply as bytes; NULL where not wanted. */
int rest_do_raw(struct rest *r, enum rest_verb verb, const char *path_and_query, const char *body,
		size_t body_len, struct buf *ret, struct err *err) MUST_CHECK;

/* A batch: add calls, run them all, look at each result. Results live until the batch is cleared. */
struct rest_call {
	enum rest_verb verb;
	char *path; /* owned by the batch */
	struct buf body;
	void *tag;	    /* the caller's */
	int64_t timeout_ns; /* 0 = 30 s, retries included */
	/* results */
	js *reply; /* NULL unless want_reply and 2xx */
	bool want_reply;
	struct err err; /* reason REASON_NONE on success */
};
struct rest_batch {
	struct rest_call *v;
	size_t n, cap;
};
#define REST_BATCH_INIT                                                                                      \
	{                                                                                                    \
		0                                                                                            \
	}
/* The returned pointer is valid until the next add. body is written out at once; NULL = none. A caller that
   has the bytes already passes NULL and fills the call's buf. */
struct rest_call *rest_batch_add(struct rest_batch *b, enum rest_verb verb, const char *path, const js *body,
				 void *tag);
void rest_batch_run(struct rest *r, struct rest_batch *b, size_t in_flight); /* waits for all */
void rest_batch_clear(struct rest_batch *b);				     /* reusable */
void rest_batch_release(struct rest_batch *b);

#endif
