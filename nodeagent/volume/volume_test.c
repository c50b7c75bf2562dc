/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/volume.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/buf.h"
#include "os/tree.h"

#define TMPFS_MAGIC_NUMBER 0x01021994

static char root[] = "/tmp/volume_test.XXXXXX";

static int setup(void **state)
{
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
	struct err err = ERR_INIT;
	return tree_unmount(root, &err) < 0 ? -1 : tree_remove(root, &err);
}

static void test_empty_dir(void **state)
{
	struct err err = ERR_INIT;
	struct stat st;
	autofree char *p = NULL, *again = NULL, *bad = NULL;
	assert_int_equal(volume_empty_dir(root, "u1", "data", "", 0, &p, &err), 0);
	autofree char *want = mem_printf("%s/pods/u1/volumes/kubernetes.io~empty-dir/data", root);
	assert_string_equal(p, want);
	assert_int_equal(stat(p, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0777);
	autofree char *file = mem_printf("%s/f", p);
	assert_int_equal(tree_write(file, "x", 1, 0600, TREE_VOLATILE, &err), 0);
	assert_int_equal(volume_empty_dir(root, "u1", "data", "", 0, &again, &err), 0);
	assert_int_equal(access(file, F_OK), 0);
	assert_int_equal(volume_empty_dir(root, "u1", "data", "Tape", 0, &bad, &err), -1);
	assert_string_equal(err.msg, "unknown storage medium \"Tape\"");
	assert_int_equal(volume_empty_dir(root, "..", "data", "", 0, &bad, &err), -1);
}

static void test_memory(void **state)
{
	struct err err = ERR_INIT;
	struct statfs fs;
	autofree char *p = NULL, *again = NULL, *pod = volume_pod_dir(root, "u2");
	if (geteuid() != 0)
		skip();
	assert_int_equal(volume_empty_dir(root, "u2", "m", "Memory", 1 << 20, &p, &err), 0);
	assert_int_equal(statfs(p, &fs), 0);
	assert_int_equal(fs.f_type, TMPFS_MAGIC_NUMBER);
	assert_int_equal((long)fs.f_blocks * fs.f_bsize, 1 << 20);
	autofree char *file = mem_printf("%s/f", p);
	assert_int_equal(tree_write(file, "x", 1, 0600, TREE_VOLATILE, &err), 0);
	/* Not mounted a second time over it. */
	assert_int_equal(volume_empty_dir(root, "u2", "m", "Memory", 1 << 20, &again, &err), 0);
	assert_int_equal(access(file, F_OK), 0);
	assert_int_equal(volume_cleanup(root, "u2", &err), 0);
	assert_int_equal(access(pod, F_OK), -1);
	assert_int_equal(volume_cleanup(root, "u2", &err), 0);
}

static void assert_owned(const char *dir, const char *name, gid_t group, mode_t mode)
{
	struct stat st;
	autofree char *path = mem_printf("%s/%s", dir, name);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_gid, group);
	if (!S_ISLNK(st.st_mode))
		assert_int_equal(st.st_mode & 07777, mode);
}

static void test_group(void **state)
{
	struct err err = ERR_INIT;
	autofree char *p = NULL;
	struct stat st;
	if (geteuid() != 0)
		skip();
	assert_int_equal(volume_empty_dir(root, "u7", "g", "", 0, &p, &err), 0);
	autofree char *sub = mem_printf("%s/a/b", p), *file = mem_printf("%s/a/b/f", p),
		      *link = mem_printf("%s/l", p), *outside = mem_printf("%s/outside", root),
		      *late = mem_printf("%s/late", p);
	assert_int_equal(tree_mkdirs(sub, 0700, &err), 0);
	assert_int_equal(tree_write(file, "x", 1, 0600, TREE_VOLATILE, &err), 0);
	assert_int_equal(tree_write(outside, "x", 1, 0600, TREE_VOLATILE, &err), 0);
	assert_int_equal(symlink(outside, link), 0);
	assert_int_equal(volume_set_group(p, 4321, false, &err), 0);
	assert_owned(p, ".", 4321, 02777);
	assert_owned(p, "a", 4321, 02770);
	assert_owned(p, "a/b/f", 4321, 0660);
	assert_owned(p, "l", 4321, 0);
	assert_int_equal(stat(outside, &st), 0);
	assert_int_equal(st.st_gid, getegid());
	assert_int_equal(st.st_mode & 07777, 0600);
	/* What comes later is the group's by itself; a second time nothing is touched. */
	assert_int_equal(mkdir(late, 0700), 0);
	assert_owned(p, "late", 4321, 02700);
	assert_int_equal(volume_set_group(p, 4321, false, &err), 0);
	assert_owned(p, "late", 4321, 02700);
	assert_int_equal(volume_set_group(p, 99, true, &err), 0);
	assert_owned(p, "late", 99, 02750);
	assert_owned(p, "a/b/f", 99, 0660);
}

