/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of a scheduler plugin: one const struct per file in plugins/, of pure functions over a const
 * snapshot.
 *
 * A filter says whether the Pod may run on the node and, if not, why (reasons). A score is any number, larger
 * is better unless `reverse`; `normalize` scales the scores of one Pod so that the largest is 100, else they
 * are 0..100 already. The total is the sum of weight * score. `wanted_*` lets a plugin say once per Pod that
 * it has nothing to say. `events` are the changes that may make a Pod which this plugin rejected schedulable
 * (queueing hints).
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include "snapshot.h"

enum cluster_event {
	EVENT_NODE_ADDED = 1,
	EVENT_NODE_ALLOCATABLE = 2,
	EVENT_NODE_LABELS = 4,
	EVENT_NODE_TAINTS = 8,	/* taints or spec.unschedulable */
	EVENT_POD_DELETED = 16, /* a Pod freed its place */
	EVENT_POD_UPDATED = 32, /* the waiting Pod itself changed */
};

/* Why nodes were turned down: texts with counts; the plugins that did it. Texts are copied when first seen.
 */
#define REASONS_MAX 32
struct reasons {
	struct {
		char *text;
		size_t count;
	} v[REASONS_MAX]; /* later texts are counted in none */
	size_t n;
	unsigned plugins; /* bit i: plugin_table[i] rejected some node */
};
void reasons_add(struct reasons *r, const char *text);
void reasons_release(struct reasons *r);

#define SCORE_MAX 100
struct plugin {
	const char *name; /* upstream's */
	unsigned events;
	bool (*wanted_filter)(const struct sched_pod *p); /* NULL = always */
	bool (*filter)(const struct sched_pod *p, const struct node_state *n, struct reasons *why);
	bool (*wanted_score)(const struct sched_pod *p);
	int64_t (*score)(const struct sched_pod *p, const struct node_state *n, const struct snapshot *s);
	int weight;
	bool normalize, reverse;
};

/* In upstream's order; NULL-terminated; at most 32. */
extern const struct plugin *const plugin_table[];

#endif
