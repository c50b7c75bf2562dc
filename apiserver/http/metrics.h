/* SPDX-License-Identifier: Apache-2.0 */
/* Request metrics under upstream's names (kubernetes/apiserver pkg/endpoints/metrics). Any thread. */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

#include "request/request.h"

/* A request has ended, a stream too. `size`: bytes of the body that it has sent, as clients see them before compression. */
void metrics_request(const struct request *rq, int status, int64_t duration_ns, uint64_t size);
/* +1 and -1 around it. */
void metrics_inflight(bool mutating, int delta);
void metrics_long_running(const struct request *rq, int delta);

#endif
