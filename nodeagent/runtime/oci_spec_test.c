/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "runtime/oci_internal.h"
#include "os/tree.h"

#define V(...) ((const char *const[]){__VA_ARGS__, NULL})

static js *write_spec(const struct oci_spec_input *in)
{
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	if (oci_spec_write(in, &b, &err) < 0)
		fail_msg("%s", err.msg);
	js *o = js_parse(b.p, b.len, NULL, &err);
	assert_non_null(o);
	return o;
}

static struct oci_spec_input input(const struct runtime_container_spec *s, const struct image_config *i,
				   const struct runtime_user *u)
{
	return (struct oci_spec_input){.spec = s,
				       .image = i,
				       .user = u,
				       .rootfs = "/r/rootfs",
				       .cgroup = "/c/podx/y",
				       .hostname = "h",
				       .shm = "/r/shm",
				       .netns = "/n",
				       .ipcns = "/i",
				       .utsns = "/u",
				       .pidns = "",
				       .oom_floor = -1000,
				       .own_caps = ~UINT64_C(0)};
}

static bool holds(const js *array, const char *s)
{
	js_array_for_each (x, array)
		if (js_is_str(x) && !strcmp(json_object_get_string(x), s))
			return true;
	return false;
}

static const js *mount_of(const js *doc, const char *dest)
{
	const js *mounts = js_arr(doc, "mounts", NULL);
	for (size_t i = 0; i < js_len(mounts); i++)
		if (!strcmp(js_str0(js_at(mounts, i), "destination", NULL), dest))
			return js_at(mounts, i);
	return NULL;
}

static const js *namespace_of(const js *doc, const char *type)
{
	const js *v = js_arr(doc, "linux", "namespaces", NULL);
	for (size_t i = 0; i < js_len(v); i++)
		if (!strcmp(js_str0(js_at(v, i), "type", NULL), type))
			return js_at(v, i);
	return NULL;
}

static struct image_config image = {
	.entrypoint = (char *[]){(char *)"/ep", NULL},
	.cmd = (char *[]){(char *)"a", NULL},
	.env = (char *[]){(char *)"PATH=/image", (char *)"K=image", (char *)"broken", NULL},
	.working_dir = (char *)"/w",
	.user = (char *)"",
	.stop_signal = (char *)"",
};

static void test_plain(void **state)
{
	struct runtime_container_spec s = {
		.env = (const struct runtime_kv[]){{"K", "pod"}, {"L", "1=2"}},
		.n_env = 2,
		.limits = {
			.memory_bytes = 1000, .cpu_shares = 2, .cpu_quota_us = 5000, .oom_score_adj = -997}};
	struct runtime_user u = {.uid = 5, .gid = 6, .groups = {7}, .n_groups = 1};
	struct oci_spec_input in = input(&s, &image, &u);
	autojson js *o = write_spec(&in);
	const js *args = js_arr(o, "process", "args", NULL), *env = js_arr(o, "process", "env", NULL);
	assert_int_equal(js_len(args), 2);
	assert_true(holds(args, "/ep") && holds(args, "a"));
	assert_true(holds(env, "PATH=/image") && holds(env, "K=pod") && holds(env, "L=1=2") &&
		    holds(env, "HOSTNAME=h"));
	assert_int_equal(js_len(env), 4);
	assert_string_equal(js_str0(o, "process", "cwd", NULL), "/w");
	assert_int_equal(js_int(o, 0, "process", "user", "uid", NULL), 5);
	assert_int_equal(js_int(o, 0, "process", "user", "gid", NULL), 6);
	assert_int_equal(js_int(o, 0, "process", "oomScoreAdj", NULL), -997);
	in.oom_floor = -500; /* all that an agent without CAP_SYS_RESOURCE may give */
	autojson js *bounded = write_spec(&in);
	assert_int_equal(js_int(bounded, 0, "process", "oomScoreAdj", NULL), -500);
	assert_int_equal(js_len(js_arr(o, "process", "capabilities", "bounding", NULL)), 14);
	assert_null(js_get(o, "process", "capabilities", "inheritable", NULL));
	assert_int_equal(js_int(o, 0, "linux", "resources", "memory", "limit", NULL), 1000);
	assert_int_equal(js_int(o, 0, "linux", "resources", "cpu", "quota", NULL), 5000);
	assert_int_equal(js_int(o, 0, "linux", "resources", "cpu", "period", NULL), 100000);
	assert_null(js_get(o, "linux", "resources", "unified", NULL));
	assert_string_equal(js_str0(o, "linux", "cgroupsPath", NULL), "/c/podx/y");
	assert_string_equal(js_str0(namespace_of(o, "network"), "path", NULL), "/n");
	assert_null(js_get(namespace_of(o, "pid"), "path", NULL));
	assert_null(namespace_of(o, "cgroup"));
	assert_true(holds(js_arr(o, "linux", "maskedPaths", NULL), "/proc/kcore"));
	assert_true(holds(js_arr(mount_of(o, "/sys"), "options", NULL), "ro"));
	assert_string_equal(js_str0(mount_of(o, "/dev/shm"), "source", NULL), "/r/shm");
	assert_false(
		js_bool(js_at(js_arr(o, "linux", "resources", "devices", NULL), 0), true, "allow", NULL));
}

