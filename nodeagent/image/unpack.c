/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tar comes from strangers and is unpacked as root, so libarchive only reads it; every file is made here,
 * below a directory descriptor. A path's parent is opened by openat2 with RESOLVE_IN_ROOT: symlinks inside
 * the layer are followed as a chroot would, none leads out. The last component is never followed.
 *
 * Whiteouts become what overlayfs understands: ".wh.NAME" a character device 0:0 called NAME, ".wh..wh..opq"
 * the xattr trusted.overlay.opaque=y on its directory. An image cannot bring trusted.overlay.* xattrs of its
 * own.
 */
#include "image/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/mem.h"
#include "client/tls.h"
#include "os/tree.h"

#define ENTRIES_MAX 4000000
#define BYTES_MAX (INT64_C(256) << 30) /* unpacked, and of the tar; a bomb ends here or at a full disk */
#define LINKS_MAX 40		       /* as the kernel follows */
#define READ_BLOCK (64 * 1024)
#define OPAQUE "trusted.overlay.opaque"

struct dir_time {
	char *path;
	struct timespec mtime;
};

/* The layer without its compression, hashed as it goes to whoever reads the tar in it. */
struct layer_stream {
	struct archive *a;
	struct tls_sha256 *hash;
	int64_t bytes;
	bool ended;
	struct err err; /* what ended it */
};

struct unpack {
	struct archive *a;
	int root;
	int64_t bytes;
	/* The parent of the last entry: tars list a directory's files together. */
	char parent_path[PATH_MAX];
	int parent;
	/* Directories get their time at the end, when nothing is made in them any more. */
	struct dir_time *dirs;
	size_t n_dirs, cap_dirs;
};

static int open_in_root(int root, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};
	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
}

static void forget_parent(struct unpack *u)
{
	if (u->parent >= 0)
		close(u->parent);
	u->parent = -1;
}

/* Copies a path without empty and "." components; false when it has ".." or does not fit. "" is the root. */
static bool clean_path(const char *in, char out[PATH_MAX])
{
	size_t n = 0;
	while (*in) {
		size_t len = strcspn(in, "/");
		if (len == 2 && in[0] == '.' && in[1] == '.')
			return false;
		if (len && !(len == 1 && in[0] == '.')) {
			if (len > NAME_MAX || n + len + 2 > PATH_MAX)
				return false;
			if (n)
				out[n++] = '/';
			memcpy(out + n, in, len);
			n += len;
		}
		in += len + (in[len] == '/');
	}
	out[n] = '\0';
	return true;
}

/* A path being resolved as a chroot would: what is done of it has no symlinks, so that its ".." are what they say. */
struct walk {
	struct unpack *u;
	char done[PATH_MAX], todo[PATH_MAX];
	int links;
};

static bool append(char path[PATH_MAX], const char *name, size_t n)
{
	size_t len = strlen(path);
	if (len + n + 2 > PATH_MAX)
		return false;
	if (len)
		path[len++] = '/';
	memcpy(path + len, name, n);
	path[len + n] = '\0';
	return true;
}

/* The symlink w->done is replaced by what it says. */
static bool follow(struct walk *w)
{
	char target[PATH_MAX];
	autoclose int fd = open_in_root(w->u->root, w->done, O_PATH | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof(target) - 1);
	if (n < 0 || ++w->links > LINKS_MAX)
		return false;
	target[n] = '\0';
	char *slash = strrchr(w->done, '/');
	*(*target == '/' || !slash ? w->done : slash) = '\0';
	if (*w->todo && !append(target, w->todo, strlen(w->todo)))
		return false;
	memcpy(w->todo, target, sizeof(target));
	return true;
}

