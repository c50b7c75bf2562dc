/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done with the streams of one upgraded connection: a command in a container (remotecommand.h) or connections to
 * its ports (portforward.h). Sessions live on the loop; what blocks is done on a lane.
 *
 * A session never frees itself: it says `over` when the client is gone or all is said, and its owner frees it later, not from
 * inside that call. It may be freed at any other time.
 */
#ifndef STREAM_SESSION_H
#define STREAM_SESSION_H

#include "loop/loop.h"
#include "stream/mux.h"

#define SESSION_IDLE_NS (4 * 3600 * NS_PER_S)
#define SESSION_CREATE_NS (30 * NS_PER_S) /* until the client has opened the streams that it asked for */

struct session_config {
	struct loop *loop;
	size_t lane;
	int fd;		   /* the caller's, until the session is freed */
	const char *extra; /* what came with the request; borrowed for the call */
	size_t n_extra;
	enum mux_form form;
	int64_t idle_ns, create_ns;
	void (*over)(void *arg);
	void *arg;
};

struct session {
	void (*free)(struct session *s);
};
static inline void session_free(struct session *s)
{
	if (s)
		s->free(s);
}

#endif
