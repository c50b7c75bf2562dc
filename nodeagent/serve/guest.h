/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection that the library has: its place, and its sleep while its handshake waits for the client, when the library would
 * spin (serve/transport.h). All on the loop.
 */
#ifndef SERVE_GUEST_H
#define SERVE_GUEST_H

#include <microhttpd.h>

#include "serve/places.h"

struct guests { /* zeroed, then guests_init */
	struct loop *loop;
	loop_fn *drive; /* somebody may go on */
	void *arg;
	struct list asleep;
};
void guests_init(struct guests *g, struct loop *l, loop_fn *drive, void *arg);
/* All may go on: the library wants nobody suspended when it stops. */
void guests_wake(struct guests *g);

/* When the library begins with a connection; takes the place. */
struct guest *guest_enter(struct guests *g, struct MHD_Connection *c, struct place *place);
struct place *guest_place(const struct guest *x); /* the guest's */
void guest_leave(struct guest *x);		  /* before the descriptor is closed; gives the place back */

#endif
