/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a failed Pod of a DaemonSet stays, so that a node that refuses it again and again is not asked without end: 1 s, then
 * twice as long each time, up to 15 minutes; forgotten twice as long after (client-go util/flowcontrol). Any thread.
 */
#ifndef DAEMONSET_BACKOFF_H
#define DAEMONSET_BACKOFF_H

#include <stdint.h>

struct daemonset_backoff;
struct daemonset_backoff *daemonset_backoff_new(void);
void daemonset_backoff_free(struct daemonset_backoff *b);
/* How many ns are left before the next try; 0: now, which counts as one. */
int64_t daemonset_backoff_try(struct daemonset_backoff *b, const char *key, int64_t now_ns);

#endif
