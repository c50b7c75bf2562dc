/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probers of one Pod: when to probe, and which result counts. probe/probe.h asks; the machine decides what follows.
 *
 * For each kind of probe of a running container there is a prober, which lives as long as that run of the container
 * (recognised by its id). It ticks from the moment it is made, every periodSeconds; at a tick it asks, unless the initial
 * delay is not over, the startup probe has yet to succeed, or the question before has not been answered (then it asks as
 * soon as it has). So many equal answers in a row as the threshold says are a result, which is told once. After its result
 * a startup probe asks no more, after a failure a liveness probe neither. A success of the startup probe makes the
 * readiness probe ask at once. While the Pod ends, only readiness goes on. An error, as opposed to a failure, counts for
 * nothing after three attempts.
 *
 * A container that ran before the agent began is first probed at a random moment of its period, so that an agent's start is
 * no storm. A host without probe_host pretends: everything succeeds.
 *
 * Loop thread. Reference: upstream's pkg/kubelet/prober/worker.go, prober.go.
 */
#ifndef POD_PROBES_H
#define POD_PROBES_H

#include "base/arena.h"
#include "pod/machine.h"
#include "probe/probe.h"
#include "probe/tally.h"

struct worker;
struct probes;
/* After each step of the worker's machine: begins and ends what is to be. May tell the machine, which then wants a step. */
void probes_follow(struct worker *w, struct instant now);
void probes_free(struct probes *p);
/* The series of its probes, as a part of /metrics/probes. */
void probes_write(const struct worker *w, enum tally_family f, struct buf *out);

/* What a handler of container i asks; strings in the arena or the Pod. -1: it names a port that is none. */
int probes_request(struct arena *a, const struct worker *w, int i, const struct handler_spec *h,
		   const char *purpose, struct probe_request *ret, struct err *err) MUST_CHECK;

#endif
