/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to another server and its answer, whatever becomes of the connection then: a body that is passed on, or, when
 * the protocol was switched, bytes in both directions until one side ends. Bounded buffers in between: each side is read
 * only as fast as the other one takes it, and an idle pipe has none.
 */
#ifndef REST_CONNECT_PIPE_H
#define REST_CONNECT_PIPE_H

#include "rest/connect/answer.h"
#include "rest/connect/links.h"
#include "rest/log/relay.h"

struct pipe_request {
	const char *host; /* copied */
	int port;
	bool tls;
	bool agent;	  /* a node's agent: known by the cluster's CA, and told who we are; else neither */
	struct buf bytes; /* head and body; taken over */
	bool upgrade, bodiless; /* asks for another protocol; is HEAD */
	int64_t patience_ns;	/* until there is an answer */
	struct links *links;	/* rewrites the body when it is HTML; taken over, NULL: nobody does */
};
struct pipe_answer {
	struct answer *head; /* NULL: there was none, and err says why. Borrowed */
	struct err err;
	bool dialled; /* it was the answer that failed */
	struct response_stream
		*stream;  /* of the body, or after the switch of both directions; the response's. NULL: */
	struct buf *body; /* it came whole; borrowed */
};
/* Once, on the relays' loop, or from pipe_open when there is no thread for that. Must not block. */
typedef void pipe_fn(void *arg, struct pipe_answer *a);
/* `open` counts the pipes that are, at most `max`; false: there are too many, and nothing was taken over. Any thread. */
bool pipe_open(struct relays *rs, struct pipe_request *rq, atomic_int *open, int max, pipe_fn *answered,
	       void *arg);

#endif
