/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/buf.h"
#include "client/tls.h"
#include "os/tree.h"

static char root[] = "/tmp/unpack_test.XXXXXX";
static char diff_id[IMAGE_DIGEST_MAX]; /* of what was unpacked last */

static int setup(void **state)
{
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
	struct err err = ERR_INIT;
	return tree_remove(root, &err);
}

struct item {
	const char *path;
	mode_t type;	     /* 0: hard link */
	const char *content; /* or target */
	mode_t mode;
};

static void write_item(struct archive *a, const struct item *i)
{
	struct archive_entry *e = archive_entry_new();
	archive_entry_set_pathname(e, i->path);
	archive_entry_set_filetype(e, i->type ? i->type : AE_IFREG);
	archive_entry_set_perm(e, i->mode ? i->mode : 0644);
	archive_entry_set_mtime(e, 1000000000, 0);
	archive_entry_set_uid(e, 7);
	archive_entry_set_gid(e, 8);
	size_t n = 0;
	if (!i->type)
		archive_entry_set_hardlink(e, i->content);
	else if (i->type == AE_IFLNK)
		archive_entry_set_symlink(e, i->content);
	else if (i->type == AE_IFREG && i->content)
		n = strlen(i->content);
	if (i->type == AE_IFREG)
		archive_entry_xattr_add_entry(e, "trusted.overlay.opaque", "y", 1);
	archive_entry_set_size(e, (la_int64_t)n);
	if (archive_write_header(a, e) != ARCHIVE_OK)
		fail_msg("%s: %s", i->path, archive_error_string(a));
	if (n)
		assert_int_equal(archive_write_data(a, i->content, n), n);
	archive_entry_free(e);
}

/* Packs the items, unpacks them into root/NAME, returns what image_unpack said. */
static int unpack(const char *name, const char *filter, const struct item *items, size_t n, struct err *err)
{
	autofree char *tar = mem_printf("%s/%s.tar", root, name), *dir = mem_printf("%s/%s", root, name);
	struct archive *a = archive_write_new();
	if (strcmp(filter, "none"))
		assert_int_equal(archive_write_add_filter_by_name(a, filter), ARCHIVE_OK);
	archive_write_set_format_pax_restricted(a);
	assert_int_equal(archive_write_open_filename(a, tar), ARCHIVE_OK);
	setlocale(LC_CTYPE, "C.UTF-8"); /* for the writer; the reader must do without */
	for (size_t i = 0; i < n; i++)
		write_item(a, &items[i]);
	setlocale(LC_CTYPE, "C");
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	assert_int_equal(mkdir(dir, 0755), 0);
	autoclose int in = open(tar, O_RDONLY | O_CLOEXEC);
	autoclose int out = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return image_unpack(in, out, diff_id, err);
}

static struct stat look(const char *name, const char *path)
{
	struct stat st = {0};
	autofree char *p = mem_printf("%s/%s/%s", root, name, path);
	(void)!lstat(p, &st);
	return st;
}

static bool opaque(const char *name, const char *path)
{
	char v[8] = "";
	autofree char *p = mem_printf("%s/%s/%s", root, name, path);
	return lgetxattr(p, "trusted.overlay.opaque", v, sizeof(v)) == 1 && *v == 'y';
}

