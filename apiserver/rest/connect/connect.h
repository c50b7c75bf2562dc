/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that another server answers: exec, attach and port-forward, which the node's agent serves, and the proxies of
 * Pods, Services and nodes. It decides who that server is; pipe.h does the rest.
 */
#ifndef REST_CONNECT_CONNECT_H
#define REST_CONNECT_CONNECT_H

#include "request/service.h"

typedef void connect_done_fn(struct exchange *x);
/* `done` once the response is filled: maybe before this returns, else on the relays' loop. Any thread, does not block. */
void connect_start(struct exchange *x, connect_done_fn *done);
/* The header lines that go on to `server`: without what is between us and the client, or nobody else's. */
void connect_add_headers(const struct request *rq, bool upgrade, const char *server,
			 struct buf *out); /* for tests */

#endif
