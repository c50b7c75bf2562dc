/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many Pods of each node a question means (pod_query.h), kept from one search to the next: the Pods of a Deployment all
 * ask the same, and between two of them one node has changed. A question is counted through all nodes when it is first
 * asked; from then on each Pod that comes or goes is held against it. Part of the snapshot; one thread.
 */
#ifndef TALLY_H
#define TALLY_H

#include "base/arena.h"
#include "node_state.h"
#include "pod_query.h"

#define TALLIES_MAX 64 /* questions at most; a further one takes the place of the one least lately asked */
#define TALLY_FORGET 10000 /* snapshots after which a question that nobody asked any more is forgotten */

struct tally {
	struct arena arena;
	struct pod_query *query;
	struct buf text;
	uint64_t hash, used;
	uint32_t *counts; /* by place */
	size_t cap;
};
struct tallies {
	struct tally *v[TALLIES_MAX];
	size_t n;
	uint64_t clock;
};

void tally_release(struct tallies *t);
/* Counts by place; until the next question. */
const uint32_t *tally_get(struct tallies *t, const struct pod_query *q, const struct node_state *const *nodes,
			  size_t n);
/* ---- for snapshot.c ---- */
void tally_change(struct tallies *t, size_t place, const struct sched_pod *p, bool came);
void tally_move(struct tallies *t, size_t from,
		size_t to); /* what was counted at `from`, which is empty then */
void tally_age(struct tallies *t);

#endif
