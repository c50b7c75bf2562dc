/* SPDX-License-Identifier: Apache-2.0 */
/* The drop-in, and a bus that is not there; e2e/45-shutdown.bats has one that is. */
#include "shutdown/logind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/tree.h"

static void test_drop_in(void **state)
{
	struct err err = ERR_INIT;
	char dir[] = "/tmp/logind-XXXXXX";
	autobuf struct buf text = BUF_INIT;
	assert_non_null(mkdtemp(dir));
	autofree char *below = mem_printf("%s/a/logind.conf.d", dir);
	autofree char *file = mem_printf("%s/99-kubelet.conf", below);
	assert_int_equal(logind_write_delay(below, 30, &err), 0);
	assert_int_equal(logind_write_delay(below, 90, &err), 0); /* takes the place of what was there */
	assert_int_equal(tree_read(file, 4096, &text, &err), 0);
	assert_non_null(strstr(buf_str(&text), "\n[Login]\nInhibitDelayMaxSec=90\n"));
	assert_int_equal(logind_write_delay("/proc/nowhere", 30, &err), -1);
	assert_int_equal(tree_remove(dir, &err), 0);
}

static void never(void *arg, bool begins)
{
	fail_msg("a shutdown of nobody");
}

/* It is tried again, and again, and nobody is held up. */
static void test_no_bus(void **state)
{
	struct err err = ERR_INIT;
	struct loop *l = loop_new(NULL);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
	struct logind *x = logind_new(
		&(struct logind_config){
			.loop = l, .delay_s = 10, .conf_dir = "/nonexistent", .prepare = never},
		&err);
	assert_non_null(x);
	for (int64_t end = clock_mono_ns() + NS_PER_S / 10; clock_mono_ns() < end;)
		loop_turn(l, end);
	assert_false(logind_holds(x));
	logind_let_go(x); /* there is nothing, which is fine */
	logind_free(x);
	logind_free(NULL);
	loop_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_drop_in), cmocka_unit_test(test_no_bus)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
