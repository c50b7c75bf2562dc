/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The etcd engine's loop, and requests to etcd over one wire or the other (etcd_wire_internal.h).
 *
 * Everything of the engine happens on this loop, so nothing of it needs a lock; whoever wants something posts
 * a closure to it. As many calls are on their way as the wire carries well; what comes beyond that waits here,
 * in order, and no longer than its deadline. The watch is one more request, which never ends; it and each page
 * of a list have a connection of their own, because etcd's TLS listener starves streams that share one with many requests. What
 * blocks (a new list) is a job in a lane of its own.
 *
 * With several servers one is used until it cannot be reached, has no leader or does not answer; then the next
 * request goes to the next one. A call that never left, or may be done twice, is made again there. A write that was
 * sent is not: it may have happened, and its writer must learn that nobody knows.
 *
 * What went wrong between here and etcd is told in the log, with the server; the callers' clients learn only
 * what it means for them.
 */
#ifndef STORAGE_ETCD_ETCD_CLIENT_INTERNAL_H
#define STORAGE_ETCD_ETCD_CLIENT_INTERNAL_H

#include <stdbool.h>
#include "base/list.h"
#include "client/http.h"
#include "loop/loop.h"
#include "storage/etcd/etcd_wire_internal.h"

struct etcd_client;
struct etcd_client *etcd_client_start(const struct etcd_wire *wire, const char *servers,
				      const struct http_tls *tls, struct err *err) MUST_CHECK;
/* Ends once what was posted and asked is done. `closing` runs on the loop, as the last thing. */
void etcd_client_stop(struct etcd_client *c, void (*closing)(void *arg), void *arg);
void etcd_client_free(struct etcd_client *c);
struct loop *etcd_loop(struct etcd_client *c);
const struct etcd_wire *etcd_client_wire(struct etcd_client *c);

/* The loop. *reply is borrowed and NULL when *err tells what went wrong: of the transport, or etcd's own word. The body
   stays until `done`. */
struct etcd_call { /* lives in its owner until done */
	enum etcd_wire_method method;
	const struct buf *body;
	int64_t timeout_ns;
	bool large; /* a page of a list: on a connection of its own */
	void (*done)(struct etcd_call *k, const struct etcd_wire_slice *reply, const struct err *err);
	struct list link; /* in waiting */
	struct etcd_client *client;
	struct loop_timer late; /* while it waits */
	int64_t deadline_ns;
	size_t server, tries;
};
void etcd_call(struct etcd_client *c, struct etcd_call *k);
/* Any thread but the loop's: the same, blocking. */
int etcd_call_wait(struct etcd_client *c, enum etcd_wire_method method, const struct buf *body,
		   int64_t timeout_ns, struct buf *ret_reply, struct err *err) MUST_CHECK;
/* The loop: work(arg) on a thread where it may block, one after the other; then done(arg) on the loop. */
void etcd_job(struct etcd_client *c, loop_fn *work, loop_fn *done, void *arg);

/* The loop: the request that never ends. done's *r is http.h's; *ret_server is whom it goes to. */
struct http_call *etcd_stream(struct etcd_client *c, enum etcd_wire_method method, const struct buf *body,
			      bool (*on_data)(void *arg, const char *p, size_t n), http_done_fn *done,
			      void *arg, size_t *ret_server);
/* The loop: on to the next one, unless somebody has left this one already. */
void etcd_leave_server(struct etcd_client *c, size_t server);
void etcd_silent(struct etcd_client *c); /* the loop: somebody has waited for an answer for too long */
/* Any thread: whether the last answer was one. */
bool etcd_answers(struct etcd_client *c, char why[128]);

#endif
