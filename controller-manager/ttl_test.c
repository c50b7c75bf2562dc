/* SPDX-License-Identifier: Apache-2.0 */
/* The annotation that tells nodes how long to believe what they have read. */
#include "controllers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "rig/rig.h"

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&ttl_controller, NULL);
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	return 0;
}

static void make_nodes(int from, int to)
{
	for (int i = from; i <= to; i++)
		rig_create(r, "{kind: Node, metadata: {name: node%d}}", i);
}

static void expect(const char *node, const char *seconds)
{
	rig_expect(r, node, "metadata: {annotations: {node.alpha.kubernetes.io/ttl: '%s'}}", seconds);
}

static void test_few(void **state)
{
	make_nodes(1, 1);
	rig_run(r);
	expect("Node/node1", "0");
	rig_forget(r);
	rig_run(r);
	assert_int_equal(rig_calls(r, RIG_WRITES), 0);
	rig_patch(r, "Node/node1", NULL, "metadata: {annotations: {node.alpha.kubernetes.io/ttl: soon}}");
	rig_run(r);
	expect("Node/node1", "0");
}

/* From 101 on it is more, and down to 90 it stays so. */
static void test_steps_overlap(void **state)
{
	make_nodes(1, 101);
	rig_run(r);
	expect("Node/node101", "15");
	for (int i = 1; i <= 11; i++) {
		autofree char *node = mem_printf("Node/node%d", i);

		rig_delete(r, node, "");
	}
	make_nodes(1, 1);
	rig_delete(r, "Node/node1", "");
	rig_settle(r);
	rig_patch(r, "Node/node50", NULL, "metadata: {labels: {a: b}}");
	rig_run(r);
	expect("Node/node50", "15");
	rig_delete(r, "Node/node101", "");
	rig_settle(r);
	rig_patch(r, "Node/node50", NULL, "metadata: {labels: {a: c}}");
	rig_run(r);
	expect("Node/node50", "0");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_few),
		TEST(test_steps_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
