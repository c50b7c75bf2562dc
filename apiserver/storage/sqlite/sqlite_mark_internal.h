/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The high-water mark of revisions, in a second place: a small file beside the database (registry.db-mark).
 *
 * SQLite takes a write-ahead log that is missing or damaged for one that ends earlier, and goes on with what is left: an
 * older state, or none. Only somebody else can know better. The file holds the newest revision that was made durable and
 * the one up to which revisions may have been used; a database that knows of less has lost something.
 *
 * Two lines of text in two sectors are written in turn, each with a checksum, so a torn write leaves the other. It
 * follows each commit without an fsync of its own (the kernel has it, so the death of a process loses nothing; after
 * the machine's it may be half a minute behind, which only weakens the test), and is synced when it is made and at the end.
 *
 * One thread at a time.
 */
#ifndef STORAGE_SQLITE_SQLITE_MARK_INTERNAL_H
#define STORAGE_SQLITE_SQLITE_MARK_INTERNAL_H

#include <stdint.h>
#include "base/err.h"

struct sqlite_mark {
	int fd;			 /* -1: there is none */
	unsigned long long turn; /* of the newest line; its place too */
};
struct sqlite_mark_state {
	uint64_t durable; /* newest revision that a commit has made durable */
	uint64_t used;	  /* no greater one was ever given out */
};
enum sqlite_mark_found { SQLITE_MARK_NONE, SQLITE_MARK_GOOD, SQLITE_MARK_DAMAGED };

#define SQLITE_MARK_INIT                                                                                     \
	{                                                                                                    \
		.fd = -1                                                                                     \
	}
/* Opens and reads; makes nothing. -1 only when it is there and cannot be opened. */
int sqlite_mark_open(struct sqlite_mark *m, const char *path, struct sqlite_mark_state *ret,
		     enum sqlite_mark_found *found, struct err *err) MUST_CHECK;
/* Makes the file anew, durable on return. */
int sqlite_mark_create(struct sqlite_mark *m, const char *path, const struct sqlite_mark_state *st,
		       struct err *err) MUST_CHECK;
int sqlite_mark_write(struct sqlite_mark *m, const struct sqlite_mark_state *st, struct err *err) MUST_CHECK;
void sqlite_mark_sync(struct sqlite_mark *m);
void sqlite_mark_close(struct sqlite_mark *m);

#endif
