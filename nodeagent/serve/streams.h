/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec, attach, run and port-forward of the agent's server: which container of which Pod is meant, the answer that turns the
 * connection into streams, and the sessions (stream/session.h) that live on such connections. On the loop.
 */
#ifndef SERVE_STREAMS_H
#define SERVE_STREAMS_H

#include <microhttpd.h>
#include "base/list.h"
#include "loop/loop.h"
#include "serve/logs.h"

#define STREAMS_MAX                                                                                          \
	4096 /* sessions at a time, those included whose processes wait for their turn to be begun */

struct streams { /* zeroed, then streams_init */
	const struct logs_source *source;
	struct list live, ended;
	size_t n;
	size_t leaving; /* connections that were given back and that the library has not closed yet */
	loop_fn *wake;	/* the library has something to do */
	void *wake_arg;
};
void streams_init(struct streams *s, const struct logs_source *source, loop_fn *wake, void *wake_arg);
/* Connections whose sessions are over are given back. Before each turn of the library. */
void streams_reap(struct streams *s);
void streams_hang_up(struct streams *s); /* all of them; before the library ends */

enum streams_what { STREAMS_EXEC, STREAMS_ATTACH, STREAMS_PORTS };
struct stream;
/* `rest`: "NS/POD[/UID][/CONTAINER]". Queues the reply that turns the connection into streams, or a refusal. *ret: for
   streams_completed, whatever becomes of it. */
enum MHD_Result streams_serve(struct streams *s, struct MHD_Connection *c, enum streams_what what,
			      const char *rest, struct stream **ret);
void streams_completed(struct stream *x); /* the library is through with the request; NULL is fine */

#endif
