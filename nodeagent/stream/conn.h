/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket under a mux, on the loop: what comes is given to the mux, what the mux wants to say is written as far as the
 * client takes it. Both ways have a brake: conn_full says when nobody should send any more until `drained` is called,
 * conn_pause stops reading. A connection on which nothing moves for idle_ns is over.
 *
 * The end from this side: conn_finish says good-bye and waits a moment for the client to hang up, so that the last words
 * are not lost with what he still sends.
 */
#ifndef STREAM_CONN_H
#define STREAM_CONN_H

#include "loop/loop.h"
#include "stream/mux.h"

#define CONN_FULL (128 * 1024)	       /* bytes that wait to be written */
#define CONN_LINGER_NS (10 * NS_PER_S) /* from when all was written */

struct conn_config {
	struct loop *loop;
	int fd;		   /* closed by `release`, not before */
	const char *extra; /* what had come already with the request; borrowed for the call */
	size_t n_extra;
	int64_t idle_ns;
	void (*drained)(void *arg); /* there is room again */
	void (*gone)(void *arg);    /* once: nothing more will come or go; from inside conn_* calls too */
	void *arg;
};
struct conn {
	struct conn_config c;
	struct mux *mux;
	struct loop_io io;
	struct loop_timer timer;
	int64_t last_ns; /* something moved */
	bool paused, finishing, lingering, over, told, inside;
};
/* Takes the mux over. `gone` may come before it returns. */
void conn_start(struct conn *n, const struct conn_config *c, struct mux *m);
void conn_flush(struct conn *n); /* after the mux was given something to say */
bool conn_full(const struct conn *n);
void conn_pause(struct conn *n, bool pause);
void conn_finish(struct conn *n);
void conn_release(struct conn *n); /* not from inside a call of the mux's user */

#endif
