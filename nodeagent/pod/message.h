/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's termination message: what it wrote to its message file, or the end of its log (kubelet
 * kuberuntime_container.go getTerminationMessage). Blocking file reads, any thread.
 */
#ifndef POD_MESSAGE_H
#define POD_MESSAGE_H

#include "base/buf.h"

#define MESSAGE_MAX 4096
#define MESSAGE_LOG_MAX 2048
#define MESSAGE_LOG_LINES 80

/* ROOT/pods/UID/containers/NAME/ATTEMPT; free() it. */
char *message_path(const char *root, const char *uid, const char *container, unsigned attempt);
/* log_path: read instead when the file is empty; NULL = do not. */
void message_read(struct buf *out, const char *path, const char *log_path);

#endif
