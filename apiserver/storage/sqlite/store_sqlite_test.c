/* SPDX-License-Identifier: Apache-2.0 */
/* What only the embedded engine has: lazy writes, revisions across crashes, a file that fills up. */
#include "storage/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "storage/sqlite/sqlite_db_internal.h"
#include "storage/sqlite/sqlite_keys_internal.h"
#include "storage/store_rig.h"

static char dir[64], path[96];
static struct store_sqlite_config config = {.path = path};

static int begin(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/store_sqlite_test.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/db", dir);
	return 0;
}

static int end(void **state)
{
	char cmd[96];
	clock_real();
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd) != 0;
}

static struct store *open_file(void)
{
	struct err err = ERR_INIT;
	struct store *s = store_sqlite_open(&config, &err);
	if (!s)
		fail_msg("%s", err.msg);
	return s;
}

static int write_value(struct store *s, const char *key, const char *value, uint64_t expect, bool lazy,
		       uint64_t *rev, struct err *err)
{
	struct store_write w = {
		.key = key, .value = value, .len = value ? strlen(value) : 0, .expect = expect, .lazy = lazy};
	return store_rig_write(s, &w, rev, err);
}

static uint64_t put(struct store *s, const char *key, const char *value, uint64_t expect, bool lazy)
{
	struct err err = ERR_INIT;
	uint64_t rev;
	if (write_value(s, key, value, expect, lazy, &rev, &err) < 0)
		fail_msg("%s: %s", key, err.msg);
	return rev;
}

/* Rows in the file, seen by a reader of its own (as the sqlite3 shell would be). */
struct rows {
	size_t n, live;
	uint64_t newest;
};
static int count_row(void *arg, const struct sqlite_row *row, struct err *err)
{
	struct rows *r = arg;
	r->n++;
	r->live += row->value != NULL;
	r->newest = row->rev;
	return 0;
}
static struct rows rows_in_file(void)
{
	/* a copy, because a second writer is refused */
	autofree char *copy = mem_printf("%s.copy", path);
	autofree char *cmd = mem_printf("cp %s %s && cp %s-wal %s-wal", path, copy, path, copy);
	struct rows r = {0};
	struct sqlite_meta meta;
	struct err err = ERR_INIT;
	assert_int_equal(system(cmd), 0);
	struct sqlite_db *db = sqlite_db_open(copy, &meta, &err);
	assert_non_null(db);
	assert_int_equal(sqlite_db_scan(db, 0, count_row, &r, &err), 0);
	sqlite_db_close(db);
	return r;
}

static char listed[4096];
static int list_one(void *arg, const char *key, const void *v, size_t n, uint64_t rev, uint64_t create_rev,
		    struct err *err)
{
	snprintf(listed + strlen(listed), sizeof(listed) - strlen(listed), "%s=%.*s@%llu ", key, (int)n,
		 (const char *)v, (unsigned long long)rev);
	return 0;
}
static const char *list(struct store *s, uint64_t *ret_rev)
{
	struct err err = ERR_INIT;
	listed[0] = '\0';
	assert_int_equal(s->engine->list(s, "/", list_one, NULL, ret_rev, &err), 0);
	return listed;
}

static size_t sunk;
static uint64_t sunk_rev;
static void sink(void *arg, const struct store_event *ev, size_t n, uint64_t upto)
{
	sunk += n;
	sunk_rev = upto;
}
static int no_reset(void *arg, uint64_t *ret_rev, struct err *err)
{
	return err_set(err, REASON_INTERNAL, "unexpected");
}

/* ---- tests ---- */

