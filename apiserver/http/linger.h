/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a connection whose client is still sending. Closing a socket with unread bytes resets the
 * connection, and a reset overtakes the refusal that was just written; so somebody reads on for a moment.
 */
#ifndef HTTP_LINGER_H
#define HTTP_LINGER_H

#include "loop/loop.h"

struct lingers;
struct lingers *lingers_new(struct loop *l);
void lingers_free(struct lingers *ls); /* closes those that are left */
/* fd is duplicated; the caller closes its own. On the loop's thread. */
void linger_start(struct lingers *ls, int fd);

#endif
