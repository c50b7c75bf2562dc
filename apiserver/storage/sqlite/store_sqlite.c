/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded engine. One thread writes.
 *
 * Group commit: writes queue; the thread takes all that wait, carries them through in one transaction
 * (sqlite_ledger_internal.h; the one fsync), hands the whole batch to the sink in revision order, and only then calls
 * the writers back. While it commits, the next batch gathers. So a cached read is never behind an acknowledged
 * write, and under load an fsync is shared by as many writes as are under way. When there is nothing to write,
 * nothing runs.
 */
#include "storage/store.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "storage/sqlite/sqlite_ledger_internal.h"

#define BATCH_MAX 256

struct sqlite_store {
	struct store base;
	char *path;
	pthread_t thread;
	bool started;

	pthread_mutex_t lock; /* queue, closing, why */
	pthread_cond_t cond;
	struct list queue; /* struct store_write */
	bool closing;
	char why[128]; /* "" = healthy */

	pthread_mutex_t db_lock; /* ledger, sink; held for a batch, a list, or the start of the watch */
	struct sqlite_ledger ledger;
	store_sink_fn *sink;
	void *sink_arg;

	atomic_uint_fast64_t visible, compact_target;
};

static struct sqlite_store *self(struct store *s)
{
	return (struct sqlite_store *)s;
}

/* ---- the writer ---- */

static void deliver(struct sqlite_store *s, struct store_write **v, size_t n)
{
	struct store_event ev[BATCH_MAX];
	size_t k = 0;
	for (size_t i = 0; i < n; i++) {
		const struct store_write *w = v[i];
		if (w->rc == 0)
			ev[k++] = (struct store_event){.rev = w->rev,
						       .key = w->key,
						       .value = w->value,
						       .len = w->len,
						       .create_rev = w->create_rev,
						       .cookie = w->cookie};
	}
	if (!k)
		return;
	if (s->sink)
		s->sink(s->sink_arg, ev, k, ev[k - 1].rev);
	atomic_store(&s->visible, ev[k - 1].rev);
}

static void set_health(struct sqlite_store *s, const struct err *err)
{
	pthread_mutex_lock(&s->lock);
	bool was = !*s->why;
	snprintf(s->why, sizeof(s->why), "%.127s", err ? err->msg : "");
	pthread_mutex_unlock(&s->lock);
	/* Nobody waits for lazy writes, so their trouble is told here; once. */
	if (err && was)
		log_err(err, "database cannot be written", NULL);
	else if (!err && !was)
		log_info("database can be written again", NULL);
}

/* Sleeps until there is something to write; *ret_flush: the lazy writes are due. False when the store is
   closing and everything has been taken. */
static bool take_batch(struct sqlite_store *s, int64_t lazy_due_ns, struct store_write **batch, size_t *ret_n,
		       bool *ret_flush)
{
	struct list *pos;
	size_t n = 0;
	pthread_mutex_lock(&s->lock);
	while (list_empty(&s->queue) && !s->closing && clock_mono_ns() < lazy_due_ns)
		clock_cond_wait(&s->cond, &s->lock, lazy_due_ns);
	while (n < BATCH_MAX && (pos = list_pop_front(&s->queue)))
		batch[n++] = list_entry(pos, struct store_write, link);
	bool last = s->closing && n == 0;
	*ret_n = n;
	*ret_flush = last || clock_mono_ns() >= lazy_due_ns;
	pthread_mutex_unlock(&s->lock);
	return !last;
}

/* Returns when the lazy writes are due. */
static int64_t run_batch(struct sqlite_store *s, struct store_write **v, size_t n, bool flush)
{
	struct err err = ERR_INIT;
	pthread_mutex_lock(&s->db_lock);
	int rc = sqlite_ledger_run(&s->ledger, v, n, flush, atomic_load(&s->compact_target), &err);
	deliver(s, v, n);
	int64_t since = s->ledger.lazy.since_ns;
	pthread_mutex_unlock(&s->db_lock);
	if (rc <= 0)
		set_health(s, rc < 0 ? &err : NULL);
	if (since == CLOCK_NEVER)
		return CLOCK_NEVER;
	/* After a flush that failed: soon, but not at once. */
	return flush && rc < 0 ? clock_mono_ns() + NS_PER_S : since + STORE_LAZY_NS;
}

static void *writer_main(void *arg)
{
	struct sqlite_store *s = arg;
	struct store_write *batch[BATCH_MAX];
	int64_t lazy_due_ns = CLOCK_NEVER;
	bool flush, more;
	size_t n;
	do {
		more = take_batch(s, lazy_due_ns, batch, &n, &flush);
		lazy_due_ns = run_batch(s, batch, n, flush);
		for (size_t i = 0; i < n; i++)
			batch[i]->done(batch[i]);
	} while (more);
	return NULL;
}

/* ---- the engine's functions ---- */

static void sqlite_write(struct store *base, struct store_write *w)
{
	struct sqlite_store *s = self(base);
	assert(w->value || w->expect);
	pthread_mutex_lock(&s->lock);
	bool first = list_empty(&s->queue);
	list_push_back(&s->queue, &w->link);
	pthread_mutex_unlock(&s->lock);
	if (first) /* behind the lock: whom it wakes need not wait for that too */
		pthread_cond_signal(&s->cond);
}

