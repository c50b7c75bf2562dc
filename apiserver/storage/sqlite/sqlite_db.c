/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings that matter: WAL with synchronous=FULL means one fsync per commit and none lost; the journal is
 * folded into the file at the start, every CHECKPOINT_PAGES pages, and when the owner says so, so it stays small and no
 * commit pays for much. Until what is there was found to be right, it is not folded: who has to repair it wants to see it.
 * The page cache is small because pages are written once and hardly ever read again. Locking is SQLite's normal one,
 * so people may look into the file while the apiserver runs; a second apiserver is kept out by flock(2) on
 * the file, which SQLite does not use.
 */
#include "storage/sqlite/sqlite_db_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/map.h"
#include "base/mem.h"

#define FORMAT_VERSION 2
#define FORMAT_UNSUMMED 1	  /* as 2, without `total` */
#define APPLICATION_ID 0x436f7261 /* "Cora", shown by file(1) */
/* A Pod with its managers fits: in SQLite's own choice of 4 KiB it takes a page and a part of another. Larger ones cost a small
   object's writes, a Lease's, that a flash card has to bear, and gain little (creates/s: 4 KiB 10,200, 8 KiB 11,050, 16 KiB
   11,600). A file that is there keeps its size. */
#define PAGE_BYTES 8192
#define CHECKPOINT_PAGES 250
/* Free pages are given back to the file system, a few per commit, once they are many. */
#define FREE_PAGES_KEPT 512
#define VACUUM_STEP 16
#define BUSY_MS 5000

#define ROW_SQL "SELECT rev, key, create_rev, prev_rev, deleted, value FROM kv WHERE "

enum statement { BEGIN, COMMIT, ROLLBACK, INSERT, KEY_OF, ROW, SET_META, GARBAGE, DROP, N_STATEMENTS };
static const char *const statement_sql[N_STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[INSERT] =
		"INSERT INTO kv(rev, key, create_rev, prev_rev, deleted, value) VALUES (?1,?2,?3,?4,?5,?6)",
	[KEY_OF] = "SELECT key FROM kv WHERE rev = ?1",
	[ROW] = ROW_SQL "rev = ?1",
	[SET_META] = "INSERT OR REPLACE INTO meta(name, value) VALUES (?1, ?2)",
	[GARBAGE] =
		"SELECT rev, prev_rev, deleted FROM kv WHERE rev > ?1 AND rev <= ?2 ORDER BY rev LIMIT ?3",
	[DROP] = "DELETE FROM kv WHERE rev = ?1",
};

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
static const char schema_sql[] =
	"BEGIN;CREATE TABLE IF NOT EXISTS kv(rev INTEGER PRIMARY KEY, key TEXT NOT NULL, create_rev INTEGER NOT NULL, prev_rev INTEGER NOT NULL, deleted INTEGER NOT NULL, value TEXT);"
	"CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	/* With max(), SQLite takes the other columns from the row that has the maximum. */
	"CREATE VIEW IF NOT EXISTS objects AS SELECT key, max(rev) AS rev, create_rev, value FROM kv GROUP BY key HAVING NOT deleted;PRAGMA application_id=" TEXT(
		APPLICATION_ID) ";"
				"PRAGMA user_version=" TEXT(FORMAT_VERSION) ";COMMIT;";

struct sqlite_db {
	sqlite3 *h;
	int lock_fd;
	sqlite3_stmt *st[N_STATEMENTS];
	uint64_t total, committed_total; /* of the rows, with and without the open transaction */
	bool unsummed;			 /* a file of the older format */
	bool fresh;			 /* made just now */
};

static int fail(struct sqlite_db *db, const char *what, struct err *err)
{
	return err_set(err, REASON_UNAVAILABLE, "database: %s: %s", what, sqlite3_errmsg(db->h));
}

