/* SPDX-License-Identifier: Apache-2.0 */
/* Rotation of a log: names, what is kept, what is compressed, and what becomes of failures. */
#include "log/rotate.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <zlib.h>

#include "base/clock.h"
#include "os/tree.h"

#define NOW (INT64_C(1767225600) * NS_PER_S)

struct scene {
	char dir[64], log[96];
	int opened;
	bool fails;
};

static void start(struct scene *s)
{
	*s = (struct scene){.dir = "/tmp/rotate_test.XXXXXX"};
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->log, sizeof(s->log), "%s/0.log", s->dir);
}

static void stop(struct scene *s)
{
	struct err err = ERR_INIT;
	assert_int_equal(tree_remove(s->dir, &err), 0);
}

static void put(const struct scene *s, const char *name, const char *text)
{
	struct err err = ERR_INIT;
	autofree char *path = mem_printf("%s/%s", s->dir, name);
	assert_int_equal(tree_write(path, text, strlen(text), 0640, TREE_VOLATILE, &err), 0);
}

static bool there(const struct scene *s, const char *name)
{
	autofree char *path = mem_printf("%s/%s", s->dir, name);
	return access(path, F_OK) == 0;
}

static void expect(const struct scene *s, const char *name, const char *text)
{
	autofree char *path = mem_printf("%s/%s", s->dir, name);
	char got[256] = "";
	gzFile z = gzopen(path, "rb"); /* plain files are read as they are */
	assert_non_null(z);
	assert_int_equal(gzread(z, got, sizeof(got) - 1), (int)strlen(text));
	gzclose(z);
	assert_string_equal(got, text);
}

static int reopen(void *arg, struct err *err)
{
	struct scene *s = arg;
	assert_false(there(s, "0.log"));
	s->opened++;
	if (s->fails)
		return err_set(err, REASON_INTERNAL, "no");
	put(s, "0.log", "new");
	return 0;
}

/* As the name of a log that is rotated that many seconds after NOW. */
static const char *name_at(int s, const char *end)
{
	static char names[4][64];
	static size_t next;
	struct tm tm;
	char *out = names[next++ % 4];
	time_t at = (time_t)(NOW / NS_PER_S) + s;
	strftime(out, 40, "0.log.%Y%m%d-%H%M%S", localtime_r(&at, &tm));
	strcat(out, end);
	return out;
}

static int rotate(struct scene *s, int files, int at_s)
{
	struct err err = ERR_INIT;
	return rotate_log(s->log, files, NOW + at_s * NS_PER_S, reopen, s, &err);
}

static void test_names(void **state)
{
	struct scene s;
	start(&s);
	put(&s, "0.log", "first");
	put(&s, "10.log.other", "another's");
	assert_int_equal(rotate(&s, 5, 0), 0);
	expect(&s, name_at(0, ""), "first");
	expect(&s, "0.log", "new");
	assert_int_equal(rotate(&s, 5, 10), 0);
	assert_false(there(&s, name_at(0, "")));
	expect(&s, name_at(0, ".gz"), "first");
	expect(&s, name_at(10, ""), "new");
	expect(&s, "10.log.other", "another's");
	stop(&s);
}

static void test_as_many_as_may_be(void **state)
{
	struct scene s;
	start(&s);
	put(&s, "0.log", "first");
	for (int i = 0; i < 6; i++)
		assert_int_equal(rotate(&s, 4, i), 0);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(there(&s, name_at(i, ".gz")), i == 3 || i == 4);
		assert_int_equal(there(&s, name_at(i, "")), i == 5);
	}
	/* Two: the log and the one before. */
	assert_int_equal(rotate(&s, 2, 7), 0);
	assert_false(there(&s, name_at(5, "")) || there(&s, name_at(5, ".gz")));
	assert_true(there(&s, name_at(7, "")));
	stop(&s);
}

static void test_twice_in_a_second(void **state)
{
	struct scene s;
	start(&s);
	put(&s, "0.log", "first");
	assert_int_equal(rotate(&s, 5, 0), 0);
	assert_int_equal(rotate(&s, 5, 0), 0);
	assert_int_equal(s.opened, 1);
	expect(&s, name_at(0, ""), "first");
	stop(&s);
}

/* Whoever was rotating was killed. */
static void test_cut_off(void **state)
{
	struct scene s;
	start(&s);
	put(&s, "0.log", "now");
	put(&s, name_at(0, ".tmp"), "half");
	put(&s, name_at(0, ""), "old");
	put(&s, name_at(1, ""), "done");
	put(&s, name_at(1, ".gz"), "done");
	assert_int_equal(rotate(&s, 9, 5), 0);
	assert_false(there(&s, name_at(0, ".tmp")) || there(&s, name_at(1, "")));
	expect(&s, name_at(0, ".gz"), "old");
	expect(&s, name_at(1, ".gz"), "done");
	stop(&s);
}

static void test_not_reopened(void **state)
{
	struct scene s;
	start(&s);
	put(&s, "0.log", "goes on");
	s.fails = true;
	assert_int_equal(rotate(&s, 5, 0), -1);
	expect(&s, "0.log", "goes on");
	assert_false(there(&s, name_at(0, "")));
	stop(&s);
}

static void test_remove(void **state)
{
	struct scene s;
	start(&s);
	put(&s, "0.log", "first");
	put(&s, "1.log", "stays");
	assert_int_equal(rotate(&s, 5, 0), 0);
	assert_int_equal(rotate(&s, 5, 1), 0);
	rotate_remove(s.log);
	assert_false(there(&s, "0.log") || there(&s, name_at(0, ".gz")) || there(&s, name_at(1, "")));
	assert_true(there(&s, "1.log"));
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_as_many_as_may_be),
		cmocka_unit_test(test_twice_in_a_second),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_not_reopened),
		cmocka_unit_test(test_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
