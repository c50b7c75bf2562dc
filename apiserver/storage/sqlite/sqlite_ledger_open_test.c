/* SPDX-License-Identifier: Apache-2.0 */
/* Damage of every sort: what starts has everything that was acknowledged, what does not start says so and has changed
 * nothing. */
#include "storage/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "storage/store_rig.h"

#define PAGE 16384 /* as sqlite_db.c asks for */
#define WAL_HEADER 32
#define FRAME_HEADER 24

enum { DB, WAL, MARK, N_FILES };
static const char *const suffix[N_FILES] = {"", "-wal", "-mark"};
static char dir[64], path[96];
static struct {
	char *p;
	size_t n;
} whole[N_FILES];	/* as the last acknowledged write left them */
static uint64_t newest; /* its revision, or a lazy one's */

/* ---- files ---- */

static const char *file_name(int i)
{
	static char name[N_FILES][128];
	snprintf(name[i], sizeof(name[i]), "%s%s", path, suffix[i]);
	return name[i];
}

static void put_file(int i, const char *p, size_t n)
{
	autoclose int fd = open(file_name(i), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
}

static char *get_file(int i, size_t *ret_n)
{
	struct stat st;
	autoclose int fd = open(file_name(i), O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	char *p = mem_alloc((size_t)st.st_size + 1);
	assert_int_equal(read(fd, p, (size_t)st.st_size), st.st_size);
	*ret_n = (size_t)st.st_size;
	return p;
}

static void put_all(void)
{
	char shm[128];
	snprintf(shm, sizeof(shm), "%s-shm", path);
	unlink(shm);
	for (int i = 0; i < N_FILES; i++)
		put_file(i, whole[i].p, whole[i].n);
}

/* ---- the cluster that is damaged ---- */

static uint64_t put(struct store *s, const char *key, const char *value, uint64_t expect, bool lazy)
{
	struct err err = ERR_INIT;
	uint64_t rev = 0;
	struct store_write w = {
		.key = key, .value = value, .len = value ? strlen(value) : 0, .expect = expect, .lazy = lazy};
	if (store_rig_write(s, &w, &rev, &err) < 0) {
		fprintf(stderr, "%s: %s\n", key, err.msg);
		_exit(1);
	}
	return rev;
}

static struct store *open_store(bool force, struct err *err)
{
	return store_sqlite_open(&(struct store_sqlite_config){path, force}, err);
}

/* Half of it folded into the database, half in the log; dies without a word. */
static _Noreturn void live_and_die(int fd)
{
	struct err err = ERR_INIT;
	char key[32], value[16000];
	uint64_t rev[30], beat = 0;
	for (int half = 0; half < 2; half++) {
		struct store *s = open_store(false, &err);
		if (!s)
			_exit(2);
		for (int i = half * 15; i < half * 15 + 15; i++) {
			memset(value, 'a' + i % 26, sizeof(value));
			value[800 + 480 * i] = '\0';
			snprintf(key, sizeof(key), "/registry/x/%d", i);
			rev[i] = put(s, key, value, 0, false);
		}
		put(s, "/registry/x/3", half ? NULL : "changed", rev[3], false);
		rev[3] = half ? 0 : rev[14] + 1;
		beat = put(s, "/registry/beat", "1", beat, half);
		if (half == 0)
			s->engine->close(s);
	}
	_exit(write(fd, &beat, sizeof(beat)) != sizeof(beat));
}

static char listed[800 * 1024];
static int list_one(void *arg, const char *key, const void *v, size_t n, uint64_t rev, uint64_t create_rev,
		    struct err *err)
{
	size_t at = strlen(listed);
	snprintf(listed + at, sizeof(listed) - at, "%s@%llu,%llu=%.*s\n", key, (unsigned long long)rev,
		 (unsigned long long)create_rev, (int)n, (const char *)v);
	return 0;
}

static char *everything;

static int begin(void **state)
{
	int fds[2], status;
	/* Hundreds of starts: without a disk in between, if possible. */
	const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(dir, sizeof(dir), "%s/sqlite_ledger_open_test.XXXXXX", tmp);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/db", dir);
	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (!pid)
		live_and_die(fds[1]);
	assert_int_equal(read(fds[0], &newest, sizeof(newest)), sizeof(newest));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fds[0]);
	close(fds[1]);
	for (int i = 0; i < N_FILES; i++)
		assert_non_null(whole[i].p = get_file(i, &whole[i].n));
	assert_true(whole[WAL].n > WAL_HEADER + 10 * (FRAME_HEADER + PAGE));
	struct err err = ERR_INIT;
	uint64_t rev;
	struct store *s = open_store(false, &err);
	assert_non_null(s);
	listed[0] = '\0';
	assert_int_equal(s->engine->list(s, "/", list_one, NULL, &rev, &err), 0);
	everything = mem_strdup(listed);
	s->engine->close(s);
	log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	return 0;
}

static int end(void **state)
{
	char cmd[96];
	log_set_fd(-1);
	for (int i = 0; i < N_FILES; i++)
		free(STEAL(whole[i].p));
	free(STEAL(everything));
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd) != 0;
}

