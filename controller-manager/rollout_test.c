/* SPDX-License-Identifier: Apache-2.0 */
/* Deployment arithmetic as tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "rollout.h"

static struct cm_deployment deployment(int32_t replicas, const char *surge, const char *unavailable)
{
	return (struct cm_deployment){
		.replicas = replicas, .max_surge = (char *)surge, .max_unavailable = (char *)unavailable};
}

static void test_bounds(void **state)
{
	static const struct {
		int32_t replicas;
		const char *surge, *unavailable;
		int32_t want_surge, want_unavailable;
	} cases[] = {
		{10, "\"25%\"", "\"25%\"", 3, 2}, /* up, down */
		{1, "\"25%\"", "\"25%\"", 1, 0},
		{3, "0", "\"10%\"", 0, 1}, /* both 0: unavailable 1 */
		{4, "2", "1", 2, 1},
		{2, "1", "5", 1, 2}, /* never more than there are */
		{0, "1", "1", 0, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cm_deployment d = deployment(cases[i].replicas, cases[i].surge, cases[i].unavailable);
		struct rollout_bounds b = rollout_bounds(&d);
		assert_int_equal(b.surge, cases[i].want_surge);
		assert_int_equal(b.unavailable, cases[i].want_unavailable);
	}
}

static void test_new_replicas_fill_the_surge(void **state)
{
	struct cm_deployment d = deployment(10, "3", "0");
	assert_int_equal(rollout_new_replicas(&d, 10, 0), 3);
	assert_int_equal(rollout_new_replicas(&d, 13, 3), 3);
	assert_int_equal(rollout_new_replicas(&d, 8, 5), 10); /* never beyond the Deployment's size */
	d.recreate = true;
	assert_int_equal(rollout_new_replicas(&d, 10, 0), 10);
}

static void test_proportional_shares(void **state)
{
	static const struct {
		int32_t replicas, size[3], want[3];
	} cases[] = {
		/* 10 -> 15 with sizes 5, 3, 2 (all at max 10): shares 3, 2, 1 shrink to what is allowed */
		{15, {5, 3, 2}, {8, 5, 2}},
		{20, {5, 3, 2}, {10, 6, 4}},
		{5, {5, 3, 2}, {2, 2, 1}},
		{0, {5, 3, 2}, {0, 0, 0}},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cm_deployment d = deployment(cases[i].replicas, "0", "1");
		struct rollout_set sets[3] = {0};
		int32_t sum = 0;
		for (size_t k = 0; k < 3; k++) {
			sets[k].replicas = cases[i].size[k];
			sets[k].max_replicas = 10;
		}
		rollout_proportional(&d, sets, 3, cases[i].replicas);
		for (size_t k = 0; k < 3; k++)
			sum += sets[k].target;
		assert_int_equal(sum, cases[i].replicas);
		for (size_t k = 0; k < 3; k++)
			if (sets[k].target != cases[i].want[k])
				fail_msg("case %zu set %zu: %d, wanted %d", i, k, sets[k].target,
					 cases[i].want[k]);
	}
}

static void test_scale_down_old_keeps_availability(void **state)
{
	static const struct {
		const char *what;
		int32_t old_replicas, old_available, new_replicas, new_available, want;
	} cases[] = {
		{"nothing of the new is available yet: only unavailable allowance goes", 10, 10, 3, 0, 8},
		{"three new ones came up: as many old ones go", 8, 8, 5, 3, 5},
		{"broken old Pods cost no availability and go first", 10, 6, 3, 3, 5},
		{"new ones do not come up: the old ones stay", 8, 8, 5, 0, 8},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cm_deployment d = deployment(10, "3", "2");
		struct cm_replicaset old_rs = {.status = {.available = cases[i].old_available}};
		struct cm_replicaset new_rs = {.status = {.available = cases[i].new_available}};
		struct rollout_set old = {.rs = &old_rs, .replicas = cases[i].old_replicas};
		struct rollout_set new = {.rs = &new_rs, .replicas = cases[i].new_replicas};
		rollout_scale_down_old(&d, &old, 1, &new, cases[i].old_available + cases[i].new_available,
				       cases[i].old_replicas + cases[i].new_replicas);
		if (old.target != cases[i].want)
			fail_msg("%s: %d, wanted %d", cases[i].what, old.target, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_new_replicas_fill_the_surge),
		cmocka_unit_test(test_proportional_shares),
		cmocka_unit_test(test_scale_down_old_keeps_availability),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