static int run_sql(struct sqlite_db *db, const char *sql, struct err *err)
{
	if (sqlite3_exec(db->h, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(db, "prepare", err);
	return 0;
}

static int query_u64(struct sqlite_db *db, const char *sql, uint64_t *ret, struct err *err)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(db->h, sql, -1, &st, NULL) != SQLITE_OK)
		return fail(db, "prepare", err);
	int rc = sqlite3_step(st);
	*ret = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
	sqlite3_finalize(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : fail(db, "read", err);
}

static int open_file(struct sqlite_db *db, const char *path, struct err *err)
{
	db->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (db->lock_fd < 0)
		return err_errno(err, "open %s", path);
	if (flock(db->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, REASON_UNAVAILABLE, "%s is in use by another apiserver", path);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	if (sqlite3_open_v2(path, &db->h, flags, NULL) != SQLITE_OK)
		return fail(db, path, err);
	sqlite3_busy_timeout(db->h, BUSY_MS);
	return 0;
}

static int set_up(struct sqlite_db *db, const char *path, struct err *err)
{
	uint64_t version, id, tables;
	char sql[512];
	if (query_u64(db, "SELECT count(*) FROM sqlite_schema", &tables, err) < 0 ||
	    query_u64(db, "PRAGMA user_version", &version, err) < 0 ||
	    query_u64(db, "PRAGMA application_id", &id, err) < 0)
		return -1;
	if (tables && (id != APPLICATION_ID || (version != FORMAT_VERSION && version != FORMAT_UNSUMMED)))
		return err_set(err, REASON_UNAVAILABLE,
			       "%s is no database of this apiserver (format %llu, known %d)", path,
			       (unsigned long long)version, FORMAT_VERSION);
	snprintf(
		sql, sizeof(sql),
		"%s PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;PRAGMA cache_size=-1024; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
		"PRAGMA wal_autocheckpoint=%d; PRAGMA journal_size_limit=%d;",
		tables ? ""
		       : "PRAGMA page_size=" TEXT(
				 PAGE_BYTES) ";PRAGMA auto_vacuum=INCREMENTAL;", /* it writes */
		CHECKPOINT_PAGES, 4 * CHECKPOINT_PAGES * PAGE_BYTES);
	/* Else the last one to close it folds the log in, whatever state that is in. */
	if (sqlite3_db_config(db->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) != SQLITE_OK)
		return fail(db, "prepare", err);
	if (run_sql(db, sql, err) < 0)
		return -1;
	db->fresh = !tables;
	return tables ? 0 : run_sql(db, schema_sql, err);
}

static int read_meta(struct sqlite_db *db, struct sqlite_meta *m, struct err *err)
{
	uint64_t version;
	if (query_u64(db, "SELECT max(rev) FROM kv", &m->newest, err) < 0 ||
	    query_u64(db, "SELECT value FROM meta WHERE name = 'mark'", &m->mark, err) < 0 ||
	    query_u64(db, "SELECT value FROM meta WHERE name = 'history'", &m->history, err) < 0 ||
	    query_u64(db, "SELECT value FROM meta WHERE name = 'total'", &m->total, err) < 0 ||
	    query_u64(db, "PRAGMA user_version", &version, err) < 0)
		return -1;
	db->unsummed = version == FORMAT_UNSUMMED;
	db->committed_total = m->total;
	m->summed = !db->unsummed;
	return query_u64(db, "SELECT value FROM meta WHERE name = 'compact'", &m->compact, err);
}

struct sqlite_db *sqlite_db_open(const char *path, struct sqlite_meta *ret, struct err *err)
{
	struct sqlite_db *db = MEM_NEW(struct sqlite_db);
	if (open_file(db, path, err) < 0 || set_up(db, path, err) < 0 || read_meta(db, ret, err) < 0) {
		sqlite_db_close(db);
		return NULL;
	}
	for (int i = 0; i < N_STATEMENTS; i++) {
		if (sqlite3_prepare_v3(db->h, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &db->st[i],
				       NULL) == SQLITE_OK)
			continue;
		fail(db, "prepare", err);
		sqlite_db_close(db);
		return NULL;
	}
	return db;
}

static int write_total(struct sqlite_db *db, uint64_t total, struct err *err)
{
	if (sqlite_db_begin(db, err) < 0)
		return -1;
	if ((db->unsummed && run_sql(db, "PRAGMA user_version=" TEXT(FORMAT_VERSION), err) < 0) ||
	    sqlite_db_set_meta(db, "total", total, err) < 0) {
		sqlite_db_rollback(db);
		return -1;
	}
	return sqlite_db_commit(db, err);
}

int sqlite_db_settle(struct sqlite_db *db, uint64_t total, struct err *err)
{
	bool stands = !db->unsummed && db->committed_total == total;
	db->total = db->committed_total = total;
	if (!stands && write_total(db, total, err) < 0)
		return -1;
	if (sqlite3_db_config(db->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL) != SQLITE_OK)
		return fail(db, "prepare", err);
	if (!db->fresh)
		sqlite_db_fold(db);
	return 0;
}

bool sqlite_db_is_empty(const char *path)
{
	struct stat st;
	return stat(path, &st) < 0 ? errno == ENOENT : st.st_size == 0;
}

void sqlite_db_close(struct sqlite_db *db)
{
	for (int i = 0; i < N_STATEMENTS; i++)
		sqlite3_finalize(db->st[i]);
	sqlite3_close(db->h);
	/* Last: closing any descriptor of the file drops the locks that SQLite holds on it. */
	if (db->lock_fd >= 0)
		close(db->lock_fd);
	free(db);
}

/* ---- reading ---- */

static struct sqlite_row row_of(sqlite3_stmt *st)
{
	struct sqlite_row row = {.rev = (uint64_t)sqlite3_column_int64(st, 0),
				 .key = (const char *)sqlite3_column_text(st, 1),
				 .create_rev = (uint64_t)sqlite3_column_int64(st, 2),
				 .prev_rev = (uint64_t)sqlite3_column_int64(st, 3)};
	row.key = row.key ? row.key : ""; /* only in a damaged file */
	if (!sqlite3_column_int(st, 4)) {
		row.value = sqlite3_column_blob(st, 5);
		row.len = (size_t)sqlite3_column_bytes(st, 5);
		row.value = row.value ? row.value : "";
	}
	return row;
}

uint64_t sqlite_db_digest(const struct sqlite_row *r)
{
	const uint64_t of_key[2] = {r->rev, r->create_rev}, of_value[2] = {~r->prev_rev, r->value != NULL};
	return map_siphash13(of_key, r->key, strlen(r->key)) + 3 * map_siphash13(of_value, r->value, r->len);
}

int sqlite_db_scan(struct sqlite_db *db, uint64_t after,
		   int (*each)(void *arg, const struct sqlite_row *row, struct err *err), void *arg,
		   struct err *err)
{
	sqlite3_stmt *st;
	int rc = SQLITE_ROW, done = 0;
	if (sqlite3_prepare_v2(db->h, ROW_SQL "rev > ?1 ORDER BY rev", -1, &st, NULL) != SQLITE_OK)
		return fail(db, "read", err);
	sqlite3_bind_int64(st, 1, (sqlite3_int64)after);
	while (done == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct sqlite_row row = row_of(st);
		done = each(arg, &row, err);
	}
	sqlite3_finalize(st);
	if (done < 0)
		return -1;
	return rc == SQLITE_DONE ? 0 : fail(db, "read", err);
}

int sqlite_db_back(struct sqlite_db *db, size_t rows, uint64_t *ret, struct err *err)
{
	char sql[96];
	snprintf(sql, sizeof(sql), "SELECT rev FROM kv ORDER BY rev DESC LIMIT 1 OFFSET %zu", rows);
	return query_u64(db, sql, ret, err);
}

bool sqlite_db_key_is(struct sqlite_db *db, uint64_t rev, const char *key)
{
	sqlite3_stmt *st = db->st[KEY_OF];
	sqlite3_bind_int64(st, 1, (sqlite3_int64)rev);
	bool yes =
		sqlite3_step(st) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(st, 0), key) == 0;
	sqlite3_reset(st);
	return yes;
}

/* ---- writing ---- */

static int run(struct sqlite_db *db, enum statement which, struct err *err)
{
	int rc = sqlite3_step(db->st[which]);
	sqlite3_reset(db->st[which]);
	return rc == SQLITE_DONE ? 0 : fail(db, "write", err);
}

int sqlite_db_begin(struct sqlite_db *db, struct err *err)
{
	return run(db, BEGIN, err);
}

int sqlite_db_insert(struct sqlite_db *db, const struct sqlite_row *row, struct err *err)
{
	sqlite3_stmt *st = db->st[INSERT];
	sqlite3_bind_int64(st, 1, (sqlite3_int64)row->rev);
	sqlite3_bind_text(st, 2, row->key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, (sqlite3_int64)row->create_rev);
	sqlite3_bind_int64(st, 4, (sqlite3_int64)row->prev_rev);
	sqlite3_bind_int(st, 5, row->value == NULL);
	if (row->value)
		sqlite3_bind_text(st, 6, row->value, (int)row->len, SQLITE_STATIC);
	else
		sqlite3_bind_null(st, 6);
	db->total += sqlite_db_digest(row);
	return run(db, INSERT, err);
}

int sqlite_db_set_meta(struct sqlite_db *db, const char *name, uint64_t v, struct err *err)
{
	sqlite3_bind_text(db->st[SET_META], 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(db->st[SET_META], 2, (sqlite3_int64)v);
	return run(db, SET_META, err);
}

static int drop(struct sqlite_db *db, uint64_t rev, struct err *err)
{
	sqlite3_stmt *st = db->st[ROW];
	sqlite3_bind_int64(st, 1, (sqlite3_int64)rev);
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		struct sqlite_row row = row_of(st);
		db->total -= sqlite_db_digest(&row);
	}
	sqlite3_reset(st);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? 0 : fail(db, "compact", err);
	sqlite3_bind_int64(db->st[DROP], 1, (sqlite3_int64)rev);
	return run(db, DROP, err);
}

#define COMPACT_STEPS_MAX 256
struct garbage {
	uint64_t rev, prev;
	bool deleted;
};

static int shrink(struct sqlite_db *db, struct err *err)
{
	uint64_t unused;
	char sql[64];
	if (query_u64(db, "PRAGMA freelist_count", &unused, err) < 0)
		return -1;
	if (unused <= FREE_PAGES_KEPT)
		return 0;
	snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%d)", VACUUM_STEP);
	return run_sql(db, sql, err);
}

