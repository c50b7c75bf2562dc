/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast nodes that went quiet may be emptied, by zone (kubernetes/kubernetes pkg/controller/nodelifecycle): at one rate;
 * at a lower one, or none in a small zone, while most of a zone is not ready; none at all while no node anywhere is ready,
 * for then it is more likely us who are cut off. Any thread.
 */
#ifndef ZONES_H
#define ZONES_H

#include "decode/node.h"

struct zones_config {
	float rate, secondary_rate; /* nodes per second of a zone; 0 or less: none */
	float unhealthy; /* the part of a zone's nodes, three at least, that makes it partially disrupted */
	int large;	 /* a zone of no more nodes has no secondary rate */
};
struct zones;
struct zones *zones_new(const struct zones_config *c);
void zones_free(struct zones *z);

enum zones_change {
	ZONES_SAME,
	ZONES_CHANGED, /* what may be done to nodes is not what it was: all are worth a look */
	ZONES_RESUMED, /* the same; and some node is ready again after none was: all get their time anew */
};
/* A node came (old NULL), changed, or went (new NULL). */
enum zones_change zones_see(struct zones *z, const struct cm_node *old, const struct cm_node *new);
/* No node is ready: nothing is emptied, and what was begun is taken back. */
bool zones_stopped(struct zones *z);
/* May this node be emptied now? 0 = yes, and it counts; else how long to wait, ns; INT64_MAX = until zones_see says so. */
int64_t zones_take(struct zones *z, const struct cm_node *node, int64_t now_ns);

#endif