static void lazy_writes_are_seen_at_once_and_stored_later(void **state)
{
	struct err err = ERR_INIT;
	uint64_t rev;
	char want[128];
	clock_fake(NS_PER_S);
	struct store *s = open_file();
	sunk = 0;
	assert_int_equal(s->engine->watch(s, "/", 1, sink, no_reset, NULL, &err), 0);
	uint64_t a = put(s, "/a", "1", 0, false);
	for (int i = 0; i < 50; i++)
		a = put(s, "/a", "lazy", a, true);
	assert_int_equal(sunk, 51);
	assert_int_equal(sunk_rev, a);
	snprintf(want, sizeof(want), "/a=lazy@%llu ", (unsigned long long)a);
	assert_string_equal(list(s, &rev), want);
	assert_int_equal(rows_in_file().n, 1);
	assert_int_equal(write_value(s, "/a", "x", a - 1, true, &rev, &err), -1);
	assert_int_equal(err.reason, REASON_CONFLICT);

	/* a durable write soon after leaves them waiting, one much later takes them along */
	put(s, "/b", "1", 0, false);
	assert_int_equal(rows_in_file().n, 2);
	clock_advance(STORE_LAZY_NS / 2);
	put(s, "/c", "1", 0, false);
	assert_int_equal(rows_in_file().n, 4);

	/* and so does time alone: the writer is woken by it */
	a = put(s, "/a", "late", a, true);
	assert_int_equal(rows_in_file().n, 4);
	clock_advance(STORE_LAZY_NS);
	for (time_t end = time(NULL) + 120; rows_in_file().n != 5 && time(NULL) < end;)
		sched_yield();
	assert_int_equal(rows_in_file().newest, a);

	/* a durable write on top of a lazy one supersedes it for good; a lazy deletion is one */
	a = put(s, "/a", "lazy", a, true);
	a = put(s, "/a", "firm", a, false);
	assert_int_equal(rows_in_file().n, 6);
	put(s, "/a", NULL, a, true);
	assert_null(strstr(list(s, &rev), "/a="));
	assert_int_equal(write_value(s, "/a", "x", a, false, &rev, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	a = put(s, "/a", "again", 0, false);
	uint64_t last = put(s, "/a", "end", a, true);
	s->engine->close(s);
	s = open_file();
	snprintf(want, sizeof(want), "/a=end@%llu ", (unsigned long long)last);
	assert_non_null(strstr(list(s, &rev), want));
	assert_int_equal(rev, last); /* closed cleanly: no revision is skipped */
	s->engine->close(s);
}

static uint64_t created_at;
static int note_create(void *arg, const char *key, const void *v, size_t n, uint64_t rev, uint64_t create_rev,
		       struct err *err)
{
	created_at = create_rev;
	return 0;
}

/* A key that was deleted lazily has a row still when it is created again: it is not as old as that. */
static void what_is_created_again_is_new(void **state)
{
	struct err err = ERR_INIT;
	struct store_past past;
	uint64_t rev, created;
	clock_fake(NS_PER_S); /* lazy writes wait */
	struct store *s = open_file();
	uint64_t a = put(s, "/a", "1", 0, false);
	put(s, "/a", NULL, a, true);
	created = a = put(s, "/a", "again", 0, false);
	a = put(s, "/a", "changed", a, false);
	assert_int_equal(s->engine->list(s, "/", note_create, NULL, &rev, &err), 0);
	assert_int_equal(created_at, created);
	s->engine->close(s);
	s = open_file();
	put(s, "/a", "changed again", a, false);
	assert_int_equal(s->engine->list_past(s, "/", 0, note_create, NULL, &past, &err), 0);
	assert_int_equal(created_at, created);
	s->engine->close(s);
}

/* The child writes from several threads and tells every acknowledged write through the pipe; then it is
 * killed. */
enum { CHILD_THREADS = 8 };
struct ack {
	int thread, i;
	uint64_t rev;
	bool lazy;
};
static struct store *child_store;
static int child_pipe;

static void *child_main(void *arg)
{
	int id = (int)(intptr_t)arg;
	char key[32], value[2048];
	uint64_t rev = 0, lazy_rev = 0;
	memset(value, 'x', sizeof(value));
	for (int i = 0;; i++) {
		snprintf(key, sizeof(key), "/t%d/%d", id, i % 50);
		snprintf(value, sizeof(value), "%d.", i);
		value[strlen(value)] = 'x';
		value[1500 + i % 500] = '\0';
		struct err err = ERR_INIT;
		if (i < 50)
			rev = put(child_store, key, value, 0, false);
		else { /* the first key again and again */
			snprintf(key, sizeof(key), "/t%d/again", id);
			rev = put(child_store, key, value, i == 50 ? 0 : rev, false);
		}
		struct ack a = {id, i, rev, false};
		if (write(child_pipe, &a, sizeof(a)) != sizeof(a))
			_exit(1);
		snprintf(key, sizeof(key), "/t%d/lazy", id);
		if (write_value(child_store, key, "beat", lazy_rev, i > 0, &lazy_rev, &err) == 0) {
			a = (struct ack){id, i, lazy_rev, true};
			if (write(child_pipe, &a, sizeof(a)) != sizeof(a))
				_exit(1);
		}
	}
	return NULL;
}

static _Noreturn void child(int fd)
{
	struct err err = ERR_INIT;
	pthread_t t[CHILD_THREADS];
	child_pipe = fd;
	child_store = store_sqlite_open(&config, &err);
	if (!child_store)
		_exit(2);
	for (intptr_t i = 0; i < CHILD_THREADS; i++)
		t[i] = thread_start("child", child_main, (void *)i);
	pthread_join(t[0], NULL);
	_exit(3);
}

static int found[CHILD_THREADS][51]; /* newest i per key; [50] is "again" */
static int note_found(void *arg, const char *key, const void *v, size_t n, uint64_t rev, uint64_t create_rev,
		      struct err *err)
{
	int id, k;
	if (sscanf(key, "/t%d/%d", &id, &k) == 2)
		found[id][k] = 1 + atoi(v);
	else if (strstr(key, "/again") && sscanf(key, "/t%d", &id) == 1)
		found[id][50] = 1 + atoi(v);
	return 0;
}

static void a_killed_writer_loses_nothing_acknowledged(void **state)
{
	for (int round = 0; round < 3; round++) {
		int fds[2], newest[CHILD_THREADS];
		struct ack a;
		struct err err = ERR_INIT;
		uint64_t seen = 0, rev;
		char cmd[128];
		snprintf(cmd, sizeof(cmd), "rm -f %s*", path);
		assert_int_equal(system(cmd), 0);
		memset(newest, -1, sizeof(newest));
		assert_int_equal(pipe(fds), 0);
		pid_t pid = fork();
		if (!pid) {
			close(fds[0]);
			child(fds[1]);
		}
		close(fds[1]);
		for (int n = 0; read(fds[0], &a, sizeof(a)) == (ssize_t)sizeof(a); n++) {
			if (n == 700 + round * 400)
				kill(pid, SIGKILL);
			seen = a.rev > seen ? a.rev : seen;
			if (!a.lazy)
				newest[a.thread] = a.i;
		}
		close(fds[0]);
		int status;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));

		struct store *s = open_file();
		memset(found, 0, sizeof(found));
		assert_int_equal(s->engine->list(s, "/", note_found, NULL, &rev, &err), 0);
		for (int id = 0; id < CHILD_THREADS; id++) {
			for (int i = 0; i <= newest[id] && i < 50; i++)
				assert_int_equal(found[id][i], i + 1);
			if (newest[id] >= 50)
				assert_true(found[id][50] > newest[id]);
		}
		/* neither a list nor a write shows a revision that was used before the crash */
		assert_true(rev >= seen);
		assert_true(put(s, "/after", "x", 0, false) > seen);
		s->engine->close(s);
	}
}

