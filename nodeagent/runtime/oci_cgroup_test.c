/* SPDX-License-Identifier: Apache-2.0 */
/* What is written into which file, on directories that only look like cgroups; oci_test.c uses the machine's
 * own. */
#include "runtime/oci_cgroup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "os/tree.h"

static char root[] = "/tmp/oci_cgroup_test.XXXXXX";

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

static void expect(const char *path, const char *text)
{
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	autofree char *p = mem_printf("%s/%s", root, path);
	if (tree_read(p, 4096, &b, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(buf_str(&b), text);
}

static struct oci_cgroups *open_with(const char *lines)
{
	struct err err = ERR_INIT;
	autofree char *p = mem_printf("%s/mountinfo", root);
	put("mountinfo", lines);
	autofree char *huge = mem_printf("%s/huge", root);
	struct oci_cgroups *g = oci_cgroups_open(p, huge, &err);
	if (!g)
		fail_msg("%s", err.msg);
	return g;
}

static const struct runtime_limits limits = {
	.cpu_shares = 1024, .cpu_quota_us = 50000, .memory_bytes = 1 << 20, .pids = 99};

static void test_unified(void **state)
{
	static const char *const files[] = {
		"cpu.weight", "cpu.max", "memory.max", "pids.max", "cgroup.subtree_control", "cgroup.procs"};
	struct err err = ERR_INIT;
	autofree char *lines = mem_printf(
		"23 1 0:1 / / rw - ext4 /dev/x rw\n31 23 0:2 / %s/v2 rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
		root);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		autofree char *f = mem_printf("v2/coracle-x/podu/%s", files[i]),
			      *l = mem_printf("v2/coracle-x/podu/pause/%s", files[i]);
		put(f, "");
		put(l, "");
	}
	put("v2/cgroup.subtree_control", "");
	struct oci_cgroups *g = open_with(lines);
	assert_true(oci_cgroups_unified(g));
	assert_false(oci_cgroups_lack(g).cpu || oci_cgroups_lack(g).memory || oci_cgroups_lack(g).pids);
	assert_int_equal(oci_cgroup_make(g, "/coracle-x/podu", &limits, &err), 0);
	expect("v2/coracle-x/podu/cpu.weight", "39");
	expect("v2/coracle-x/podu/cpu.max", "50000 100000");
	expect("v2/coracle-x/podu/memory.max", "1048576");
	expect("v2/coracle-x/podu/pids.max", "99");
	assert_int_equal(oci_cgroup_enter(g, "/coracle-x/podu/pause", 4242, &err), 0);
	expect("v2/coracle-x/podu/pause/cgroup.procs", "4242");
	/* Controllers are handed down to the leaf, not beyond: processes and children exclude each other. */
	expect("v2/coracle-x/podu/pause/cgroup.subtree_control", "");
	autobuf struct buf b = BUF_INIT;
	autofree char *p = mem_printf("%s/v2/cgroup.subtree_control", root);
	assert_int_equal(tree_read(p, 100, &b, &err), 0);
	assert_memory_equal(buf_str(&b), "+", 1);
	assert_false(oci_cgroup_oom_killed(g, "/coracle-x/podu"));
	put("v2/coracle-x/podu/memory.events", "low 0\noom 1\noom_kill 1\noom_group_kill 0\n");
	assert_true(oci_cgroup_oom_killed(g, "/coracle-x/podu"));
	oci_cgroups_free(g);
}

static void test_controllers(void **state)
{
	static const struct {
		const char *list;
		struct oci_lacks lacks;
	} rows[] = {
		{"cpuset cpu io memory hugetlb pids rdma misc\n", {false, false, false}},
		{"cpuset io hugetlb\n", {true, true, true}},
		{"memory\n", {true, false, true}},
		{"\n", {true, true, true}},
	};
	autofree char *lines = mem_printf("31 23 0:2 / %s/v2 rw shared:4 - cgroup2 cgroup2 rw\n", root);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put("v2/cgroup.controllers", rows[i].list);
		struct oci_cgroups *g = open_with(lines);
		struct oci_lacks got = oci_cgroups_lack(g);
		assert_int_equal(got.cpu, rows[i].lacks.cpu);
		assert_int_equal(got.memory, rows[i].lacks.memory);
		assert_int_equal(got.pids, rows[i].lacks.pids);
		oci_cgroups_free(g);
	}
}

