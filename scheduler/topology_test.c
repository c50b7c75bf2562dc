/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "topology.h"

static void set(struct topology *t, size_t place, const char *value)
{
	autojson js *map = js_new_obj();
	js_set_str(map, "zone", value);
	autofree struct labels *l = labels_new(map);
	topology_set(t, place, l);
}

static void test_domains_come_and_go(void **state)
{
	struct topology *t = topology_new("zone");
	assert_string_equal(t->key, "zone");
	set(t, 0, "a");
	set(t, 1, "b");
	set(t, 70, "a");
	set(t, 2, NULL); /* has no such label */
	assert_int_equal(topology_domains(t), 2);
	assert_int_equal(topology_domain(t, 0), topology_domain(t, 70));
	assert_int_not_equal(topology_domain(t, 0), topology_domain(t, 1));
	assert_int_equal(topology_domain(t, 2), TOPOLOGY_NONE);
	assert_int_equal(topology_domain(t, 5000), TOPOLOGY_NONE);
	assert_int_equal(topology_nodes(t, topology_find(t, "a")), 2);
	assert_int_equal(topology_find(t, "c"), TOPOLOGY_NONE);
	uint32_t b = topology_find(t, "b");
	set(t, 1, "c"); /* b's number is free again */
	assert_int_equal(topology_find(t, "b"), TOPOLOGY_NONE);
	assert_int_equal(topology_domains(t), 2);
	assert_true(topology_size(t) <= 3);
	set(t, 3, "d");
	assert_true(topology_find(t, "d") == b || topology_find(t, "c") == b);
	topology_set(t, 3, NULL);
	set(t, 1, "c"); /* the same again */
	assert_int_equal(topology_nodes(t, topology_find(t, "c")), 1);
	topology_free(t);
}

/* A value per node, changing for ever: numbers are used again. */
static void test_numbers_stay_dense(void **state)
{
	struct topology *t = topology_new("zone");
	for (int i = 0; i < 10000; i++) {
		autofree char *value = mem_printf("v%d", i);
		set(t, (size_t)(i % 10), value);
	}
	assert_int_equal(topology_domains(t), 10);
	assert_true(topology_size(t) <= 11);
	topology_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_domains_come_and_go),
					   cmocka_unit_test(test_numbers_stay_dense)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
