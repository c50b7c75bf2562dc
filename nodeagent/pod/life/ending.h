/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending a container that runs: because its Pod ends, because a probe or its postStart hook has failed, because it was
 * given another image. The way is one and the same: what is starting it is waited for, its preStop hook runs, a sidecar
 * waits for its turn, SIGTERM, SIGKILL; all but the last two inside the grace, and at least MIN_GRACE_NS between those.
 *
 * Part of the machine: pure, the worker's thread.
 */
#ifndef POD_LIFE_ENDING_H
#define POD_LIFE_ENDING_H

#include "pod/machine.h"

/* The container, which runs, is to end; its grace is over at `deadline`. `why` is the event's message. One that is being
   stopped already may only get less time. */
void ending_begin(struct machine *m, int i, int64_t deadline_ns, struct instant now, const char *why);
/* On, as far as it can get now. turn: what has to end before it has ended. */
void ending_step(struct machine *m, int i, bool turn, struct instant now);
/* Its grace, if it is being stopped, is over at `deadline` when that is earlier. */
void ending_hurry(struct machine *m, int i, int64_t deadline_ns, struct instant now);

/* One whose image is not what its Pod says any more: it is stopped to be started again, or looks for the new one. */
void ending_outdated(struct machine *m, int i, struct instant now);
/* One whose resizePolicy wants it to start again with what it is granted. */
void ending_resized(struct machine *m, int i, struct instant now);
/* One whose startup or liveness probe has failed is killed. */
void ending_unhealthy(struct machine *m, int i, struct instant now);

#endif
