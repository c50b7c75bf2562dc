/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

static int fd[2];

static const char *line(void)
{
	static char text[8192];
	ssize_t n = read(fd[0], text, sizeof(text) - 1);

	assert_true(n > 0);
	text[n] = '\0';
	return text;
}

static int setup(void **state)
{
	clock_fake(INT64_C(1795251600123456789));
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	log_set_fd(fd[1]);
	return 0;
}

static int teardown(void **state)
{
	log_set_fd(-1);
	close(fd[0]);
	close(fd[1]);
	clock_real();
	return 0;
}

static void format(void **state)
{
	struct err e = ERR_INIT;

	err_set(&e, REASON_IO, "said \"no\"\nand left");
	log_info("bound pod", "pod=%s/%s node=%d", "ns", "a", 1);
	assert_string_equal(line(), "2026-11-21T09:00:00.123Z INFO \"bound pod\" pod=ns/a node=1\n");
	log_warning("nothing else", NULL);
	assert_string_equal(line(), "2026-11-21T09:00:00.123Z WARNING \"nothing else\"\n");
	log_err(&e, "failed", "x=%s", "forged\n2026 line\x1b[0m");
	assert_string_equal(
		line(),
		"2026-11-21T09:00:00.123Z ERROR \"failed\" err=\"said \\\"no\\\"\\nand left\" x=forged\\n2026 line\\x1b[0m\n");
}

static void verbosity(void **state)
{
	log_verbosity = 2;
	log_v(4, "hidden", NULL);
	log_v(2, "shown", NULL);
	assert_string_equal(line(), "2026-11-21T09:00:00.123Z INFO \"shown\"\n");
	log_verbosity = 0;
}

static void long_lines_are_cut(void **state)
{
	static char text[6000];

	memset(text, '\n', sizeof(text) - 1);
	log_error("long", "x=%s", text);
	const char *got = line();

	assert_in_range(strlen(got), 4000, 4096);
	assert_ptr_equal(strchr(got, '\n'), got + strlen(got) - 1);
}

static void *chatter(void *arg)
{
	for (int i = 0; i < 20; i++)
		log_info("one of many", "i=%d who=%s", i, (const char *)arg);
	return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
	pthread_t a = thread_start("a", chatter, "aaaaaaaaaaaaaaaa"),
		  b = thread_start("b", chatter, "bbbbbbbbbbbbbbbb");
	int n = 0;

	pthread_join(a, NULL);
	pthread_join(b, NULL);
	for (char *save, *l = strtok_r((char *)(uintptr_t)line(), "\n", &save); l;
	     l = strtok_r(NULL, "\n", &save), n++) {
		const char *who = strstr(l, "who=");

		assert_non_null(who);
		assert_int_equal(strspn(who + 4, (char[]){who[4], 0}), 16);
	}
	assert_int_equal(n, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(format, setup, teardown),
		cmocka_unit_test_setup_teardown(verbosity, setup, teardown),
		cmocka_unit_test_setup_teardown(long_lines_are_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_of_threads_do_not_mix, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
