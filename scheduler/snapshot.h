/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster as one search sees it: the nodes that exist, in an array, each a frozen state.
 *
 * It belongs to the thread that searches, without a lock. cache_update_snapshot brings it up to date between two
 * searches, by the nodes that changed meanwhile; what is derived here (names, images, topology, counts of Pods, affinity
 * terms) follows each of them. Plugins get it const.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "base/map.h"
#include "node_state.h"
#include "tally.h"
#include "term_index.h"
#include "topology.h"

#define SNAPSHOT_TOPOLOGIES 16 /* keys; what one search asks beyond them stays as long as it lasts */

struct lookup;
/* A Pod for which room is being made: who is less important may not take it. */
struct nominated {
	const struct sched_pod *pod; /* a reference */
	const char *node;	     /* its name, of the owner of the list */
	size_t place;		     /* SIZE_MAX: no such node now */
};

struct snapshot {
	const struct node_state **nodes;
	size_t n_nodes, cap;
	uint64_t generation; /* the cache's */
	struct map by_name;  /* name -> place + 1 */
	struct map images;   /* image name -> count of nodes holding it */
	struct term_index terms;
	struct lookup *lookup; /* what else there is in the cluster; borrowed, NULL: nothing */
	struct nominated *nominated;
	size_t n_nominated;
	/* inside */
	uint64_t nominated_generation;
	struct tallies tallies;
	struct topology **topologies;
	size_t n_topologies, cap_topologies;
	uint64_t searches;
};

void snapshot_init(struct snapshot *s);
void snapshot_release(struct snapshot *s);

const struct node_state *snapshot_node(const struct snapshot *s, const char *name); /* NULL when absent */
size_t snapshot_image_nodes(const struct snapshot *s, const char *image);
/* Domains of the nodes by the values of one label. Made when first asked for, kept up to date from then on. */
const struct topology *snapshot_topology(const struct snapshot *s, const char *key);
/* How many Pods of each node, by place, the question means; until the next question. */
const uint32_t *snapshot_count(const struct snapshot *s, const struct pod_query *q);

/* The place that is being made for a Pod, or NULL; those on a node, one after another. */
const struct nominated *snapshot_nomination(const struct snapshot *s, const char *uid);
const struct nominated *snapshot_nominations(const struct snapshot *s, size_t place);
const struct nominated *snapshot_next_nomination(const struct snapshot *s, const struct nominated *n);

/* ---- for cache.c: puts the state there, or in the place of an older one of that name; takes one away ---- */
void snapshot_set(struct snapshot *s, const struct node_state *n);
void snapshot_remove(struct snapshot *s, const char *name);
/* Takes the list and its references; the names stay the caller's. */
void snapshot_nominate(struct snapshot *s, struct nominated *v, size_t n);
void snapshot_settle(struct snapshot *s); /* once all are in place */

#endif
