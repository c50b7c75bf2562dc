/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/sqlite/sqlite_mark_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], path[96];

static int begin(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/sqlite_mark_test.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/mark", dir);
	return 0;
}

static int end(void **state)
{
	unlink(path);
	return rmdir(dir);
}

static enum sqlite_mark_found look(struct sqlite_mark_state *st)
{
	struct sqlite_mark m = SQLITE_MARK_INIT;
	struct err err = ERR_INIT;
	enum sqlite_mark_found found;
	assert_int_equal(sqlite_mark_open(&m, path, st, &found, &err), 0);
	sqlite_mark_close(&m);
	return found;
}

static void spoil(long at, char c)
{
	int fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

static void the_newest_line_counts(void **state)
{
	struct sqlite_mark m = SQLITE_MARK_INIT;
	struct sqlite_mark_state st;
	struct err err = ERR_INIT;
	struct stat file;
	assert_int_equal(look(&st), SQLITE_MARK_NONE);
	assert_int_equal(access(path, F_OK), -1);
	st = (struct sqlite_mark_state){7, 10000};
	assert_int_equal(sqlite_mark_create(&m, path, &st, &err), 0);
	for (uint64_t i = 8; i < 13; i++) {
		st = (struct sqlite_mark_state){i, 10000 - i}; /* an exact mark at the end is smaller */
		assert_int_equal(sqlite_mark_write(&m, &st, &err), 0);
		assert_int_equal(look(&st), SQLITE_MARK_GOOD);
		assert_int_equal(st.durable, i);
		assert_int_equal(st.used, 10000 - i);
	}
	sqlite_mark_close(&m);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0600);
	assert_true(file.st_size < 1024);

	/* it goes on where it was, and a torn line leaves the one before */
	enum sqlite_mark_found found;
	assert_int_equal(sqlite_mark_open(&m, path, &st, &found, &err), 0);
	st = (struct sqlite_mark_state){13, 13};
	assert_int_equal(sqlite_mark_write(&m, &st, &err), 0);
	long newest = (long)(m.turn % 2 * 512), older = 512 - newest;
	sqlite_mark_close(&m);
	assert_int_equal(look(&st), SQLITE_MARK_GOOD);
	assert_int_equal(st.durable, 13);
	spoil(newest + 60, 'x');
	assert_int_equal(look(&st), SQLITE_MARK_GOOD);
	assert_int_equal(st.durable, 12);
	spoil(older + 60, 'x');
	assert_int_equal(look(&st), SQLITE_MARK_DAMAGED);
	assert_int_equal(st.durable, 0);
}

/* A full disk leaves what was there: nothing, or the mark before. */
static void a_full_disk_makes_none(void **state)
{
	struct sqlite_mark m = SQLITE_MARK_INIT;
	struct sqlite_mark_state st = {7, 10000};
	struct err err = ERR_INIT;
	struct rlimit had, full;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &had), 0);
	full = had;
	full.rlim_cur = 0;
	signal(SIGXFSZ, SIG_IGN);
	unlink(path);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
		int rc = sqlite_mark_create(&m, path, &st, &err);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &had), 0);
		assert_int_equal(rc, -1);
		struct sqlite_mark_state found;
		assert_int_equal(look(&found), i ? SQLITE_MARK_GOOD : SQLITE_MARK_NONE);
		assert_int_equal(sqlite_mark_create(&m, path, &st, &err), 0);
	}
	sqlite_mark_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_newest_line_counts, begin, end),
		cmocka_unit_test_setup_teardown(a_full_disk_makes_none, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
