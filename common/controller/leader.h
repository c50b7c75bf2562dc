/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lease-based leader election (coordination.k8s.io/v1, client-go tools/leaderelection): 15 s lease, 10 s
 * renew deadline, 2 s retry, on the daemon's loop. Any other thread may call, leader_free only once nobody
 * waits.
 */
#ifndef CONTROLLER_LEADER_H
#define CONTROLLER_LEADER_H

#include "client/rest.h"

struct leader;
/* identity NULL or "": HOSTNAME_UUID, which no other process has. r is on the daemon's loop (rest_new_on) and
   borrowed until leader_free. NULL with errno when there are no descriptors. */
struct leader *leader_new(struct rest *r, const char *ns, const char *name, const char *identity);
bool leader_wait(struct leader *l); /* blocks until elected; false when the process is told to stop first */
bool leader_is(struct leader *l);   /* for tests */
/* Runs `lost` (once, on the loop) when the lease could not be renewed in time: stop leading, usually
 * by exit. */
void leader_on_lost(struct leader *l, void (*lost)(void *arg), void *arg);
void leader_free(struct leader *l); /* releases the lease so that a successor need not wait */

#endif
