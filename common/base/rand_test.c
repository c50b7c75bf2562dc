/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/rand.h"

static void ranges(void **state)
{
	unsigned seen = 0;

	for (int i = 0; i < 2000; i++) {
		uint64_t v = rand_below(7);
		double d = rand_double();
		int64_t j = rand_jitter(1000, 0.5);

		assert_true(v < 7);
		seen |= 1u << v;
		assert_true(d >= 0 && d < 1);
		assert_in_range(j, 1000, 1500);
	}
	assert_int_equal(seen, 127);
	assert_int_equal(rand_below(1), 0);
	assert_true(rand_jitter(INT64_MAX, 1) > 0);
}

static void shapes(void **state)
{
	char s[6], uuid[37], other[37];
	int at;

	rand_suffix(s, 5);
	assert_int_equal(strspn(s, "bcdfghjklmnpqrstvwxz2456789"), 5);
	assert_int_equal(s[5], 0);
	rand_uuid(uuid);
	rand_uuid(other);
	assert_string_not_equal(uuid, other);
	assert_int_equal(
		sscanf(uuid, "%*8[0-9a-f]-%*4[0-9a-f]-4%*3[0-9a-f]-%*1[89ab]%*3[0-9a-f]-%*12[0-9a-f]%n", &at),
		0);
	assert_int_equal(at, 36);
	assert_int_equal(strlen(uuid), 36);
}

/* A child of fork draws other numbers than its parent. */
static void fork_differs(void **state)
{
	int fd[2];
	uint64_t mine, its;

	rand_u64(); /* fills the stock */
	assert_int_equal(pipe(fd), 0);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		uint64_t v = rand_u64();

		_exit(write(fd[1], &v, sizeof(v)) != sizeof(v));
	}
	mine = rand_u64();
	assert_int_equal(read(fd[0], &its, sizeof(its)), sizeof(its));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(mine != its);
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges),
		cmocka_unit_test(shapes),
		cmocka_unit_test(fork_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
