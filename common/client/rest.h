/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls to the Kubernetes API: single ones and batches, on a daemon's loop or blocking.
 *
 * A struct rest is a client on one loop (like the struct http inside it): rest_start and rest_new_on are for
 * the daemon's loop, where calls are started and end on that loop's thread; rest_new has a small loop of its
 * own and is for one thread that blocks. struct rest_config is shared and immutable. Any reply that is not 2xx becomes an
 * error value: reason, message and code from its Status body (REASON_ENDING: of a Forbidden with the cause
 * NamespaceTerminating). 429 and 503 with Retry-After are retried inside,
 * within the deadline.
 */
#ifndef CLIENT_REST_H
#define CLIENT_REST_H

#include "base/list.h"
#include "client/http.h"
#include "client/kubeconfig.h"
#include "object/json.h"

struct rest_config {
	struct kubeconfig kube;
	const char *user_agent; /* "scheduler/v0.1.0"; borrowed */
};
struct rest;
/* max_connections: 0 = no limit. NULL with errno when there are no descriptors. */
struct rest *rest_new(const struct rest_config *c, int max_connections);
struct rest *rest_new_on(struct loop *l, const struct rest_config *c, int max_connections);
/* A client and the loop that all of a daemon shares, on a thread of that name. NULL with errno, as rest_new. */
struct rest *rest_start(const struct rest_config *c, const char *name);
void rest_free(struct rest *r);		/* any thread; no call or stream of it is left */
struct http *rest_http(struct rest *r); /* borrowed, as the next */
struct loop *rest_loop(struct rest *r);
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

/* Starts a GET with this client's server, credentials and headers, for a stream: a watch or a log. rq's
   method, url and headers are filled in here, the rest is the caller's. http_abort ends it early. */
struct http_call *rest_stream(struct rest *r, const char *path_and_query, struct http_request *rq,
			      http_done_fn *done, void *done_arg);
/* The error that a reply which is not 2xx stands for: its Status body, or the bare code. Returns -1. */
int rest_status_error(int http_status, const char *body, size_t n, struct err *err);

/* ---- calls on the loop ---- */

/* At most `limit` calls are on the wire; further ones wait in order. */
struct rest_window {
	size_t limit, running;
	struct list waiting;
};
void rest_window_init(struct rest_window *w, size_t limit);

struct rest_call { /* zeroed; the caller's until done has run or it was aborted */
	enum rest_verb verb;
	const char *path;   /* and query; borrowed */
	struct buf body;    /* stays the caller's */
	void *tag;	    /* the caller's */
	int64_t timeout_ns; /* 0 = 30 s from its turn on, retries included */
	bool want_reply, want_bytes;
	void (*done)(struct rest_call *c); /* once, on the loop; may free it or start it again */
	/* results: the caller's to release; NULL and empty unless wanted and 2xx */
	js *reply;
	struct buf bytes;
	struct err err; /* reason REASON_NONE on success */
	/* inside */
	struct rest *rest; /* set while under way */
	struct rest_window *window;
	struct rest_batch *batch;
	struct http_call *http;
	struct list link;
	struct loop_timer retry;
	char *url;
	int64_t deadline_ns;
	int tries;
};
/* w may be NULL: at once. `done` never runs before this returns. */
void rest_call_start(struct rest *r, struct rest_window *w, struct rest_call *c);
/* Frees body and results. One that is under way ends: `done` will not run. */
void rest_call_release(struct rest_call *c);

/* ---- blocking; only for rest_new ---- */

/* One call. body may be NULL; it is borrowed. *ret (may be NULL when not wanted) is owned by the caller. */
int rest_do(struct rest *r, enum rest_verb verb, const char *path_and_query, const js *body, js **ret,
	    struct err *err) MUST_CHECK;

/* The same with a body that is bytes already, and with the reply as bytes; NULL where not wanted. */
int rest_do_raw(struct rest *r, enum rest_verb verb, const char *path_and_query, const char *body,
		size_t body_len, struct buf *ret, struct err *err) MUST_CHECK;

/* A batch: add calls, run them all, look at each result. Results live until the batch is cleared. */
struct rest_batch {
	struct rest_call *v; /* their paths are the batch's */
	size_t n, cap;
	/* inside */
	struct rest_window window;
	size_t left;
	loop_fn *done;
	void *done_arg;
};
#define REST_BATCH_INIT                                                                                      \
	{                                                                                                    \
		0                                                                                            \
	}
/* The returned pointer is valid until the next add. body is written out at once; NULL = none. A caller that
   has the bytes already passes NULL and fills the call's buf. */
struct rest_call *rest_batch_add(struct rest_batch *b, enum rest_verb verb, const char *path, const js *body,
				 void *tag);
void rest_batch_run(struct rest *r, struct rest_batch *b, size_t in_flight); /* blocks until all have ended */
/* The same of calls that are the caller's own: `done` of each runs on this thread as it ends, so that a burst need
   not hold all its replies, and calls may share the bytes of one path and one body. */
void rest_call_run(struct rest *r, struct rest_call *v, size_t n, size_t in_flight);
/* On the loop: done(arg) runs once all have ended; never when there are none, nor before this returns. */
void rest_batch_start(struct rest *r, struct rest_batch *b, size_t in_flight, loop_fn *done, void *arg);
void rest_batch_clear(struct rest_batch *b); /* reusable; what is under way ends, `done` will not run */
void rest_batch_release(struct rest_batch *b);

#endif
