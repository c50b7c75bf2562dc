/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connecting to host and port without blocking. A name is looked up by a job first; then its addresses are tried in
 * order. Errors have the words of Go's net package. Loop thread.
 */
#ifndef PROBE_PROBE_DIAL_H
#define PROBE_PROBE_DIAL_H

#include "base/buf.h"
#include "loop/loop.h"

struct probe_dial_lookup;
struct probe_dial {
	struct loop *loop;
	size_t name_lane;
	const char *host; /* borrowed until the end */
	int port;
	/* Connected: a descriptor that is the receiver's, and "". Else -1 and what is wrong. May be called from inside
	   probe_dial_start, and may free what the dial is in. */
	void (*fn)(void *arg, int fd, const char *what);
	void *arg;

	struct probe_dial_lookup *lookup;
	void *addresses; /* struct sockaddr_storage[] */
	size_t n, next;
	int fd;
	struct loop_io io;
};
/* The first five fields are set, the others zero. */
void probe_dial_start(struct probe_dial *d);
/* Gives it up; no-op when it is over. */
void probe_dial_stop(struct probe_dial *d);

/* "host:port", as Go's net.JoinHostPort. */
void probe_dial_address(struct buf *out, const char *host, int port);
/* As Go's syscall.Errno: "connection refused". */
const char *probe_dial_errno(int e);

#endif
