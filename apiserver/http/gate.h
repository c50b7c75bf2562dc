/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a listener stops without losing anybody: what runs elsewhere with a connection of ours has entered the
 * gate, and what was handed back is counted until its reply is out. Any thread.
 */
#ifndef HTTP_GATE_H
#define HTTP_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gate { /* embedded */
	pthread_mutex_t lock;
	pthread_cond_t empty;
	size_t inside;
	size_t replying; /* handed back; the reply, or its end, is not out yet */
	bool closed;
};
void gate_init(struct gate *g);
void gate_release(struct gate *g);

bool gate_enter(struct gate *g); /* false: it is closed */
void gate_leave(struct gate *g);
void gate_replies(struct gate *g); /* before the connection is handed back */
void gate_replied(struct gate *g);

/* Nobody enters any more; returns when everybody has left. */
void gate_close(struct gate *g);
/* Returns when all replies are out, or after timeout_ns: a client that does not read is waited for only so long.
 */
void gate_drain(struct gate *g, int64_t timeout_ns);

#endif