static void test_privileged_and_host(void **state)
{
	struct runtime_container_spec s = {
		.privileged = true, .command = V("x"), .limits = {.memory_bytes = 5}};
	struct runtime_user u = {0};
	struct oci_spec_input in = input(&s, &image, &u);
	in.netns = in.utsns = in.pidns = NULL;
	in.unified = true;
	autojson js *o = write_spec(&in);
	assert_null(namespace_of(o, "network"));
	assert_null(namespace_of(o, "pid"));
	assert_null(namespace_of(o, "cgroup"));
	assert_null(js_get(o, "linux", "maskedPaths", NULL));
	assert_true(holds(js_arr(mount_of(o, "/sys"), "options", NULL), "rw"));
	assert_true(holds(js_arr(o, "process", "capabilities", "effective", NULL), "CAP_SYS_ADMIN"));
	assert_true(
		js_bool(js_at(js_arr(o, "linux", "resources", "devices", NULL), 0), false, "allow", NULL));
	assert_string_equal(js_str0(o, "linux", "resources", "unified", "memory.oom.group", NULL), "1");
	s.privileged = false;
	autojson js *p = write_spec(&in);
	assert_non_null(namespace_of(p, "cgroup"));
}

/* A runtime fails to write what there is no controller for. */
static void test_controllers_that_are_missing(void **state)
{
	struct runtime_container_spec s = {
		.command = V("x"),
		.limits = {.memory_bytes = 5, .cpu_shares = 6, .cpu_quota_us = 7, .pids = 8}};
	struct runtime_user u = {0};
	struct oci_spec_input in = input(&s, &image, &u);
	in.unified = true;
	in.lacks.memory = true;
	autojson js *o = write_spec(&in);
	assert_null(js_get(o, "linux", "resources", "memory", NULL));
	assert_null(js_get(o, "linux", "resources", "unified", NULL));
	assert_int_equal(js_int(o, 0, "linux", "resources", "cpu", "shares", NULL), 6);
	assert_int_equal(js_int(o, 0, "linux", "resources", "pids", "limit", NULL), 8);
	in.lacks = (struct oci_lacks){.cpu = true, .pids = true};
	autojson js *p = write_spec(&in);
	assert_int_equal(js_int(p, 0, "linux", "resources", "memory", "limit", NULL), 5);
	assert_null(js_get(p, "linux", "resources", "cpu", NULL));
	assert_null(js_get(p, "linux", "resources", "pids", NULL));
}

