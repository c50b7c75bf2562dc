/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User namespaces as a node gives them to Pods: ids 0 to length - 1 inside are first, first + 1, … outside, users and groups
 * alike; and mounts that turn the ids on disk into those of such a namespace, so that files belong inside to whom they
 * belong outside. Any thread.
 */
#ifndef OS_USERNS_H
#define OS_USERNS_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"

#define USERNS_UNIT 65536 /* ranges begin at multiples of it, and are so long */

struct userns_map {
	uint32_t first, length; /* length 0: the host's own */
};

/* ---- the kernel's side ---- */

/* Maps the namespace that the process is the first in. */
int userns_write_maps(pid_t pid, const struct userns_map *m, struct err *err) MUST_CHECK;
/*
 * Mounts what is at `from` (with what is mounted in it) at `to`, which is made: a directory or a file. Its owners are those
 * of the namespace; those of what is mounted in it are not touched. REASON_INVALID: the file system cannot do that.
 */
int userns_mount(int userns_fd, const char *from, const char *to, struct err *err) MUST_CHECK;
/* Does it work, for what is in dir (absolute)? */
int userns_try(const char *dir, struct err *err) MUST_CHECK;

/* ---- who gets which ids (kubernetes/kubernetes pkg/kubelet/userns) ---- */

/* The truth is on disk: DIR/POD/userns says which range a Pod has, and with its directory the range is free again. */
struct userns_ranges {
	char *dir;
	uint32_t first, length; /* of all of them */
	uint32_t each;
	pthread_mutex_t lock;
};
/*
 * What the user `name` may give away by /etc/subuid and /etc/subgid, asked of `getsubids`; everything from 65536 on when
 * there is no such user or no such program. NULL as getsubids: the one in PATH.
 */
int userns_own(const char *name, const char *getsubids, struct userns_map *ret,
	       struct err *err) MUST_CHECK; /* for tests */
/* dir is copied; all is for max_pods Pods of `each` ids. */
int userns_ranges_init(struct userns_ranges *r, const char *dir, const struct userns_map *all, int64_t each,
		       int max_pods, struct err *err) MUST_CHECK; /* for tests */
/* Both, for the user `kubelet` and the Pods below ROOT/pods. */
int userns_ranges_open(struct userns_ranges *r, const char *root, int64_t each, int max_pods,
		       struct err *err) MUST_CHECK;
void userns_ranges_release(struct userns_ranges *r); /* for tests */
/* The Pod's, now or from before; its directory is there. */
int userns_ranges_take(struct userns_ranges *r, const char *pod, struct userns_map *ret,
		       struct err *err) MUST_CHECK;

/* Reads the text of such a file. */
int userns_parse(const char *text, size_t n, struct userns_map *ret,
		 struct err *err) MUST_CHECK; /* for tests */

#endif
