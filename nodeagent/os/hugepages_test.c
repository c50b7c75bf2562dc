/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/hugepages.h"
#include "os/tree.h"

static void put(const char *dir, const char *name, const char *count)
{
	struct err err = ERR_INIT;
	autofree char *of = mem_printf("%s/%s", dir, name), *file = mem_printf("%s/nr_hugepages", of);
	assert_int_equal(tree_mkdirs(of, 0755, &err), 0);
	if (count)
		assert_int_equal(tree_write(file, count, strlen(count), 0644, TREE_VOLATILE, &err), 0);
}

static void test_sizes(void **state)
{
	char dir[] = "/tmp/hugepages_test.XXXXXX";
	struct err err = ERR_INIT;
	struct hugepages h;
	assert_non_null(mkdtemp(dir));
	hugepages_read(dir, &h);
	assert_int_equal(h.n, 0);
	put(dir, "hugepages-1048576kB", "3\n");
	put(dir, "hugepages-64kB", "0\n");
	put(dir, "hugepages-2048kB", "512\n");
	put(dir, "hugepages-32768kB", NULL);
	put(dir, "hugepages-2048", "1\n");
	put(dir, "hugepages-2048kBx", "1\n");
	put(dir, "hugepages--1kB", "1\n");
	hugepages_read(dir, &h);
	assert_int_equal(h.n, 3);
	assert_int_equal(h.v[0].size, 64 << 10);
	assert_int_equal(h.v[0].count, 0);
	assert_int_equal(h.v[1].size, 2 << 20);
	assert_int_equal(h.v[1].count, 512);
	assert_int_equal(h.v[2].size, 1 << 30);
	assert_int_equal(h.v[2].count, 3);
	assert_int_equal(tree_remove(dir, &err), 0);
	hugepages_read(dir, &h);
	assert_int_equal(h.n, 0);
}

static void test_units(void **state)
{
	static const struct {
		int64_t size;
		const char *unit;
	} rows[] = {{64 << 10, "64KB"},
		    {2 << 20, "2MB"},
		    {32 << 20, "32MB"},
		    {1 << 30, "1GB"},
		    {INT64_C(16) << 30, "16GB"},
		    {INT64_C(1) << 41, "2048GB"},
		    {1000, "1000B"},
		    {0, "0B"}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char unit[HUGEPAGES_UNIT_MAX];
		hugepages_unit(rows[i].size, unit);
		assert_string_equal(unit, rows[i].unit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sizes), cmocka_unit_test(test_units)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