static void test_capabilities(void **state)
{
	const struct {
		const char *const *add, *const *drop;
		size_t n;
		const char *with, *without;
	} rows[] = {
		{V("NET_ADMIN"), NULL, 15, "CAP_NET_ADMIN", "CAP_SYS_ADMIN"},
		{V("CAP_SYS_TIME", "net_admin"), V("CHOWN"), 15, "CAP_SYS_TIME", "CAP_CHOWN"},
		{V("NET_BIND_SERVICE"), V("ALL"), 1, "CAP_NET_BIND_SERVICE", "CAP_CHOWN"},
		{NULL, V("ALL"), 0, NULL, "CAP_CHOWN"},
		{V("ALL"), V("SYS_ADMIN"), 40, "CAP_NET_ADMIN", "CAP_SYS_ADMIN"},
	};
	struct runtime_user u = {0};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct runtime_container_spec s = {.cap_add = rows[i].add, .cap_drop = rows[i].drop};
		struct oci_spec_input in = input(&s, &image, &u);
		autojson js *o = write_spec(&in);
		const js *caps = js_arr(o, "process", "capabilities", "permitted", NULL);
		assert_int_equal(js_len(caps), rows[i].n);
		assert_true(!rows[i].with || holds(caps, rows[i].with));
		assert_false(holds(caps, rows[i].without));
	}
}

/* What the agent has not got is not promised; a capability asked for by name is left to the runtime to refuse. */
static void test_lacking_capabilities(void **state)
{
	enum { SYS_TIME = 25, CHOWN = 0 };
	const uint64_t own = ~(UINT64_C(1) << SYS_TIME | UINT64_C(1) << CHOWN);
	const struct {
		struct runtime_container_spec spec;
		bool time, chown;
	} rows[] = {
		{{.privileged = true}, false, false},
		{{.cap_add = V("ALL")}, false, false},
		{{.cap_add = V("SYS_TIME")}, true, false},
		{{0}, false, false},
	};
	struct runtime_user u = {0};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_spec_input in = input(&rows[i].spec, &image, &u);
		in.own_caps = own;
		autojson js *o = write_spec(&in);
		const js *caps = js_arr(o, "process", "capabilities", "bounding", NULL);
		assert_int_equal(holds(caps, "CAP_SYS_TIME"), rows[i].time);
		assert_int_equal(holds(caps, "CAP_CHOWN"), rows[i].chown);
		assert_true(holds(caps, "CAP_NET_BIND_SERVICE"));
	}
}

static const js *rule_of(const js *doc, const char *name)
{
	js_array_for_each (r, js_arr(doc, "linux", "seccomp", "syscalls", NULL))
		if (holds(js_arr(r, "names", NULL), name))
			return r;
	return NULL;
}

static void test_seccomp_default(void **state)
{
	struct runtime_container_spec s = {.seccomp = RUNTIME_SECCOMP_DEFAULT};
	struct runtime_user u = {0};
	struct oci_spec_input in = input(&s, &image, &u);
	autojson js *plain = write_spec(&in);
	assert_string_equal(js_str0(plain, "linux", "seccomp", "defaultAction", NULL), "SCMP_ACT_ERRNO");
	assert_int_equal(js_len(js_arr(plain, "linux", "seccomp", "architectures", NULL)) > 0, 1);
	assert_non_null(rule_of(plain, "openat2"));
	assert_null(js_arr(rule_of(plain, "openat2"), "args", NULL));
	assert_null(rule_of(plain, "mount"));
	assert_null(rule_of(plain, "keyctl"));
	assert_null(rule_of(plain, "io_uring_setup"));
	assert_null(rule_of(plain, "settimeofday"));
	assert_non_null(rule_of(plain, "chroot")); /* every container has CAP_SYS_CHROOT */
	assert_int_equal(js_len(js_arr(rule_of(plain, "clone"), "args", NULL)), 1);
	assert_string_equal(js_str0(rule_of(plain, "clone3"), "action", NULL), "SCMP_ACT_ERRNO");
	s.cap_add = V("SYS_ADMIN", "SYS_TIME");
	s.cap_drop = V("SYS_CHROOT");
	autojson js *more = write_spec(&in);
	assert_non_null(rule_of(more, "mount"));
	assert_non_null(rule_of(more, "settimeofday"));
	assert_null(js_arr(rule_of(more, "clone"), "args", NULL));
	assert_string_equal(js_str0(rule_of(more, "clone3"), "action", NULL), "SCMP_ACT_ALLOW");
	assert_null(rule_of(more, "chroot"));
	s.privileged = true;
	autojson js *all = write_spec(&in);
	assert_null(js_obj(all, "linux", "seccomp", NULL));
	s = (struct runtime_container_spec){0};
	autojson js *none = write_spec(&in);
	assert_null(js_obj(none, "linux", "seccomp", NULL));
}

