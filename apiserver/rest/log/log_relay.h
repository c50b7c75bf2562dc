/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream from a node agent to a client of the API, with a bounded buffer in between: the agent is read only
 * as fast as the client takes it, and the agent's connection is closed when the client goes.
 */
#ifndef REST_LOG_LOG_RELAY_H
#define REST_LOG_LOG_RELAY_H

#include "client/http.h"
#include "rest/api.h"

/*
 * Asks, and BLOCKS until the agent answered or 30 s have passed. 2xx: the stream (owned by the response from
 * then on). Else NULL: with *ret_status and *refusal when the agent refused, with *ret_status 0 and *err when
 * it could not be asked. `streams` (NULL in tests) has counted it already, and counts down at its end. tls and url are borrowed
 * during the call only.
 */
struct response_stream *log_relay_open(const struct http_tls *tls, const char *url, atomic_int *streams,
				       int *ret_status, struct buf *refusal, struct err *err) MUST_CHECK;

#endif
