/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams from node agents to clients of the API, with a bounded buffer in between: an agent is read only as
 * fast as the client takes it, and its connection is closed when the client goes. All of them share one loop,
 * whose thread starts with the first; a follower of a quiet log costs a connection and a few hundred bytes.
 */
#ifndef REST_LOG_LOG_RELAY_H
#define REST_LOG_LOG_RELAY_H

#include "client/http.h"
#include "rest/api.h"

struct log_relays;
struct log_relays *log_relays_new(const struct http_tls *tls); /* tls is copied, its strings are borrowed */
/* Nobody waits for an agent's answer any more; streams go on. Any thread; NULL is fine. */
void log_relays_stop(struct log_relays *rs);
void log_relays_free(struct log_relays *rs); /* no stream is left; NULL is fine */

/*
 * Asks, and BLOCKS until the agent answered or 30 s have passed. 2xx: the stream (owned by the response from
 * then on). Else NULL: with *ret_status and *refusal when the agent refused, with *ret_status 0 and *err when
 * it could not be asked. `streams` (NULL in tests) has counted it already, and counts down at its end. Any
 * thread.
 */
struct response_stream *log_relay_open(struct log_relays *rs, const char *url, atomic_int *streams,
				       int *ret_status, struct buf *refusal, struct err *err) MUST_CHECK;

#endif
