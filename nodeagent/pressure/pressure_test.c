/* SPDX-License-Identifier: Apache-2.0 */
/* After upstream's cases (pkg/kubelet/eviction/{helpers,eviction_manager}_test.go). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "pressure/pressure.h"

#define S NS_PER_S

static struct thresholds thresholds(struct threshold_config c)
{
	struct err err = ERR_INIT;
	struct thresholds t;
	if (threshold_parse(&c, &t, &err) < 0)
		fail_msg("%s", err.msg);
	return t;
}

/* One look: what is available of one signal, and what must come of it. */
struct step {
	int64_t at_s;
	enum pressure_signal signal;
	int64_t available; /* of 1000 */
	int starved;	   /* signal; -1 = none */
	const char *on;	   /* "m", "d", "p" */
};

static void play(const struct thresholds *t, int64_t transition_s, const struct step *v, size_t n)
{
	struct pressure p = {.thresholds = t, .transition_ns = transition_s * S};
	struct pressure_observation seen[PRESSURE_SIGNALS] = {{false, 0, 0}};
	for (size_t i = 0; i < n; i++) {
		seen[v[i].signal] = (struct pressure_observation){true, v[i].available, 1000};
		const struct threshold *starved = pressure_observe(&p, seen, v[i].at_s * S);
		char on[4] = "";
		snprintf(on, sizeof(on), "%s%s%s", p.on[PRESSURE_ON_MEMORY] ? "m" : "",
			 p.on[PRESSURE_ON_DISK] ? "d" : "", p.on[PRESSURE_ON_PID] ? "p" : "");
		int got = starved ? (int)starved->signal : -1;
		if (got != v[i].starved || strcmp(on, v[i].on) != 0)
			fail_msg("step %zu at %llds: starved %d, conditions \"%s\"", i, (long long)v[i].at_s,
				 got, on);
	}
}

static void test_hard(void **state)
{
	const struct thresholds t =
		thresholds((struct threshold_config){.hard = "memory.available<100,nodefs.available<10%"});
	const struct step steps[] = {
		{0, PRESSURE_MEMORY, 100, -1, ""}, /* not less */
		{1, PRESSURE_MEMORY, 99, PRESSURE_MEMORY, "m"},
		{2, PRESSURE_MEMORY, 500, -1, "m"}, /* for the transition period */
		{300, PRESSURE_MEMORY, 500, -1, "m"},
		{301, PRESSURE_MEMORY, 500, -1, ""},
		{302, PRESSURE_NODEFS, 99, PRESSURE_NODEFS, "d"},
		{303, PRESSURE_MEMORY, 1, PRESSURE_MEMORY, "md"}, /* memory first */
		{304, PRESSURE_PID, 0, PRESSURE_MEMORY, "md"},	  /* of pids there is no threshold */
	};
	play(&t, 300, steps, ARRAY_LEN(steps));
}

static void test_soft(void **state)
{
	const struct thresholds t = thresholds((struct threshold_config){.hard = "pid.available<10",
									 .soft = "memory.available<200",
									 .grace = "memory.available=120s"});
	const struct step steps[] = {
		{0, PRESSURE_MEMORY, 150, -1, "m"},
		{119, PRESSURE_MEMORY, 150, -1, "m"},
		{120, PRESSURE_MEMORY, 150, PRESSURE_MEMORY, "m"},
		{121, PRESSURE_MEMORY, 200, -1, "m"}, /* over */
		{122, PRESSURE_MEMORY, 199, -1, "m"}, /* and it begins anew */
		{241, PRESSURE_MEMORY, 199, -1, "m"},
		{242, PRESSURE_MEMORY, 199, PRESSURE_MEMORY, "m"},
		{243, PRESSURE_PID, 9, PRESSURE_MEMORY, "mp"},
		{244, PRESSURE_MEMORY, 999, PRESSURE_PID, "mp"},
	};
	play(&t, 60, steps, ARRAY_LEN(steps));
}

static void test_minimum_reclaim(void **state)
{
	const struct thresholds t = thresholds(
		(struct threshold_config){.hard = "memory.available<100", .reclaim = "memory.available=50"});
	const struct step steps[] = {
		{0, PRESSURE_MEMORY, 149, -1, ""}, /* no pressure yet */
		{1, PRESSURE_MEMORY, 99, PRESSURE_MEMORY, "m"},
		{2, PRESSURE_MEMORY, 149, PRESSURE_MEMORY, "m"},
		{3, PRESSURE_MEMORY, 150, -1, "m"},
		{4, PRESSURE_MEMORY, 149, -1, "m"},
	};
	play(&t, 300, steps, ARRAY_LEN(steps));
	struct pressure p = {.thresholds = &t};
	struct pressure_observation seen[PRESSURE_SIGNALS] = {[PRESSURE_MEMORY] = {true, 149, 1000}};
	assert_false(pressure_relieved(&p, seen));
	seen[PRESSURE_MEMORY].available = 150;
	assert_true(pressure_relieved(&p, seen));
}

static void test_when_to_look_again(void **state)
{
	const struct thresholds t = thresholds((struct threshold_config){.hard = "pid.available<10",
									 .soft = "memory.available<200",
									 .grace = "memory.available=120s"});
	struct pressure p = {.thresholds = &t, .transition_ns = 300 * S};
	struct pressure_observation seen[PRESSURE_SIGNALS] = {[PRESSURE_MEMORY] = {true, 500, 1000}};
	(void)pressure_observe(&p, seen, 5 * S);
	assert_int_equal(pressure_next_ns(&p, 5 * S), CLOCK_NEVER);
	seen[PRESSURE_MEMORY].available = 100;
	(void)pressure_observe(&p, seen, 10 * S);
	assert_int_equal(pressure_next_ns(&p, 10 * S), 130 * S);
	seen[PRESSURE_MEMORY].available = 500;
	(void)pressure_observe(&p, seen, 20 * S);
	assert_int_equal(pressure_next_ns(&p, 20 * S), 310 * S);
}

