/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>

#include "base/mem.h"
#include "os/stopsignal.h"

static void test_names(void **state)
{
	const struct {
		const char *name;
		int sig;
	} cases[] = {
		{"SIGTERM", SIGTERM},
		{"QUIT", SIGQUIT},
		{"3", 3},
		{"SIGWINCH", SIGWINCH},
		{"SIGPOLL", SIGPOLL},
		{"SIGRTMIN", SIGRTMIN},
		{"SIGRTMIN+3", SIGRTMIN + 3},
		{"RTMAX-2", SIGRTMAX - 2},
		{"SIGRTMAX", SIGRTMAX},
		{"", 0},
		{"SIG", 0},
		{"SIGNONE", 0},
		{"0", 0},
		{"-9", 0},
		{"65", 0},
		{"9x", 0},
		{"SIGRTMIN+64", 0},
		{"99999999999999999999", 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (stopsignal_parse(cases[i].name) != cases[i].sig)
			fail_msg("%s: %d", cases[i].name, stopsignal_parse(cases[i].name));
	assert_int_equal(stopsignal_parse(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
