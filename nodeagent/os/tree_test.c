/* SPDX-License-Identifier: Apache-2.0 */
#include "os/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char root[] = "/tmp/tree_test.XXXXXX";

static int setup(void **state)
{
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
	struct err err = ERR_INIT;
	return tree_remove(root, &err);
}

static char *at(const char *name)
{
	return mem_printf("%s/%s", root, name);
}

static void test_files(void **state)
{
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	struct stat st;
	autofree char *dir = at("a/b/c"), *f = at("a/b/c/f");
	assert_int_equal(tree_mkdirs(dir, 0755, &err), 0);
	assert_int_equal(tree_mkdirs(dir, 0755, &err), 0);
	assert_int_equal(tree_write(f, "hello", 5, 0640, TREE_DURABLE, &err), 0);
	assert_int_equal(tree_write(f, "there", 5, 0640, TREE_VOLATILE, &err), 0);
	assert_int_equal(stat(f, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(tree_read(f, 5, &b, &err), 0);
	assert_string_equal(b.p, "there");
	assert_int_equal(tree_read(f, 4, &b, &err), -1);
	assert_int_equal(err.reason, REASON_TOO_LARGE);
	assert_int_equal(tree_read("/no/such/file", 4, &b, &err), -1);
	assert_int_equal(err.reason, REASON_NOT_FOUND);
	assert_int_equal(tree_write(dir, "x", 1, 0600, TREE_VOLATILE, &err), -1);
}

static bool count(void *arg, const char *name)
{
	++*(int *)arg;
	return true;
}

static void test_remove(void **state)
{
	struct err err = ERR_INIT;
	autofree char *keep = at("keep"), *kept = at("keep/f"), *dir = at("gone"), *deep = at("gone/x/y"),
		      *link = at("gone/x/out"), *slash = at("gone//");
	int n = 0;
	assert_int_equal(tree_mkdirs(keep, 0755, &err), 0);
	assert_int_equal(tree_write(kept, "", 0, 0600, TREE_VOLATILE, &err), 0);
	assert_int_equal(tree_mkdirs(deep, 0755, &err), 0);
	assert_int_equal(symlink(keep, link), 0);
	assert_int_equal(tree_names(dir, count, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(tree_remove(slash, &err), 0);
	assert_int_equal(access(dir, F_OK), -1);
	assert_int_equal(access(kept, F_OK), 0);
	assert_int_equal(tree_remove(dir, &err), 0);
	assert_int_equal(tree_remove("/", &err), -1);
	assert_int_equal(tree_names(dir, count, &n, &err), 0);
}

/* Deeper than paths and descriptors go. */
static void test_deep(void **state)
{
	struct err err = ERR_INIT;
	autofree char *dir = at("deep");
	assert_int_equal(mkdir(dir, 0755), 0);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		int next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
		if (i % 1000 == 0)
			close(openat(fd, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	close(fd);
	if (tree_remove(dir, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(access(dir, F_OK), -1);
}

static void test_usage(void **state)
{
	struct err err = ERR_INIT;
	autofree char *top = at("u"), *dir = at("u/d"), *f = at("u/d/f"), *link = at("u/d/l");
	static const char bytes[65536] = "x";
	int64_t used = 0, inodes = 0;
	assert_int_equal(tree_mkdirs(dir, 0755, &err), 0);
	assert_int_equal(tree_write(f, bytes, sizeof(bytes), 0600, TREE_DURABLE, &err), 0);
	assert_int_equal(symlink("/", link), 0); /* not followed */
	tree_usage(top, &used, &inodes);
	assert_int_equal(inodes, 3);
	assert_true(used >= (int64_t)sizeof(bytes) && used < 4 * (int64_t)sizeof(bytes));
	tree_usage("/no/such/dir", &used, &inodes);
	assert_int_equal(inodes, 3);
	assert_int_equal(tree_remove(top, &err), 0);
}

static void test_mounts(void **state)
{
	struct err err = ERR_INIT;
	if (geteuid() != 0)
		skip();
	autofree char *dir = at("m"), *bind = at("m/bi nd"), *src = at("src"), *f = at("src/f"),
		      *inner = at("m/bi nd/f");
	assert_int_equal(tree_mkdirs(bind, 0755, &err), 0);
	assert_int_equal(tree_mkdirs(src, 0755, &err), 0);
	assert_int_equal(tree_write(f, "", 0, 0600, TREE_VOLATILE, &err), 0);
	assert_int_equal(mount(src, bind, NULL, MS_BIND, NULL), 0);
	/* The same file system, yet not crossed. */
	assert_int_equal(tree_remove(dir, &err), -1);
	assert_int_equal(access(f, F_OK), 0);
	assert_int_equal(mount("tmpfs", bind, "tmpfs", 0, NULL), 0);
	/* Both of them stay, for nothing is below. */
	assert_int_equal(tree_unmount_below(bind, &err), 0);
	assert_int_equal(tree_remove(dir, &err), -1);
	assert_int_equal(umount2(bind, MNT_DETACH), 0);
	assert_int_equal(access(inner, F_OK), 0);
	assert_int_equal(mount("tmpfs", bind, "tmpfs", 0, NULL), 0);
	assert_int_equal(tree_unmount(dir, &err), 0);
	assert_int_equal(access(inner, F_OK), -1);
	assert_int_equal(tree_remove(dir, &err), 0);
	assert_int_equal(access(f, F_OK), 0);
	assert_int_equal(tree_unmount(dir, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files), cmocka_unit_test(test_remove), cmocka_unit_test(test_deep),
		cmocka_unit_test(test_usage), cmocka_unit_test(test_mounts),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
