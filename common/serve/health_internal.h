/* SPDX-License-Identifier: Apache-2.0 */
/* Between health_listen.c (connections) and health_tls.c (what makes them private, and who is at the other end). */
#ifndef SERVE_HEALTH_INTERNAL_H
#define SERVE_HEALTH_INTERNAL_H

#include <sys/types.h>
#include "serve/health.h"

struct health_gate; /* certificate, key, client CA; one thread */
struct health_gate *health_gate_new(const struct health_tls *t, struct err *err) MUST_CHECK;
void health_gate_free(struct health_gate *g); /* no session is left */

struct health_session; /* one connection */
/* fd stays the caller's; NULL when there is no memory. */
struct health_session *health_session_new(struct health_gate *g, int fd);
void health_session_free(struct health_session *s); /* says good-bye, if that is possible at once */
/* > 0: bytes; 0: not now, wait for *ret_want (LOOP_READ or LOOP_WRITE) and call again alike; -1: it is over. */
ssize_t health_session_read(struct health_session *s, void *p, size_t n, unsigned *ret_want);
ssize_t health_session_write(struct health_session *s, const void *p, size_t n, unsigned *ret_want);

/* May the other end see this path? 200, 401 or 403; a Status goes into `out` unless 200. */
int health_session_judge(const struct health_session *s, const char *method, const char *path,
			 struct buf *out);

#endif
