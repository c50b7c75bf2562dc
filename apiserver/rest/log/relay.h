/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams from node agents to clients of the API, with a bounded buffer in between: an agent is read only as
 * fast as the client takes it, and its connection is closed when the client goes. All of them share one loop,
 * whose thread starts with the first; a follower of a quiet log costs a connection and a few hundred bytes.
 */
#ifndef REST_LOG_RELAY_H
#define REST_LOG_RELAY_H

#include "base/list.h"
#include "client/http.h"
#include "rest/api.h"

struct relays;
struct relays *relays_new(const struct http_tls *tls,
			  struct err *err) MUST_CHECK; /* tls is copied, its strings are borrowed */
/* Who waits for an agent's answer is refused, now and from now on; streams go on. Any thread; NULL is fine. */
void relays_stop(struct relays *rs);
void relays_free(struct relays *rs); /* no stream is left; NULL is fine */

struct relay_answer {
	struct response_stream *stream; /* the agent's 2xx: the response's from here on. Else NULL, and */
	int status;			/* what the agent refused with, and why; or 0, and */
	struct buf *refusal;		/* borrowed */
	struct err err;			/* why it could not be asked */
};
/* Once, within 30 s, on the relays' loop, or from relay_open when there is no thread for that. Must not block. */
typedef void relay_fn(void *arg, struct relay_answer *a);

/* Asks and returns at once. `streams` (NULL in tests) has counted it already, and counts down at its end. Any
   thread. */
void relay_open(struct relays *rs, const char *url, atomic_int *streams, relay_fn *answered, void *arg);

/* ---- answers that are short ---- */

/* fn runs on the relays' loop, soon. False: there is no thread for that. Any thread. */
bool relays_run(struct relays *rs, loop_fn *fn, void *arg);
struct loop *relays_loop(struct relays *rs);
/* Who waits for an answer that a stop of the server shall not wait for. The loop only; false: it is stopping already. */
struct relays_waiter {
	struct list link; /* initialised; out of the list again when the answer is there */
	void (*give_up)(struct relays_waiter *w, const char *why); /* takes itself out */
};
bool relays_wait(struct relays *rs, struct relays_waiter *w);
/* Connections to agents, or to anybody, whose certificates are not looked at. The loop only. */
struct tunnels;
struct tunnels *relays_tunnels(struct relays *rs, bool agents);
/* One page of an agent, whole: body is NULL when it could not be had, and err says why. Once, on the loop, not before this
   returns. The loop only. */
typedef void relay_page_fn(void *arg, struct buf *body, const struct err *err);
void relays_get(struct relays *rs, const char *url, int64_t timeout_ns, size_t max, relay_page_fn *done,
		void *arg);

#endif
