/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories and small files of the agent's state: made, written whole, read bounded, removed without ever
 * leaving the tree (no symlink is followed, no mount is crossed). Any thread.
 */
#ifndef OS_TREE_H
#define OS_TREE_H

#include <sys/types.h>
#include "base/buf.h"

/* mkdir -p; directories that exist are left as they are. */
int tree_mkdirs(const char *path, mode_t mode, struct err *err) MUST_CHECK;
/* rm -rf; success when it is not there. EBUSY/EXDEV when something is mounted below: unmount first. */
int tree_remove(const char *path, struct err *err) MUST_CHECK;
/* Lazily unmounts everything at and below path, the deepest first. path is absolute, without symlinks. */
int tree_unmount(const char *path, struct err *err) MUST_CHECK;
/* The same, but what is mounted at path itself stays: that is somebody's disk. */
int tree_unmount_below(const char *path, struct err *err) MUST_CHECK;

enum tree_durability { TREE_VOLATILE, TREE_DURABLE };
/* Replaces the file by rename; DURABLE syncs it and its directory. */
int tree_write(const char *path, const void *p, size_t n, mode_t mode, enum tree_durability d,
	       struct err *err) MUST_CHECK;
/* REASON_NOT_FOUND when there is none, REASON_TOO_LARGE beyond max. */
int tree_read(const char *path, size_t max, struct buf *out, struct err *err) MUST_CHECK;

/* What is in it takes so much of its file system; other file systems below are not looked into. Adds to both. */
void tree_usage(const char *path, int64_t *bytes, int64_t *inodes);

/* Calls fn for each name but "." and ".."; stops when it returns false. A missing directory is an empty one.
 */
typedef bool tree_name_fn(void *arg, const char *name);
int tree_names(const char *path, tree_name_fn *fn, void *arg, struct err *err) MUST_CHECK;

#endif