static int sqlite_list(struct store *base, const char *prefix, store_each_fn *each, void *arg,
		       uint64_t *ret_rev, struct err *err)
{
	struct sqlite_store *s = self(base);
	pthread_mutex_lock(&s->db_lock);
	int rc = sqlite_ledger_list(&s->ledger, prefix, each, arg, err);
	*ret_rev = s->ledger.rev;
	pthread_mutex_unlock(&s->db_lock);
	return rc;
}

static int sqlite_list_past(struct store *base, const char *prefix, size_t changes, store_each_fn *each,
			    void *arg, struct store_past *ret, struct err *err)
{
	struct sqlite_store *s = self(base);
	pthread_mutex_lock(&s->db_lock);
	int rc = sqlite_ledger_flush(&s->ledger, err);
	if (rc == 0)
		rc = sqlite_ledger_list_past(&s->ledger, prefix, changes, each, arg, ret, err);
	pthread_mutex_unlock(&s->db_lock);
	return rc;
}

static int replay_row(void *arg, const struct sqlite_row *row, struct err *err)
{
	struct sqlite_store *s = arg;
	struct store_event ev = {.rev = row->rev,
				 .key = row->key,
				 .value = row->value,
				 .len = row->len,
				 .create_rev = row->create_rev};
	s->sink(s->sink_arg, &ev, 1, row->rev);
	return 0;
}

static int sqlite_watch(struct store *base, const char *prefix, uint64_t rev, store_sink_fn *sink,
			store_reset_fn *reset, void *arg, struct err *err)
{
	struct sqlite_store *s = self(base);
	(void)prefix; /* nobody else writes into this file */
	pthread_mutex_lock(&s->db_lock);
	bool lost = rev < sqlite_ledger_floor(&s->ledger);
	pthread_mutex_unlock(&s->db_lock);
	if (lost && reset(arg, &rev, err) < 0)
		return -1;
	pthread_mutex_lock(&s->db_lock);
	s->sink = sink;
	s->sink_arg = arg;
	int rc = 0;
	if (rev < s->ledger.rev) {
		/* What waits in memory gets its row, so that the rows alone tell the history in order. */
		rc = sqlite_ledger_flush(&s->ledger, err);
		if (rc == 0)
			rc = sqlite_db_scan(s->ledger.db, rev, replay_row, s, err);
	}
	if (rc == 0)
		sink(arg, NULL, 0, s->ledger.rev);
	else
		s->sink = NULL;
	pthread_mutex_unlock(&s->db_lock);
	return rc;
}

static void sqlite_current(struct store *base, struct store_current *c)
{
	c->rev = atomic_load(&self(base)->visible);
	c->rc = 0;
	c->done(c);
}

static int sqlite_compact(struct store *base, uint64_t rev, struct err *err)
{
	(void)err;
	atomic_store(&self(base)->compact_target, rev);
	return 0;
}

static void sqlite_relax(struct store *base)
{
	struct sqlite_store *s = self(base);
	pthread_mutex_lock(&s->db_lock);
	sqlite_db_relax(s->ledger.db);
	pthread_mutex_unlock(&s->db_lock);
}

static bool sqlite_healthy(struct store *base, char why[128])
{
	struct sqlite_store *s = self(base);
	pthread_mutex_lock(&s->lock);
	bool ok = !*s->why;
	if (why)
		memcpy(why, s->why, sizeof(s->why));
	pthread_mutex_unlock(&s->lock);
	return ok;
}

/* The database and what waits beside it to go into it. */
static int64_t sqlite_size(struct store *base)
{
	autofree char *wal = mem_printf("%s-wal", self(base)->path);
	struct stat db, beside;
	if (stat(self(base)->path, &db) < 0)
		return -1;
	return (int64_t)db.st_size + (stat(wal, &beside) < 0 ? 0 : (int64_t)beside.st_size);
}

static void sqlite_close(struct store *base)
{
	struct sqlite_store *s = self(base);
	if (s->started) {
		pthread_mutex_lock(&s->lock);
		s->closing = true;
		pthread_cond_signal(&s->cond);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
	}
	sqlite_ledger_close(&s->ledger);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->db_lock);
	pthread_cond_destroy(&s->cond);
	free(s->path);
	free(s);
}

static const struct store_engine sqlite_engine = {
	.name = "sqlite",
	.close = sqlite_close,
	.list = sqlite_list,
	.list_past = sqlite_list_past,
	.watch = sqlite_watch,
	.write = sqlite_write,
	.current = sqlite_current,
	.compact = sqlite_compact,
	.relax = sqlite_relax,
	.healthy = sqlite_healthy,
	.size = sqlite_size,
	.local = true,
};

struct store *store_sqlite_open(const struct store_sqlite_config *c, struct err *err)
{
	struct sqlite_store *s = MEM_NEW(struct sqlite_store);
	s->base.engine = &sqlite_engine;
	s->path = mem_strdup(c->path);
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->db_lock, NULL);
	clock_cond_init(&s->cond);
	list_init(&s->queue);
	if (sqlite_ledger_open(&s->ledger, c->path, c->force, err) < 0) {
		sqlite_close(&s->base);
		return NULL;
	}
	atomic_init(&s->visible, s->ledger.rev);
	atomic_init(&s->compact_target, s->ledger.compacted);
	s->thread = thread_start("sqlite-writer", writer_main, s);
	s->started = true;
	return &s->base;
}
