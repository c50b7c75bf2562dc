/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log that has grown is renamed and begun anew, as upstream's kubelet does it (pkg/kubelet/logs/container_log_manager.go):
 *
 *	0.log				what is written now
 *	0.log.20260102-150405		the one before, left as it is for whoever is still reading
 *	0.log.20260102-150101.gz	older ones
 *
 * so that people and log shippers find the files where they expect them. Unlike upstream the log is renamed before the
 * older ones are compressed: a log that grows quickly does not wait for that. Blocking; one rotation of a log at a time.
 */
#ifndef LOG_ROTATE_H
#define LOG_ROTATE_H

#include <stdint.h>

#include "base/err.h"

/* The writer is to open the log, which has just been renamed, anew. */
typedef int rotate_reopen_fn(void *arg, struct err *err);

/*
 * No more than max_files are left, the new one included. Two rotations within one second would have one name: the second one is
 * left for later, which is no failure.
 */
int rotate_log(const char *log, int max_files, int64_t now_wall_ns, rotate_reopen_fn *reopen, void *arg,
	       struct err *err) MUST_CHECK;
/* The log and all that were rotated out of it. */
void rotate_remove(const char *log);

#endif
