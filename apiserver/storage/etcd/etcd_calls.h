/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to etcd: any number of threads hand one over and wait, one thread keeps them moving on few kept
 * connections (8 to 16 of them reach what one etcd can do through its gateway).
 *
 * With several servers one is used until it cannot be reached; then the next request goes to the next one. A
 * request that failed is not sent again: a write may have happened, and its writer must learn that nobody
 * knows.
 */
#ifndef STORAGE_ETCD_ETCD_CALLS_H
#define STORAGE_ETCD_ETCD_CALLS_H

#include "base/buf.h"
#include "client/http.h"

#define ETCD_CONNECTIONS 16

struct etcd_calls;
struct etcd_calls *etcd_calls_new(const char *servers, const struct http_tls *tls,
				  struct err *err) MUST_CHECK;
void etcd_calls_free(struct etcd_calls *c); /* nobody may wait any more */
/* POST; blocks until the reply (0, and *ret_body, owned by the caller) or an error: of the transport, or
 * etcd's. */
int etcd_call(struct etcd_calls *c, const char *path, const struct buf *body, int64_t timeout_ns,
	      struct buf *ret_body, struct err *err) MUST_CHECK;
/* "http://127.0.0.1:2379/v3/watch"; owned by the caller. */
char *etcd_url(struct etcd_calls *c, const char *path);
void etcd_next_server(struct etcd_calls *c);
/* Whether the last answer was one. */
bool etcd_answers(struct etcd_calls *c, char why[128]);

#endif
