/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes of the sqlite engine that are acknowledged but not in the file yet: the newest per key.
 *
 * An idle cluster renews its Leases every few seconds; each renewal replaces the one that waits here, and one
 * commit per STORE_LAZY_NS takes them all. One thread at a time.
 */
#ifndef STORAGE_SQLITE_SQLITE_LAZY_H
#define STORAGE_SQLITE_SQLITE_LAZY_H

#include "base/map.h"

/* More than this waiting is written at once. A Lease is about 0.5 KB. */
#define LAZY_BYTES_MAX ((size_t)4 << 20)

struct lazy_entry {
	char *key;
	char *value; /* NULL: deleted */
	size_t len;
	uint64_t rev, create_rev;
	uint64_t row_rev; /* the newest row of the key in the file */
};
struct lazy {
	struct map by_key;
	size_t bytes;
	int64_t since_ns;   /* when the oldest came; CLOCK_NEVER when empty */
	uint64_t since_rev; /* no entry is older than this */
};

void lazy_init(struct lazy *l);
void lazy_release(struct lazy *l);
struct lazy_entry *lazy_get(const struct lazy *l, const char *key);
/* Takes over e; frees what had its key. */
void lazy_put(struct lazy *l, struct lazy_entry *e, int64_t now_ns);
struct lazy_entry *lazy_take(struct lazy *l, const char *key); /* NULL when absent */
void lazy_entry_free(struct lazy_entry *e);

#endif
