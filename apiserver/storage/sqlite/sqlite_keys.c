/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing and deletion by shifting back, so there are no tombstones to clean. */
#include "storage/sqlite/sqlite_keys_internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "base/mem.h"

#define CAP_MIN 256

void sqlite_keys_release(struct sqlite_keys *k)
{
	free(k->v);
	*k = (struct sqlite_keys){0};
}

uint64_t sqlite_keys_hash(const char *key)
{
	return map_hash(key, strlen(key));
}

struct key_state *sqlite_keys_find(const struct sqlite_keys *k, uint64_t hash, size_t *at)
{
	if (!k->cap)
		return NULL;
	size_t mask = k->cap - 1;
	/* *at is how many places of the path were looked at. */
	for (;; (*at)++) {
		struct key_state *s = &k->v[(hash + *at) & mask];
		if (!s->rev)
			return NULL;
		if (s->hash == hash) {
			(*at)++;
			return s;
		}
	}
}

static void place(struct sqlite_keys *k, struct key_state s)
{
	size_t i = s.hash & (k->cap - 1);
	while (k->v[i].rev)
		i = (i + 1) & (k->cap - 1);
	k->v[i] = s;
}

static void resize(struct sqlite_keys *k, size_t cap)
{
	struct sqlite_keys other = {.cap = cap, .len = k->len};
	other.v = mem_array(cap, sizeof(*other.v));
	for (size_t i = 0; i < k->cap; i++)
		if (k->v[i].rev)
			place(&other, k->v[i]);
	free(k->v);
	*k = other;
}

void sqlite_keys_add(struct sqlite_keys *k, struct key_state s)
{
	if ((k->len + 1) * 4 > k->cap * 3)
		resize(k, k->cap ? k->cap * 2 : CAP_MIN);
	place(k, s);
	k->len++;
}

void sqlite_keys_del(struct sqlite_keys *k, struct key_state *s)
{
	size_t mask = k->cap - 1, hole = (size_t)(s - k->v);
	for (size_t i = (hole + 1) & mask; k->v[i].rev; i = (i + 1) & mask) {
		size_t home = k->v[i].hash & mask;
		/* What would be cut off from its home by the hole moves into it. */
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			k->v[hole] = k->v[i];
			hole = i;
		}
	}
	k->v[hole].rev = 0;
	k->len--;
	if (k->cap > CAP_MIN && k->len * 8 < k->cap)
		resize(k, k->cap / 4);
}
