/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster as the API and our own decisions have it by now: node states by name, updated by events and by assumed
 * Pods (placed here, binding still on its way), never rebuilt.
 *
 * Under the scheduler's lock. Each change gives its node a new generation and moves it to the front of a list, so that
 * bringing a snapshot up to date costs as much as there were changes, however many nodes there are.
 */
#ifndef CACHE_H
#define CACHE_H

#include "base/list.h"
#include "snapshot.h"

struct sched_cache {
	struct map nodes;   /* name -> struct cache_node * */
	struct map pods;    /* Pod uid -> struct placed * */
	struct list recent; /* nodes, the last changed first */
	uint64_t generation;
	size_t n_nodes;	      /* with a Node object */
	struct map nominated; /* Pod uid -> struct nomination_entry * */
	uint64_t nominated_generation;
};

void cache_init(struct sched_cache *c);
void cache_release(struct sched_cache *c);
/* new NULL = the Node is gone. Takes its own reference. */
void cache_set_node(struct sched_cache *c, const char *name, const struct sched_node *node);
/* Puts the Pod on a node (replacing an earlier place of the same uid), or takes it away. */
void cache_place(struct sched_cache *c, const struct sched_pod *pod, const char *node, bool assumed);
void cache_remove(struct sched_cache *c, const char *uid);
/* Room is being made for the Pod on that node; NULL: nowhere. */
void cache_nominate(struct sched_cache *c, const struct sched_pod *pod, const char *node);
bool cache_assumed(const struct sched_cache *c, const char *uid);
/* A cache has one snapshot, always the same. */
void cache_update_snapshot(struct sched_cache *c, struct snapshot *s);

#endif