/* ---- trials ---- */

struct outcomes {
	int full, refused;
};

static void start_and_judge(struct outcomes *o, const char *what, size_t where)
{
	struct err err = ERR_INIT;
	uint64_t rev = 0;
	struct {
		char *p;
		size_t n;
	} before[N_FILES] = {0}, after[N_FILES] = {0};
	for (int i = 0; i < N_FILES; i++)
		before[i].p = get_file(i, &before[i].n);
	struct store *s = open_store(false, &err);
	listed[0] = '\0';
	int rc = s ? s->engine->list(s, "/", list_one, NULL, &rev, &err) : -1;
	if (rc == 0) {
		o->full++;
		if (strcmp(listed, everything) != 0 || rev < newest)
			fail_msg("%s at %zu: silent loss, revision %llu of %llu", what, where,
				 (unsigned long long)rev, (unsigned long long)newest);
	} else {
		o->refused++;
		if (!*err.msg)
			fail_msg("%s at %zu: refused without a word", what, where);
	}
	if (s) {
		s->engine->close(s);
		rc = 0;
	}
	for (int i = 0; i < N_FILES; i++) {
		after[i].p = get_file(i, &after[i].n);
		/* SQLite makes an empty log where there is none. */
		bool same = before[i].n == after[i].n &&
			    (!before[i].n || memcmp(before[i].p, after[i].p, before[i].n) == 0);
		if (rc < 0 && !same)
			fail_msg("%s at %zu: refused (%s), but changed the file \"%s\" (%zu, %zu bytes)",
				 what, where, err.msg, suffix[i], before[i].n, after[i].n);
		free(before[i].p);
		free(after[i].p);
	}
}

static void flip(struct outcomes *o, int file, size_t at)
{
	char what[32];
	if (at >= whole[file].n)
		return;
	put_all();
	whole[file].p[at] ^= 0x10;
	put_file(file, whole[file].p, whole[file].n);
	whole[file].p[at] ^= 0x10;
	snprintf(what, sizeof(what), "flip in db%s", suffix[file]);
	start_and_judge(o, what, at);
}

static void cut(struct outcomes *o, int file, size_t n)
{
	char what[32];
	if (n >= whole[file].n)
		return;
	put_all();
	put_file(file, whole[file].p, n);
	snprintf(what, sizeof(what), "cut of db%s", suffix[file]);
	start_and_judge(o, what, n);
}

static void every_page_of_the_database(void **state)
{
	static const size_t at[] = {0,	  3,	5,     9,     24,    97,	 1000,	  2900,
				    7000, 9000, 11000, 13000, 15000, PAGE - 900, PAGE - 2};
	struct outcomes o = {0};
	for (size_t page = 0; page * PAGE < whole[DB].n; page++)
		for (size_t i = 0; i < ARRAY_LEN(at); i++)
			flip(&o, DB, page * PAGE + at[i]);
	assert_true(o.refused > 20);
	assert_true(o.full > 20); /* what the log holds anew, and what means nothing */
	o = (struct outcomes){0};
	for (size_t n = 0; n < whole[DB].n; n += PAGE)
		cut(&o, DB, n);
	cut(&o, DB, 100);
	assert_true(o.refused > 5);
}

static void every_frame_of_the_log(void **state)
{
	static const size_t at[] = {
		0, 5, 9, 17, FRAME_HEADER, FRAME_HEADER + 100, FRAME_HEADER + 4000, FRAME_HEADER + PAGE - 96};
	struct outcomes o = {0};
	size_t frame = FRAME_HEADER + PAGE;
	for (size_t start = WAL_HEADER; start < whole[WAL].n; start += frame)
		for (size_t i = 0; i < ARRAY_LEN(at); i++)
			flip(&o, WAL, start + at[i]);
	for (size_t i = 0; i < WAL_HEADER; i++)
		flip(&o, WAL, i);
	assert_int_equal(o.full, 0);
	for (size_t n = 0; n < whole[WAL].n; n += n ? frame : WAL_HEADER)
		cut(&o, WAL, n);
	assert_int_equal(o.full, 0);
}