static void test_host_path(void **state)
{
	static const struct {
		const char *path, *type, *message; /* message NULL: fine; %s is the path */
	} rows[] = {
		{"dir", "Directory", NULL},
		{"dir", "DirectoryOrCreate", NULL},
		{"dir", "File", "hostPath type check failed: %s is not a file"},
		{"file", "File", NULL},
		{"file", "Directory", "hostPath type check failed: %s is not a directory"},
		{"file", "DirectoryOrCreate", "hostPath type check failed: %s is not a directory"},
		{"file", "Socket", "hostPath type check failed: %s is not a socket file"},
		{"file", "CharDevice", "hostPath type check failed: %s is not a character device"},
		{"file", "BlockDevice", "hostPath type check failed: %s is not a block device"},
		{"none", "Directory", "hostPath type check failed: %s is not a directory"},
		{"none", "File", "hostPath type check failed: %s is not a file"},
		{"new/deep", "DirectoryOrCreate", NULL},
		{"newfile", "FileOrCreate", NULL},
		{"newdir", "", NULL},
		{"dir", "Floppy", "Floppy is an invalid volume type"},
	};
	struct err err = ERR_INIT;
	autofree char *dir = mem_printf("%s/h/dir", root), *file = mem_printf("%s/h/file", root);
	assert_int_equal(tree_mkdirs(dir, 0755, &err), 0);
	assert_int_equal(tree_write(file, "", 0, 0600, TREE_VOLATILE, &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *p = mem_printf("%s/h/%s", root, rows[i].path);
		int rc = volume_host_path(p, rows[i].type, &err);
		assert_int_equal(rc, rows[i].message ? -1 : 0);
		if (!rows[i].message) {
			assert_int_equal(access(p, F_OK), 0);
			continue;
		}
		const char *gap = strstr(rows[i].message, "%s");
		autofree char *want = gap ? mem_printf("%.*s%s%s", (int)(gap - rows[i].message),
						       rows[i].message, p, gap + 2)
					  : mem_strdup(rows[i].message);
		assert_string_equal(err.msg, want);
	}
}

static void expect(const char *dir, const char *name, const char *text)
{
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	autofree char *p = mem_printf("%s/%s", dir, name);
	if (!text) {
		assert_int_equal(access(p, F_OK), -1);
		return;
	}
	assert_int_equal(tree_read(p, 4096, &b, &err), 0);
	assert_string_equal(buf_str(&b), text);
}

static bool count(void *arg, const char *name)
{
	++*(int *)arg;
	return true;
}

static void test_files(void **state)
{
	struct err err = ERR_INIT;
	autofree char *dir = volume_dir(root, "u3", "configmap", "c"), *data = mem_printf("%s/..data", dir);
	struct volume_file v1[] = {{"a", "one", 3, 0644}, {"sub/b", "two", 3, 0400}};
	struct volume_file v2[] = {{"a", "uno", 3, 0644}, {"d", "", 0, 0644}};
	assert_int_equal(volume_write_files(dir, v1, 2, -1, &err), 0);
	expect(dir, "a", "one");
	expect(dir, "sub/b", "two");
	char before[256] = "", after[256] = "";
	assert_true(readlink(data, before, sizeof(before) - 1) > 0);
	assert_int_equal(volume_write_files(dir, v1, 2, -1, &err), 0);
	assert_true(readlink(data, after, sizeof(after) - 1) > 0);
	assert_string_equal(before, after);
	assert_int_equal(volume_write_files(dir, v2, 2, -1, &err), 0);
	expect(dir, "a", "uno");
	expect(dir, "d", "");
	expect(dir, "sub", NULL);
	expect(dir, before, NULL);
	int n = 0;
	assert_int_equal(tree_names(dir, count, &n, &err), 0);
	assert_int_equal(n, 4); /* ..data, ..stamp, a, d */
	static const struct {
		const char *path, *message;
	} bad[] = {
		{"", "invalid path: must not be empty: \"\""},
		{"/a", "invalid path: must be relative path: /a"},
		{"../a", "invalid path: must not contain '..': ../a"},
		{"a/../b", "invalid path: must not contain '..': a/../b"},
		{"a//b", "invalid path: not in its shortest form: a//b"},
		{"a/", "invalid path: not in its shortest form: a/"},
		{"./a", "invalid path: not in its shortest form: ./a"},
		{"..x", "invalid path: must not start with '..': ..x"},
		{"..data", "invalid path: must not start with '..': ..data"},
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct volume_file f = {bad[i].path, "x", 1, 0644};
		assert_int_equal(volume_write_files(dir, &f, 1, -1, &err), -1);
		assert_string_equal(err.msg, bad[i].message);
	}
	expect(dir, "a", "uno");
}

static int names(const char *dir)
{
	struct err err = ERR_INIT;
	int n = 0;
	assert_int_equal(tree_names(dir, count, &n, &err), 0);
	return n;
}

/* What cannot be written leaves the old files and nothing else; what a killed agent left is put right. */
static void test_files_again(void **state)
{
	struct err err = ERR_INIT;
	autofree char *dir = volume_dir(root, "u8", "configmap", "c"), *link = mem_printf("%s/a", dir),
		      *stale = mem_printf("%s/..2020_01_01_00_00_00.000000001", dir),
		      *old = mem_printf("%s/old", dir);
	struct volume_file good[] = {{"a", "one", 3, 0644}};
	struct volume_file clash[] = {{"x", "one", 3, 0644}, {"x/y", "two", 3, 0644}};
	assert_int_equal(volume_write_files(dir, good, 1, -1, &err), 0);
	assert_int_equal(volume_write_files(dir, clash, 2, -1, &err), -1);
	expect(dir, "a", "one");
	assert_int_equal(names(dir), 3);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(mkdir(stale, 0755), 0);
	assert_int_equal(symlink("..data/old", old), 0);
	assert_int_equal(volume_write_files(dir, good, 1, -1, &err), 0);
	expect(dir, "a", "one");
	assert_int_equal(names(dir), 3);
}

static void test_files_of_group(void **state)
{
	struct err err = ERR_INIT;
	autofree char *dir = volume_dir(root, "u9", "secret", "s"), *data = mem_printf("%s/..data", dir);
	struct volume_file v1[] = {{"a", "one", 3, 0400}, {"sub/b", "two", 3, 0}};
	struct volume_file v2[] = {{"a", "uno", 3, 0400}};
	char before[256] = "", after[256] = "";
	if (geteuid() != 0)
		skip();
	assert_int_equal(volume_write_files(dir, v1, 2, 1234, &err), 0);
	assert_owned(dir, ".", 1234, 02755);
	assert_owned(dir, "..data/.", 1234, 02755);
	assert_owned(dir, "..data/a", 1234, 0440);
	assert_owned(dir, "..data/sub", 1234, 02755);
	assert_owned(dir, "..data/sub/b", 1234, 0440);
	assert_owned(dir, "a", 1234, 0);
	assert_true(readlink(data, before, sizeof(before) - 1) > 0);
	assert_int_equal(volume_write_files(dir, v1, 2, 1234, &err), 0);
	assert_true(readlink(data, after, sizeof(after) - 1) > 0);
	assert_string_equal(before, after);
	assert_int_equal(volume_write_files(dir, v2, 1, 1234, &err), 0);
	assert_owned(dir, "..data/a", 1234, 0440);
}

static void test_subpath(void **state)
{
	struct err err = ERR_INIT;
	autofree char *p = NULL, *sub = NULL, *out = NULL;
	if (geteuid() != 0)
		skip();
	assert_int_equal(volume_empty_dir(root, "u4", "data", "", 0, &p, &err), 0);
	assert_int_equal(volume_subpath(root, "u4", "data", p, "app", 0, "x/y", &sub, &err), 0);
	autofree char *want = mem_printf("%s/pods/u4/volume-subpaths/data/app/0", root),
		      *inside = mem_printf("%s/f", sub);
	assert_string_equal(sub, want);
	assert_int_equal(tree_write(inside, "z", 1, 0600, TREE_VOLATILE, &err), 0);
	expect(p, "x/y/f", "z");
	/* As open as the volume itself, whatever umask says: the container's user may be anyone. */
	struct stat st;
	autofree char *made = mem_printf("%s/x/y", p);
	assert_int_equal(stat(made, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0777);
	autofree char *evil = mem_printf("%s/evil", p);
	assert_int_equal(symlink("/etc", evil), 0);
	assert_int_equal(volume_subpath(root, "u4", "data", p, "app", 1, "evil", &out, &err), -1);
	assert_int_equal(volume_subpath(root, "u4", "data", p, "app", 1, "../../..", &out, &err), -1);
	assert_int_equal(volume_cleanup(root, "u4", &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_dir),   cmocka_unit_test(test_memory),
		cmocka_unit_test(test_group),	    cmocka_unit_test(test_host_path),
		cmocka_unit_test(test_files),	    cmocka_unit_test(test_subpath),
		cmocka_unit_test(test_files_again), cmocka_unit_test(test_files_of_group),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