static void test_v1(void **state)
{
	static const char *const files[] = {"cpu/c/p/cpu.shares",
					    "cpu/c/p/cpu.cfs_period_us",
					    "cpu/c/p/cpu.cfs_quota_us",
					    "memory/c/p/memory.limit_in_bytes",
					    "memory/c/p/memory.oom_control",
					    "unified/c/p/x"};
	struct err err = ERR_INIT;
	autofree char *lines = mem_printf("1 0 0:1 / %s/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
					  "2 0 0:2 / %s/memory rw - cgroup cgroup rw,memory\n"
					  "3 0 0:3 / %s/cpuset rw - cgroup cgroup rw,cpuset\n"
					  "4 0 0:4 / %s/unified rw - cgroup2 cgroup2 rw\n",
					  root, root, root, root);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		put(files[i], "");
	struct oci_cgroups *g = open_with(lines);
	assert_false(oci_cgroups_unified(g));
	assert_int_equal(oci_cgroup_make(g, "/c/p", &limits, &err), 0);
	expect("cpu/c/p/cpu.shares", "1024");
	expect("cpu/c/p/cpu.cfs_period_us", "100000");
	expect("cpu/c/p/cpu.cfs_quota_us", "50000");
	expect("memory/c/p/memory.limit_in_bytes", "1048576");
	autofree char *cpuset = mem_printf("%s/cpuset/c", root);
	assert_int_equal(access(cpuset, F_OK), -1);
	put("memory/c/p/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
	assert_false(oci_cgroup_oom_killed(g, "/c/p"));
	put("memory/c/p/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
	assert_true(oci_cgroup_oom_killed(g, "/c/p"));
	oci_cgroups_free(g);
}

/* Of each size of the machine what is asked for, of the others nothing; old kernels do not count what is promised. */
static void test_huge_pages(void **state)
{
	static const char *const files[] = {
		"huge/hugepages-2048kB/nr_hugepages", "huge/hugepages-1048576kB/nr_hugepages",
		"tlb/h/p/hugetlb.2MB.limit_in_bytes", "tlb/h/p/hugetlb.2MB.rsvd.limit_in_bytes",
		"tlb/h/p/hugetlb.1GB.limit_in_bytes", "two/h/p/hugetlb.2MB.max",
		"two/h/p/hugetlb.2MB.rsvd.max",	      "two/h/p/hugetlb.1GB.max",
		"two/h/p/hugetlb.1GB.rsvd.max"};
	const struct runtime_limits none = {.pids = 1}, nothing = {.bounds_huge = true},
				    some = {.bounds_huge = true,
					    .n_huge = 2,
					    .huge = {{64 << 10, 5}, {2 << 20, 4 << 20}}};
	struct err err = ERR_INIT;
	autofree char *lines = mem_printf("1 0 0:1 / %s/tlb rw - cgroup cgroup rw,hugetlb\n"
					  "2 0 0:2 / %s/pids rw - cgroup cgroup rw,pids\n"
					  "3 0 0:3 / %s/two rw - cgroup2 cgroup2 rw\n",
					  root, root, root);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		put(files[i], "");
	put("pids/h/p/pids.max", "");
	put("two/cgroup.subtree_control", "");
	struct oci_cgroups *g = open_with(lines);
	assert_int_equal(oci_cgroup_make(g, "/h/p", &none, &err), 0);
	expect("tlb/h/p/hugetlb.2MB.limit_in_bytes", "");
	expect("two/h/p/hugetlb.2MB.max", "");
	assert_int_equal(oci_cgroup_make(g, "/h/p", &some, &err), 0);
	expect("tlb/h/p/hugetlb.2MB.limit_in_bytes", "4194304");
	expect("tlb/h/p/hugetlb.2MB.rsvd.limit_in_bytes", "4194304");
	expect("tlb/h/p/hugetlb.1GB.limit_in_bytes", "0");
	expect("two/h/p/hugetlb.2MB.max", "4194304");
	expect("two/h/p/hugetlb.2MB.rsvd.max", "4194304");
	expect("two/h/p/hugetlb.1GB.max", "0");
	expect("two/h/p/hugetlb.1GB.rsvd.max", "0");
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		put(files[i], "");
	assert_int_equal(oci_cgroup_huge(g, "/h/p", &nothing, &err), 0);
	expect("two/h/p/hugetlb.2MB.max", "0");
	expect("tlb/h/p/hugetlb.2MB.limit_in_bytes", "0");
	oci_cgroups_free(g);
}

static void test_none(void **state)
{
	struct err err = ERR_INIT;
	autofree char *p = mem_printf("%s/mountinfo", root);
	put("mountinfo", "23 1 0:1 / / rw - ext4 /dev/x rw\nrubbish\n1 2 3\n - cgroup x\n");
	assert_null(oci_cgroups_open(p, root, &err));
	assert_string_equal(err.msg, "no cgroup file system is mounted");
}

/* ---- usage ---- */

static void test_usage(void **state)
{
	static const struct {
		const char *mounts, *files[6]; /* path, text … */
		int64_t cpu_ns, memory;
	} rows[] = {
		{"1 2 0:1 / %s/u1 rw - cgroup2 cgroup2 rw\n",
		 {"u1/p/cpu.stat", "usage_usec 1500\nuser_usec 7\n", "u1/p/memory.current", "9000\n",
		  "u1/p/memory.stat", "anon 5\ninactive_file 2000\n"},
		 1500000,
		 7000},
		{"1 2 0:1 / %s/w1 rw - cgroup c rw,cpu,cpuacct\n1 2 0:1 / %s/w2 rw - cgroup c rw,memory\n",
		 {"w1/p/cpuacct.usage", "77\n", "w2/p/memory.usage_in_bytes", "9000\n", "w2/p/memory.stat",
		  "inactive_file 1\ntotal_inactive_file 3000\n"},
		 77,
		 6000},
		/* Hybrid: the unified tree has no controllers, and memory is not counted anywhere. */
		{"1 2 0:1 / %s/x1 rw - cgroup2 cgroup2 rw\n1 2 0:1 / %s/x2 rw - cgroup c rw,cpuacct\n",
		 {"x1/p/cgroup.procs", "", "x2/p/cpuacct.usage", "5\n"},
		 5,
		 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *lines = mem_strdup(rows[i].mounts);
		autobuf struct buf text = BUF_INIT;
		struct runtime_usage u;
		struct err err = ERR_INIT;

		for (const char *p = lines; *p; p++) {
			if (!strncmp(p, "%s", 2)) {
				buf_adds(&text, root);
				p++;
			} else {
				buf_addc(&text, *p);
			}
		}
		for (size_t k = 0; k < 6 && rows[i].files[k]; k += 2)
			put(rows[i].files[k], rows[i].files[k + 1]);
		struct oci_cgroups *g = open_with(buf_str(&text));

		assert_int_equal(oci_cgroup_usage(g, "/p", &u, &err), 0);
		assert_int_equal(u.cpu_ns, rows[i].cpu_ns);
		assert_int_equal(u.memory, rows[i].memory);
		assert_int_equal(oci_cgroup_usage(g, "/gone", &u, &err), -1);
		assert_int_equal(err.reason, REASON_NOT_FOUND);
		oci_cgroups_free(g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),	    cmocka_unit_test(test_unified),
		cmocka_unit_test(test_controllers), cmocka_unit_test(test_v1),
		cmocka_unit_test(test_huge_pages),  cmocka_unit_test(test_none),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
