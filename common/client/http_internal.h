/* SPDX-License-Identifier: Apache-2.0 */
/* Between http.c, which has libcurl, and http_each.c, which need not. */
#ifndef CLIENT_HTTP_INTERNAL_H
#define CLIENT_HTTP_INTERNAL_H

#include "client/http.h"

/* As http_start, but all that rq points to must stay until `done`. */
struct http_call *http_start_borrowed(struct http *h, const struct http_request *rq, http_done_fn *done,
				      void *done_arg);
/* One turn of the loop. True when something happened that a caller may have waited for. */
bool http_turn(struct http *h, int64_t deadline_ns);
bool http_canceled(const struct http *h);
int http_max_connections(const struct http *h);

#endif
