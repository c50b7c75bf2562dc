/* SPDX-License-Identifier: Apache-2.0 */
/* What is read out of which file, on directories that only look like cgroups of v1 and of v2. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "os/tree.h"
#include "runtime/oci_internal.h"

static char root[] = "/tmp/oci_stats_test.XXXXXX";

static int setup(void **state)
{
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
	struct err err = ERR_INIT;
	return tree_remove(root, &err);
}

static void put(const char *path, const char *text)
{
	struct err err = ERR_INIT;
	autofree char *p = mem_printf("%s/%s", root, path), *dir = mem_strdup(p);
	*strrchr(dir, '/') = '\0';
	assert_int_equal(tree_mkdirs(dir, 0755, &err), 0);
	assert_int_equal(tree_write(p, text, strlen(text), 0644, TREE_VOLATILE, &err), 0);
}

static struct oci_cgroups *open_with(const char *lines)
{
	struct err err = ERR_INIT;
	autofree char *p = mem_printf("%s/mountinfo", root);
	put("mountinfo", lines);
	struct oci_cgroups *g = oci_cgroups_open(p, "", &err);
	assert_non_null(g);
	return g;
}

struct file {
	const char *path, *text;
};

static void expect(const struct runtime_stats *s, const int64_t want[RUNTIME_FIGURES])
{
	for (size_t i = 0; i < RUNTIME_FIGURES; i++)
		if (s->v[i] != want[i])
			fail_msg("figure %zu is %lld, not %lld", i, (long long)s->v[i], (long long)want[i]);
}

static void test_unified(void **state)
{
	static const struct file files[] = {
		{"cpu.stat",
		 "usage_usec 5000000\nuser_usec 3000000\nsystem_usec 2000000\nnr_periods 10\nnr_throttled 4\nthrottled_usec 7\n"},
		{"cpu.weight", "39\n"},
		{"cpu.max", "20000 100000\n"},
		{"memory.current", "1000\n"},
		{"memory.peak", "2000\n"},
		{"memory.max", "max\n"},
		{"memory.swap.current", "30\n"},
		{"memory.swap.max", "40\n"},
		{"memory.stat",
		 "anon 600\nfile 300\nfile_mapped 50\ninactive_anon 1\ninactive_file 200\npgfault 11\npgmajfault 2\n"},
		{"memory.events", "low 0\nhigh 0\nmax 3\noom 0\n"},
		{"pids.current", "8\n"},
		{"pids.max", "max\n"},
		{"io.stat",
		 "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n253:1 rbytes=5 wbytes=6 rios=7 wios=8\n"},
		{"cpu.pressure",
		 "some avg10=1.50 avg60=0.25 avg300=0.00 total=42\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"},
	};
	static const int64_t want[RUNTIME_FIGURES] = {
		[RUNTIME_CPU] = 5 * NS_PER_S,
		[RUNTIME_CPU_USER] = 3 * NS_PER_S,
		[RUNTIME_CPU_SYSTEM] = 2 * NS_PER_S,
		[RUNTIME_CPU_PERIODS] = 10,
		[RUNTIME_CPU_THROTTLED_PERIODS] = 4,
		[RUNTIME_CPU_THROTTLED] = 7 * NS_PER_US,
		[RUNTIME_CPU_SHARES] = 2 + 38 * 262142 / 9999,
		[RUNTIME_CPU_QUOTA] = 20000,
		[RUNTIME_CPU_PERIOD] = 100000,
		[RUNTIME_MEMORY] = 1000,
		[RUNTIME_MEMORY_MOST] = 2000,
		[RUNTIME_MEMORY_IDLE_FILES] = 200,
		[RUNTIME_MEMORY_RSS] = 600,
		[RUNTIME_MEMORY_CACHE] = 300,
		[RUNTIME_MEMORY_MAPPED] = 50,
		[RUNTIME_MEMORY_SWAP] = 30,
		[RUNTIME_MEMORY_LIMIT] = RUNTIME_UNLIMITED,
		[RUNTIME_MEMORY_SWAP_LIMIT] = 40,
		[RUNTIME_MEMORY_FAILURES] = 3,
		[RUNTIME_PAGE_FAULTS] = 11,
		[RUNTIME_MAJOR_PAGE_FAULTS] = 2,
		[RUNTIME_PIDS] = 8,
		[RUNTIME_PIDS_LIMIT] = RUNTIME_UNLIMITED,
	};
	struct err err = ERR_INIT;
	struct runtime_stats s;
	autofree char *lines = mem_printf("31 23 0:2 / %s/v2 rw shared:4 - cgroup2 cgroup2 rw\n", root);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		autofree char *path = mem_printf("v2/p/%s", files[i].path);
		put(path, files[i].text);
	}
	struct oci_cgroups *g = open_with(lines);
	assert_int_equal(oci_stats_read(g, "/p", &s, &err), 0);
	expect(&s, want);
	assert_int_equal(s.n_io, 2);
	assert_true(s.io[1].major == 253 && s.io[1].minor == 1 && s.io[1].read_bytes == 5 &&
		    s.io[1].written_bytes == 6 && s.io[1].reads == 7 && s.io[1].writes == 8);
	assert_true(s.waits[RUNTIME_ON_CPU].known && !s.waits[RUNTIME_ON_MEMORY].known);
	assert_true(fabs(s.waits[RUNTIME_ON_CPU].some.average[0] - 1.5) < 1e-9);
	assert_int_equal(s.waits[RUNTIME_ON_CPU].some.total_ns, 42 * NS_PER_US);
	assert_int_equal(s.waits[RUNTIME_ON_CPU].full.total_ns, 7 * NS_PER_US);
	assert_int_equal(oci_stats_read(g, "/gone", &s, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	oci_cgroups_free(g);
}

static void test_v1(void **state)
{
	static const struct file files[] = {
		{"cpu/p/cpuacct.usage", "5000000000\n"},
		{"cpu/p/cpuacct.stat", "user 300\nsystem 200\n"},
		{"cpu/p/cpu.stat", "nr_periods 10\nnr_throttled 4\nthrottled_time 7000\n"},
		{"cpu/p/cpu.shares", "1024\n"},
		{"cpu/p/cpu.cfs_quota_us", "-1\n"},
		{"cpu/p/cpu.cfs_period_us", "100000\n"},
		{"memory/p/memory.usage_in_bytes", "1000\n"},
		{"memory/p/memory.max_usage_in_bytes", "2000\n"},
		{"memory/p/memory.limit_in_bytes", "9223372036854771712\n"},
		{"memory/p/memory.memsw.limit_in_bytes", "9223372036854771712\n"},
		{"memory/p/memory.failcnt", "3\n"},
		{"memory/p/memory.stat",
		 "cache 1\nrss 1\ntotal_cache 300\ntotal_rss 600\ntotal_mapped_file 50\ntotal_swap 30\ntotal_pgfault 11\ntotal_pgmajfault 2\ntotal_inactive_file 200\n"},
		{"blkio/p/blkio.throttle.io_service_bytes_recursive",
		 "8:0 Read 1\n8:0 Write 2\n8:0 Total 3\nTotal 3\n"},
		{"blkio/p/blkio.throttle.io_serviced_recursive", "8:0 Read 3\n8:0 Write 4\nTotal 7\n"},
	};
	static const int64_t want[RUNTIME_FIGURES] = {
		[RUNTIME_CPU] = 5 * NS_PER_S,
		[RUNTIME_CPU_USER] = 3 * NS_PER_S,
		[RUNTIME_CPU_SYSTEM] = 2 * NS_PER_S,
		[RUNTIME_CPU_PERIODS] = 10,
		[RUNTIME_CPU_THROTTLED_PERIODS] = 4,
		[RUNTIME_CPU_THROTTLED] = 7000,
		[RUNTIME_CPU_SHARES] = 1024,
		[RUNTIME_CPU_QUOTA] = RUNTIME_UNKNOWN_FIGURE,
		[RUNTIME_CPU_PERIOD] = 100000,
		[RUNTIME_MEMORY] = 1000,
		[RUNTIME_MEMORY_MOST] = 2000,
		[RUNTIME_MEMORY_IDLE_FILES] = 200,
		[RUNTIME_MEMORY_RSS] = 600,
		[RUNTIME_MEMORY_CACHE] = 300,
		[RUNTIME_MEMORY_MAPPED] = 50,
		[RUNTIME_MEMORY_SWAP] = 30,
		[RUNTIME_MEMORY_LIMIT] = RUNTIME_UNLIMITED,
		[RUNTIME_MEMORY_SWAP_LIMIT] = RUNTIME_UNLIMITED,
		[RUNTIME_MEMORY_FAILURES] = 3,
		[RUNTIME_PAGE_FAULTS] = 11,
		[RUNTIME_MAJOR_PAGE_FAULTS] = 2,
		[RUNTIME_PIDS] = RUNTIME_UNKNOWN_FIGURE, /* there is no such hierarchy */
		[RUNTIME_PIDS_LIMIT] = RUNTIME_UNKNOWN_FIGURE,
	};
	struct err err = ERR_INIT;
	struct runtime_stats s;
	autofree char *lines = mem_printf("31 23 0:2 / %s/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
					  "32 23 0:3 / %s/memory rw - cgroup cgroup rw,memory\n"
					  "33 23 0:4 / %s/blkio rw - cgroup cgroup rw,blkio\n"
					  "34 23 0:5 / %s/hybrid rw - cgroup2 cgroup2 rw\n",
					  root, root, root, root);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		put(files[i].path, files[i].text);
	put("hybrid/p/cpu.stat", "usage_usec 5000000\nuser_usec 3000000\nsystem_usec 2000000\n");
	struct oci_cgroups *g = open_with(lines);
	assert_int_equal(oci_stats_read(g, "/p", &s, &err), 0);
	expect(&s, want);
	assert_int_equal(s.n_io, 1);
	assert_true(s.io[0].read_bytes == 1 && s.io[0].written_bytes == 2 && s.io[0].reads == 3 &&
		    s.io[0].writes == 4);
	/* Of memory and swap together. */
	put("memory/p/memory.limit_in_bytes", "1000\n");
	put("memory/p/memory.memsw.limit_in_bytes", "1500\n");
	assert_int_equal(oci_stats_read(g, "/p", &s, &err), 0);
	assert_int_equal(s.v[RUNTIME_MEMORY_SWAP_LIMIT], 500);
	oci_cgroups_free(g);
}

static void test_interfaces(void **state)
{
	struct runtime_interface v[RUNTIME_INTERFACES_MAX];
	size_t n = runtime_interfaces_parse(
		"Inter-|   Receive                                                |  Transmit\n"
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
		"    lo:     900       9    0    0    0     0          0         0      900       9    0    0    0     0       0          0\n"
		"  eth0:    1001      11    2    3    0     0          0         0     2002      22    4    5    0     0       0          0\n"
		"veth12:       1       1    0    0    0     0          0         0        1       1    0    0    0     0       0          0\n"
		"broken\n",
		v);
	assert_int_equal(n, 1);
	assert_string_equal(v[0].name, "eth0");
	assert_true(v[0].rx_bytes == 1001 && v[0].rx_packets == 11 && v[0].rx_errors == 2 &&
		    v[0].rx_dropped == 3 && v[0].tx_bytes == 2002 && v[0].tx_packets == 22 &&
		    v[0].tx_errors == 4 && v[0].tx_dropped == 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_unified), cmocka_unit_test(test_v1),
					   cmocka_unit_test(test_interfaces)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