/* w->done, of which all but the last name is there, becomes a directory, or is followed. */
static bool enter(struct walk *w)
{
	struct stat st;
	autoclose int fd = open_in_root(w->u->root, w->done, O_PATH | O_NOFOLLOW);
	if (fd >= 0)
		return fstat(fd, &st) == 0 &&
		       (S_ISLNK(st.st_mode) ? follow(w) : S_ISDIR(st.st_mode) || (errno = ENOTDIR, false));
	char *slash = strrchr(w->done, '/');
	if (slash)
		*slash = '\0';
	autoclose int parent = open_in_root(w->u->root, slash ? w->done : "", O_PATH | O_DIRECTORY);
	if (slash)
		*slash = '/';
	return parent >= 0 && mkdirat(parent, slash ? slash + 1 : w->done, 0755) == 0;
}

/* Makes what is missing of a directory, also behind symlinks that lead nowhere yet. */
static int make_parents(struct unpack *u, const char *path)
{
	struct walk w = {.u = u};
	memcpy(w.todo, path, strlen(path) + 1);
	errno = ELOOP;
	while (*w.todo) {
		char name[NAME_MAX + 1];
		size_t n = strcspn(w.todo, "/"), skip = n + strspn(w.todo + n, "/");
		if (n > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, w.todo, n);
		name[n] = '\0';
		memmove(w.todo, w.todo + skip, strlen(w.todo + skip) + 1);
		if (!strcmp(name, "..")) {
			char *slash = strrchr(w.done, '/');
			*(slash ? slash : w.done) = '\0';
		} else if (n && strcmp(name, ".") != 0 && (!append(w.done, name, n) || !enter(&w))) {
			return -1;
		}
	}
	return open_in_root(u->root, w.done, O_PATH | O_DIRECTORY);
}

/* Opens a directory, making what is missing of it as docker does for tars that do not list parents. */
static int open_parent(struct unpack *u, const char *path, struct err *err)
{
	if (u->parent >= 0 && !strcmp(path, u->parent_path))
		return 0;
	forget_parent(u);
	int fd = open_in_root(u->root, path, O_PATH | O_DIRECTORY);
	if (fd < 0 && errno == ENOENT)
		fd = make_parents(u, path);
	if (fd < 0)
		return err_errno(err, "layer: directory /%s", path);
	u->parent = fd;
	memcpy(u->parent_path, path, strlen(path) + 1);
	return 0;
}

static int fd_path(char out[64], int fd)
{
	return snprintf(out, 64, "/proc/self/fd/%d", fd);
}

static int set_opaque(int dirfd)
{
	char p[64];
	fd_path(p, dirfd);
	return setxattr(p, OPAQUE, "y", 1, 0);
}

static int whiteout(struct unpack *u, const char *name, struct err *err)
{
	if (!strcmp(name, ".wh..opq"))
		return set_opaque(u->parent) < 0 ? err_errno(err, "layer: opaque /%s", u->parent_path) : 0;
	if (!strncmp(name, ".wh.", 4))
		return 0; /* other aufs bookkeeping */
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return err_set(err, REASON_INVALID, "layer: bad whiteout in /%s", u->parent_path);
	/* One that the layer itself brings hides only what is below. */
	if (mknodat(u->parent, name, S_IFCHR, makedev(0, 0)) < 0 && errno != EEXIST)
		return err_errno(err, "layer: whiteout /%s/%s", u->parent_path, name);
	return 0;
}

static void set_xattrs(struct archive_entry *e, int parent, const char *name)
{
	const char *key;
	const void *value;
	size_t n;
	char p[64 + PATH_MAX];
	if (!archive_entry_xattr_reset(e))
		return;
	int len = fd_path(p, parent);
	snprintf(p + len, sizeof(p) - (size_t)len, "/%s", name);
	while (archive_entry_xattr_next(e, &key, &value, &n) == ARCHIVE_OK)
		if (!strncmp(key, "user.", 5) || !strcmp(key, "security.capability"))
			(void)lsetxattr(p, key, value, n,
					0); /* a file system without them is no reason to fail */
}

static struct timespec mtime_of(struct archive_entry *e)
{
	return (struct timespec){.tv_sec = archive_entry_mtime(e), .tv_nsec = archive_entry_mtime_nsec(e)};
}

