/* SPDX-License-Identifier: Apache-2.0 */
/* A node on a loop with the fake runtime, whose /proc is the test's: what is short, is told and done about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agent/evict.h"
#include "os/tree.h"
#include "runtime/fake.h"

struct scene {
	struct loop *loop;
	struct fake_world *world;
	struct node node;
	struct thresholds thresholds;
	struct evict *evict;
	char dir[32], *images;
};

static void nothing(void *arg, const char *id)
{
}

static void put(struct scene *s, const char *name, const char *text)
{
	struct err err = ERR_INIT;
	autofree char *path = mem_printf("%s/%s", s->dir, name);
	assert_int_equal(tree_write(path, text, strlen(text), 0600, TREE_VOLATILE, &err), 0);
}

#define MEMINFO(total, idle)                                                                                 \
	"MemTotal:       " total " kB\nMemFree:          " idle " kB\nInactive(file):    24 kB\n"

static void start(struct scene *s, const char *hard)
{
	struct err err = ERR_INIT;
	const struct threshold_config c = {.hard = hard};
	static const struct image_gc_policy policy = {.high_percent = 100};
	*s = (struct scene){.dir = "/tmp/evict-XXXXXX"};
	assert_non_null(mkdtemp(s->dir));
	assert_int_equal(threshold_parse(&c, &s->thresholds, &err), 0);
	s->loop = loop_new(&(struct loop_config){worker_lanes, LANES, true});
	s->world = fake_world_new(s->loop);
	s->node.name = (char *)"n1";
	s->node.host = (struct pod_host){.loop = s->loop, .root = s->dir, .node = {.name = "n1"}};
	s->node.host.rt = fake_new(s->world, "10.100.0.0/24", nothing, NULL, &err);
	put(s, "meminfo", MEMINFO("1000", "500"));
	put(s, "loadavg", "0.00 0.00 0.00 1/100 77\n");
	s->evict = evict_new(&(struct evict_config){.node = &s->node,
						    .thresholds = &s->thresholds,
						    .transition_ns = 60 * NS_PER_S,
						    .pods_memory = 1 << 20,
						    .pids = 1000,
						    .proc = s->dir,
						    .image_policy = &policy});
	evict_start(s->evict);
}

static void later(struct scene *s, int64_t ns)
{
	clock_advance(ns);
	loop_wake(s->loop); /* the timers go by another clock now */
	loop_turn(s->loop, clock_mono_ns());
	loop_turn(s->loop, clock_mono_ns());
}

static const bool *on(struct scene *s)
{
	return s->node.host.node.pressure;
}

static void stop(struct scene *s)
{
	struct err err = ERR_INIT;
	evict_stop(s->evict);
	s->node.host.rt->ops->free(s->node.host.rt);
	fake_world_free(s->world);
	loop_free(s->loop);
	assert_int_equal(tree_remove(s->dir, &err), 0);
	clock_real();
}

static void test_conditions(void **state)
{
	struct scene s;
	clock_fake(INT64_C(1700000000) * NS_PER_S);
	start(&s, "memory.available<100Ki,pid.available<100");
	assert_false(on(&s)[PRESSURE_ON_MEMORY] || on(&s)[PRESSURE_ON_DISK] || on(&s)[PRESSURE_ON_PID]);
	/* 75 KiB free and 24 that nobody has touched lately */
	put(&s, "meminfo", MEMINFO("1000", "75"));
	later(&s, 9 * NS_PER_S);
	assert_false(on(&s)[PRESSURE_ON_MEMORY]); /* nobody has looked */
	later(&s, NS_PER_S);
	assert_true(on(&s)[PRESSURE_ON_MEMORY]);
	/* from now on every second; the condition stays for a minute */
	put(&s, "meminfo", MEMINFO("1000", "76"));
	put(&s, "loadavg", "0.00 0.00 0.00 1/901 77\n");
	later(&s, NS_PER_S);
	assert_true(on(&s)[PRESSURE_ON_MEMORY] && on(&s)[PRESSURE_ON_PID]);
	put(&s, "loadavg", "0.00 0.00 0.00 1/100 77\n");
	for (int i = 0; i < 58; i++)
		later(&s, NS_PER_S);
	assert_true(on(&s)[PRESSURE_ON_MEMORY] && on(&s)[PRESSURE_ON_PID]);
	later(&s, NS_PER_S);
	assert_false(on(&s)[PRESSURE_ON_MEMORY]);
	later(&s, NS_PER_S);
	assert_false(on(&s)[PRESSURE_ON_PID]);
	stop(&s);
}

static void test_disk(void **state)
{
	struct scene s;
	clock_fake(INT64_C(1700000000) * NS_PER_S);
	start(&s, "nodefs.available<99.9%");
	assert_true(on(&s)[PRESSURE_ON_DISK]); /* no file system is that empty */
	later(&s, 0);			       /* what removes images comes back */
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_conditions), cmocka_unit_test(test_disk)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
