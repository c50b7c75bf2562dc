/* SPDX-License-Identifier: Apache-2.0 */
/* See sqlite_mark_internal.h. */
#include "storage/sqlite/sqlite_mark_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/map.h"
#include "base/mem.h"

#define SLOTS 2
#define SLOT_BYTES 512
#define LINE_MAX 128

static uint64_t digest(const char *p, size_t n)
{
	static const uint64_t key[2] = {UINT64_C(0x636f7261636c6531), UINT64_C(0x6d61726b6d61726b)};
	return map_siphash13(key, p, n);
}

static int line_of(const struct sqlite_mark_state *st, unsigned long long turn, char line[LINE_MAX])
{
	int n = snprintf(line, LINE_MAX, "%020llu revisions durable=%020llu used=%020llu", turn,
			 (unsigned long long)st->durable, (unsigned long long)st->used);
	return n + snprintf(line + n, LINE_MAX - (size_t)n, " sum=%016llx\n",
			    (unsigned long long)digest(line, (size_t)n));
}

static bool read_slot(int fd, unsigned slot, struct sqlite_mark_state *ret, unsigned long long *ret_turn)
{
	char line[LINE_MAX] = "", want[LINE_MAX];
	unsigned long long durable, used;
	if (pread(fd, line, sizeof(line) - 1, (off_t)slot * SLOT_BYTES) <= 0 ||
	    sscanf(line, "%20llu revisions durable=%20llu used=%20llu", ret_turn, &durable, &used) != 3)
		return false;
	*ret = (struct sqlite_mark_state){durable, used};
	int n = line_of(ret, *ret_turn, want);
	return memcmp(line, want, (size_t)n) == 0;
}

int sqlite_mark_open(struct sqlite_mark *m, const char *path, struct sqlite_mark_state *ret,
		     enum sqlite_mark_found *found, struct err *err)
{
	*ret = (struct sqlite_mark_state){0};
	*found = SQLITE_MARK_NONE;
	m->fd = open(path, O_RDWR | O_CLOEXEC);
	if (m->fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, "open %s", path);
	*found = SQLITE_MARK_DAMAGED;
	for (unsigned i = 0; i < SLOTS; i++) {
		struct sqlite_mark_state st;
		unsigned long long turn;
		if (!read_slot(m->fd, i, &st, &turn) || (*found == SQLITE_MARK_GOOD && turn < m->turn))
			continue;
		*found = SQLITE_MARK_GOOD;
		*ret = st;
		m->turn = turn;
	}
	return 0;
}

/* A name is durable when its folder is. */
static int sync_folder(const char *path, struct err *err)
{
	autofree char *dir = mem_strdup(path);
	char *slash = strrchr(dir, '/');
	if (slash)
		*(slash == dir ? slash + 1 : slash) = '\0';
	autoclose int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? err_errno(err, "sync the folder of %s", path) : 0;
}

static int fill(struct sqlite_mark *m, const char *path, const struct sqlite_mark_state *st, struct err *err)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (sqlite_mark_write(m, st, err) < 0)
			return -1;
	return fsync(m->fd) < 0 ? err_errno(err, "sync %s", path) : 0;
}

/* Under another name until it is whole: an empty one, of a disk that was full, would say that there was a database. */
int sqlite_mark_create(struct sqlite_mark *m, const char *path, const struct sqlite_mark_state *st,
		       struct err *err)
{
	autofree char *young = mem_printf("%s.new", path);
	sqlite_mark_close(m);
	m->fd = open(young, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (m->fd < 0)
		return err_errno(err, "open %s", young);
	int rc = fill(m, young, st, err);
	if (rc == 0 && rename(young, path) < 0)
		rc = err_errno(err, "rename %s", young);
	if (rc < 0)
		unlink(young);
	return rc < 0 ? -1 : sync_folder(path, err);
}

int sqlite_mark_write(struct sqlite_mark *m, const struct sqlite_mark_state *st, struct err *err)
{
	char line[LINE_MAX];
	ssize_t n = line_of(st, ++m->turn, line);
	if (pwrite(m->fd, line, (size_t)n, (off_t)(m->turn % SLOTS) * SLOT_BYTES) != n)
		return err_errno(err, "write the high-water mark of revisions");
	return 0;
}

void sqlite_mark_sync(struct sqlite_mark *m)
{
	(void)!fdatasync(m->fd);
}

void sqlite_mark_close(struct sqlite_mark *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}
