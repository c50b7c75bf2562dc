/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster as one search sees it: the nodes that exist, in an array, each a frozen state.
 *
 * It belongs to the thread that searches, without a lock. cache_update_snapshot brings it up to date between two
 * searches, by the nodes that changed meanwhile; what is derived here (names, images, topology) follows each of them.
 * Plugins get it const.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "base/map.h"
#include "node_state.h"
#include "topology.h"

#define SNAPSHOT_TOPOLOGIES 16 /* keys at most; a further one takes the place of the oldest */

struct snapshot {
	const struct node_state **nodes;
	size_t n_nodes, cap;
	uint64_t generation; /* the cache's */
	struct map by_name;  /* name -> place + 1 */
	struct map images;   /* image name -> count of nodes holding it */
	/* Places of the nodes whose Pods have (anti-)affinity, and of those with a required anti-affinity. */
	size_t *affinity, *anti_affinity;
	size_t n_affinity, n_anti_affinity;
	/* inside */
	bool lists_stale;
	struct topology *topologies[SNAPSHOT_TOPOLOGIES];
	size_t n_topologies, next_topology;
};

void snapshot_init(struct snapshot *s);
void snapshot_release(struct snapshot *s);

const struct node_state *snapshot_node(const struct snapshot *s, const char *name); /* NULL when absent */
size_t snapshot_image_nodes(const struct snapshot *s, const char *image);
/* Domains of the nodes by the values of one label. Made when first asked for, kept up to date from then on. */
const struct topology *snapshot_topology(const struct snapshot *s, const char *key); /* for tests */

/* ---- for cache.c: puts the state there, or in the place of an older one of that name; takes one away ---- */
void snapshot_set(struct snapshot *s, const struct node_state *n);
void snapshot_remove(struct snapshot *s, const char *name);
void snapshot_settle(struct snapshot *s); /* once all are in place */

#endif
