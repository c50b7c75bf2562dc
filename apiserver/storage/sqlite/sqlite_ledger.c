/* SPDX-License-Identifier: Apache-2.0 */
/* See sqlite_ledger_internal.h. */
#include "storage/sqlite/sqlite_ledger_internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"

#define MARK_BLOCK 10000
/* Lazy writes older than this go along with a commit that happens anyway. */
#define LAZY_JOIN_NS (STORE_LAZY_NS / 2)
/* Rows looked at per commit: more than a batch adds on average, so compaction keeps up. */
#define COMPACT_STEPS 128
/* A quiet cluster writes some pages in half a minute: they do not stay in the log for long. */
#define FOLD_NS (1800 * NS_PER_S)

struct sqlite_ledger_undo {		/* of one row that the open transaction has inserted */
	struct key_state before;	/* rev 0: the key did not exist */
	uint64_t hash, after;		/* after 0: deleted */
	struct sqlite_lazy_entry *lazy; /* what the row has replaced or was made from */
};

/* ---- what is there ---- */

struct ledger_state {
	struct sqlite_lazy_entry *lazy; /* NULL: the row is the newest */
	struct key_state *row;		/* NULL: no row */
	uint64_t hash, rev, create_rev; /* rev 0: does not exist */
};

static struct key_state *find_row(struct sqlite_ledger *s, const char *key, uint64_t hash,
				  uint64_t likely_rev)
{
	struct key_state *k;
	for (size_t at = 0; (k = sqlite_keys_find(&s->keys, hash, &at));)
		if (k->rev == likely_rev || sqlite_db_key_is(s->db, k->rev, key))
			return k;
	return NULL;
}

static struct ledger_state find_state(struct sqlite_ledger *s, const struct store_write *w)
{
	struct ledger_state st = {.lazy = sqlite_lazy_get(&s->lazy, w->key),
				  .hash = sqlite_keys_hash(w->key)};
	st.row = find_row(s, w->key, st.hash, st.lazy ? st.lazy->row_rev : w->expect);
	if (st.lazy) {
		st.rev = st.lazy->value ? st.lazy->rev : 0;
		st.create_rev = st.lazy->create_rev;
	} else if (st.row) {
		st.rev = st.row->rev;
		st.create_rev = st.row->create_rev;
	}
	return st;
}

static int admit(const struct store_write *w, const struct ledger_state *st, struct err *err)
{
	if (!w->expect)
		return st->rev ? err_set(err, REASON_ALREADY_EXISTS, "key exists") : 0;
	if (!st->rev)
		return err_set(err, REASON_NOT_FOUND, "no such key");
	if (st->rev != w->expect)
		return err_set(err, REASON_CONFLICT, "revision is %llu, not %llu",
			       (unsigned long long)st->rev, (unsigned long long)w->expect);
	return 0;
}

/* ---- the transaction ---- */

static void log_undo(struct sqlite_ledger *s, struct sqlite_ledger_undo u)
{
	if (s->n_undo == s->cap_undo) {
		s->cap_undo = s->cap_undo ? s->cap_undo * 2 : 64;
		s->undo = mem_realloc_array(s->undo, s->cap_undo, sizeof(*s->undo));
	}
	s->undo[s->n_undo++] = u;
}

/* Takes back what the transaction did in memory. */
static void undo_all(struct sqlite_ledger *s)
{
	int64_t now_ns = clock_mono_ns();
	while (s->n_undo) {
		struct sqlite_ledger_undo *u = &s->undo[--s->n_undo];
		struct key_state *k = NULL;
		size_t at = 0;
		while (u->after && (k = sqlite_keys_find(&s->keys, u->hash, &at)) && k->rev != u->after)
			;
		if (k)
			sqlite_keys_del(&s->keys, k);
		if (u->before.rev)
			sqlite_keys_add(&s->keys, u->before);
		if (u->lazy)
			sqlite_lazy_put(&s->lazy, u->lazy, now_ns);
	}
}

static int transaction(struct sqlite_ledger *s, struct err *err)
{
	if (s->in_transaction)
		return 0;
	if (sqlite_db_begin(s->db, err) < 0)
		return -1;
	s->in_transaction = true;
	return 0;
}

