/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls back once when a socket becomes readable, or when its time is over. One thread, one epoll set; for
 * connections that nobody else looks at meanwhile.
 */
#ifndef HTTP_READABLE_H
#define HTTP_READABLE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/list.h"

struct readable;
struct readable_wait { /* embedded by the owner; lives until fn ran */
	struct list node;
	int64_t deadline_ns;
	int fd;
	/* On the module's thread; may free the wait or begin the next one with it. */
	void (*fn)(struct readable_wait *w, bool expired);
};
/* All waits of one struct readable last equally long: `timeout_ns`. */
struct readable *readable_new(int64_t timeout_ns);
/* Ends the thread; waits that are left get fn(…, true), further ones are refused. */
void readable_stop(struct readable *r);
void readable_free(struct readable *r); /* after readable_stop */
/* w->fd and w->fn are set. Any thread; fn may run before this returns. False when the kernel refuses; fn does
 * not run. */
bool readable_add(struct readable *r, struct readable_wait *w);

#endif
