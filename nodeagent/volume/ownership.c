/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fsGroup: everything in a volume belongs to the group and may be read and written by it, and what is made in it later
 * belongs to it too (setgid directories), as the kubelet's SetVolumeOwnership has it.
 *
 * The root is done last and tells that all is done: a volume that is found as it should be is not walked again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"
#include "volume/volume.h"

#define DEPTH_MAX 256 /* each level costs a descriptor while it is walked */

struct ownership {
	gid_t group;
	mode_t bits; /* added to every mode */
	struct err *err;
};

static mode_t mode_for(const struct ownership *o, const struct stat *st)
{
	return (st->st_mode & 07777) | o->bits | (S_ISDIR(st->st_mode) ? S_ISGID | S_IXUSR | S_IXGRP : 0);
}

/* fd: O_PATH of anything but a symlink. */
static int give(const struct ownership *o, int fd, const struct stat *st)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fchownat(fd, "", (uid_t)-1, o->group, AT_EMPTY_PATH) < 0 || chmod(path, mode_for(o, st)) < 0)
		return err_errno(o->err, "set ownership");
	return 0;
}

static int walk(const struct ownership *o, int fd, int depth);

static int take(const struct ownership *o, int dir, const char *name, int depth)
{
	struct stat st;
	autoclose int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(o->err, "%s", name);
	if (fstat(fd, &st) < 0)
		return err_errno(o->err, "%s", name);
	if (S_ISLNK(st.st_mode))
		return fchownat(fd, "", (uid_t)-1, o->group, AT_EMPTY_PATH) < 0
			       ? err_errno(o->err, "%s", name)
			       : 0;
	if (S_ISDIR(st.st_mode) && walk(o, fd, depth) < 0)
		return -1;
	return give(o, fd, &st);
}

static int walk(const struct ownership *o, int fd, int depth)
{
	int in =
		depth < DEPTH_MAX ? openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : (errno = ELOOP, -1);
	DIR *d = in < 0 ? NULL : fdopendir(in);
	if (!d) {
		mem_autoclose(&in);
		return err_errno(o->err, "read directory");
	}
	int rc = 0;
	const struct dirent *e;
	while (!rc && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = take(o, dirfd(d), e->d_name, depth + 1);
	closedir(d);
	return rc;
}

static int set_group(const char *path, int64_t group, bool readonly, bool always, struct err *err)
{
	const struct ownership o = {.group = (gid_t)group, .bits = readonly ? 0440 : 0660, .err = err};
	struct stat st;
	autoclose int fd = open(path, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "%s", path);
	if (!always && st.st_gid == o.group && (st.st_mode & 07777) == mode_for(&o, &st))
		return 0;
	if (walk(&o, fd, 0) < 0 || give(&o, fd, &st) < 0)
		return err_wrap(err, "applying fsGroup %lld to %s", (long long)group, path);
	return 0;
}

int volume_set_group(const char *path, int64_t group, bool readonly, struct err *err)
{
	return set_group(path, group, readonly, false, err);
}

int volume_give_group(const char *path, int64_t group, bool readonly, struct err *err)
{
	return set_group(path, group, readonly, true, err);
}