static void test_seccomp_file(void **state)
{
	static const struct {
		const char *text; /* NULL: there is no file */
		bool good;
	} rows[] = {
		{"{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", true},
		{"{\"defaultAction\":", false},
		{"{}", false},
		{"[]", false},
		{NULL, false},
	};
	char dir[] = "/tmp/oci_seccomp.XXXXXX";
	assert_non_null(mkdtemp(dir));
	autofree char *file = mem_printf("%s/p.json", dir);
	struct runtime_container_spec s = {.seccomp = RUNTIME_SECCOMP_FILE, .seccomp_file = file};
	struct runtime_user u = {0};
	struct oci_spec_input in = input(&s, &image, &u);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autobuf struct buf b = BUF_INIT;
		(void)unlink(file);
		if (rows[i].text)
			assert_int_equal(tree_write(file, rows[i].text, strlen(rows[i].text), 0600,
						    TREE_VOLATILE, &err),
					 0);
		int rc = oci_spec_write(&in, &b, &err);
		assert_int_equal(rc, rows[i].good ? 0 : -1);
		assert_non_null(strstr(rows[i].good ? buf_str(&b) : err.msg,
				       rows[i].good ? "SCMP_ACT_ALLOW" : "cannot load seccomp profile"));
	}
	struct err err = ERR_INIT;
	assert_int_equal(tree_remove(dir, &err), 0);
}

static void test_mounts(void **state)
{
	struct runtime_mount m[] = {
		{.host = "/h2", .container = "/a/b/c", .propagation = RUNTIME_BIDIRECTIONAL},
		{.host = "/h1", .container = "/a", .readonly = true},
		{.host = "/h3", .container = "/dev/shm", .propagation = RUNTIME_HOST_TO_CONTAINER},
		{.host = "/h4", .container = "/r", .readonly = true, .recursive = true},
		{.host = "/h5", .container = "/i", .readonly = true, .image = "sha256:1"}};
	struct runtime_container_spec s = {.mounts = m,
					   .n_mounts = ARRAY_LEN(m),
					   .termination_log = "/h/t",
					   .termination_path = "/dev/t"};
	struct runtime_user u = {0};
	struct oci_spec_input in = input(&s, &image, &u);
	autojson js *o = write_spec(&in);
	const js *all = js_arr(o, "mounts", NULL);
	size_t a = 0, c = 0;
	for (size_t i = 0; i < js_len(all); i++) {
		const char *d = js_str0(js_at(all, i), "destination", NULL);
		a = !strcmp(d, "/a") ? i : a;
		c = !strcmp(d, "/a/b/c") ? i : c;
	}
	assert_true(a && c && a < c);
	assert_true(holds(js_arr(mount_of(o, "/a"), "options", NULL), "ro"));
	assert_true(holds(js_arr(mount_of(o, "/a"), "options", NULL), "rprivate"));
	assert_true(holds(js_arr(mount_of(o, "/r"), "options", NULL), "rro"));
	assert_true(holds(js_arr(mount_of(o, "/a/b/c"), "options", NULL), "rshared"));
	assert_true(holds(js_arr(mount_of(o, "/i"), "options", NULL), "noexec"));
	assert_false(holds(js_arr(mount_of(o, "/a"), "options", NULL), "noexec"));
	assert_string_equal(js_str0(mount_of(o, "/dev/shm"), "source", NULL), "/h3");
	assert_string_equal(js_str0(mount_of(o, "/dev/t"), "source", NULL), "/h/t");
	assert_string_equal(js_str0(o, "linux", "rootfsPropagation", NULL), "rshared");
}

static void test_apparmor(void **state)
{
	struct runtime_container_spec s = {.apparmor = "mine"},
				      privileged = {.apparmor = "mine", .privileged = true};
	struct runtime_user u = {0};
	struct oci_spec_input in = input(&s, &image, &u), more = input(&privileged, &image, &u);
	autojson js *o = write_spec(&in), *p = write_spec(&more);
	assert_string_equal(js_str0(o, "process", "apparmorProfile", NULL), "mine");
	assert_null(js_get(p, "process", "apparmorProfile", NULL));
}

