/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which row of the database is a key's newest: 24 bytes per key, without the key.
 *
 * Entries are found by the key's 64-bit hash. Two keys may share one, so a hit is a candidate until the
 * caller has proved it: by the revision (a revision belongs to one key only) or by reading that row. Entries
 * with the same hash lie on one probe path and are all offered. One thread at a time.
 */
#ifndef STORAGE_SQLITE_SQLITE_KEYS_INTERNAL_H
#define STORAGE_SQLITE_SQLITE_KEYS_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

struct key_state {
	uint64_t hash;
	uint64_t rev; /* 0: empty place */
	uint64_t create_rev;
};
struct sqlite_keys {
	struct key_state *v;
	size_t len, cap; /* cap: power of two */
};

void sqlite_keys_release(struct sqlite_keys *k);
uint64_t sqlite_keys_hash(const char *key);
/* The next candidate for hash. *at starts as 0 and keeps the place; NULL after the last. */
struct key_state *sqlite_keys_find(const struct sqlite_keys *k, uint64_t hash, size_t *at);
/* Candidates are not looked for: the caller knows that the key is new. Pointers into the table end here, and with a deletion. */
void sqlite_keys_add(struct sqlite_keys *k, struct key_state s);
void sqlite_keys_del(struct sqlite_keys *k, struct key_state *s);

#endif
