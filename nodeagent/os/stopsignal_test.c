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

/* Of those that are one the first is told; what is told is read again. */
static void test_numbers(void **state)
{
	const struct {
		int sig;
		const char *name;
	} rows[] = {
		{SIGHUP, "SIGHUP"},
		{SIGTERM, "SIGTERM"},
		{SIGCHLD, "SIGCHLD"},
		{SIGABRT, "SIGABRT"},
		{SIGPOLL, "SIGIO"},
		{SIGRTMIN, "SIGRTMIN"},
		{SIGRTMIN + 1, "SIGRTMIN+1"},
		{SIGRTMIN + 15, "SIGRTMIN+15"},
		{SIGRTMIN + 16, "SIGRTMAX-14"},
		{SIGRTMAX - 1, "SIGRTMAX-1"},
		{SIGRTMAX, "SIGRTMAX"},
		{0, ""},
		{-1, ""},
		{32, ""}, /* the C library's own */
		{65, ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[STOPSIGNAL_NAME_MAX] = "";
		assert_int_equal(stopsignal_name(rows[i].sig, name), *rows[i].name != '\0');
		assert_string_equal(name, rows[i].name);
	}
	for (int sig = 1; sig <= SIGRTMAX; sig++) {
		char name[STOPSIGNAL_NAME_MAX];
		if (stopsignal_name(sig, name))
			assert_int_equal(stopsignal_parse(name), sig);
		else
			assert_true(sig > 31 && sig < SIGRTMIN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_numbers)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
