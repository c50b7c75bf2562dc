/* SPDX-License-Identifier: Apache-2.0 */
/* Processes as they are remembered: by pid and beginning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/process.h"
#include "runtime/oci_internal.h"

static struct oci_process begin(void)
{
	pid_t pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	assert_true(pid > 0);
	return (struct oci_process){.pid = pid, .start = process_start_time(pid)};
}

static void test_life(void **state)
{
	struct err err = ERR_INIT;
	struct oci_process p = begin(), other = {p.pid, p.start + 1}, none = {0};
	assert_true(oci_process_alive(&p));
	assert_false(oci_process_alive(&other)); /* somebody else has the pid by now */
	assert_false(oci_process_alive(&none));
	assert_int_equal(oci_process_kill(&other, 0, &err), 0);
	assert_true(oci_process_alive(&p));
	assert_int_equal(oci_process_kill(&p, 0, &err), 0);
	assert_int_equal(waitpid(p.pid, NULL, 0), p.pid);
	assert_false(oci_process_alive(&p));
	assert_int_equal(oci_process_kill(&p, 0, &err), 0);
}

/* Without descriptors nobody can tell: it is neither dead nor killed. */
static void test_no_descriptors(void **state)
{
	struct err err = ERR_INIT;
	struct oci_process p = begin();
	struct rlimit old, none;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){3, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	bool alive = oci_process_alive(&p);
	int killed = oci_process_kill(&p, 0, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_true(alive);
	assert_int_equal(killed, -1);
	err = (struct err)ERR_INIT;
	assert_int_equal(oci_process_kill(&p, 0, &err), 0);
	assert_int_equal(waitpid(p.pid, NULL, 0), p.pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_no_descriptors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
