/* SPDX-License-Identifier: Apache-2.0 */
/* Groups and their periods, after upstream's cases (nodeshutdown_manager_linux_test.go, validation_test.go). */
#include "base/gate.h"
#include "shutdown/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/buf.h"
#include "base/mem.h"

#define S(n) ((n)*NS_PER_S)

static void test_settings(void **state)
{
	static const struct {
		struct plan_config c;
		const char *want; /* groups, or why not */
	} rows[] = {
		{{0, 0, ""}, ""},
		{{0, 0, NULL}, ""},
		{{S(30), S(10), ""}, "0:20 2000000000:10 "},
		{{S(30), 0, NULL}, "0:30 2000000000:0 "},
		{{S(30), S(30), ""}, "0:0 2000000000:30 "},
		{{0, 0, "10000:10,100:30,0:20"}, "0:20 100:30 10000:10 "},
		{{0, 0, "-5:1"}, "-5:1 "},
		{{S(10), S(20), ""},
		 "invalid configuration: shutdownGracePeriodCriticalPods must be <= shutdownGracePeriod"},
		{{NS_PER_S / 2, 0, ""},
		 "invalid configuration: shutdownGracePeriod must be either zero or otherwise >= 1 sec"},
		{{S(1), NS_PER_S / 2, ""},
		 "invalid configuration: shutdownGracePeriodCriticalPods must be either zero or otherwise >= 1 sec"},
		{{-S(1), 0, ""},
		 "invalid configuration: shutdownGracePeriodCriticalPods must be <= shutdownGracePeriod, invalid "
		 "configuration: shutdownGracePeriod must be either zero or otherwise >= 1 sec"},
		{{S(1), 0, "0:1"},
		 "invalid configuration: Cannot specify both shutdownGracePeriodByPodPriority and "
		 "shutdownGracePeriod at the same time"},
		{{0, 0, "0"},
		 "invalid configuration: shutdownGracePeriodByPodPriority wants PRIORITY:SECONDS,…"},
		{{0, 0, "0:"},
		 "invalid configuration: shutdownGracePeriodByPodPriority wants PRIORITY:SECONDS,…"},
		{{0, 0, "0:-1"},
		 "invalid configuration: shutdownGracePeriodByPodPriority wants PRIORITY:SECONDS,…"},
		{{0, 0, "0:1x"},
		 "invalid configuration: shutdownGracePeriodByPodPriority wants PRIORITY:SECONDS,…"},
		{{0, 0, "2147483648:1"},
		 "invalid configuration: shutdownGracePeriodByPodPriority wants PRIORITY:SECONDS,…"},
		{{0, 0, "0:9223372036854775807"},
		 "invalid configuration: shutdownGracePeriodByPodPriority wants PRIORITY:SECONDS,…"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct plan p;
		struct err err = ERR_INIT;
		autobuf struct buf got = BUF_INIT;
		if (plan_make(&p, &rows[i].c, &err) < 0)
			buf_adds(&got, err.msg);
		for (size_t g = 0; err.reason == REASON_NONE && g < p.n; g++)
			buf_addf(&got, "%lld:%lld ", (long long)p.v[g].priority, (long long)p.v[g].seconds);
		if (strcmp(buf_str(&got), rows[i].want) != 0)
			fail_msg("row %zu\nwanted: %s\ngot: %s", i, rows[i].want, buf_str(&got));
	}
}

static void test_gates(void **state)
{
	struct plan p;
	struct err err = ERR_INIT;
	const struct plan_config periods = {S(30), 0, ""}, groups = {0, 0, "0:1"}, none = {0, 0, ""};

	assert_int_equal(gate_say("GracefulNodeShutdown=false", &err), 0);
	assert_int_equal(plan_make(&p, &periods, &err), -1);
	assert_string_equal(err.msg,
			    "invalid configuration: specifying shutdownGracePeriod or "
			    "shutdownGracePeriodCriticalPods requires feature gate GracefulNodeShutdown");
	assert_int_equal(plan_make(&p, &groups, &err), 0);
	assert_int_equal(p.n, 0);
	assert_int_equal(plan_make(&p, &none, &err), 0);
	gate_forget();
	assert_int_equal(gate_say("GracefulNodeShutdownBasedOnPodPriority=false", &err), 0);
	assert_int_equal(plan_make(&p, &groups, &err), -1);
	assert_string_equal(err.msg,
			    "invalid configuration: Specifying shutdownGracePeriodByPodPriority requires "
			    "feature gate GracefulNodeShutdownBasedOnPodPriority");
	assert_int_equal(plan_make(&p, &periods, &err), 0);
	assert_int_equal(p.n, 2);
	gate_forget();
}

static void test_too_many(void **state)
{
	autobuf struct buf text = BUF_INIT;
	struct plan p;
	struct err err = ERR_INIT;
	for (int i = 0; i < PLAN_GROUPS_MAX; i++)
		buf_addf(&text, "%s%d:1", i ? "," : "", i);
	assert_int_equal(plan_make(&p, &(struct plan_config){.by_priority = buf_str(&text)}, &err), 0);
	assert_int_equal(plan_total_s(&p), PLAN_GROUPS_MAX);
	buf_adds(&text, ",9999:1");
	assert_int_equal(plan_make(&p, &(struct plan_config){.by_priority = buf_str(&text)}, &err), -1);
}

static void test_groups(void **state)
{
	static const struct {
		const char *groups;
		int64_t priority;
		size_t want;
	} rows[] = {
		{"0:1", -1, 0},
		{"0:1", 0, 0},
		{"0:1", 5, 0},
		{"0:1,100:2", -7, 0},
		{"0:1,100:2", 0, 0},
		{"0:1,100:2", 99, 0},
		{"0:1,100:2", 100, 1},
		{"0:1,100:2", 2147483647, 1},
		{"-10:1,0:2,10:3", -11, 0},
		{"-10:1,0:2,10:3", -1, 0},
		{"-10:1,0:2,10:3", 9, 1},
		{"-10:1,0:2,10:3", 10, 2},
		{"5:1,5:2,7:3", 5, 0},
		{"5:1,5:2,7:3", 6, 1},
		{"5:1,5:2,7:3", 4, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct plan p;
		struct err err = ERR_INIT;
		assert_int_equal(plan_make(&p, &(struct plan_config){.by_priority = rows[i].groups}, &err),
				 0);
		if (plan_find(&p, rows[i].priority) != rows[i].want)
			fail_msg("%s: %lld is of group %zu", rows[i].groups, (long long)rows[i].priority,
				 plan_find(&p, rows[i].priority));
	}
}

static void test_grace(void **state)
{
	const struct plan_group g = {0, 10};
	assert_int_equal(plan_grace_s(&g, 30), 10);
	assert_int_equal(plan_grace_s(&g, 10), 10);
	assert_int_equal(plan_grace_s(&g, 3), 3);
	assert_int_equal(plan_grace_s(&g, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings), cmocka_unit_test(test_gates),
		cmocka_unit_test(test_too_many), cmocka_unit_test(test_groups),
		cmocka_unit_test(test_grace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
