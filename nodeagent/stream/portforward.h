/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to ports inside a Pod, several at once over one connection of the client (portforward.k8s.io). With SPDY the
 * client opens a pair of streams for each, `data` and `error`, which the header requestID brings together; over the channels
 * of a WebSocket the ports are named by the request, and each has a pair of channels from the beginning.
 */
#ifndef STREAM_PORTFORWARD_H
#define STREAM_PORTFORWARD_H

#include "base/err.h"
#include "stream/session.h"

#define PORTFORWARD_PAIRS 1024 /* of one client at a time */
#define PORTFORWARD_PORTS 127  /* that fit into channels */

struct portforward_config {
	struct session_config s;
	const char *pod;       /* as messages name it; borrowed for the session's life */
	const uint16_t *ports; /* of channels; borrowed for the call */
	size_t n_ports;
	/* Runs on the lane; may be called for several at once. arg must last until `free` is called. */
	int (*connect)(void *arg, int port, int *ret_fd, struct err *err);
	void (*free)(void *arg); /* on the loop: connect is called no more */
	void *arg;
};
/* c is copied. */
struct session *portforward_start(const struct portforward_config *c);

#endif
