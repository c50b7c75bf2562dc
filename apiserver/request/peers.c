/* SPDX-License-Identifier: Apache-2.0 */
/* The key is a digest, so any part of it is as good as a hash: one slot per key, no chains, no order of age. */
#include "request/peers.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

struct peers_entry {
	unsigned char key[PEERS_KEY];
	int64_t since_ns, until_wall_ns; /* the first is monotonic */
	struct peer peer;
};

static size_t slot_of(const unsigned char key[PEERS_KEY])
{
	return ((size_t)key[0] << 8 | key[1]) % PEERS;
}

static void copy(struct peer *to, const struct peer *from)
{
	size_t n = 0;
	while (from->groups && from->groups[n])
		n++;
	*to = (struct peer){.name = mem_strdup(from->name), .error = mem_strdup(from->error)};
	if (!from->groups)
		return;
	to->groups = mem_array(n + 1, sizeof(*to->groups));
	for (size_t i = 0; i < n; i++)
		to->groups[i] = mem_strdup(from->groups[i]);
}

void peer_release(struct peer *p)
{
	for (char **g = p->groups; g && *g; g++)
		free(*g);
	free(p->groups);
	free(p->name);
	free(p->error);
	memset(p, 0, sizeof(*p));
}

bool peers_find(const struct peers *s, const unsigned char key[PEERS_KEY], struct peer *ret_peer)
{
	const struct peers_entry *e = s->slots[slot_of(key)];
	if (!e || memcmp(e->key, key, PEERS_KEY) != 0 || clock_mono_ns() - e->since_ns >= PEERS_FOR ||
	    clock_wall_ns() >= e->until_wall_ns)
		return false;
	copy(ret_peer, &e->peer);
	return true;
}

static void drop(struct peers_entry *e)
{
	if (e)
		peer_release(&e->peer);
	free(e);
}

void peers_add(struct peers *s, const unsigned char key[PEERS_KEY], const struct peer *p,
	       int64_t until_wall_ns)
{
	struct peers_entry **at = &s->slots[slot_of(key)], *e = MEM_NEW(struct peers_entry);
	memcpy(e->key, key, PEERS_KEY);
	e->since_ns = clock_mono_ns();
	e->until_wall_ns = until_wall_ns;
	copy(&e->peer, p);
	drop(*at);
	*at = e;
}

void peers_release(struct peers *s)
{
	for (size_t i = 0; i < PEERS; i++)
		drop(STEAL(s->slots[i]));
}
