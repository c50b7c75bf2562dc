/* SPDX-License-Identifier: Apache-2.0 */
#include "os/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEEP 64 /* levels of directories open at a time while removing */

int tree_mkdirs(const char *path, mode_t mode, struct err *err)
{
	autofree char *p = mem_strdup(path);
	for (char *s = p + 1;; s++) {
		if (*s != '/' && *s)
			continue;
		char c = *s;
		*s = '\0';
		if (mkdir(p, mode) < 0 && errno != EEXIST)
			return err_errno(err, "mkdir %s", p);
		*s = c;
		if (!c)
			return 0;
	}
}

/*
 * What is removed may have been made by a container with the aim of being in the way: a chain of a hundred
 * thousand directories must cost neither stack nor descriptors. What lies DEEP levels down is moved up to the
 * top, and the top emptied again.
 */
struct removal {
	int top;
	unsigned moved;
};

/* A directory to be emptied; RESOLVE_NO_XDEV refuses bind mounts of the same file system too. */
static int open_dir(int dirfd, const char *name)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
			       .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH};
	return (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
}

static int remove_at(struct removal *r, int dirfd, const char *name, int depth);

/* Takes the descriptor. */
static int empty(struct removal *r, int fd, int depth)
{
	DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -1;
	}
	int rc = 0;
	const struct dirent *e;
	while (!rc && (errno = 0, e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		rc = remove_at(r, dirfd(d), e->d_name, depth + 1);
	}
	int saved = errno;
	closedir(d);
	errno = saved;
	return rc;
}

static int move_up(struct removal *r, int dirfd, const char *name)
{
	char to[40];
	do
		snprintf(to, sizeof(to), "..removed-%u", r->moved++);
	while (renameat2(dirfd, name, r->top, to, RENAME_NOREPLACE) < 0 && errno == EEXIST);
	return faccessat(r->top, to, F_OK, AT_SYMLINK_NOFOLLOW);
}

static int remove_at(struct removal *r, int dirfd, const char *name, int depth)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -1;
	if (depth >= DEEP)
		return move_up(r, dirfd, name);
	int fd = open_dir(dirfd, name);
	if (fd < 0 || empty(r, fd, depth) < 0)
		return -1;
	return unlinkat(dirfd, name, AT_REMOVEDIR);
}

static int remove_top(int dirfd, const char *name)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	autoclose int top = open_dir(dirfd, name);
	struct removal r = {.top = top};
	for (unsigned before = ~0u; top >= 0 && before != r.moved;) {
		before = r.moved;
		int fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || empty(&r, fd, 0) < 0)
			return -1;
		if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
			return 0;
		if (errno != ENOTEMPTY && errno != EEXIST)
			return -1;
	}
	return -1;
}

int tree_remove(const char *path, struct err *err)
{
	autofree char *dir = mem_strdup(path);
	size_t n = strlen(dir);
	while (n > 1 && dir[n - 1] == '/')
		dir[--n] = '\0';
	char *slash = strrchr(dir, '/');
	if (!slash || !slash[1])
		return err_set(err, REASON_INTERNAL, "refusing to remove %s", path);
	*slash = '\0';
	autoclose int fd = open(slash == dir ? "/" : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, "open %s", dir);
	return remove_top(fd, slash + 1) < 0 ? err_errno(err, "remove %s", path) : 0;
}

/* mountinfo writes blanks, tabs, newlines and backslashes as three octal digits. */
static void unescape(char *s)
{
	char *w = s;
	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*w++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*w++ = *s;
		}
	}
	*w = '\0';
}

static bool is_below(const char *p, const char *root, size_t n, bool at)
{
	return !strncmp(p, root, n) && ((at && p[n] == '\0') || p[n] == '/');
}