static void abort_transaction(struct sqlite_ledger *s)
{
	if (s->in_transaction)
		sqlite_db_rollback(s->db);
	s->in_transaction = false;
	s->row_rev = s->durable;
	undo_all(s);
}

/* Inserts a row that supersedes `row`; `lazy`, already taken out, is what it replaces or is made from. */
static int put_row(struct sqlite_ledger *s, struct sqlite_row *r, uint64_t hash, struct key_state *row,
		   struct sqlite_lazy_entry *lazy, struct err *err)
{
	r->prev_rev = row ? row->rev : 0;
	s->row_rev = r->rev > s->row_rev ? r->rev : s->row_rev;
	log_undo(s, (struct sqlite_ledger_undo){row ? *row : (struct key_state){0}, hash,
						r->value ? r->rev : 0, lazy});
	if (row && !r->value)
		sqlite_keys_del(&s->keys, row);
	else if (row)
		*row = (struct key_state){hash, r->rev, r->create_rev};
	else if (r->value)
		sqlite_keys_add(&s->keys, (struct key_state){hash, r->rev, r->create_rev});
	return sqlite_db_insert(s->db, r, err);
}

static int put_lazy_rows(struct sqlite_ledger *s, struct err *err)
{
	struct map_iter it = {0};
	while (map_next(&s->lazy.by_key, &it)) {
		struct sqlite_lazy_entry *e = it.value;
		sqlite_lazy_take(&s->lazy, e->key);
		uint64_t hash = sqlite_keys_hash(e->key);
		struct sqlite_row r = {.rev = e->rev,
				       .create_rev = e->create_rev,
				       .key = e->key,
				       .value = e->value,
				       .len = e->len};
		if (put_row(s, &r, hash, find_row(s, e->key, hash, e->row_rev), e, err) < 0)
			return -1;
	}
	return 0;
}

/* What is in the file now is told to the second place. The writes stand whether or not that works. */
static int commit(struct sqlite_ledger *s, struct err *err)
{
	struct err trouble = ERR_INIT;
	if (sqlite_db_commit(s->db, err) < 0)
		return -1;
	s->in_transaction = false;
	s->durable = s->row_rev;
	struct sqlite_mark_state st = {s->durable, s->mark};
	bool failed = sqlite_mark_write(&s->high, &st, &trouble) < 0;
	if (failed && !s->mark_failed)
		log_err(&trouble, "a damaged database would not be noticed", NULL);
	s->mark_failed = failed;
	return 0;
}

static int raise_mark(struct sqlite_ledger *s, struct err *err)
{
	if (sqlite_db_set_meta(s->db, "mark", s->rev + MARK_BLOCK, err) < 0)
		return -1;
	s->mark = s->rev + MARK_BLOCK;
	return 0;
}

/* What goes along with a commit, then the commit. */
static int finish(struct sqlite_ledger *s, bool all_lazy, uint64_t target, struct err *err)
{
	uint64_t cursor = s->compacted, mark = s->mark;
	bool join = all_lazy || s->lazy.bytes > LAZY_BYTES_MAX ||
		    (s->lazy.since_ns != CLOCK_NEVER && clock_mono_ns() - s->lazy.since_ns >= LAZY_JOIN_NS);
	/* Rows that will still come with an older revision are not to be passed over. */
	if (s->lazy.since_ns != CLOCK_NEVER && target >= s->lazy.since_rev)
		target = s->lazy.since_rev - 1;
	/* Not the newest row, even of a deletion: the high-water mark names it. */
	if (target >= s->row_rev)
		target = s->row_rev ? s->row_rev - 1 : 0;
	if ((join && put_lazy_rows(s, err) < 0) ||
	    (s->rev + MARK_BLOCK / 2 > s->mark && raise_mark(s, err) < 0) ||
	    (cursor < target && sqlite_db_compact(s->db, &cursor, target, COMPACT_STEPS, err) < 0) ||
	    commit(s, err) < 0) {
		s->mark = mark;
		abort_transaction(s);
		return -1;
	}
	s->compacted = cursor;
	while (s->n_undo)
		sqlite_lazy_entry_free(s->undo[--s->n_undo].lazy);
	if (clock_mono_ns() - s->folded_ns >= FOLD_NS) {
		sqlite_db_fold(s->db);
		s->folded_ns = clock_mono_ns();
	}
	return 0;
}