static void a_second_apiserver_is_kept_out(void **state)
{
	struct err err = ERR_INIT;
	struct stat st;
	struct store *s = open_file();
	assert_null(store_sqlite_open(&config, &err));
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
	assert_non_null(strstr(err.msg, "in use by another apiserver"));
	put(s, "/a", "1", 0, false);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	s->engine->close(s);
	/* a file that is something else */
	FILE *f = fopen(path, "w");
	fputs("not a database, but long enough to look at: ....................................................",
	      f);
	fclose(f);
	assert_null(store_sqlite_open(&config, &err));
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
}

static void a_full_disk_fails_writes_and_passes(void **state)
{
	struct rlimit old, tight;
	struct err err = ERR_INIT;
	char why[128];
	uint64_t rev = 0;
	int null = open("/dev/null", O_WRONLY);
	log_set_fd(null);
	signal(SIGXFSZ, SIG_IGN);
	struct store *s = open_file();
	sunk = 0;
	assert_int_equal(s->engine->watch(s, "/", 1, sink, no_reset, NULL, &err), 0);
	uint64_t a = put(s, "/a", "1", 0, false);
	uint64_t lazy = put(s, "/a", "2", a, true);
	getrlimit(RLIMIT_FSIZE, &old);
	tight = old;
	tight.rlim_cur = 200 * 1024;
	setrlimit(RLIMIT_FSIZE, &tight);
	char big[8000], key[32];
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	int ok = 0;
	for (; ok < 200; ok++) {
		snprintf(key, sizeof(key), "/big%d", ok);
		if (write_value(s, key, big, 0, false, &rev, &err) < 0)
			break;
	}
	assert_true(ok < 200);
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
	assert_false(s->engine->healthy(s, why));
	assert_non_null(strstr(why, "database"));
	/* also one that would have replaced a waiting lazy write: it is still there afterwards */
	assert_int_equal(write_value(s, "/a", big, lazy, false, &rev, &err), -1);
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
	assert_int_equal(sunk, 2 + ok);
	setrlimit(RLIMIT_FSIZE, &old);
	uint64_t next = put(s, key, big, 0, false);
	assert_true(next > lazy);
	assert_true(s->engine->healthy(s, why));
	assert_int_equal(write_value(s, "/a", "3", a, false, &rev, &err), -1);
	assert_int_equal(err.reason, REASON_CONFLICT);
	put(s, "/a", "3", lazy, false);
	assert_int_equal(sunk, 4 + ok);
	s->engine->close(s);
	log_set_fd(-1);
	close(null);
}

