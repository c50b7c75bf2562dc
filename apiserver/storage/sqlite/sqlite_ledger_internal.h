/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sqlite engine's writer decides with: the file, the keys, the lazy writes, the revisions; and one
 * batch of writes carried through.
 *
 * A batch is decided write by write against the keys as the ones before it left them; rows go into one
 * transaction. A failed commit leaves nothing behind: what the batch changed in memory is undone from a log,
 * newest first, and every write of the transaction fails. Its revisions stay unused.
 *
 * Lazy writes take a revision too but wait in memory (sqlite_lazy_internal.h) for a commit that happens anyway, or for
 * their time limit. After a crash they are gone, yet their revisions must not be given out again: the file
 * holds a mark up to which revisions may have been used, raised a block at a time along with other commits.
 *
 * The start compares what it finds with the high-water mark beside the file (sqlite_mark_internal.h) and with the sum of
 * the rows' digests (sqlite_db_internal.h), and refuses to go on from less: a cluster that has lost writes without a word
 * is worse than one that does not start. Forced, it goes on with what is left, far above every revision that may
 * have been used, and without history.
 *
 * Compaction is a little work in each commit, so it causes none of its own. One thread at a time.
 */
#ifndef STORAGE_SQLITE_SQLITE_LEDGER_INTERNAL_H
#define STORAGE_SQLITE_SQLITE_LEDGER_INTERNAL_H

#include "storage/sqlite/sqlite_db_internal.h"
#include "storage/sqlite/sqlite_keys_internal.h"
#include "storage/sqlite/sqlite_lazy_internal.h"
#include "storage/sqlite/sqlite_mark_internal.h"
#include "storage/store.h"

struct sqlite_ledger_undo;
struct sqlite_ledger {
	struct sqlite_db *db;
	struct sqlite_keys keys; /* the file's state, with the open transaction */
	struct sqlite_lazy lazy;
	uint64_t rev;  /* newest given out */
	uint64_t mark; /* in the file: revisions up to here may have been used */
	uint64_t compacted;
	uint64_t history;	   /* no change up to here can be told any more, whatever rows there are */
	uint64_t row_rev, durable; /* newest row with and without the open transaction */
	struct sqlite_mark high;
	bool ready, mark_failed; /* open has gone well; the trouble with `high` has been told */
	int64_t folded_ns;	 /* when the log was folded into the file */
	bool in_transaction;
	struct sqlite_ledger_undo *undo;
	size_t n_undo, cap_undo;
};

int sqlite_ledger_open(struct sqlite_ledger *l, const char *path, bool force, struct err *err) MUST_CHECK;
void sqlite_ledger_close(struct sqlite_ledger *l); /* flush first; fine after a failed open */

/* Carries out v[0..n) and answers each. flush: the lazy writes too. 0: committed; 1: there was nothing to
   commit; -1: the commit failed, and *err tells why. */
int sqlite_ledger_run(struct sqlite_ledger *l, struct store_write **v, size_t n, bool flush,
		      uint64_t compact_target, struct err *err) MUST_CHECK;
/* Exact from now on: the next start goes on right behind. */
int sqlite_ledger_set_mark(struct sqlite_ledger *l, struct err *err) MUST_CHECK;
int sqlite_ledger_flush(struct sqlite_ledger *l, struct err *err) MUST_CHECK;

int sqlite_ledger_list(struct sqlite_ledger *l, const char *prefix, store_each_fn *each, void *arg,
		       struct err *err) MUST_CHECK;
/* While no lazy writes wait: at the start. */
int sqlite_ledger_list_past(struct sqlite_ledger *l, const char *prefix, size_t changes, store_each_fn *each,
			    void *arg, struct store_past *ret, struct err *err) MUST_CHECK;
uint64_t sqlite_ledger_floor(const struct sqlite_ledger *l); /* what has changed since can be told */

#endif