/* Owner, mode, xattrs, time: in the order in which the kernel does not undo the earlier ones. */
static int set_metadata(struct unpack *u, struct archive_entry *e, const char *name, struct err *err)
{
	mode_t type = archive_entry_filetype(e);
	if (fchownat(u->parent, name, (uid_t)archive_entry_uid(e), (gid_t)archive_entry_gid(e),
		     AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, "layer: chown /%s/%s", u->parent_path, name);
	if (type != AE_IFLNK && fchmodat(u->parent, name, archive_entry_perm(e), 0) < 0)
		return err_errno(err, "layer: chmod /%s/%s", u->parent_path, name);
	if (type == AE_IFREG || type == AE_IFDIR)
		set_xattrs(e, u->parent, name);
	struct timespec t[2] = {{.tv_nsec = UTIME_OMIT}, mtime_of(e)};
	if (type != AE_IFDIR && archive_entry_mtime_is_set(e))
		(void)utimensat(u->parent, name, t, AT_SYMLINK_NOFOLLOW);
	return 0;
}

static int64_t bytes_max = BYTES_MAX;

int64_t image_unpack_bound(int64_t bytes)
{
	int64_t before = bytes_max;
	bytes_max = bytes ? bytes : BYTES_MAX;
	return before;
}

static int too_large(struct err *err)
{
	return err_set(err, REASON_TOO_LARGE, "layer: unpacks to more than %lld bytes", (long long)bytes_max);
}

static int make_regular(struct unpack *u, const char *name, struct err *err)
{
	autoclose int fd =
		openat(u->parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, "layer: create /%s/%s", u->parent_path, name);
	for (;;) {
		const void *p;
		size_t n;
		la_int64_t off;
		int rc = archive_read_data_block(u->a, &p, &n, &off);
		if (rc == ARCHIVE_EOF)
			return 0;
		if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
			return err_set(err, REASON_INVALID, "layer: %s", archive_error_string(u->a));
		u->bytes += (int64_t)n;
		if (u->bytes > bytes_max)
			return too_large(err);
		for (size_t done = 0; done < n;) {
			ssize_t w = pwrite(fd, (const char *)p + done, n - done, off + (off_t)done);
			if (w < 0)
				return err_errno(err, "layer: write /%s/%s", u->parent_path, name);
			done += (size_t)w;
		}
	}
}

static int make_hardlink(struct unpack *u, const char *target, const char *name, struct err *err)
{
	char path[PATH_MAX];
	if (!clean_path(target, path) || !*path)
		return err_set(err, REASON_INVALID, "layer: bad hard link target \"%.200s\"", target);
	char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	if (slash)
		*slash = '\0';
	autoclose int dir = open_in_root(u->root, slash ? path : "", O_PATH | O_DIRECTORY);
	if (dir < 0 || linkat(dir, base, u->parent, name, 0) < 0)
		return err_errno(err, "layer: link /%s/%s", u->parent_path, name);
	return 0;
}

static int make_dir(struct unpack *u, const char *path, struct archive_entry *e, const char *name,
		    bool opaque, struct err *err)
{
	if (mkdirat(u->parent, name, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "layer: mkdir /%s", path);
	if (opaque) {
		autoclose int fd = openat(u->parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || fsetxattr(fd, OPAQUE, "y", 1, 0) < 0)
			return err_errno(err, "layer: opaque /%s", path);
	}
	if (!archive_entry_mtime_is_set(e))
		return 0;
	if (u->n_dirs == u->cap_dirs)
		u->dirs = mem_realloc_array(u->dirs, u->cap_dirs = u->cap_dirs ? u->cap_dirs * 2 : 64,
					    sizeof(*u->dirs));
	u->dirs[u->n_dirs++] = (struct dir_time){mem_strdup(path), mtime_of(e)};
	return 0;
}

/* Later entries replace earlier ones; a directory stays when a directory follows. *ret_opaque: there was a
   whiteout of the same name, so a directory made instead must not show what is below. */
static int clear_way(struct unpack *u, const char *name, bool dir, bool *ret_opaque, struct err *err)
{
	struct stat st;
	*ret_opaque = false;
	if (fstatat(u->parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (dir && S_ISDIR(st.st_mode))
		return 0;
	*ret_opaque = dir && S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0);
	if (!S_ISDIR(st.st_mode))
		return unlinkat(u->parent, name, 0) < 0
			       ? err_errno(err, "layer: replace /%s/%s", u->parent_path, name)
			       : 0;
	char parent[64];
	fd_path(parent, u->parent);
	autofree char *path = mem_printf("%s/%s", parent, name);
	return tree_remove(path, err) < 0 ? err_wrap(err, "layer: replace /%s/%s", u->parent_path, name) : 0;
}

static int make_entry(struct unpack *u, struct archive_entry *e, const char *path, const char *name,
		      struct err *err)
{
	mode_t type = archive_entry_filetype(e);
	const char *hard = archive_entry_hardlink(e);
	bool dir = type == AE_IFDIR && !hard, opaque;
	if (clear_way(u, name, dir, &opaque, err) < 0)
		return -1;
	if (hard)
		return make_hardlink(u, hard, name, err);
	int rc = 0;
	switch (type) {
	case AE_IFREG:
		rc = make_regular(u, name, err);
		break;
	case AE_IFDIR:
		rc = make_dir(u, path, e, name, opaque, err);
		break;
	case AE_IFLNK:
		if (symlinkat(archive_entry_symlink(e) ? archive_entry_symlink(e) : "", u->parent, name) < 0)
			rc = err_errno(err, "layer: symlink /%s", path);
		break;
	case AE_IFIFO:
	case AE_IFCHR:
	case AE_IFBLK:
		if (mknodat(u->parent, name, type | 0600, archive_entry_rdev(e)) < 0)
			rc = err_errno(err, "layer: mknod /%s", path);
		break;
	default:
		return err_set(err, REASON_INVALID, "layer: /%.200s is of an unknown type", path);
	}
	return rc < 0 ? rc : set_metadata(u, e, name, err);
}

static int unpack_entry(struct unpack *u, struct archive_entry *e, struct err *err)
{
	char path[PATH_MAX], dir[PATH_MAX] = "";
	const char *raw = archive_entry_pathname(e);
	if (!raw || !clean_path(raw, path))
		return err_set(err, REASON_INVALID, "layer: bad path \"%.200s\"", raw ? raw : "");
	if (!*path) { /* the root itself: only its mode and owner matter */
		if (fchown(u->root, (uid_t)archive_entry_uid(e), (gid_t)archive_entry_gid(e)) < 0 ||
		    fchmod(u->root, archive_entry_perm(e)) < 0)
			return err_errno(err, "layer: /");
		return 0;
	}
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	if (slash)
		memcpy(dir, path, (size_t)(slash - path));
	if (open_parent(u, dir, err) < 0)
		return -1;
	if (!strncmp(name, ".wh.", 4))
		return whiteout(u, name + 4, err);
	/* What is replaced may be the parent of what comes: look it up anew. */
	int rc = make_entry(u, e, path, name, err);
	if (archive_entry_filetype(e) != AE_IFREG)
		forget_parent(u);
	return rc;
}

static int unpack_all(struct unpack *u, struct err *err)
{
	for (size_t n = 0;; n++) {
		struct archive_entry *e;
		int rc = archive_read_next_header(u->a, &e);
		if (rc == ARCHIVE_EOF)
			return 0;
		if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
			return err_set(err, REASON_INVALID, "layer: %s", archive_error_string(u->a));
		if (n == ENTRIES_MAX)
			return err_set(err, REASON_TOO_LARGE, "layer: more than %d entries", ENTRIES_MAX);
		if (unpack_entry(u, e, err) < 0)
			return -1;
	}
}

static void set_dir_times(struct unpack *u)
{
	while (u->n_dirs) {
		struct dir_time *d = &u->dirs[--u->n_dirs];
		struct timespec t[2] = {{.tv_nsec = UTIME_OMIT}, d->mtime};
		int fd = open_in_root(u->root, d->path, O_RDONLY | O_DIRECTORY);
		if (fd >= 0) {
			(void)futimens(fd, t);
			close(fd);
		}
		free(d->path);
	}
	free(u->dirs);
}

/* ---- without its compression ---- */

static int stream_open(struct layer_stream *s, int fd, struct err *err)
{
	struct archive_entry *whole;
	s->a = archive_read_new();
	s->hash = tls_sha256_new();
	archive_read_support_filter_gzip(s->a);
	archive_read_support_filter_zstd(s->a);
	archive_read_support_filter_bzip2(s->a);
	archive_read_support_filter_xz(s->a);
	archive_read_support_format_raw(s->a);
	archive_read_support_format_empty(s->a);
	int rc = archive_read_open_fd(s->a, fd, READ_BLOCK);
	if (rc == ARCHIVE_OK)
		rc = archive_read_next_header(s->a, &whole);
	s->ended = rc == ARCHIVE_EOF;
	return rc == ARCHIVE_OK || s->ended
		       ? 0
		       : err_set(err, REASON_INVALID, "layer: %s", archive_error_string(s->a));
}

/* -1 with s->err; 0 at its end. */
static la_ssize_t stream_read(struct layer_stream *s, const void **ret)
{
	size_t n = 0;
	la_int64_t offset;
	int rc = s->ended ? ARCHIVE_EOF : archive_read_data_block(s->a, ret, &n, &offset);
	s->ended = rc == ARCHIVE_EOF;
	if (s->ended)
		return 0;
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		return err_set(&s->err, REASON_INVALID, "layer: %s", archive_error_string(s->a));
	tls_sha256_add(s->hash, *ret, n);
	s->bytes += (int64_t)n;
	return s->bytes > bytes_max ? too_large(&s->err) : (la_ssize_t)n;
}

static la_ssize_t on_read(struct archive *a, void *arg, const void **ret)
{
	struct layer_stream *s = arg;
	la_ssize_t n = stream_read(s, ret);
	if (n < 0)
		archive_set_error(a, EIO, "%s", s->err.msg);
	return n;
}

/* What is behind the tar's end belongs to the digest, too. */
static int stream_close(struct layer_stream *s, char ret[IMAGE_DIGEST_MAX], int rc, struct err *err)
{
	const void *ignored;
	char hex[65];
	while (rc == 0 && !s->ended && s->err.reason == REASON_NONE)
		(void)stream_read(s, &ignored);
	tls_sha256_end(s->hash, hex);
	snprintf(ret, IMAGE_DIGEST_MAX, "sha256:%s", hex);
	archive_read_free(s->a);
	if (s->err.reason == REASON_NONE)
		return rc;
	*err = s->err;
	return -1;
}

static struct archive *open_tar(struct layer_stream *s, struct err *err)
{
	struct archive *a = archive_read_new();
	archive_read_support_format_tar(a);
	archive_read_support_format_empty(a);
	if (archive_read_open(a, s, NULL, on_read, NULL) == ARCHIVE_OK)
		return a;
	err_set(err, REASON_INVALID, "layer: %s", archive_error_string(a));
	archive_read_free(a);
	return NULL;
}

static int unpack_stream(struct layer_stream *s, int dir_fd, struct err *err)
{
	struct unpack u = {.root = dir_fd, .parent = -1};
	u.a = open_tar(s, err);
	if (!u.a)
		return -1;
	/* libarchive converts names to the locale's character set: one that takes every name. */
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	int rc = unpack_all(&u, err);
	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	forget_parent(&u);
	set_dir_times(&u);
	archive_read_free(u.a);
	return rc;
}

int image_unpack(int blob_fd, int dir_fd, char ret_diff_id[IMAGE_DIGEST_MAX], struct err *err)
{
	struct layer_stream s = {.err = ERR_INIT};
	int rc = stream_open(&s, blob_fd, err);
	if (rc == 0)
		rc = unpack_stream(&s, dir_fd, err);
	return stream_close(&s, ret_diff_id, rc, err);
}
