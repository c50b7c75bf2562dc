/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Pod that gets more or less of the machine while it runs (kubernetes/kubernetes pkg/kubelet/allocation, and
 * kuberuntime_manager.go doPodResizeAction). Three things are told apart: what the Pod asks for (its newest form), what the
 * node has granted it (machine.pod, which is not the newest form while a wish is pending), and what each running container
 * has by now (container.actuated, where that differs from what is granted).
 *
 * Who decides is the worker (job.h); from the grant on it is the machine's: containers whose resizePolicy wants it are
 * ended to be started again, then one job brings all cgroups to what is granted, and nothing is started before it has
 * tried. Part of the machine: pure, the worker's thread.
 */
#ifndef POD_LIFE_RESIZE_H
#define POD_LIFE_RESIZE_H

#include "base/buf.h"
#include "pod/machine.h"

/* What it asks for cannot be had: reason is RESIZE_DEFERRED or RESIZE_INFEASIBLE; NULL: nothing is pending (any more). */
extern const char RESIZE_DEFERRED[], RESIZE_INFEASIBLE[];
void resize_pend(struct machine *m, const char *reason, const char *message, int64_t generation);
/* The machine's Pod becomes p, which it borrows as the one before: the same with other resources. */
void resize_grant(struct machine *m, const struct pod *p);

void resize_step(struct machine *m, struct instant now);
bool resize_holds(const struct machine *m); /* no container may be started now */
int64_t resize_next_ns(const struct machine *m);

/* ---- what came of it ---- */
/* The container's present run has these resources (JSON text, NULL = none). */
void resize_ran(struct machine *m, int i, const char *text);
/* Of the run `id` the cgroup has what `text` says of one resource. */
void resize_applied(struct machine *m, int i, const char *id, const char *text, const char *resource);
void resize_ended(struct machine *m, int i); /* it runs no more */
/* The job of ACT_RESIZE is over; why: NULL = all cgroups are as granted. */
void resize_done(struct machine *m, const char *why, struct instant now);

/* status.containerStatuses[].resources: of a running one what it has. The caller puts it. */
js *resize_status(const struct machine *m, size_t i);

/* ---- over a restart of the agent ---- */
/* What is kept on disk; done: as it will be when the job of ACT_RESIZE has succeeded. */
void resize_save(const struct machine *m, bool done, struct buf *out);
/* The Pod as it was granted (a reference), by what was kept. */
const struct pod *resize_load_pod(const js *kept, const struct pod *p);
/* Right after machine_adopt; status: the API's. */
void resize_load(struct machine *m, const js *kept, const js *status);

#endif
