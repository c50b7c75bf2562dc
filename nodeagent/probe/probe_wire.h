/* SPDX-License-Identifier: Apache-2.0 */
/* A connected socket that bytes go through as they are, or through TLS that verifies nothing. Nothing blocks; what says
   WIRE_AGAIN wants to be called again when the descriptor has w->want. Errors have Go's words. Loop thread. */
#ifndef PROBE_PROBE_WIRE_H
#define PROBE_PROBE_WIRE_H

#include <sys/types.h>
#include "base/buf.h"

enum { WIRE_AGAIN = -1, WIRE_FAILED = -2 };

struct probe_wire {
	int fd;	       /* -1: closed */
	void *session; /* of TLS */
	bool looked, spoke_http;
	unsigned want; /* LOOP_READ or LOOP_WRITE */
	char what[256];
};
/* Takes fd. *tls: what all sessions share, NULL at first, for probe_wire_tls_free at the end. */
void probe_wire_open(struct probe_wire *w, int fd);
void probe_wire_secure(struct probe_wire *w, void **tls, const char *host);
/* 0: both ends have agreed. */
int probe_wire_greet(struct probe_wire *w);
/* How many bytes; of a read 0 at the end. */
ssize_t probe_wire_read(struct probe_wire *w, void *p, size_t n);
ssize_t probe_wire_write(struct probe_wire *w, const void *p, size_t n);
void probe_wire_close(struct probe_wire *w);
void probe_wire_tls_free(void *tls);

#endif