/* Lazy revisions are only safe below the mark. */
static int reserve(struct sqlite_ledger *s, size_t n, struct err *err)
{
	uint64_t mark = s->mark;
	if (s->rev + n <= mark)
		return 0;
	if (transaction(s, err) < 0)
		return -1;
	if (raise_mark(s, err) < 0 || commit(s, err) < 0) {
		s->mark = mark;
		return -1;
	}
	return 0;
}

/* ---- a batch ---- */

static void write_lazy(struct sqlite_ledger *s, const struct store_write *w, const struct ledger_state *st)
{
	struct sqlite_lazy_entry *e = MEM_NEW(struct sqlite_lazy_entry);
	*e = (struct sqlite_lazy_entry){.key = mem_strdup(w->key),
					.len = w->len,
					.rev = w->rev,
					.create_rev = w->create_rev,
					.row_rev = st->row->rev};
	if (w->value)
		e->value = mem_memdup(w->value, w->len);
	sqlite_lazy_put(&s->lazy, e, clock_mono_ns());
}

/* Decides one write. -1 only when the transaction is lost. */
static int decide(struct sqlite_ledger *s, struct store_write *w, struct err *lost)
{
	struct ledger_state st = find_state(s, w);
	w->durable = false;
	w->rc = admit(w, &st, w->err);
	if (w->rc < 0)
		return 0;
	w->rev = ++s->rev;
	w->create_rev = w->expect ? st.create_rev : w->rev;
	/* A key that has no row yet gets one now: lazy entries always have a row to fall back to. */
	if (w->lazy && st.row && w->expect) {
		write_lazy(s, w, &st);
		return 0;
	}
	w->durable = true;
	if (transaction(s, lost) < 0)
		return -1;
	struct sqlite_row r = {
		.rev = w->rev, .create_rev = w->create_rev, .key = w->key, .value = w->value, .len = w->len};
	return put_row(s, &r, st.hash, st.row, st.lazy ? sqlite_lazy_take(&s->lazy, w->key) : NULL, lost);
}

/* Of the first `decided` writes those that were in the transaction, and all behind them. */
static void fail_writes(struct store_write **v, size_t n, size_t decided, const struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (i < decided && (v[i]->rc < 0 || !v[i]->durable))
			continue;
		v[i]->rc = -1;
		*v[i]->err = *err;
	}
}

int sqlite_ledger_run(struct sqlite_ledger *s, struct store_write **v, size_t n, bool flush,
		      uint64_t compact_target, struct err *err)
{
	size_t i = 0;
	int rc = 0;
	flush = flush && map_len(&s->lazy.by_key);
	for (size_t k = 0; k < n && rc == 0; k++)
		rc = v[k]->lazy ? reserve(s, n, err) : 0;
	for (; i < n && rc == 0; i++)
		rc = decide(s, v[i], err); // cppcheck-suppress nullPointer ; v is NULL only with n 0
	if (rc == 0 && (flush || s->lazy.bytes > LAZY_BYTES_MAX))
		rc = transaction(s, err);
	if (rc == 0 && !s->in_transaction)
		return 1;
	if (rc == 0)
		rc = finish(s, flush, compact_target, err);
	else
		abort_transaction(s);
	if (rc < 0)
		fail_writes(v, n, i, err);
	return rc;
}

int sqlite_ledger_flush(struct sqlite_ledger *s, struct err *err)
{
	return sqlite_ledger_run(s, NULL, 0, true, s->compacted, err) < 0 ? -1 : 0;
}

/* ---- reading ---- */

struct listing {
	struct sqlite_ledger *l;
	const char *prefix;
	size_t prefix_len;
	store_each_fn *each;
	void *arg;
	/* of the past */
	uint64_t at, since;
	uint64_t *taken; /* sorted: rows up to `at` that later ones have superseded */
	size_t n_taken, cap_taken;
};

static bool is_newest(struct sqlite_ledger *l, const struct sqlite_row *row)
{
	struct key_state *k;
	size_t at = 0;
	uint64_t hash = sqlite_keys_hash(row->key);
	while ((k = sqlite_keys_find(&l->keys, hash, &at)) && k->rev != row->rev)
		;
	return k;
}

