/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kubelet's atomic writer, in its own on-disk shape, which applications rely on to notice updates:
 *
 *	DIR/..2026_01_02_15_04_05.123456789/	the files
 *	DIR/..data -> ..2026_01_02_15_04_05.123456789	swapped by rename
 *	DIR/NAME -> ..data/NAME			for each top-level name
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/map.h"
#include "os/tree.h"
#include "volume/volume.h"

#define FILE_MAX (4u << 20) /* more than any object may hold */

/* The words are upstream's. */
static int check_path(const char *p, struct err *err)
{
	enum { PATH_LIMIT = 4096, NAME_LIMIT = 255 };
	if (!*p)
		return err_set(err, REASON_INVALID, "invalid path: must not be empty: \"\"");
	if (*p == '/')
		return err_set(err, REASON_INVALID, "invalid path: must be relative path: %.300s", p);
	if (strlen(p) > PATH_LIMIT)
		return err_set(err, REASON_INVALID,
			       "invalid path: must be less than or equal to %d characters", PATH_LIMIT);
	for (const char *s = p; s; s = strchr(s, '/') ? strchr(s, '/') + 1 : NULL) {
		size_t n = strcspn(s, "/");
		if (n == 2 && s[0] == '.' && s[1] == '.')
			return err_set(err, REASON_INVALID, "invalid path: must not contain '..': %.300s", p);
		if (!n || (n == 1 && *s == '.'))
			return err_set(err, REASON_INVALID, "invalid path: not in its shortest form: %.300s",
				       p);
		if (n > NAME_LIMIT)
			return err_set(err, REASON_INVALID,
				       "invalid path: filenames must be less than or equal to %d characters",
				       NAME_LIMIT);
	}
	/* Names that start so at the top are the writer's own. */
	if (!strncmp(p, "..", 2))
		return err_set(err, REASON_INVALID, "invalid path: must not start with '..': %.300s", p);
	return 0;
}

/* With an fsGroup it is the group's to read, too. */
static mode_t mode_of(const struct volume_file *f, int64_t group)
{
	return f->mode | (group < 0 ? 0 : 0440);
}

static bool same_file(const char *dir, const struct volume_file *f, int64_t group)
{
	struct stat st;
	struct err ignored = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	autofree char *path = mem_printf("%s/..data/%s", dir, f->path);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 07777) == mode_of(f, group) &&
	       tree_read(path, FILE_MAX, &b, &ignored) == 0 && b.len == f->len &&
	       (!f->len || !memcmp(b.p, f->data, f->len));
}

struct counter {
	const char *dir;
	size_t n;
};

static bool count_files(void *arg, const char *name)
{
	struct counter *c = arg;
	struct err ignored = ERR_INIT;
	struct stat st;
	autofree char *path = mem_printf("%s/%s", c->dir, name);
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		struct counter sub = {.dir = path};
		(void)!tree_names(path, count_files, &sub, &ignored);
		c->n += sub.n;
	} else {
		c->n++;
	}
	return true;
}

static bool unchanged(const char *dir, const struct volume_file *files, size_t n, int64_t group)
{
	struct err ignored = ERR_INIT;
	autofree char *data = mem_printf("%s/..data", dir);
	struct counter c = {.dir = data};
	if (access(data, F_OK) < 0 || tree_names(data, count_files, &c, &ignored) < 0 || c.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!same_file(dir, &files[i], group))
			return false;
	return true;
}

static int write_all(const char *to, const struct volume_file *files, size_t n, int64_t group,
		     struct err *err)
{
	if (tree_mkdirs(to, 0755, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		autofree char *path = mem_printf("%s/%s", to, files[i].path), *parent = mem_strdup(path);
		*strrchr(parent, '/') = '\0';
		if (tree_mkdirs(parent, 0755, err) < 0 ||
		    tree_write(path, files[i].data ? files[i].data : "", files[i].len, files[i].mode,
			       TREE_VOLATILE, err) < 0)
			return -1;
	}
	return group < 0 ? 0 : volume_give_group(to, group, true, err);
}

static int swap_data(const char *dir, const char *name, struct err *err)
{
	autofree char *tmp = mem_printf("%s/..data_tmp", dir), *data = mem_printf("%s/..data", dir);
	if ((unlink(tmp) < 0 && errno != ENOENT) || symlink(name, tmp) < 0 || rename(tmp, data) < 0)
		return err_errno(err, "swap %s", data);
	return 0;
}

struct stale {
	const char *dir, *current;
	struct map *tops; /* top-level names that stay */
	struct err *err;
	int rc;
};

static bool remove_stale(void *arg, const char *name)
{
	struct stale *s = arg;
	if (!strcmp(name, "..data") || !strcmp(name, s->current) || map_has(s->tops, name))
		return true;
	autofree char *path = mem_printf("%s/%s", s->dir, name);
	s->rc = tree_remove(path, s->err);
	return s->rc == 0;
}

static int link_tops(const char *dir, struct map *tops, struct err *err)
{
	for (struct map_iter it = {0}; map_next(tops, &it);) {
		autofree char *path = mem_printf("%s/%s", dir, it.key),
			      *target = mem_printf("..data/%s", it.key);
		if (symlink(target, path) < 0 && errno != EEXIST)
			return err_errno(err, "link %s", path);
	}
	return 0;
}

/* As the kubelet names it, in local time: people look at it. */
static char *stamp(void)
{
	int64_t now = clock_wall_ns();
	time_t seconds = (time_t)(now / NS_PER_S);
	struct tm tm;
	char text[32];
	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y_%m_%d_%H_%M_%S", &tm);
	return mem_printf("..%s.%09lld", text, (long long)(now % NS_PER_S));
}

static int replace(const char *dir, const char *name, const struct volume_file *files, size_t n,
		   int64_t group, struct err *err)
{
	autofree char *to = mem_printf("%s/%s", dir, name);
	struct err ignored = ERR_INIT; /* the first error is the one to tell */
	if (write_all(to, files, n, group, err) == 0 && swap_data(dir, name, err) == 0)
		return 0;
	(void)!tree_remove(to, &ignored);
	return -1;
}

/* What an agent that was killed in the middle of this left is put right, too. */
static int tidy(const char *dir, struct map *tops, struct err *err)
{
	char current[NAME_MAX + 1] = "";
	autofree char *data = mem_printf("%s/..data", dir);
	if (readlink(data, current, NAME_MAX) < 0)
		return err_errno(err, "read %s", data);
	if (link_tops(dir, tops, err) < 0)
		return -1;
	struct stale s = {.dir = dir, .current = current, .tops = tops, .err = err};
	return tree_names(dir, remove_stale, &s, err) < 0 ? -1 : s.rc;
}

int volume_write_files(const char *dir, const struct volume_file *files, size_t n, int64_t group,
		       struct err *err)
{
	automap struct map tops = MAP_INIT;
	for (size_t i = 0; i < n; i++) {
		if (check_path(files[i].path, err) < 0)
			return -1;
		map_setn(&tops, files[i].path, strcspn(files[i].path, "/"), (void *)files);
	}
	if (tree_mkdirs(dir, 0755, err) < 0)
		return -1;
	autofree char *name = stamp();
	if ((!unchanged(dir, files, n, group) && replace(dir, name, files, n, group, err) < 0) ||
	    tidy(dir, &tops, err) < 0)
		return -1;
	return group < 0 ? 0 : volume_set_group(dir, group, true, err);
}