static void every_byte_of_the_mark(void **state)
{
	struct outcomes o = {0};
	for (size_t i = 0; i < whole[MARK].n; i += 1 + (i > 130 && i < 512) * 50)
		flip(&o, MARK, i);
	assert_int_equal(o.refused, 0); /* the other line is one commit behind */
	cut(&o, MARK, 600);
	assert_int_equal(o.refused, 0);
	cut(&o, MARK, 100);
	cut(&o, MARK, 0);
	assert_int_equal(o.refused, 2);
}

static void missing_files(void **state)
{
	for (int set = 1; set < 1 << N_FILES; set++) {
		struct outcomes o = {0};
		put_all();
		for (int i = 0; i < N_FILES; i++)
			if (set & 1 << i)
				unlink(file_name(i));
		if (set == (1 << N_FILES) - 1)
			continue; /* nothing is left to tell from a new one */
		start_and_judge(&o, "missing files", (size_t)set);
		assert_int_equal(o.full, 0);
	}
	/* all there: it starts, and says nothing */
	struct outcomes o = {0};
	put_all();
	start_and_judge(&o, "nothing", 0);
	start_and_judge(&o, "nothing, again", 0);
	assert_int_equal(o.full, 2);
}

/* What was read is served, no revision comes again, and nobody goes on from an old one. */
static void forced(const char *what)
{
	struct err err = ERR_INIT;
	struct store *s = open_store(false, &err);
	assert_null(s);
	assert_non_null(strstr(err.msg, "--force-damaged-store"));
	s = open_store(true, &err);
	if (!s)
		fail_msg("%s: %s", what, err.msg);
	uint64_t rev = put(s, "/registry/new", "x", 0, false);
	assert_true(rev > newest);
	s->engine->close(s);
	s = open_store(false, &err);
	if (!s)
		fail_msg("%s, again: %s", what, err.msg);
	uint64_t now;
	listed[0] = '\0';
	assert_int_equal(s->engine->list(s, "/", list_one, NULL, &now, &err), 0);
	assert_true(now == rev);
	assert_non_null(strstr(listed, "/registry/new"));
	s->engine->close(s);
}

static void force_goes_on_with_what_is_left(void **state)
{
	put_all();
	unlink(file_name(WAL));
	forced("no log");
	assert_non_null(strstr(listed, "/registry/x/2@"));
	put_all();
	unlink(file_name(MARK));
	forced("no mark");
	assert_non_null(strstr(listed, "/registry/x/29@"));
	put_all();
	unlink(file_name(DB));
	forced("no database");
	/* a value */
	put_all();
	char *p = memmem(whole[WAL].p, whole[WAL].n, "tttttttttttttttttttt", 20);
	assert_non_null(p);
	struct err err = ERR_INIT;
	struct store *s = open_store(false, &err); /* folds */
	assert_non_null(s);
	s->engine->close(s);
	size_t n;
	autofree char *db = get_file(DB, &n);
	p = memmem(db, n, "tttttttttttttttttttt", 20);
	assert_non_null(p);
	p[3] = 'T';
	put_file(DB, db, n);
	forced("a value");
	assert_non_null(strstr(listed, "tttTttt"));
}

/* A file of the format before this one has no sum and no mark: it gets them. */
static void an_older_file_is_taken_over(void **state)
{
	struct err err = ERR_INIT;
	char cmd[400];
	put_all();
	struct store *s = open_store(false, &err);
	assert_non_null(s);
	s->engine->close(s);
	snprintf(cmd, sizeof(cmd),
		 "rm %s-mark && printf '\\001' | dd of=%s bs=1 seek=63 conv=notrunc status=none", path, path);
	assert_int_equal(system(cmd), 0);
	struct outcomes o = {0};
	start_and_judge(&o, "older file", 0);
	start_and_judge(&o, "older file, again", 0);
	assert_int_equal(o.full, 2);
	unlink(file_name(MARK));
	start_and_judge(&o, "and then its mark is missing", 0);
	assert_int_equal(o.refused, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_page_of_the_database, begin, end),
		cmocka_unit_test_setup_teardown(every_frame_of_the_log, begin, end),
		cmocka_unit_test_setup_teardown(every_byte_of_the_mark, begin, end),
		cmocka_unit_test_setup_teardown(missing_files, begin, end),
		cmocka_unit_test_setup_teardown(force_goes_on_with_what_is_left, begin, end),
		cmocka_unit_test_setup_teardown(an_older_file_is_taken_over, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