static int list_row(void *arg, const struct sqlite_row *row, struct err *err)
{
	struct listing *s = arg;
	if (!row->value || strncmp(row->key, s->prefix, s->prefix_len) != 0)
		return 0;
	if (!is_newest(s->l, row) || sqlite_lazy_get(&s->l->lazy, row->key))
		return 0;
	return s->each(s->arg, row->key, row->value, row->len, row->rev, row->create_rev, err);
}

int sqlite_ledger_list(struct sqlite_ledger *s, const char *prefix, store_each_fn *each, void *arg,
		       struct err *err)
{
	struct listing l = {.l = s, .prefix = prefix, .prefix_len = strlen(prefix), .each = each, .arg = arg};
	struct map_iter it = {0};
	int rc = sqlite_db_scan(s->db, 0, list_row, &l, err);
	while (rc == 0 && map_next(&s->lazy.by_key, &it)) {
		const struct sqlite_lazy_entry *e = it.value;
		if (e->value && strncmp(e->key, prefix, l.prefix_len) == 0)
			rc = each(arg, e->key, e->value, e->len, e->rev, e->create_rev, err);
	}
	return rc;
}

/* ---- the past ---- */

uint64_t sqlite_ledger_floor(const struct sqlite_ledger *s)
{
	return s->compacted > s->history ? s->compacted : s->history;
}

static int rev_cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static int note_taken(void *arg, const struct sqlite_row *row, struct err *err)
{
	struct listing *s = arg;
	(void)err;
	if (!row->prev_rev || row->prev_rev > s->at)
		return 0;
	if (s->n_taken == s->cap_taken) {
		s->cap_taken = s->cap_taken ? s->cap_taken * 2 : 64;
		s->taken = mem_realloc_array(s->taken, s->cap_taken, sizeof(*s->taken));
	}
	s->taken[s->n_taken++] = row->prev_rev;
	return 0;
}

/* A row counted at `at` if it counts still, or if what superseded it came later. */
static int list_past_row(void *arg, const struct sqlite_row *row, struct err *err)
{
	struct listing *s = arg;
	if (row->rev > s->at)
		return 0;
	if (strncmp(row->key, s->prefix, s->prefix_len) != 0)
		return 0;
	bool there = row->value &&
		     (is_newest(s->l, row) ||
		      (s->n_taken && bsearch(&row->rev, s->taken, s->n_taken, sizeof(*s->taken), rev_cmp)));
	if (!there && row->rev <= s->since)
		return 0;
	return s->each(s->arg, row->key, there ? row->value : NULL, there ? row->len : 0, row->rev,
		       row->create_rev, err);
}

int sqlite_ledger_list_past(struct sqlite_ledger *s, const char *prefix, size_t changes, store_each_fn *each,
			    void *arg, struct store_past *ret, struct err *err)
{
	uint64_t back, floor = sqlite_ledger_floor(s);
	if (sqlite_db_back(s->db, changes, &back, err) < 0)
		return -1;
	struct listing l = {.l = s,
			    .prefix = prefix,
			    .prefix_len = strlen(prefix),
			    .each = each,
			    .arg = arg,
			    .at = back > floor ? back : floor,
			    .since = floor};
	int rc = sqlite_db_scan(s->db, l.at, note_taken, &l, err);
	if (l.n_taken)
		qsort(l.taken, l.n_taken, sizeof(*l.taken), rev_cmp);
	if (rc == 0)
		rc = sqlite_db_scan(s->db, 0, list_past_row, &l, err);
	free(l.taken);
	/* A clean end leaves no revision without a row, as far as anybody was told of it. */
	*ret = (struct store_past){
		.at = l.at, .since = l.since, .now = s->rev, .lazy_lost = s->rev > s->durable};
	return rc;
}

/* ---- what is told of revisions ---- */

int sqlite_ledger_set_mark(struct sqlite_ledger *s, struct err *err)
{
	if (transaction(s, err) < 0)
		return -1;
	if (sqlite_db_set_meta(s->db, "mark", s->rev, err) < 0 ||
	    sqlite_db_set_meta(s->db, "history", s->history, err) < 0) {
		abort_transaction(s);
		return -1;
	}
	s->mark = s->rev;
	return commit(s, err);
}
