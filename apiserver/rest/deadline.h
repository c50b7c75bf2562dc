/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `timeout=` of a request: how long its client waits for the answer, a minute at most. It is looked at when the request
 * begins, when its turn comes, and while it waits for a revision; what the store has been told already is answered as it
 * ends. Streams have no such end (kubernetes/apiserver pkg/endpoints/filters/request_deadline.go).
 */
#ifndef REST_DEADLINE_H
#define REST_DEADLINE_H

#include "request/request.h"
#include "request/response.h"

/* For a request that has been routed; sets rq->deadline_ns. */
int deadline_read(struct request *rq, struct err *err) MUST_CHECK;
/* True: it is over, and rs says so. */
bool deadline_passed(const struct request *rq, struct response *rs);
/* The earlier of the two. */
int64_t deadline_within(const struct request *rq, int64_t ns);

#endif