static void test_nothing_to_run(void **state)
{
	struct image_config empty = {
		.working_dir = (char *)"", .user = (char *)"", .stop_signal = (char *)""};
	struct runtime_container_spec s = {0};
	struct runtime_user u = {0};
	struct oci_spec_input in = input(&s, &empty, &u);
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	assert_int_equal(oci_spec_write(&in, &b, &err), -1);
	assert_string_equal(err.msg, "no command specified");
}

static void test_users(void **state)
{
	static const struct {
		const char *image;
		int64_t user, group;
		int want_uid, want_gid; /* -1: refused */
		size_t groups;
	} rows[] = {
		{"", -1, -1, 0, 0, 2},
		{"www", -1, -1, 33, 34, 2},
		{"www:staff", -1, -1, 33, 50, 2},
		{"33", -1, -1, 33, 34, 2},
		{"33:7", -1, -1, 33, 7, 2},
		{"1000", -1, -1, 1000, 0, 1},
		{"1000:1000", -1, -1, 1000, 1000, 1},
		{"nobody-here", -1, -1, -1, -1, 0},
		{"www:nogroup-here", -1, -1, -1, -1, 0},
		{"www:staff", 33, -1, 33, 34, 2},
		{"www:staff", 4000, -1, 4000, 0, 1},
		{"www", -1, 9, 33, 9, 2},
		{"", 5, 6, 5, 6, 1},
		{"-1", -1, -1, -1, -1, 0},
		{"99999999999", -1, -1, -1, -1, 0},
	};
	char dir[] = "/tmp/oci_user.XXXXXX";
	struct err err = ERR_INIT;
	assert_non_null(mkdtemp(dir));
	autofree char *etc = mem_printf("%s/etc", dir), *passwd = mem_printf("%s/passwd", etc),
		      *group = mem_printf("%s/real", etc), *link = mem_printf("%s/group", etc);
	static const char users[] = "root:x:0:0:root:/root:/bin/sh\nbad line\nwww:x:33:34::/:/bin/false\n";
	static const char groups[] = "root:x:0:\nadm:x:4:root,www\nstaff:x:50:other\n";
	assert_int_equal(tree_mkdirs(etc, 0755, &err), 0);
	assert_int_equal(tree_write(passwd, users, strlen(users), 0644, TREE_VOLATILE, &err), 0);
	assert_int_equal(tree_write(group, groups, strlen(groups), 0644, TREE_VOLATILE, &err), 0);
	assert_int_equal(symlink("/etc/real", link), 0); /* inside the root */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct runtime_container_spec s = {.run_as_user = rows[i].user,
						   .run_as_group = rows[i].group};
		struct runtime_user u;
		int rc = oci_user_resolve(dir, rows[i].image, &s, &u, &err);
		if (rc != (rows[i].want_uid < 0 ? -1 : 0))
			fail_msg("row %zu: %d %s", i, rc, err.msg);
		if (rc < 0)
			continue;
		assert_int_equal(u.uid, rows[i].want_uid);
		assert_int_equal(u.gid, rows[i].want_gid);
		assert_int_equal(u.n_groups, rows[i].groups);
	}
	/* Strictly, only what the Pod says counts. */
	static const uint32_t more[] = {7};
	struct runtime_container_spec strict = {
		.run_as_user = -1, .run_as_group = -1, .groups = more, .n_groups = 1, .strict_groups = true};
	struct runtime_user u;
	assert_int_equal(oci_user_resolve(dir, "www", &strict, &u, &err), 0);
	assert_int_equal(u.n_groups, 2);
	assert_int_equal(u.groups[0], 34);
	assert_int_equal(u.groups[1], 7);
	assert_int_equal(tree_remove(dir, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_privileged_and_host),
		cmocka_unit_test(test_controllers_that_are_missing),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_apparmor),
		cmocka_unit_test(test_nothing_to_run),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_lacking_capabilities),
		cmocka_unit_test(test_seccomp_default),
		cmocka_unit_test(test_seccomp_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
