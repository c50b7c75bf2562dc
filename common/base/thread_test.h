/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: a process that gets no further thread. The kernel counts those of a user and excepts root, so root becomes
 * somebody else for that time; everything that it has stays as it is.
 */
#ifndef BASE_THREAD_TEST_H
#define BASE_THREAD_TEST_H

#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define THREAD_TEST_USER 60417 /* nobody's */

/* False when that cannot be done: the test is to be skipped. */
__attribute__((unused)) static bool thread_forbid(void)
{
	struct rlimit l;
	if (geteuid() || getrlimit(RLIMIT_NPROC, &l))
		return false;
	l.rlim_cur = 0;
	return !setrlimit(RLIMIT_NPROC, &l) && !setresuid(THREAD_TEST_USER, THREAD_TEST_USER, 0);
}

__attribute__((unused)) static bool thread_allow(void)
{
	struct rlimit l;
	if (setresuid(0, 0, 0) || getrlimit(RLIMIT_NPROC, &l))
		return false;
	l.rlim_cur = l.rlim_max;
	/* Or a leak check could not look at us. */
	return !setrlimit(RLIMIT_NPROC, &l) && !prctl(PR_SET_DUMPABLE, 1);
}

#endif