int sqlite_db_compact(struct sqlite_db *db, uint64_t *cursor, uint64_t target, int steps, struct err *err)
{
	struct garbage g[COMPACT_STEPS_MAX];
	sqlite3_stmt *st = db->st[GARBAGE];
	int n = 0, rc;
	steps = steps > COMPACT_STEPS_MAX ? COMPACT_STEPS_MAX : steps;
	sqlite3_bind_int64(st, 1, (sqlite3_int64)*cursor);
	sqlite3_bind_int64(st, 2, (sqlite3_int64)target);
	sqlite3_bind_int(st, 3, steps);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW && n < steps)
		g[n++] = (struct garbage){(uint64_t)sqlite3_column_int64(st, 0),
					  (uint64_t)sqlite3_column_int64(st, 1), sqlite3_column_int(st, 2)};
	sqlite3_reset(st);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		return fail(db, "compact", err);
	for (int i = 0; i < n; i++) {
		if (g[i].prev && drop(db, g[i].prev, err) < 0)
			return -1;
		if (g[i].deleted && drop(db, g[i].rev, err) < 0)
			return -1;
	}
	*cursor = n == steps ? g[n - 1].rev : target;
	if (sqlite_db_set_meta(db, "compact", *cursor, err) < 0)
		return -1;
	return shrink(db, err);
}

int sqlite_db_commit(struct sqlite_db *db, struct err *err)
{
	if ((db->total != db->committed_total && sqlite_db_set_meta(db, "total", db->total, err) < 0) ||
	    run(db, COMMIT, err) < 0) {
		sqlite_db_rollback(db);
		return -1;
	}
	db->committed_total = db->total;
	return 0;
}

void sqlite_db_rollback(struct sqlite_db *db)
{
	struct err ignored = ERR_INIT;
	if (!sqlite3_get_autocommit(db->h))
		(void)!run(db, ROLLBACK, &ignored);
	db->total = db->committed_total;
}

void sqlite_db_fold(struct sqlite_db *db)
{
	sqlite3_busy_timeout(db->h, 0); /* who looks into the file meanwhile is not waited for */
	sqlite3_wal_checkpoint_v2(db->h, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(db->h, BUSY_MS);
}

void sqlite_db_relax(struct sqlite_db *db)
{
	sqlite3_db_release_memory(db->h);
}
