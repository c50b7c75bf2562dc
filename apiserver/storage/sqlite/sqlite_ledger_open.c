/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start and the end of the ledger: what was found is judged before anything is changed.
 *
 * In this order: the high-water mark is read; a database that is absent although it was there is told (SQLite would
 * make a new one, and delete the log); all rows are read, which rebuilds the keys and gives their digest; only then the
 * log is folded in and the file may be written.
 */
#include <stdlib.h>
#include "base/log.h"
#include "base/mem.h"
#include "storage/sqlite/sqlite_ledger_internal.h"

/* Beyond all that may have been used, when nobody knows any more what was. */
#define FORCE_GAP 1000000

struct opening {
	struct sqlite_ledger *l;
	struct sqlite_meta meta;
	struct sqlite_mark_state high;
	enum sqlite_mark_found found;
	uint64_t total; /* of the rows that are there */
	char *mark_path, *wal_path;
};

/* Rebuilds the keys from the rows in order. A row names the one it supersedes, and a revision belongs to one
 * key. */
static int learn_row(void *arg, const struct sqlite_row *row, struct err *err)
{
	struct opening *o = arg;
	struct sqlite_ledger *s = o->l;
	uint64_t hash = sqlite_keys_hash(row->key);
	struct key_state *k = NULL;
	size_t at = 0;
	(void)err;
	o->total += sqlite_db_digest(row);
	while (row->prev_rev && (k = sqlite_keys_find(&s->keys, hash, &at)) && k->rev != row->prev_rev)
		;
	if (k && row->value)
		*k = (struct key_state){hash, row->rev, row->create_rev};
	else if (k)
		sqlite_keys_del(&s->keys, k);
	else if (row->value)
		sqlite_keys_add(&s->keys, (struct key_state){hash, row->rev, row->create_rev});
	return 0;
}

#define ADVICE                                                                                               \
	"put back %s with its -wal and -mark from one backup, or start once with --force-damaged-store, which gives up what is missing"

/* SQLite makes a new database where it finds none, and removes a log that is left. */
static int judge_absence(const struct opening *o, const char *path, struct err *err)
{
	if (!sqlite_db_is_empty(path))
		return 0;
	if (o->found == SQLITE_MARK_DAMAGED || o->high.used || !sqlite_db_is_empty(o->wal_path))
		return err_set(err, REASON_UNAVAILABLE,
			       "%s is missing or empty, and there was one (up to revision %llu): " ADVICE,
			       path, (unsigned long long)o->high.durable, path);
	return 0;
}

static int judge(const struct opening *o, const char *path, struct err *err)
{
	if (!o->meta.summed)
		return 0;
	if (o->found != SQLITE_MARK_GOOD)
		return err_set(err, REASON_UNAVAILABLE,
			       "%s is %s, so nobody knows whether the database is complete: " ADVICE,
			       o->mark_path, o->found == SQLITE_MARK_NONE ? "missing" : "damaged", path);
	if (o->meta.newest < o->high.durable)
		return err_set(
			err, REASON_UNAVAILABLE,
			"%s ends at revision %llu, but %llu was acknowledged; its -wal is missing or damaged: " ADVICE,
			path, (unsigned long long)o->meta.newest, (unsigned long long)o->high.durable, path);
	if (o->meta.total != o->total)
		return err_set(err, REASON_UNAVAILABLE,
			       "%s is damaged: its rows are not those that were written: " ADVICE, path,
			       path);
	return 0;
}

static uint64_t greatest(const struct opening *o)
{
	uint64_t v[] = {o->meta.newest, o->meta.mark, o->high.durable, o->high.used,
			1 /* 0 means "none" to clients */};
	uint64_t max = 0;
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		max = v[i] > max ? v[i] : max;
	return max;
}

static int take_over(struct opening *o, bool lost, struct err *err)
{
	struct sqlite_ledger *s = o->l;
	s->mark = o->meta.mark;
	s->compacted = o->meta.compact;
	s->history = o->meta.history;
	s->durable = s->row_rev = o->meta.newest;
	s->rev = greatest(o);
	if (lost) /* no revision is like one that was used, and nobody can go on from one */
		s->history = s->rev += FORCE_GAP;
	s->folded_ns = clock_mono_ns();
	struct sqlite_mark_state st = {s->durable, s->rev};
	if (((o->found != SQLITE_MARK_GOOD || lost) &&
	     sqlite_mark_create(&s->high, o->mark_path, &st, err) < 0) ||
	    sqlite_db_settle(s->db, o->total, err) < 0)
		return -1;
	return lost ? sqlite_ledger_set_mark(s, err) : 0;
}

static int open_files(struct opening *o, const char *path, bool force, struct err *err)
{
	struct sqlite_ledger *s = o->l;
	bool lost = false;
	if (sqlite_mark_open(&s->high, o->mark_path, &o->high, &o->found, err) < 0)
		return -1;
	if (judge_absence(o, path, err) < 0) {
		if (!force)
			return -1;
		lost = true;
	}
	/* It is there before there is anything that it is missed by. */
	if (o->found == SQLITE_MARK_NONE && sqlite_db_is_empty(path)) {
		if (sqlite_mark_create(&s->high, o->mark_path, &o->high, err) < 0)
			return -1;
		o->found = SQLITE_MARK_GOOD;
	}
	s->db = sqlite_db_open(path, &o->meta, err);
	if (!s->db || sqlite_db_scan(s->db, 0, learn_row, o, err) < 0)
		return -1;
	if (judge(o, path, err) < 0) {
		if (!force)
			return -1;
		lost = true;
	}
	if (lost)
		log_warn_err(err, "the store is forced to start with what is left", "revision=%llu next=%llu",
			     (unsigned long long)o->meta.newest,
			     (unsigned long long)greatest(o) + FORCE_GAP + 1);
	return take_over(o, lost, err);
}

int sqlite_ledger_open(struct sqlite_ledger *s, const char *path, bool force, struct err *err)
{
	*s = (struct sqlite_ledger){.high = SQLITE_MARK_INIT};
	sqlite_lazy_init(&s->lazy);
	struct opening o = {
		.l = s, .mark_path = mem_printf("%s-mark", path), .wal_path = mem_printf("%s-wal", path)};
	int rc = open_files(&o, path, force, err);
	s->ready = rc == 0;
	free(o.mark_path);
	free(o.wal_path);
	return rc;
}

/* A clean end: everything is in the file, and the mark is exact, so no revision is skipped by the next start.
 */
static void seal(struct sqlite_ledger *s)
{
	struct err err = ERR_INIT;
	if (s->mark != s->rev && sqlite_ledger_set_mark(s, &err) < 0)
		log_warn_err(&err, "database was not closed cleanly", NULL);
	sqlite_mark_sync(&s->high);
}

void sqlite_ledger_close(struct sqlite_ledger *s)
{
	if (s->ready)
		seal(s);
	if (s->db)
		sqlite_db_close(s->db);
	sqlite_mark_close(&s->high);
	sqlite_lazy_release(&s->lazy);
	sqlite_keys_release(&s->keys);
	free(s->undo);
}
