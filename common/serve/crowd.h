/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of whom nobody knows who they are: how many there may be, altogether and from one address, so
 * that strangers leave room for those whom the server knows. One thread at a time.
 */
#ifndef SERVE_CROWD_H
#define SERVE_CROWD_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/list.h"
#include "base/map.h"

struct crowd_place;
struct crowd_member { /* embedded, zeroed */
	struct list all, same;
	struct crowd_place *place; /* NULL: not a member */
	size_t bytes;		   /* taken */
};
struct crowd { /* embedded */
	size_t max, max_per_place;
	size_t max_bytes; /* of all; SIZE_MAX at first */
	size_t n, bytes;
	struct list all; /* least recently active first */
	struct map places;
};
void crowd_init(struct crowd *c, size_t max, size_t max_per_place);
void crowd_release(struct crowd *c); /* has no members */

#define CROWD_PLACE_MAX INET6_ADDRSTRLEN
/* What counts as one place: an IPv4 address, also when it comes as an IPv6 one; a /64 of IPv6. */
void crowd_place_name(const struct sockaddr *from, char name[CROWD_PLACE_MAX]);

void crowd_enter(struct crowd *c, struct crowd_member *m, const char *place);
void crowd_leave(struct crowd *c, struct crowd_member *m); /* also when it is none */
/* Did something sensible: others go before it. */
void crowd_touch(struct crowd *c, struct crowd_member *m);
/* Who has to go now that `last` has come; NULL: there is room. */
struct crowd_member *crowd_surplus(const struct crowd *c, const struct crowd_member *last);
struct crowd_member *crowd_oldest(const struct crowd *c); /* NULL: there is none */

/* Memory that is held for somebody, until he gives it back. False, though it is counted: that is more than all may
   have, or more than CROWD_BYTES_SHARE of it for those of one place. Who is no member any more counts among all. */
#define CROWD_BYTES_SHARE 4
bool crowd_take(struct crowd *c, struct crowd_member *m, size_t n);
void crowd_give(struct crowd *c, struct crowd_member *m); /* before he is freed; also when he has none */

#endif
