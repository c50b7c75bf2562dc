/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a node is under pressure, and what is to be done about it: (thresholds, what is available, the clock) -> conditions
 * and what is starved (kubernetes/kubernetes pkg/kubelet/eviction/eviction_manager.go synchronize). And of the Pods, which
 * one goes first. Pure; whoever looks at the machine and ends Pods is agent/evict.c.
 *
 * A threshold is met at once, or after its grace period; then it stays so until its minimum reclaim is there, too. A
 * condition stays for the transition period after it was seen last.
 */
#ifndef PRESSURE_PRESSURE_H
#define PRESSURE_PRESSURE_H

#include "base/buf.h"
#include "pressure/threshold.h"

enum pressure_condition { PRESSURE_ON_MEMORY, PRESSURE_ON_DISK, PRESSURE_ON_PID, PRESSURE_CONDITIONS };

struct pressure_observation {
	bool known;
	int64_t available, capacity;
};

struct pressure {
	const struct thresholds *thresholds; /* borrowed */
	int64_t transition_ns;
	/* inside; zeroed to begin with */
	bool seen[THRESHOLDS_MAX], met[THRESHOLDS_MAX], ever[PRESSURE_CONDITIONS];
	int64_t first_ns[THRESHOLDS_MAX], last_ns[PRESSURE_CONDITIONS];
	bool on[PRESSURE_CONDITIONS]; /* what holds: to be read */
};

/* The threshold whose signal is to be relieved now; NULL = none. */
const struct threshold *pressure_observe(struct pressure *p,
					 const struct pressure_observation seen[PRESSURE_SIGNALS],
					 int64_t now_ns);
/* No threshold is met any more, minimum reclaims included. */
bool pressure_relieved(const struct pressure *p, const struct pressure_observation seen[PRESSURE_SIGNALS]);
/* Monotonic time at which something changes by itself: a grace or transition period ends; CLOCK_NEVER = none. */
int64_t pressure_next_ns(const struct pressure *p, int64_t now_ns);

/* ---- Pods ---- */

struct pressure_container {
	const char *name;
	bool ephemeral; /* which is never to blame: it cannot request anything */
	int64_t memory, memory_request, disk, disk_request;
};
struct pressure_pod {
	void *ref;  /* the caller's */
	bool known; /* that is, how much it uses */
	int64_t priority;
	int64_t memory, memory_request, disk, disk_request, inodes, pids;
	const struct pressure_container *containers;
	size_t n;
};
/* The first goes first. */
void pressure_rank(struct pressure_pod *v, size_t n, enum pressure_signal starved);
/* What is told of the first. */
void pressure_message(struct buf *out, const struct pressure_pod *p, const struct threshold *t,
		      const struct pressure_observation *seen);
/* The annotations of the event that tells it, a JSON object: what is short, whose containers use too much of it, and how much. */
void pressure_annotations(struct buf *out, const struct pressure_pod *p, enum pressure_signal starved);
const char *pressure_resource(enum pressure_signal s); /* "memory", "ephemeral-storage", "inodes", "pids" */
#endif