static void test_kinds(void **state)
{
	static const struct item items[] = {
		{"./", AE_IFDIR, NULL, 0755},
		{"dir/", AE_IFDIR, NULL, 0750},
		{"dir/file", AE_IFREG, "hello", 04755},
		{"no/parents/f", AE_IFREG, "x", 0},
		{"link", AE_IFLNK, "dir", 0},
		{"link/through", AE_IFREG, "y", 0},
		{"hard", 0, "dir/file", 0},
		{"/abs/olute", AE_IFREG, "z", 0},
		{"fifo", AE_IFIFO, NULL, 0600},
		{"gr\xc3\xbc\xc3\x9f", AE_IFREG, "u", 0},
		{"dir/file2", AE_IFREG, "one", 0},
		{"dir/file2", AE_IFREG, "two", 0},
	};
	static const char *const filters[] = {"none", "gzip", "zstd"};
	if (geteuid() != 0)
		skip();
	for (size_t f = 0; f < ARRAY_LEN(filters); f++) {
		struct err err = ERR_INIT;
		const char *n = filters[f];
		if (unpack(n, n, items, ARRAY_LEN(items), &err) < 0)
			fail_msg("%s", err.msg);
		struct stat st = look(n, "dir/file");
		assert_int_equal(st.st_mode, S_IFREG | 04755);
		assert_int_equal(st.st_uid, 7);
		assert_int_equal(st.st_gid, 8);
		assert_int_equal(st.st_mtime, 1000000000);
		assert_int_equal(st.st_nlink, 2);
		assert_int_equal(look(n, "hard").st_ino, st.st_ino);
		assert_int_equal(look(n, "dir").st_mode, S_IFDIR | 0750);
		assert_int_equal(look(n, "dir").st_mtime, 1000000000);
		assert_true(S_ISREG(look(n, "dir/through").st_mode));
		assert_true(S_ISREG(look(n, "abs/olute").st_mode));
		assert_true(S_ISREG(look(n, "no/parents/f").st_mode));
		assert_true(S_ISFIFO(look(n, "fifo").st_mode));
		assert_true(S_ISREG(look(n, "gr\xc3\xbc\xc3\x9f").st_mode));
		/* An image does not bring overlayfs's own marks. */
		assert_false(opaque(n, "dir/file"));
		struct err e = ERR_INIT;
		autobuf struct buf b = BUF_INIT;
		autofree char *p = mem_printf("%s/%s/dir/file2", root, n);
		assert_int_equal(tree_read(p, 100, &b, &e), 0);
		assert_string_equal(b.p, "two");
	}
}

static void test_whiteouts(void **state)
{
	static const struct item items[] = {
		{"a/", AE_IFDIR, NULL, 0755},	{"a/.wh.gone", AE_IFREG, NULL, 0},
		{"b/", AE_IFDIR, NULL, 0755},	{"b/.wh..wh..opq", AE_IFREG, NULL, 0},
		{"b/new", AE_IFREG, "n", 0},	{"c/.wh.d", AE_IFREG, NULL, 0},
		{"c/d/", AE_IFDIR, NULL, 0755}, {"e", AE_IFREG, "kept", 0},
		{".wh.e", AE_IFREG, NULL, 0},	{".wh..wh.plnk", AE_IFREG, NULL, 0},
	};
	struct err err = ERR_INIT;
	if (geteuid() != 0)
		skip();
	if (unpack("wh", "gzip", items, ARRAY_LEN(items), &err) < 0)
		fail_msg("%s", err.msg);
	struct stat st = look("wh", "a/gone");
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(st.st_rdev, makedev(0, 0));
	assert_false(opaque("wh", "a"));
	assert_true(opaque("wh", "b"));
	assert_true(S_ISREG(look("wh", "b/new").st_mode));
	assert_true(S_ISDIR(look("wh", "c/d").st_mode));
	assert_true(opaque("wh", "c/d"));
	assert_true(S_ISREG(look("wh", "e").st_mode));
	assert_int_equal(look("wh", "b/.wh..wh..opq").st_ino, 0);
	assert_int_equal(look("wh", ".wh..wh.plnk").st_ino, 0);
}

/* As docker and containerd take them: directories behind links that lead nowhere yet are made where the link says. */
static void test_dangling_links(void **state)
{
	static const struct {
		struct item items[4];
		size_t n;
		const char *found; /* NULL: refused */
	} rows[] = {
		{{{"lib", AE_IFLNK, "usr/lib", 0}, {"lib/x", AE_IFREG, "x", 0}}, 2, "usr/lib/x"},
		{{{"lib", AE_IFLNK, "/usr/lib", 0}, {"lib/a/x", AE_IFREG, "x", 0}}, 2, "usr/lib/a/x"},
		{{{"a/b/l", AE_IFLNK, "../../c/./d", 0}, {"a/b/l/x", AE_IFREG, "x", 0}}, 2, "c/d/x"},
		{{{"a/l", AE_IFLNK, "../../../../../etc", 0}, {"a/l/x", AE_IFREG, "x", 0}}, 2, "etc/x"},
		{{{"l", AE_IFLNK, "m", 0}, {"m", AE_IFLNK, "n/o", 0}, {"l/x", AE_IFREG, "x", 0}}, 3, "n/o/x"},
		{{{"l", AE_IFLNK, "m", 0}, {"m", AE_IFLNK, "l", 0}, {"l/x", AE_IFREG, "x", 0}}, 3, NULL},
		{{{"f", AE_IFREG, "f", 0}, {"l", AE_IFLNK, "f/g", 0}, {"l/x", AE_IFREG, "x", 0}}, 3, NULL},
		{{{"l", AE_IFLNK, "m", 0}, {"l/y/", AE_IFDIR, NULL, 0755}, {"l/y/x", AE_IFREG, "x", 0}},
		 3,
		 "m/y/x"},
	};
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		char name[16];
		snprintf(name, sizeof(name), "dangle%zu", i);
		int rc = unpack(name, "none", rows[i].items, rows[i].n, &err);
		if ((rc == 0) != (rows[i].found != NULL))
			fail_msg("row %zu: %d %s", i, rc, err.msg);
		if (rows[i].found)
			assert_true(S_ISREG(look(name, rows[i].found).st_mode));
	}
}

