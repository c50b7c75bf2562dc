/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a connection may take for what it is doing. One of these times runs for each connection, or none
 * (a request that the service works on, a stream). On the loop's thread.
 */
#ifndef HTTP_LIMITS_H
#define HTTP_LIMITS_H

#include "base/list.h"
#include "loop/loop.h"

enum limit {
	LIMIT_HANDSHAKE, /* from accept until the TLS handshake is over, however it drips */
	LIMIT_HEADER,	 /* from a request's first byte until its headers are complete */
	LIMIT_BODY,	 /* from then on until the body is */
	LIMIT_REPLY,	 /* without progress, while a reply goes out */
	LIMIT_QUIET,	 /* between requests, while the next one may follow at once */
	LIMIT_IDLE,	 /* from then on */
	LIMITS
};

struct limits_node { /* embedded; limits_init_node before use */
	struct list link;
	int64_t deadline_ns;
};
struct limits { /* embedded */
	struct loop *loop;
	struct loop_timer timer;
	struct list lists[LIMITS];
	void (*expired)(struct limits_node *n); /* none runs for n any more; may free it */
};
void limits_init(struct limits *l, struct loop *loop, void (*expired)(struct limits_node *n));
void limits_release(struct limits *l);

void limits_init_node(struct limits_node *n);
void limits_set(struct limits *l, struct limits_node *n, enum limit which); /* the time starts anew */
void limits_clear(struct limits_node *n);

#endif
