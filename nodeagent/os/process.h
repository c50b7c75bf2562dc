/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running another program to its end: CNI plugins, the OCI runtime, conmon, nft. Blocking, with a deadline,
 * after which the child is killed. The child gets default signals and no descriptor but 0, 1, 2 and those
 * named here. Any thread; it never waits for a child of somebody else.
 */
#ifndef OS_PROCESS_H
#define OS_PROCESS_H

#include <sys/types.h>
#include "base/buf.h"

#define PROCESS_FDS_MAX 4

struct process_spec {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH when it has no slash */
	const char *const *env;	 /* NULL-terminated "K=V"; NULL = ours */
	const char *dir;	 /* working directory; NULL = ours */
	const char *in;		 /* fed to stdin; NULL = /dev/null */
	size_t in_len;
	struct buf *out,
		*errors;    /* what it writes on 1 and 2; NULL = /dev/null. Bounded by the buffer's max */
	int64_t timeout_ns; /* 0 = two minutes */
	/* A process group of its own, of which nothing is left when it has ended or is late. More output than the buffers
	   may hold ends it at once: REASON_TOO_LARGE. */
	bool fenced;
	int pass_fd[PROCESS_FDS_MAX]; /* become descriptors 3, 4, … of the child */
	size_t n_pass_fd;
};

/* 0 when it ended, whatever its status: *ret_status is the exit code, or 128 + signal. -1: it could not be
   run (REASON_NOT_FOUND: no such program) or took too long (REASON_TIMEOUT). */
int process_run(const struct process_spec *s, int *ret_status, struct err *err) MUST_CHECK;
/* Start time of a process in clock ticks since boot, which with the pid names it for good; 0 = no such
   process (or a zombie) with ESRCH, or with another errno that nobody could look. */
uint64_t process_start_time(pid_t pid);

#endif