static void test_replaced_directories(void **state)
{
	static const struct item items[] = {
		{"d/", AE_IFDIR, NULL, 0755}, {"d/e/f", AE_IFREG, "x", 0},
		{"d/l", AE_IFLNK, "/etc", 0}, {"d", AE_IFREG, "a file now", 0},
		{"g/h", AE_IFREG, "x", 0},    {"g", AE_IFLNK, "d", 0},
		{"i/j", AE_IFREG, "x", 0},    {"i", 0, "d", 0},
		{"k/m/n", AE_IFREG, "x", 0},  {"k", AE_IFREG, "y", 0},
		{"k", AE_IFDIR, NULL, 0755},  {"k/again", AE_IFREG, "z", 0},
	};
	struct err err = ERR_INIT;
	if (geteuid() != 0)
		skip();
	if (unpack("replaced", "none", items, ARRAY_LEN(items), &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(S_ISREG(look("replaced", "d").st_mode));
	assert_true(S_ISLNK(look("replaced", "g").st_mode));
	assert_true(S_ISREG(look("replaced", "i").st_mode));
	assert_true(S_ISREG(look("replaced", "k/again").st_mode));
	assert_int_equal(look("replaced", "k/m").st_ino, 0);
	assert_int_equal(access("/etc/passwd", F_OK), 0);
}

static void test_escapes(void **state)
{
	autofree char *outside = mem_printf("%s/outside", root), *victim = mem_printf("%s/victim", outside),
		      *made = mem_printf("%s/made", outside), *up = mem_printf("../outside");
	const struct {
		struct item items[3];
		size_t n;
		bool refused;
	} rows[] = {
		{{{"../outside/made", AE_IFREG, "x", 0}}, 1, true},
		{{{"a/../../outside/made", AE_IFREG, "x", 0}}, 1, true},
		/* What such a link says is looked for, and made, inside. */
		{{{"l", AE_IFLNK, outside, 0}, {"l/made", AE_IFREG, "x", 0}}, 2, false},
		{{{"l", AE_IFLNK, up, 0}, {"l/made", AE_IFREG, "x", 0}}, 2, false},
		{{{"l", AE_IFLNK, victim, 0}, {"l", AE_IFREG, "x", 0}}, 2, false},
		{{{"h", 0, "../outside/victim", 0}}, 1, true},
		{{{"l", AE_IFLNK, outside, 0}, {"h", 0, "l/victim", 0}}, 2, true},
		{{{"l", AE_IFLNK, outside, 0}, {"l/.wh.victim", AE_IFREG, NULL, 0}}, 2, false},
		{{{".wh...", AE_IFREG, NULL, 0}}, 1, true},
	};
	struct err err = ERR_INIT;
	if (geteuid() != 0)
		skip();
	assert_int_equal(tree_mkdirs(outside, 0755, &err), 0);
	assert_int_equal(tree_write(victim, "safe", 4, 0644, TREE_VOLATILE, &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[16];
		snprintf(name, sizeof(name), "esc%zu", i);
		int rc = unpack(name, "none", rows[i].items, rows[i].n, &err);
		if ((rc < 0) != rows[i].refused)
			fail_msg("row %zu: %d %s", i, rc, err.msg);
		autobuf struct buf b = BUF_INIT;
		assert_int_equal(tree_read(victim, 100, &b, &err), 0);
		assert_string_equal(b.p, "safe");
		assert_int_equal(access(made, F_OK), -1);
	}
}

/* However it is packed, its digest is that of the tar. */
static void test_diff_id(void **state)
{
	static const struct item items[] = {{"dir/", AE_IFDIR, NULL, 0755},
					    {"dir/file", AE_IFREG, "hello", 0}};
	static const char *const filters[] = {"none", "gzip", "zstd", "xz", "bzip2"};
	autofree char *plain = mem_printf("%s/id-none.tar", root);
	char want[IMAGE_DIGEST_MAX] = "sha256:";
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		struct err err = ERR_INIT;
		autobuf struct buf b = BUF_INIT;
		autofree char *name = mem_printf("id-%s", filters[i]);
		if (unpack(name, filters[i], items, ARRAY_LEN(items), &err) < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(tree_read(plain, 1 << 20, &b, &err), 0);
		struct tls_sha256 *h = tls_sha256_new();
		tls_sha256_add(h, b.p, b.len);
		tls_sha256_end(h, want + 7);
		assert_string_equal(diff_id, want);
	}
}

/* What is behind the end of a tar is unpacked, too, and may be as long as it likes. */
static void pack_tail(const char *name, size_t zeros)
{
	struct err err = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	autofree char *plain = mem_printf("%s/id-none.tar", root), *file = mem_printf("%s/%s", root, name);
	assert_int_equal(tree_read(plain, 1 << 20, &b, &err), 0);
	buf_reserve(&b, zeros);
	memset(b.p + b.len, 0, zeros);
	struct archive *a = archive_write_new();
	assert_int_equal(archive_write_add_filter_gzip(a), ARCHIVE_OK);
	archive_write_set_format_raw(a);
	assert_int_equal(archive_write_open_filename(a, file), ARCHIVE_OK);
	struct archive_entry *e = archive_entry_new();
	archive_entry_set_filetype(e, AE_IFREG);
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, b.p, b.len + zeros), b.len + zeros);
	archive_entry_free(e);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

static void test_bombs(void **state)
{
	static const char *const filters[] = {"none", "gzip", "zstd", "xz", "bzip2"};
	autofree char *x = mem_zalloc((8 << 20) + 1), *file = mem_printf("%s/tail", root),
		      *dir = mem_printf("%s/tail-dir", root);
	if (geteuid() != 0)
		skip();
	memset(x, 'x', 8 << 20);
	const struct item items[] = {{"small", AE_IFREG, "s", 0}, {"bomb", AE_IFREG, x, 0}};
	int64_t before = image_unpack_bound(1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		struct err err = ERR_INIT;
		autofree char *name = mem_printf("bomb-%s", filters[i]);
		assert_int_equal(unpack(name, filters[i], items, ARRAY_LEN(items), &err), -1);
		assert_int_equal(err.reason, REASON_TOO_LARGE);
		assert_string_equal(err.msg, "layer: unpacks to more than 1048576 bytes");
		assert_true(look(name, "bomb").st_size <= 1 << 20);
	}
	for (int large = 0; large < 2; large++) {
		struct err err = ERR_INIT;
		pack_tail("tail", large ? 8 << 20 : 1 << 10);
		assert_int_equal(mkdir(dir, 0755), 0);
		autoclose int in = open(file, O_RDONLY | O_CLOEXEC),
			      out = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(image_unpack(in, out, diff_id, &err), large ? -1 : 0);
		assert_int_equal(err.reason, large ? REASON_TOO_LARGE : REASON_NONE);
		assert_int_equal(tree_remove(dir, &err), 0);
	}
	image_unpack_bound(before);
}

static void test_garbage(void **state)
{
	struct err err = ERR_INIT;
	autofree char *file = mem_printf("%s/garbage", root), *dir = mem_printf("%s/gdir", root);
	assert_int_equal(
		tree_write(file, "this is no tar at all, but long enough", 38, 0644, TREE_VOLATILE, &err), 0);
	assert_int_equal(mkdir(dir, 0755), 0);
	autoclose int in = open(file, O_RDONLY | O_CLOEXEC),
		      out = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(image_unpack(in, out, diff_id, &err), -1);
	assert_int_equal(err.reason, REASON_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),	       cmocka_unit_test(test_whiteouts),
		cmocka_unit_test(test_dangling_links), cmocka_unit_test(test_replaced_directories),
		cmocka_unit_test(test_escapes),	       cmocka_unit_test(test_diff_id),
		cmocka_unit_test(test_bombs),	       cmocka_unit_test(test_garbage),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