static int unmount_all(const char *path, bool at, struct err *err)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	if (!f)
		return err_errno(err, "open /proc/self/mountinfo");
	size_t n = strlen(path), count = 0, cap = 0;
	char **found = NULL;
	autofree char *line = NULL;
	size_t line_cap = 0;
	while (getline(&line, &line_cap, f) > 0) {
		char *save = NULL, *field = strtok_r(line, " ", &save);
		for (int i = 0; i < 4 && field; i++)
			field = strtok_r(NULL, " ", &save);
		if (!field)
			continue;
		unescape(field);
		if (!is_below(field, path, n, at))
			continue;
		if (count == cap)
			found = mem_realloc_array(found, cap = cap ? cap * 2 : 8, sizeof(*found));
		found[count++] = mem_strdup(field);
	}
	fclose(f);
	/* Later lines were mounted later, hence lie on top or below. */
	int rc = 0;
	while (count) {
		char *p = found[--count];
		if (umount2(p, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT && !rc)
			rc = err_errno(err, "unmount %s", p);
		free(p);
	}
	free(found);
	return rc;
}

int tree_unmount(const char *path, struct err *err)
{
	return unmount_all(path, true, err);
}

int tree_unmount_below(const char *path, struct err *err)
{
	return unmount_all(path, false, err);
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);
		if (w < 0 && errno != EINTR)
			return -1;
		if (w > 0)
			p += w, n -= (size_t)w;
	}
	return 0;
}

static int sync_parent(const char *path)
{
	autofree char *dir = mem_strdup(path);
	char *slash = strrchr(dir, '/');
	if (!slash)
		return 0;
	slash[slash == dir] = '\0';
	autoclose int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -1 : fsync(fd);
}

int tree_write(const char *path, const void *p, size_t n, mode_t mode, enum tree_durability d,
	       struct err *err)
{
	autofree char *tmp = mem_printf("%s.XXXXXX", path);
	autoclose int fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "create %s", tmp);
	if (write_all(fd, p, n) < 0 || fchmod(fd, mode) < 0 || (d == TREE_DURABLE && fdatasync(fd) < 0) ||
	    rename(tmp, path) < 0 || (d == TREE_DURABLE && sync_parent(path) < 0)) {
		err_errno(err, "write %s", path);
		unlink(tmp);
		return -1;
	}
	return 0;
}

int tree_read(const char *path, size_t max, struct buf *out, struct err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		bool none = errno == ENOENT;
		err_errno(err, "open %s", path);
		if (none)
			err->reason = REASON_NOT_FOUND;
		return -1;
	}
	size_t start = out->len;
	for (;;) {
		char tmp[16384];
		ssize_t n = read(fd, tmp, sizeof(tmp));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "read %s", path);
		if (n == 0)
			return 0;
		if (out->len - start + (size_t)n > max)
			return err_set(err, REASON_TOO_LARGE, "%s is larger than %zu bytes", path, max);
		buf_add(out, tmp, (size_t)n);
	}
}

int tree_names(const char *path, tree_name_fn *fn, void *arg, struct err *err)
{
	DIR *d = opendir(path);
	if (!d)
		return errno == ENOENT ? 0 : err_errno(err, "open %s", path);
	const struct dirent *e;
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && !fn(arg, e->d_name))
			break;
	closedir(d);
	return 0;
}

/* ---- usage ---- */

#define USAGE_DEPTH_MAX 256

static void usage_below(int dir, dev_t dev, int depth, int64_t *bytes, int64_t *inodes)
{
	DIR *d = fdopendir(dir);
	const struct dirent *e;
	if (!d) {
		close(dir);
		return;
	}
	while ((e = readdir(d))) {
		struct stat st;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != dev)
			continue;
		*bytes += (int64_t)st.st_blocks * 512;
		*inodes += 1;
		if (!S_ISDIR(st.st_mode) || depth == USAGE_DEPTH_MAX)
			continue;
		int below = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0)
			usage_below(below, dev, depth + 1, bytes, inodes);
	}
	closedir(d);
}

void tree_usage(const char *path, int64_t *bytes, int64_t *inodes)
{
	struct stat st;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &st) < 0) {
		if (dir >= 0)
			close(dir);
		return;
	}
	usage_below(dir, st.st_dev, 0, bytes, inodes);
}
