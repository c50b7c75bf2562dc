/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/follow.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"

static const struct loop_lane lanes[] = {{"logs", 1}};

struct scene {
	struct loop *loop;
	char path[64];
	struct follow *f;
	bool told;
};

static void on_told(void *arg)
{
	((struct scene *)arg)->told = true;
}

static void start(struct scene *s, bool file)
{
	*s = (struct scene){.loop = loop_new(&(struct loop_config){lanes, 1, false}),
			    .path = "/tmp/follow_test.XXXXXX"};
	int fd = mkstemp(s->path);
	assert_true(fd >= 0);
	close(fd);
	if (!file)
		assert_int_equal(unlink(s->path), 0);
}

static void begin(struct scene *s, bool following)
{
	static const struct crilog_options all = {
		.tail_lines = -1, .limit_bytes = -1, .streams = CRILOG_BOTH};
	s->f = follow_new(s->loop, 0, mem_strdup(s->path), &all, following, on_told, s);
}

static void turn_until_told(struct scene *s)
{
	int64_t deadline = clock_mono_ns() + 120 * NS_PER_S;
	while (!s->told) {
		assert_true(clock_mono_ns() < deadline);
		loop_turn(s->loop, deadline);
	}
}

static void ask(struct scene *s)
{
	s->told = false;
	follow_ask(s->f);
	assert_false(s->told);
	turn_until_told(s);
}

static void writes(struct scene *s, const char *text)
{
	autoclose int fd = open(s->path, O_WRONLY | O_APPEND | O_CLOEXEC);
	autofree char *line = mem_printf("2026-01-01T00:00:00.000000000Z stdout F %s\n", text);
	assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
}

static void expect(struct scene *s, const char *text, bool over)
{
	char got[256] = "";
	size_t n = follow_take(s->f, got, sizeof(got) - 1);
	assert_int_equal(n, strlen(text));
	assert_string_equal(got, text);
	assert_int_equal(follow_error(s->f)->reason, REASON_NONE);
	assert_int_equal(follow_over(s->f), over);
}

static void stop(struct scene *s)
{
	follow_free(s->f);
	loop_settle(s->loop); /* a job that has it still brings it back */
	struct loop_stats st;
	loop_stats(s->loop, &st);
	assert_int_equal(st.ios, 0);
	loop_free(s->loop);
	(void)unlink(s->path);
}

static void test_to_the_end(void **state)
{
	struct scene s;
	start(&s, true);
	writes(&s, "one");
	writes(&s, "two");
	begin(&s, false);
	ask(&s);
	char first[2];
	assert_int_equal(follow_take(s.f, first, 1), 1);
	assert_false(follow_over(s.f));
	expect(&s, "ne\ntwo\n", true);
	ask(&s); /* it is still over */
	expect(&s, "", true);
	stop(&s);
}

static void test_no_file(void **state)
{
	struct scene s;
	start(&s, false);
	begin(&s, false);
	ask(&s);
	expect(&s, "", true);
	stop(&s);
}

static void test_unreadable(void **state)
{
	struct scene s;
	start(&s, false);
	snprintf(s.path, sizeof(s.path), "/proc/self/status/x");
	begin(&s, true);
	ask(&s);
	assert_true(follow_over(s.f));
	assert_int_not_equal(follow_error(s.f)->reason, REASON_NONE);
	stop(&s);
}

static void test_following(void **state)
{
	struct scene s;
	start(&s, true);
	begin(&s, true);
	follow_ask(s.f);
	for (int i = 0; i < 3; i++)
		loop_turn(s.loop, clock_mono_ns() + 20 * NS_PER_MS);
	assert_false(s.told);
	writes(&s, "one");
	turn_until_told(&s);
	expect(&s, "one\n", false);
	writes(&s, "two"); /* while nobody asks */
	ask(&s);
	expect(&s, "two\n", false);
	s.told = false;
	follow_ask(s.f);
	for (int i = 0; i < 3; i++)
		loop_turn(s.loop, clock_mono_ns() + 20 * NS_PER_MS);
	assert_false(s.told);
	writes(&s, "last words");
	follow_finish(s.f);
	turn_until_told(&s);
	expect(&s, "last words\n", true);
	stop(&s);
}

/* The end of a writer that never wrote. */
static void test_finish_without_file(void **state)
{
	struct scene s;
	start(&s, false);
	begin(&s, true);
	follow_ask(s.f);
	for (int i = 0; i < 3; i++)
		loop_turn(s.loop, clock_mono_ns() + 20 * NS_PER_MS);
	assert_false(s.told);
	follow_finish(s.f);
	turn_until_told(&s);
	expect(&s, "", true);
	stop(&s);
}

/* As conmon opens a log anew: made under another name. */
static void rotate(struct scene *s, const char *first_line)
{
	autofree char *rotated = mem_printf("%s.old", s->path), *tmp = mem_printf("%s.tmp", s->path),
		      *path = mem_strdup(s->path);
	(void)unlink(rotated);
	assert_int_equal(rename(s->path, rotated), 0);
	close(open(tmp, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	snprintf(s->path, sizeof(s->path), "%s", rotated);
	writes(s, "last of the old");
	snprintf(s->path, sizeof(s->path), "%s", tmp);
	writes(s, first_line);
	assert_int_equal(rename(tmp, path), 0);
	snprintf(s->path, sizeof(s->path), "%s", path);
}

static void test_rotation(void **state)
{
	struct scene s;
	start(&s, true);
	writes(&s, "one");
	begin(&s, true);
	ask(&s);
	expect(&s, "one\n", false);
	rotate(&s, "two");
	ask(&s);
	expect(&s, "last of the old\ntwo\n", false);
	/* While it waits. */
	s.told = false;
	follow_ask(s.f);
	for (int i = 0; i < 3; i++)
		loop_turn(s.loop, clock_mono_ns() + 20 * NS_PER_MS);
	assert_false(s.told);
	rotate(&s, "three");
	turn_until_told(&s);
	char got[256] = "";
	size_t n = follow_take(s.f, got, sizeof(got));
	while (n < strlen("last of the old\nthree\n")) {
		ask(&s);
		n += follow_take(s.f, got + n, sizeof(got) - n);
	}
	assert_string_equal(got, "last of the old\nthree\n");
	/* News of the file that it went on with. */
	follow_finish(s.f);
	writes(&s, "end");
	ask(&s);
	expect(&s, "end\n", true);
	autofree char *rotated = mem_printf("%s.old", s.path);
	(void)unlink(rotated);
	stop(&s);
}

static void test_left_alone(void **state)
{
	struct scene s;
	start(&s, true);
	begin(&s, true);
	follow_ask(s.f); /* freed while a job has it */
	stop(&s);
	start(&s, true);
	begin(&s, true);
	follow_ask(s.f); /* freed while it waits */
	for (int i = 0; i < 3; i++)
		loop_turn(s.loop, clock_mono_ns() + 20 * NS_PER_MS);
	stop(&s);
	assert_false(s.told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_the_end),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_following),
		cmocka_unit_test(test_finish_without_file),
		cmocka_unit_test(test_left_alone),
		cmocka_unit_test(test_rotation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
