/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes of the sqlite engine that are acknowledged but not in the file yet: the newest per key.
 *
 * An idle cluster renews its Leases every few seconds; each renewal replaces the one that waits here, and one
 * commit per STORE_LAZY_NS takes them all. One thread at a time.
 */
#ifndef STORAGE_SQLITE_SQLITE_LAZY_INTERNAL_H
#define STORAGE_SQLITE_SQLITE_LAZY_INTERNAL_H

#include "base/map.h"

/* More than this waiting is written at once. A Lease is about 0.5 KB. */
#define LAZY_BYTES_MAX ((size_t)4 << 20)

struct sqlite_lazy_entry {
	char *key;
	char *value; /* NULL: deleted */
	size_t len;
	uint64_t rev, create_rev;
	uint64_t row_rev; /* the newest row of the key in the file */
};
struct sqlite_lazy {
	struct map by_key;
	size_t bytes;
	int64_t since_ns;   /* when the oldest came; CLOCK_NEVER when empty */
	uint64_t since_rev; /* no entry is older than this */
};

void sqlite_lazy_init(struct sqlite_lazy *l);
void sqlite_lazy_release(struct sqlite_lazy *l);
struct sqlite_lazy_entry *sqlite_lazy_get(const struct sqlite_lazy *l, const char *key);
/* Takes over e; frees what had its key. */
void sqlite_lazy_put(struct sqlite_lazy *l, struct sqlite_lazy_entry *e, int64_t now_ns);
struct sqlite_lazy_entry *sqlite_lazy_take(struct sqlite_lazy *l, const char *key); /* NULL when absent */
void sqlite_lazy_entry_free(struct sqlite_lazy_entry *e);

#endif
