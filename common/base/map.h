/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash map from byte-string keys to pointers (open addressing, keyed hash so that clients cannot choose
 * collisions).
 *
 * The map owns copies of its keys and nothing of its values. Iteration order is unspecified; the entry at the
 * cursor may be deleted while iterating, nothing may be added. One thread at a time.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_entry; /* inside */
struct map {
	struct map_entry *slots;
	size_t len;  /* live entries */
	size_t used; /* live + tombstones */
	size_t cap;  /* power of two, 0 while empty */
};

#define MAP_INIT                                                                                             \
	{                                                                                                    \
		0                                                                                            \
	}
void map_release(struct map *m); /* frees keys and table, not the values */
void map_clear(struct map *m);	 /* the same, and usable again */
#define automap __attribute__((cleanup(map_release)))

void *map_get(const struct map *m, const char *key); /* NULL when absent */
void *map_getn(const struct map *m, const char *key, size_t n);
bool map_has(const struct map *m, const char *key);
/* Returns the value that was there before, or NULL. value may not be NULL. */
void *map_set(struct map *m, const char *key, void *value);
void *map_setn(struct map *m, const char *key, size_t n, void *value);
/* Returns the removed value, or NULL. */
void *map_del(struct map *m, const char *key); /* key may be the map's own, as from an iterator */
void *map_deln(struct map *m, const char *key, size_t n);
static inline size_t map_len(const struct map *m)
{
	return m->len;
}

struct map_iter {
	size_t i;
	const char *key; /* borrowed, NUL-terminated */
	size_t key_len;
	void *value;
};
bool map_next(const struct map *m, struct map_iter *it);
/* for (struct map_iter it = {0}; map_next(&m, &it);) … */

/* SipHash-1-3 under a per-process random key; also for other tables. */
uint64_t map_hash(const void *p, size_t n);
/* The same under a given key. */
uint64_t map_siphash13(const uint64_t key[2], const void *p, size_t n);

#endif
