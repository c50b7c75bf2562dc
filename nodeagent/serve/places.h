/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may be connected, and how long before he has said who he is. A connection is a stranger's until a request on it was
 * authorized; strangers have PLACES_STRANGER_NS from accept on for everything (handshake, headers, request), there are
 * never more than PLACES_STRANGERS of them, and PLACES_PER_ADDRESS from one address: a newcomer takes the place of the
 * oldest one (serve/crowd.h, as in the apiserver). So a client that connects and says nothing keeps nobody out, as long as an
 * honest handshake is faster than so many connects. Whoever is known counts against PLACES_KNOWN only.
 *
 * A connection is ended by shutting down its socket, whose owner then sees it end. On the loop.
 */
#ifndef SERVE_PLACES_H
#define SERVE_PLACES_H

#include <sys/socket.h>

#include "loop/loop.h"
#include "serve/crowd.h"

#define PLACES_KNOWN 4608 /* streams.h's, and who asks for pages and logs */
#define PLACES_STRANGERS 512
/* The API server may open many streams at once, and on a busy machine all of them are here before the first has shaken hands. */
#define PLACES_PER_ADDRESS 400
#define PLACES_STRANGER_NS (10 * NS_PER_S)

struct place {
	struct crowd_member stranger;
	struct loop *loop;
	struct places *all;
	struct loop_timer deadline;
	int fd;
	bool known;
};
struct places { /* zeroed, then places_init */
	struct loop *loop;
	struct crowd strangers;
	size_t n_known;
};
void places_init(struct places *p, struct loop *l);
void places_release(struct places *p); /* all have left */
/* A stranger's, who has just been accepted. The descriptor stays the caller's. */
struct place *places_take(struct places *p, int fd, const struct sockaddr *from);
/* He is known from now on. False: there are too many already, and he stays what he was. */
bool places_know(struct place *place);
void places_leave(struct place *place); /* before the descriptor is closed; frees it */

#endif
