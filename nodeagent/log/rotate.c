/* SPDX-License-Identifier: Apache-2.0 */
#include "log/rotate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/mem.h"

#define GZ ".gz"
#define TMP ".tmp"
#define CHUNK (64 * 1024)

struct rotated { /* what was rotated out of a log, oldest first; paths */
	char **v;
	size_t n;
};

static void rotated_release(struct rotated *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

static bool ends(const char *s, const char *with)
{
	size_t n = strlen(s), m = strlen(with);
	return n >= m && !strcmp(s + n - m, with);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int find(const char *log, struct rotated *ret, struct err *err)
{
	const char *base = strrchr(log, '/');
	autofree char *dir = base ? mem_strndup(log, (size_t)(base - log)) : mem_strdup(".");
	base = base ? base + 1 : log;
	size_t n = strlen(base), cap = 0;
	DIR *d = opendir(dir);
	if (!d)
		return errno == ENOENT ? 0 : err_errno(err, "open %s", dir);
	for (const struct dirent *e; (e = readdir(d));) {
		if (strncmp(e->d_name, base, n) != 0 || e->d_name[n] != '.' || !e->d_name[n + 1])
			continue;
		if (ret->n == cap) {
			cap = cap ? 2 * cap : 8;
			ret->v = mem_realloc_array(ret->v, cap, sizeof(*ret->v));
		}
		ret->v[ret->n++] = mem_printf("%s/%s", dir, e->d_name);
	}
	closedir(d);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return 0;
}

static int drop(struct rotated *l, size_t i, struct err *err)
{
	if (unlink(l->v[i]) < 0 && errno != ENOENT)
		return err_errno(err, "remove %s", l->v[i]);
	free(l->v[i]);
	memmove(&l->v[i], &l->v[i + 1], (l->n - i - 1) * sizeof(*l->v));
	l->n--;
	return 0;
}

/* What a rotation that was cut off left: half a compressed file, or one that has been compressed. */
static bool is_left_over(const struct rotated *l, size_t i)
{
	if (ends(l->v[i], TMP))
		return true;
	autofree char *compressed = mem_printf("%s" GZ, l->v[i]);
	for (size_t k = 0; k < l->n; k++)
		if (!strcmp(l->v[k], compressed))
			return true;
	return false;
}

static int clean(struct rotated *l, size_t keep, struct err *err)
{
	for (size_t i = 0; i < l->n;)
		if (!is_left_over(l, i))
			i++;
		else if (drop(l, i, err) < 0)
			return -1;
	while (l->n > keep)
		if (drop(l, 0, err) < 0)
			return -1;
	return 0;
}

static int pour(int from, gzFile to)
{
	autofree char *chunk = mem_alloc(CHUNK);
	for (ssize_t n; (n = read(from, chunk, CHUNK)) != 0;)
		if (n < 0 ? errno != EINTR : gzwrite(to, chunk, (unsigned)n) != n)
			return -1;
	return 0;
}

/* Fast rather than small: what takes a second here is a second of a core that Pods do not have. */
static int compress_to(const char *path, const char *tmp, struct err *err)
{
	struct stat st;
	autoclose int from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0 || fstat(from, &st) < 0)
		return err_errno(err, "open %s", path);
	int to = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st.st_mode & 0777);
	gzFile z = to < 0 ? NULL : gzdopen(to, "wb1");
	if (!z) {
		(void)err_errno(err, "create %s", tmp);
		if (to >= 0)
			close(to);
		return -1;
	}
	int poured = pour(from, z), closed = gzclose(z);
	return poured < 0 || closed != Z_OK ? err_errno(err, "compress %s", path) : 0;
}

static int compress_one(const char *path, struct err *err)
{
	autofree char *tmp = mem_printf("%s" TMP, path), *compressed = mem_printf("%s" GZ, path);
	if (compress_to(path, tmp, err) == 0) {
		if (rename(tmp, compressed) == 0)
			return unlink(path) < 0 ? err_errno(err, "remove %s", path) : 0;
		(void)err_errno(err, "rename %s", tmp);
	}
	(void)unlink(tmp);
	return -1;
}

int rotate_log(const char *log, int max_files, int64_t now_wall_ns, rotate_reopen_fn *reopen, void *arg,
	       struct err *err)
{
	struct rotated old = {0};
	char stamp[32];
	struct tm tm;
	time_t now = (time_t)(now_wall_ns / NS_PER_S);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", localtime_r(&now, &tm));
	autofree char *rotated = mem_printf("%s.%s", log, stamp);
	if (access(rotated, F_OK) == 0)
		return 0;
	/* Beside the new one and the one that it takes the place of. */
	int rc = find(log, &old, err);
	if (rc == 0)
		rc = clean(&old, max_files > 2 ? (size_t)max_files - 2 : 0, err);
	if (rc == 0 && rename(log, rotated) < 0)
		rc = err_errno(err, "rotate %s", log);
	if (rc == 0 && (rc = reopen(arg, err)) < 0)
		(void)rename(rotated, log);
	for (size_t i = 0; rc == 0 && i < old.n; i++)
		if (!ends(old.v[i], GZ))
			rc = compress_one(old.v[i], err);
	rotated_release(&old);
	return rc;
}

void rotate_remove(const char *log)
{
	struct rotated old = {0};
	struct err ignored = ERR_INIT;
	(void)!find(log, &old, &ignored);
	for (size_t i = 0; i < old.n; i++)
		(void)unlink(old.v[i]);
	(void)unlink(log);
	rotated_release(&old);
}