static void order(struct pressure_pod *v, size_t n, enum pressure_signal s, const char *want)
{
	char got[16] = "";
	pressure_rank(v, n, s);
	for (size_t i = 0; i < n; i++)
		got[i] = *(const char *)v[i].ref;
	assert_string_equal(got, want);
}

static void test_ranking(void **state)
{
	struct pressure_pod memory[] = {
		{.ref = "a", .known = true, .priority = 0, .memory = 100, .memory_request = 200},
		{.ref = "b", .known = true, .priority = 0, .memory = 300, .memory_request = 200},
		{.ref = "c", .known = true, .priority = 10, .memory = 900, .memory_request = 200},
		{.ref = "d", .known = true, .priority = 0, .memory = 500, .memory_request = 0},
		{.ref = "e", .known = true, .priority = -5, .memory = 1, .memory_request = 200},
		{.ref = "f", .known = false, .priority = 100},
	};
	order(memory, 6, PRESSURE_MEMORY, "fdbcea");
	order(memory, 6, PRESSURE_ALLOCATABLE_MEMORY, "fdbcea");
	struct pressure_pod disk[] = {
		{.ref = "a", .known = true, .disk = 10, .disk_request = 20, .inodes = 1},
		{.ref = "b", .known = true, .disk = 90, .disk_request = 20, .inodes = 3},
		{.ref = "c", .known = true, .disk = 80, .disk_request = 0, .inodes = 2},
		{.ref = "d", .known = true, .disk = 99, .disk_request = 0, .inodes = 0, .priority = 1},
	};
	order(disk, 4, PRESSURE_NODEFS, "cbda");
	order(disk, 4, PRESSURE_IMAGEFS_INODES, "bcad");
	struct pressure_pod pids[] = {
		{.ref = "a", .known = true, .pids = 5},
		{.ref = "b", .known = true, .pids = 50, .priority = 7},
		{.ref = "c", .known = true, .pids = 9},
		{.ref = "d", .known = true, .pids = 1, .priority = -1},
	};
	order(pids, 4, PRESSURE_PID, "dcab");
}

static void test_message(void **state)
{
	const struct pressure_container c[] = {{"one", false, 3 << 20, 1 << 20, 2048, 4096},
					       {"two", false, 0, 0, 9 << 10, 0},
					       {"debugger", true, 9 << 20, 0, 9 << 20, 0}};
	const struct pressure_pod p = {.known = true, .containers = c, .n = 3};
	const struct thresholds t =
		thresholds((struct threshold_config){.hard = "memory.available<100Mi,pid.available<10"});
	autobuf struct buf b = BUF_INIT;
	pressure_message(&b, &p, &t.v[0], &(struct pressure_observation){true, 99 << 20, 1 << 30});
	assert_string_equal(
		buf_str(&b),
		"The node was low on resource: memory. Threshold quantity: 100Mi, available: 99Mi. "
		"Container one was using 3Mi, request is 1Mi, has larger consumption of memory. ");
	buf_clear(&b);
	pressure_message(&b, &p, &t.v[1], &(struct pressure_observation){true, 9, 1000});
	assert_string_equal(buf_str(&b),
			    "The node was low on resource: pids. Threshold quantity: 10, available: 9. ");
	buf_clear(&b);
	const struct thresholds d = thresholds((struct threshold_config){.hard = "nodefs.available<10%"});
	pressure_message(&b, &p, &d.v[0], &(struct pressure_observation){true, 1 << 10, 100 << 10});
	assert_string_equal(
		buf_str(&b),
		"The node was low on resource: ephemeral-storage. Threshold quantity: 10Ki, available: 1Ki. "
		"Container two was using 9Ki, request is 0, has larger consumption of ephemeral-storage. ");
}

static void test_annotations(void **state)
{
	const struct pressure_container c[] = {{"one", false, 3 << 20, 1 << 20, 2048, 4096},
					       {"two", false, 5 << 20, 0, 9 << 10, 0},
					       {"debugger", true, 9 << 20, 0, 9 << 20, 0}};
	const struct pressure_pod p = {.known = true, .containers = c, .n = 3};
	static const struct {
		enum pressure_signal starved;
		const char *names, *amounts, *resource;
	} rows[] = {
		{PRESSURE_MEMORY, "one,two", "3Mi,5Mi", "memory"},
		{PRESSURE_NODEFS, "two", "9Ki", "ephemeral-storage"},
		{PRESSURE_IMAGEFS_INODES, "", "", "inodes"},
		{PRESSURE_PID, "", "", "pids"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf b = BUF_INIT;
		autofree char *want =
			mem_printf("{\"offending_containers\":\"%s\",\"offending_containers_usage\":\"%s\","
				   "\"starved_resource\":\"%s\"}",
				   rows[i].names, rows[i].amounts, rows[i].resource);
		pressure_annotations(&b, &p, rows[i].starved);
		assert_string_equal(buf_str(&b), want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hard),
		cmocka_unit_test(test_soft),
		cmocka_unit_test(test_minimum_reclaim),
		cmocka_unit_test(test_when_to_look_again),
		cmocka_unit_test(test_ranking),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_annotations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
