/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

static void copies(void **state)
{
	autofree char *a = mem_strdup("abc"), *b = mem_strndup("abcdef", 4), *c = mem_printf("%d-%s", 7, "x");
	autofree char *d = mem_memdup("xyz", 3);

	assert_null(mem_strdup(NULL));
	assert_string_equal(a, "abc");
	assert_string_equal(b, "abcd");
	assert_string_equal(c, "7-x");
	assert_memory_equal(d, "xyz", 3);
}

static void zeroed_and_never_null(void **state)
{
	autofree unsigned char *p = mem_array(100, 3), *none = mem_alloc(0), *zero = mem_array(0, 8);

	assert_non_null(none);
	assert_non_null(zero);
	for (int i = 0; i < 300; i++)
		assert_int_equal(p[i], 0);
	p = mem_realloc_array(p, 1000, 4);
	p[3999] = 1;
}

static char *make(void)
{
	autofree char *p = mem_strdup("kept");

	return STEAL(p);
}

static void steal_moves(void **state)
{
	autofree char *p = make();

	assert_string_equal(p, "kept");
}

static void close_keeps_errno(void **state)
{
	int copy;
	{
		autoclose int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), none = -1;

		copy = fd;
		assert_true(fd >= 0 && none == -1);
		errno = EINTR;
	}
	assert_int_equal(errno, EINTR);
	assert_int_equal(fcntl(copy, F_GETFD), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies),
		cmocka_unit_test(zeroed_and_never_null),
		cmocka_unit_test(steal_moves),
		cmocka_unit_test(close_keeps_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
