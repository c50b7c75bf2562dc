/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/settle.h"
#include "base/thread.h"

/* KiB of mapped code that is in memory; `touch` brings in all of it first. */
static size_t code_kb(bool touch)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from, to;
	char line[512], mode[8];
	size_t sum = 0, n;
	bool code = false;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &from, &to, mode) == 3) {
			code = !strncmp(mode, "r-x", 3) && strchr(line, '/');
			for (; touch && code && from < to; from += page)
				(void)*(const volatile char *)from;
		} else if (code && sscanf(line, "Rss: %zu", &n) == 1) {
			sum += n;
		}
	}
	fclose(f);
	return sum;
}

/* The measuring itself brings pages back, and the kernel those around them: how many is its business, not all is ours. */
static void test_code_goes_and_comes_back(void **state)
{
	(void)code_kb(true);
	size_t before = code_kb(false);

	settle_now();
	size_t after = code_kb(false);
	assert_in_range(after, 1, before * 3 / 4);
	/* What is needed again is there again. */
	assert_int_equal(strtol("42", NULL, 10), 42);
	assert_true(clock_mono_ns() > 0);
}

static void test_a_stop_is_not_waited_for(void **state)
{
	int64_t began = clock_mono_ns();

	stop_install();
	stop_request();
	settle_stop_wait();
	assert_true(clock_mono_ns() - began < 5 * NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code_goes_and_comes_back),
		cmocka_unit_test(test_a_stop_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
