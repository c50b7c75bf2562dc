/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler daemon's heart: informers feed snapshot and queue, one thread runs cycles, the binder writes.
 */
#ifndef SCHEDULER_H
#define SCHEDULER_H

#include "client/rest.h"

struct sched_config;
struct scheduler;
/* r is on the daemon's loop, c borrowed. Informers start at once, cycles do not. */
struct scheduler *scheduler_new(struct rest *r, const struct sched_config *c);
bool scheduler_synced(struct scheduler *s); /* informers have listed */
void scheduler_run(struct scheduler *s);    /* starts the cycles; once elected */
void scheduler_free(struct scheduler *s);

#endif
