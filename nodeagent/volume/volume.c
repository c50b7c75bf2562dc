/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/mem.h"
#include "os/tree.h"

char *volume_pod_dir(const char *root, const char *uid)
{
	return mem_printf("%s/pods/%s", root, uid);
}

char *volume_dir(const char *root, const char *uid, const char *plugin, const char *name)
{
	return mem_printf("%s/pods/%s/volumes/kubernetes.io~%s/%s", root, uid, plugin, name);
}

/* A uid comes from the API server, but it ends in a path that is removed. */
static int check_name(const char *s, struct err *err)
{
	if (!*s || strchr(s, '/') || !strcmp(s, ".") || !strcmp(s, "..") || strlen(s) > NAME_MAX)
		return err_set(err, REASON_INVALID, "bad name \"%.100s\"", s);
	return 0;
}

/* ---- emptyDir ---- */

/* A mount point lies on another file system than its parent, or is another mount of the same. */
static bool is_mount_point(const char *path)
{
	struct statx st;
	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, &st) == 0 &&
	       (st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
	       (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* Where the kernel can, what is kept in memory is never written to swap. */
static int mount_tmpfs(const char *path, int64_t size_limit, struct err *err)
{
	char size[32] = "", options[96];
	if (is_mount_point(path))
		return 0;
	if (size_limit > 0)
		snprintf(size, sizeof(size), ",size=%lld", (long long)size_limit);
	snprintf(options, sizeof(options), "mode=0777%s,noswap", size);
	if (mount("tmpfs", path, "tmpfs", 0, options) == 0)
		return 0;
	*strrchr(options, ',') = '\0';
	return mount("tmpfs", path, "tmpfs", 0, options) < 0 ? err_errno(err, "mount tmpfs on %s", path) : 0;
}

static int mount_huge_pages(const char *path, int64_t page, struct err *err)
{
	char options[64];
	if (is_mount_point(path))
		return 0;
	snprintf(options, sizeof(options), "pagesize=%lld,mode=0777", (long long)page);
	return mount("nodev", path, "hugetlbfs", 0, options) < 0
		       ? err_errno(err, "mount hugetlbfs on %s", path)
		       : 0;
}

/* amount: what `on` is given, which mounts what the directory is of; NULL = as it is. */
static int make(const char *root, const char *uid, const char *plugin, const char *name,
		int (*on)(const char *path, int64_t amount, struct err *err), int64_t amount, char **ret_path,
		struct err *err)
{
	if (check_name(uid, err) < 0 || check_name(name, err) < 0)
		return -1;
	autofree char *path = volume_dir(root, uid, plugin, name);
	struct stat st;
	bool there = stat(path, &st) == 0;
	if (!there && tree_mkdirs(path, 0755, err) < 0)
		return -1;
	if (on && on(path, amount, err) < 0)
		return -1;
	if (!there && chmod(path, 0777) < 0)
		return err_errno(err, "chmod %s", path);
	*ret_path = STEAL(path);
	return 0;
}

int volume_make(const char *root, const char *uid, const char *plugin, const char *name, bool memory,
		int64_t size_limit, char **ret_path, struct err *err)
{
	return make(root, uid, plugin, name, memory ? mount_tmpfs : NULL, size_limit, ret_path, err);
}

int volume_empty_dir(const char *root, const char *uid, const char *name, const char *medium,
		     int64_t size_limit, char **ret_path, struct err *err)
{
	bool memory = medium && !strcmp(medium, "Memory");
	if (medium && *medium && !memory)
		return err_set(err, REASON_INVALID, "unknown storage medium \"%s\"", medium);
	return volume_make(root, uid, "empty-dir", name, memory, size_limit, ret_path, err);
}

int volume_huge_pages(const char *root, const char *uid, const char *name, int64_t page, char **ret_path,
		      struct err *err)
{
	return make(root, uid, "empty-dir", name, mount_huge_pages, page, ret_path, err);
}

/* ---- hostPath ---- */

static const struct host_path_type {
	const char *type;
	mode_t format; /* S_IFMT of what must be there; 0 = anything */
	const char *what;
	bool make;
} host_path_types[] = {
	{"", 0, "", true}, /* no check; a missing one becomes a directory, as container runtimes have it */
	{"DirectoryOrCreate", S_IFDIR, "a directory", true},
	{"Directory", S_IFDIR, "a directory", false},
	{"FileOrCreate", S_IFREG, "a file", true},
	{"File", S_IFREG, "a file", false},
	{"Socket", S_IFSOCK, "a socket file", false},
	{"CharDevice", S_IFCHR, "a character device", false},
	{"BlockDevice", S_IFBLK, "a block device", false},
};

static int make_host_path(const struct host_path_type *t, const char *path, struct err *err)
{
	if (t->format != S_IFREG)
		return tree_mkdirs(path, 0755, err);
	autoclose int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
	return fd < 0 ? err_errno(err, "open %s", path) : 0;
}

int volume_host_path(const char *path, const char *type, struct err *err)
{
	const struct host_path_type *t = NULL;
	for (size_t i = 0; i < ARRAY_LEN(host_path_types); i++)
		if (!strcmp(type ? type : "", host_path_types[i].type))
			t = &host_path_types[i];
	if (!t)
		return err_set(err, REASON_INVALID, "%s is an invalid volume type", type);
	struct stat st;
	bool there = stat(path, &st) == 0;
	if (!there && t->make)
		return make_host_path(t, path, err);
	if (t->format && (!there || (st.st_mode & S_IFMT) != t->format))
		return err_set(err, REASON_INVALID, "hostPath type check failed: %s is not %s", path,
			       t->what);
	return 0;
}

/* ---- subPath ---- */

static int open_beneath(int dirfd, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	return (int)syscall(SYS_openat2, dirfd, *path ? path : ".", &how, sizeof(how));
}

/* Opens what is there, or makes directories component by component, never through a symlink out of the
 * volume. */
static int open_subpath(const char *volume, const char *subpath, struct err *err)
{
	autoclose int base = open(volume, O_PATH | O_CLOEXEC);
	int fd = base < 0 ? -1 : open_beneath(base, subpath, O_PATH);
	if (fd >= 0 || base < 0 || errno != ENOENT)
		return fd >= 0 ? fd : err_errno(err, "failed to prepare subPath %s", subpath);
	struct stat root;
	if (fstat(base, &root) < 0)
		return err_errno(err, "stat volume %s", volume);
	mode_t mode = root.st_mode & 07777; /* as the kubelet makes them: no stricter than the volume */
	autofree char *p = mem_strdup(subpath);
	int dir = open_beneath(base, "", O_PATH | O_DIRECTORY);
	for (char *s = p; dir >= 0 && *s;) {
		size_t n = strcspn(s, "/");
		char c = s[n];
		s[n] = '\0';
		bool made = n && mkdirat(dir, s, mode) == 0;
		/* What umask has taken is given back. */
		if (made ? fchmodat(dir, s, mode, 0) < 0 : n && errno != EEXIST) {
			close(dir);
			dir = -1;
			break;
		}
		int next = open_beneath(base, p, O_PATH | O_DIRECTORY);
		close(dir);
		dir = next;
		s[n] = c;
		s += n + (c == '/');
	}
	return dir >= 0 ? dir : err_errno(err, "failed to create subPath directory %s", subpath);
}

int volume_subpath(const char *root, const char *uid, const char *volume, const char *volume_path,
		   const char *container, int index, const char *subpath, char **ret_path, struct err *err)
{
	if (check_name(uid, err) < 0 || check_name(volume, err) < 0 || check_name(container, err) < 0)
		return -1;
	while (*subpath == '/')
		subpath++;
	autoclose int fd = open_subpath(volume_path, subpath, err);
	if (fd < 0)
		return -1;
	autofree char *dir = mem_printf("%s/pods/%s/volume-subpaths/%s/%s", root, uid, volume, container),
		      *target = mem_printf("%s/%d", dir, index);
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_errno(err, "stat subPath %s", subpath);
	if (tree_mkdirs(dir, 0750, err) < 0)
		return -1;
	/* Left by the container's last run: the volume may have changed under it. */
	while (umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	if (tree_remove(target, err) < 0)
		return -1;
	char source[64];
	snprintf(source, sizeof(source), "/proc/self/fd/%d", fd);
	autoclose int file =
		S_ISDIR(st.st_mode) ? -1 : open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (S_ISDIR(st.st_mode) ? mkdir(target, 0750) < 0 : file < 0)
		return err_errno(err, "create %s", target);
	if (mount(source, target, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_errno(err, "bind subPath %s", subpath);
	*ret_path = STEAL(target);
	return 0;
}

/* ---- the end ---- */

int volume_cleanup(const char *root, const char *uid, struct err *err)
{
	if (check_name(uid, err) < 0)
		return -1;
	autofree char *dir = volume_pod_dir(root, uid), *real = realpath(dir, NULL);
	if (!real)
		return errno == ENOENT ? 0 : err_errno(err, "%s", dir);
	return tree_unmount(real, err) < 0 ? -1 : tree_remove(real, err);
}
