/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the machine's last graceful shutdown began and ended: a file that an agent leaves for the one after it (kubernetes/
 * kubernetes pkg/kubelet/nodeshutdown/storage.go).
 */
#ifndef SHUTDOWN_MEMO_H
#define SHUTDOWN_MEMO_H

#include <stdint.h>

#include "base/err.h"

#define MEMO_FILE "graceful_node_shutdown_state" /* in the state directory */

struct memo {
	int64_t began_ns, ended_ns; /* wall; 0 = it has not */
};
int memo_write(const char *path, const struct memo *m, struct err *err) MUST_CHECK;
/* No file is no error: there was none. */
int memo_read(const char *path, struct memo *ret, struct err *err) MUST_CHECK;

#endif
