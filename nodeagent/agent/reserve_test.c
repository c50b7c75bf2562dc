/* SPDX-License-Identifier: Apache-2.0 */
/* After upstream's cases (pkg/kubelet/cm/node_container_manager_linux_test.go). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "agent/reserve.h"

#define GI (INT64_C(1) << 30)

static void test_parse(void **state)
{
	static const struct {
		const char *text, *error;
		struct reserve want;
	} rows[] = {
		{"", NULL, {0, 0, 0, 0}},
		{"cpu=100m,memory=1Gi,ephemeral-storage=2Gi,pid=1000", NULL, {100, GI, 2 * GI, 1000}},
		{"cpu=1", NULL, {1000, 0, 0, 0}},
		{"gpu=1", "--kube-reserved: cannot reserve \"gpu\" resource", {0, 0, 0, 0}},
		{"cpu=-1", "resource quantity for \"cpu\" cannot be negative: -1", {0, 0, 0, 0}},
		{"cpu", "is no NAME=QUANTITY", {0, 0, 0, 0}},
		{"memory=lots", "--kube-reserved: ", {0, 0, 0, 0}},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct reserve r = {0};
		int rc = reserve_add(rows[i].text, "kube-reserved", &r, &err);
		if (rows[i].error ? rc == 0 || !strstr(err.msg, rows[i].error)
				  : rc < 0 || memcmp(&r, &rows[i].want, sizeof(r)) != 0)
			fail_msg("%s: %s", rows[i].text, err.msg);
	}
}

static void test_allocatable(void **state)
{
	const struct node_facts f = {
		.cpu_milli = 10000, .memory = 10 * GI, .storage = 100 * GI, .huge_bytes = GI, .pids = 4096};
	struct err err = ERR_INIT;
	struct reserve r = {0};
	struct thresholds t;
	const struct threshold_config c = {.hard = "memory.available<100Mi,nodefs.available<10%"};
	assert_int_equal(threshold_parse(&c, &t, &err), 0);
	assert_int_equal(reserve_add("cpu=50m,memory=1Gi,pid=96", "system-reserved", &r, &err), 0);
	assert_int_equal(reserve_add("cpu=100m,memory=2Gi,ephemeral-storage=1Gi", "kube-reserved", &r, &err),
			 0);
	struct reserve bound = reserve_bound(&f, &r), a = reserve_allocatable(&f, &r, &t);
	assert_int_equal(bound.cpu_milli, 9850);
	assert_int_equal(bound.memory, 7 * GI); /* what evictions keep free is not taken from the cgroup */
	assert_int_equal(bound.pids, 4000);
	assert_int_equal(a.cpu_milli, 9850);
	assert_int_equal(a.memory, 6 * GI - (100 << 20));
	assert_int_equal(a.storage, 89 * GI);
	/* more than there is */
	assert_int_equal(
		reserve_add("cpu=99,memory=99Gi,ephemeral-storage=1Ti,pid=10k", "kube-reserved", &r, &err),
		0);
	a = reserve_allocatable(&f, &r, &t);
	assert_int_equal(a.cpu_milli + a.memory + a.storage + a.pids, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse), cmocka_unit_test(test_allocatable)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
