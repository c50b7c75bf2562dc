/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/address.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "os/process.h"

static void ip(const char *const *argv)
{
	struct err err = ERR_INIT;
	int status;
	struct process_spec s = {.argv = argv};
	if (process_run(&s, &status, &err) < 0 || status)
		fail_msg("ip %s: %d %s", argv[1], status, err.msg);
}

#define IP(...) ip((const char *const[]){"/sbin/ip", __VA_ARGS__, NULL})

static void expect(const char *wanted, const char *name, const char *want)
{
	struct err err = ERR_INIT;
	char out[ADDRESS_MAX] = "";
	int rc = address_choose(wanted, name, out, &err);
	assert_int_equal(rc, want ? 0 : -1);
	if (want)
		assert_string_equal(out, want);
}

/* In a network of its own, that gets one address after the other. */
static void test_choice(void **state)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		skip();
	expect("", "n", "127.0.0.1");
	expect("::", "n", "::1");
	IP("link", "set", "lo", "up");
	IP("addr", "add", "169.254.3.4/32", "dev", "lo");
	expect("", "n", "127.0.0.1");
	IP("addr", "add", "fd00:1::2/128", "dev", "lo");
	expect("", "n", "fd00:1::2");
	IP("addr", "add", "10.9.8.7/24", "dev", "lo");
	IP("addr", "add", "10.9.7.7/24", "dev", "lo");
	expect("", "n", "10.9.8.7");
	expect("0.0.0.0", "n", "10.9.8.7");
	expect("::", "n", "fd00:1::2");
	IP("route", "add", "default", "dev", "lo", "src", "10.9.7.7");
	expect("", "n", "10.9.7.7"); /* where the default route says */
}

static void test_what_is_said(void **state)
{
	expect("192.0.2.77", "n", "192.0.2.77");
	expect("127.0.0.1", "n", "127.0.0.1"); /* who says so means it */
	expect("2001:DB8::0:1", "n", "2001:db8::1");
	expect("", "192.0.2.78", "192.0.2.78");
	expect("host", "n", NULL);
	expect("1.2.3", "n", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_said),
		cmocka_unit_test(test_choice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
