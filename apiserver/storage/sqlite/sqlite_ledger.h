/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sqlite engine's writer decides with: the file, the keys, the lazy writes, the revisions; and one
 * batch of writes carried through.
 *
 * A batch is decided write by write against the keys as the ones before it left them; rows go into one
 * transaction. A failed commit leaves nothing behind: what the batch changed in memory is undone from a log,
 * newest first, and every write of the transaction fails. Its revisions stay unused.
 *
 * Lazy writes take a revision too but wait in memory (sqlite_lazy.h) for a commit that happens anyway, or for
 * their time limit. After a crash they are gone, yet their revisions must not be given out again: the file
 * holds a mark up to which revisions may have been used, raised a block at a time along with other commits.
 *
 * Compaction is a little work in each commit, so it causes none of its own. One thread at a time.
 */
#ifndef STORAGE_SQLITE_SQLITE_LEDGER_H
#define STORAGE_SQLITE_SQLITE_LEDGER_H

#include "storage/sqlite/sqlite_db.h"
#include "storage/sqlite/sqlite_lazy.h"
#include "storage/store.h"
#include "storage/store_keys.h"

struct ledger_undo;
struct ledger {
	struct sqlite_db *db;
	struct store_keys keys; /* the file's state, with the open transaction */
	struct lazy lazy;
	uint64_t rev;  /* newest given out */
	uint64_t mark; /* in the file: revisions up to here may have been used */
	uint64_t compacted;
	bool in_transaction;
	struct ledger_undo *undo;
	size_t n_undo, cap_undo;
};

int ledger_open(struct ledger *l, const char *path, struct err *err) MUST_CHECK;
void ledger_close(struct ledger *l); /* flush first; fine after a failed open */

/* Carries out v[0..n) and answers each. flush: the lazy writes too. 0: committed; 1: there was nothing to
   commit; -1: the commit failed, and *err tells why. */
int ledger_run(struct ledger *l, struct store_write **v, size_t n, bool flush, uint64_t compact_target,
	       struct err *err) MUST_CHECK;
int ledger_flush(struct ledger *l, struct err *err) MUST_CHECK;

int ledger_list(struct ledger *l, const char *prefix, store_each_fn *each, void *arg,
		struct err *err) MUST_CHECK;

#endif
