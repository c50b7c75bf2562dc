/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes of Pods on this node, in the kubelet's layout: ROOT/pods/UID/volumes/kubernetes.io~PLUGIN/NAME,
 * subPaths bound at ROOT/pods/UID/volume-subpaths/VOLUME/CONTAINER/INDEX. Making a volume again finds it as
 * it was. Blocking; any thread, one call per Pod at a time.
 */
#ifndef VOLUME_VOLUME_H
#define VOLUME_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

/* ROOT/pods/UID; free() it. */
char *volume_pod_dir(const char *root, const char *uid); /* for tests */

/* The directory of a volume whose content this node makes. memory: a tmpfs of at most size_limit bytes (0 = the kernel's
   default). */
int volume_make(const char *root, const char *uid, const char *plugin, const char *name, bool memory,
		int64_t size_limit, char **ret_path, struct err *err) MUST_CHECK;

/* medium: "" or "Memory"; size_limit concerns memory only: on disk it is the eviction manager's business. */
int volume_empty_dir(const char *root, const char *uid, const char *name, const char *medium,
		     int64_t size_limit, char **ret_path, struct err *err) MUST_CHECK;
/* An emptyDir of huge pages of so many bytes each. */
int volume_huge_pages(const char *root, const char *uid, const char *name, int64_t page, char **ret_path,
		      struct err *err) MUST_CHECK;

/* Checks, and makes where `type` says so; upstream's messages (`hostPath type check failed: /x is not a
 * directory`). */
int volume_host_path(const char *path, const char *type, struct err *err) MUST_CHECK;

/* One file of a configMap, secret or projected volume. */
struct volume_file {
	const char *path; /* relative, without ".."; may have directories */
	const void *data;
	size_t len;
	uint32_t mode; /* permission bits */
};
/* Replaces all files of dir at once: a reader sees the old set or the new (the ..data symlink). Does nothing
   when they are the same. Makes dir. group: they are its to read from the first moment on (fsGroup); -1 = none. */
int volume_write_files(const char *dir, const struct volume_file *files, size_t n, int64_t group,
		       struct err *err) MUST_CHECK;
/* ROOT/pods/UID/volumes/kubernetes.io~PLUGIN/NAME; free() it. */
char *volume_dir(const char *root, const char *uid, const char *plugin, const char *name);

/* fsGroup: all of the volume at path is the group's, for reading or for reading and writing. Nothing is done to one
   that is so already. No symlink is followed. */
int volume_set_group(const char *path, int64_t group, bool readonly, struct err *err) MUST_CHECK;
/* The same of one that is known not to be: what is made in a directory of the group looks as if it were. */
int volume_give_group(const char *path, int64_t group, bool readonly, struct err *err) MUST_CHECK;

/* Binds `subpath` of a volume so that what the container puts into the volume cannot lead the mount
   elsewhere; a missing directory is made. *ret_path is what to mount. */
int volume_subpath(const char *root, const char *uid, const char *volume, const char *volume_path,
		   const char *container, int index, const char *subpath, char **ret_path,
		   struct err *err) MUST_CHECK;

/* Unmounts and removes all of the Pod's directory. Success when there is none. */
int volume_cleanup(const char *root, const char *uid, struct err *err) MUST_CHECK;

#endif
