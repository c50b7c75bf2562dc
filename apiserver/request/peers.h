/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose certificates were found good a moment ago. To parse and verify a chain is a third of what a TLS handshake
 * costs the server, and clients come back with the same one: all of them at once after a restart. That the client
 * holds the key is proved in every handshake all the same.
 *
 * One thread. Memory: PEERS entries at most; a newer one takes the place of one with the same slot.
 */
#ifndef REQUEST_PEERS_H
#define REQUEST_PEERS_H

#include "base/clock.h"
#include "request/request.h"

#define PEERS 512
#define PEERS_KEY 32		  /* a SHA-256 of the chain */
#define PEERS_FOR (60 * NS_PER_S) /* then it is verified again */

struct peers_entry;
struct peers { /* zeroed */
	struct peers_entry *slots[PEERS];
};
/* True: *ret_peer is the caller's copy of what was added under this key, not longer ago than PEERS_FOR, and not past
   its end. */
bool peers_find(const struct peers *s, const unsigned char key[PEERS_KEY], struct peer *ret_peer);
/* Copies *p, which is good until `until_wall_ns`. */
void peers_add(struct peers *s, const unsigned char key[PEERS_KEY], const struct peer *p,
	       int64_t until_wall_ns);
void peers_release(struct peers *s);

void peer_release(struct peer *p);

#endif
