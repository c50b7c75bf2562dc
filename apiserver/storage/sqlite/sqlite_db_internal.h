/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of the sqlite engine: its tables and every statement that is ever run on them. The only file that
 * sees sqlite3.h is sqlite_db.c.
 *
 *	kv(rev INTEGER PRIMARY KEY, key, create_rev, prev_rev, deleted, value)	append-only: one row per write
 *	meta(name, value)	`mark`: revisions up to here may have been used;
 *				`compact`: rows up to here were looked at
 *	objects			a view for people with the sqlite3 shell: the newest row of every key that exists
 *
 * There is no index on keys: appending in revision order is the cheapest write there is, and the engine
 * remembers which row is a key's newest (sqlite_keys_internal.h). prev_rev is the row that a row supersedes, so
 * compaction finds garbage by walking the rows in order too.
 *
 * Errors are REASON_UNAVAILABLE with SQLite's words. One thread at a time.
 */
#ifndef STORAGE_SQLITE_SQLITE_DB_INTERNAL_H
#define STORAGE_SQLITE_SQLITE_DB_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct sqlite_db;
struct sqlite_row {
	uint64_t rev, create_rev, prev_rev; /* prev_rev 0: nothing superseded */
	const char *key;
	const void *value; /* NULL: deleted */
	size_t len;
};
struct sqlite_meta {
	uint64_t newest; /* greatest rev of a row */
	uint64_t mark, compact;
};

/* Makes the file (0600) and its tables when it is not there. Fails when another process has it open for
 * writing. */
struct sqlite_db *sqlite_db_open(const char *path, struct sqlite_meta *ret, struct err *err) MUST_CHECK;
void sqlite_db_close(struct sqlite_db *db);

/* Rows with rev > after in revision order, values only when asked for (else value is NULL and len tells 1 for
   a value, 0 for a deletion). each returns -1 to stop. */
int sqlite_db_scan(struct sqlite_db *db, uint64_t after, bool values,
		   int (*each)(void *arg, const struct sqlite_row *row, struct err *err), void *arg,
		   struct err *err) MUST_CHECK;
bool sqlite_db_key_is(struct sqlite_db *db, uint64_t rev, const char *key); /* row rev is about key */

int sqlite_db_begin(struct sqlite_db *db, struct err *err) MUST_CHECK;
int sqlite_db_insert(struct sqlite_db *db, const struct sqlite_row *row, struct err *err) MUST_CHECK;
int sqlite_db_set_meta(struct sqlite_db *db, const char *name, uint64_t v, struct err *err) MUST_CHECK;
/* Looks at up to `steps` rows in (*cursor, target], removes what they supersede and deletions themselves, and
   moves the cursor. */
int sqlite_db_compact(struct sqlite_db *db, uint64_t *cursor, uint64_t target, int steps,
		      struct err *err) MUST_CHECK;
int sqlite_db_commit(struct sqlite_db *db,
		     struct err *err) MUST_CHECK; /* durable on return; rolls back on failure */
void sqlite_db_rollback(struct sqlite_db *db);

#endif
