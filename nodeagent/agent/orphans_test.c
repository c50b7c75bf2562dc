/* SPDX-License-Identifier: Apache-2.0 */
/* What is removed of earlier Pods, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/orphans.h"
#include "os/tree.h"

static char root[] = "/tmp/orphans_test.XXXXXX";
static const char *removed; /* a sandbox */

static int setup(void **state)
{
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
	struct err err = ERR_INIT;
	return tree_remove(root, &err);
}

static void make(const char *dir)
{
	struct err err = ERR_INIT;
	autofree char *path = mem_printf("%s/%s", root, dir);
	assert_int_equal(tree_mkdirs(path, 0755, &err), 0);
}

static bool there(const char *dir)
{
	autofree char *path = mem_printf("%s/%s", root, dir);
	return access(path, F_OK) == 0;
}

/* While this takes its time a Pod arrives. */
static int sandbox_remove(struct runtime *rt, const char *id, struct err *err)
{
	removed = id;
	make("pods/new");
	make("logs/ns_p_new");
	return 0;
}

static void test_who_comes_meanwhile(void **state)
{
	const struct runtime_ops ops = {.sandbox_remove = sandbox_remove};
	struct runtime rt = {.ops = &ops};
	struct runtime_list_sandbox sandboxes[] = {{.pod_uid = (char *)"old", .s.id = "0ld"},
						   {.pod_uid = (char *)"alive", .s.id = "al1ve"}};
	struct runtime_list found = {.sandboxes = sandboxes, .n_sandboxes = ARRAY_LEN(sandboxes)};
	struct node n = {.host = {.loop = loop_new(&(struct loop_config){worker_lanes, LANES, true}),
				  .rt = &rt,
				  .root = root},
			 .found = &found};
	struct loop_stats stats;
	map_set(&n.host.workers, "alive", &n);
	make("pods/old");
	make("pods/alive");
	make("logs/ns_p_old");
	make("logs/ns_p_alive");
	orphans_remove(&n);
	do { /* its done */
		loop_turn(n.host.loop, clock_mono_ns() + NS_PER_S);
		loop_stats(n.host.loop, &stats);
	} while (!stats.jobs);
	assert_false(there("pods/old"));
	assert_false(there("logs/ns_p_old"));
	assert_true(there("pods/alive"));
	assert_true(there("logs/ns_p_alive"));
	assert_true(there("pods/new"));
	assert_true(there("logs/ns_p_new"));
	assert_non_null(removed);
	map_release(&n.host.workers);
	loop_free(n.host.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_who_comes_meanwhile)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
