/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of the sqlite engine: its tables and every statement that is ever run on them. The only file that
 * sees sqlite3.h is sqlite_db.c.
 *
 *	kv(rev INTEGER PRIMARY KEY, key, create_rev, prev_rev, deleted, value)	append-only: one row per write
 *	meta(name, value)	`mark`: revisions up to here may have been used;
 *				`compact`: rows up to here were looked at;
 *				`history`: changes up to here were lost when a damaged store was forced to start;
 *				`total`: the sum of all rows' digests, which each commit brings up to date
 *	objects			a view for people with the sqlite3 shell: the newest row of every key that exists
 *
 * There is no index on keys: appending in revision order is the cheapest write there is, and the engine
 * remembers which row is a key's newest (sqlite_keys_internal.h). prev_rev is the row that a row supersedes, so
 * compaction finds garbage by walking the rows in order too.
 *
 * SQLite has no checksums of its own in the file: a page that has changed by itself can be another value, or another set
 * of rows. Whoever reads all rows therefore adds up their digests and compares with `total`.
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
	uint64_t mark, compact, history, total;
	bool summed; /* total is there: not so in a file of an older format */
};

/* Makes the file (0600) and its tables when it is not there. Fails when another process has it open for
 * writing. Until sqlite_db_settle, nothing that is there is changed, by closing neither. */
struct sqlite_db *sqlite_db_open(const char *path, struct sqlite_meta *ret, struct err *err) MUST_CHECK;
/* What was read is right: `total` is the digest of the rows. Folds the log into the file. */
int sqlite_db_settle(struct sqlite_db *db, uint64_t total, struct err *err) MUST_CHECK;
void sqlite_db_close(struct sqlite_db *db);
bool sqlite_db_is_empty(const char *path); /* there is no file, or nothing in it */

/* Rows with rev > after in revision order. each returns -1 to stop. */
int sqlite_db_scan(struct sqlite_db *db, uint64_t after,
		   int (*each)(void *arg, const struct sqlite_row *row, struct err *err), void *arg,
		   struct err *err) MUST_CHECK;
/* The revision that has `rows` rows behind it; 0 when there are no more than that. */
int sqlite_db_back(struct sqlite_db *db, size_t rows, uint64_t *ret, struct err *err) MUST_CHECK;
uint64_t sqlite_db_digest(const struct sqlite_row *row);
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
/* Moves what the log holds into the file, as far as readers let it. A few fsyncs. */
void sqlite_db_fold(struct sqlite_db *db);
void sqlite_db_relax(struct sqlite_db *db); /* frees its page cache */

#endif