static void compaction_removes_what_was_superseded(void **state)
{
	struct err err = ERR_INIT;
	struct store *s = open_file();
	uint64_t a = 0, rev = 0;
	for (int i = 0; i < 300; i++)
		a = put(s, "/a", "x", a, false);
	uint64_t b = put(s, "/b", NULL, put(s, "/b", "1", 0, false), false);
	assert_int_equal(rows_in_file().n, 302);
	assert_int_equal(s->engine->compact(s, b, &err), 0);
	for (int i = 0; i < 4; i++) {
		char key[8];
		snprintf(key, sizeof(key), "/c%d", i);
		rev = put(s, key, "x", 0, false);
	}
	struct rows r = rows_in_file();
	assert_int_equal(r.n, 5); /* /a, /c0 … /c3 */
	assert_int_equal(r.live, 5);
	assert_int_equal(r.newest, rev);
	/* a lazy row that comes later with an older revision is not forgotten */
	a = put(s, "/a", "lazy", a, true);
	uint64_t c = put(s, "/c0", "y", rev - 3, false);
	assert_int_equal(s->engine->compact(s, c, &err), 0);
	put(s, "/c1", "y", rev - 2, false);
	s->engine->close(s); /* /a's row is written */
	s = open_file();
	assert_int_equal(s->engine->compact(s, a + 10, &err), 0);
	put(s, "/d", "x", 0, false);
	assert_int_equal(rows_in_file().n, 6);
	s->engine->close(s);
}

static void keys_survive_collisions(void **state)
{
	struct sqlite_keys k = {0};
	/* equal hashes, neighbours, and a full turn around the table */
	for (uint64_t i = 1; i <= 1000; i++)
		sqlite_keys_add(&k, (struct key_state){i % 7 ? i : 250, i, i});
	for (uint64_t i = 1; i <= 1000; i += 2) {
		struct key_state *s;
		for (size_t at = 0; (s = sqlite_keys_find(&k, i % 7 ? i : 250, &at)) && s->rev != i;)
			;
		assert_non_null(s);
		sqlite_keys_del(&k, s);
	}
	for (uint64_t i = 1; i <= 1000; i++) {
		struct key_state *s;
		for (size_t at = 0; (s = sqlite_keys_find(&k, i % 7 ? i : 250, &at)) && s->rev != i;)
			;
		assert_int_equal(s != NULL, i % 2 == 0);
	}
	assert_int_equal(k.len, 500);
	/* emptied, it is small again */
	size_t cap = k.cap;
	for (uint64_t i = 2; i <= 1000; i += 2) {
		struct key_state *s;
		for (size_t at = 0; (s = sqlite_keys_find(&k, i % 7 ? i : 250, &at)) && s->rev != i;)
			;
		assert_non_null(s);
		sqlite_keys_del(&k, s);
	}
	assert_int_equal(k.len, 0);
	assert_true(k.cap < cap);
	sqlite_keys_release(&k);
}

#define WITH(t) cmocka_unit_test_setup_teardown(t, begin, end)
int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(lazy_writes_are_seen_at_once_and_stored_later),
		WITH(what_is_created_again_is_new),
		WITH(a_killed_writer_loses_nothing_acknowledged),
		WITH(a_second_apiserver_is_kept_out),
		WITH(a_full_disk_fails_writes_and_passes),
		WITH(compaction_removes_what_was_superseded),
		cmocka_unit_test(keys_survive_collisions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
