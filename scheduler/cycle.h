/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search of one Pod: prefilter, filter every node (up to a sample in very large clusters), score the feasible ones,
 * pick the best at random among equals; postfilter where none is. Pure but for the random pick and the memory it keeps
 * between searches. One thread.
 */
#ifndef CYCLE_H
#define CYCLE_H

#include "framework.h"

/* Feasible nodes that are scored at most; the search starts where the last one stopped, so that all get their turn.
   Upstream samples 50 % of more than 100 nodes, falling to 5 %: 10 % of 5,000. Ours takes as many of any cluster, and all
   of a small one. */
#define CYCLE_MAX_FEASIBLE 500
#define CYCLE_FINDINGS_MAX 64
#define CYCLE_BEST_MAX 5 /* nodes whose scores are told */

struct cycle {
	const struct framework *framework;
	struct waiting *waiting; /* NULL, or what permit hooks may look at; borrowed */
	void (*write)(void *arg, const struct sched_pod *p, const char *path,
		      const char *body); /* as in cycle_state */
	void *write_arg;
	struct cycle_state state; /* of the last Pod, until the next run */
	const struct node_state **feasible;
	int64_t *total, *score;
	uint8_t *verdicts; /* enum node_verdict, by place */
	size_t cap, cap_verdicts;
	/* What was found wrong with the first nodes, for who asks why. */
	struct cycle_finding {
		const struct node_state *node;
		unsigned texts; /* of the reasons, as bits */
		size_t plugin;
	} findings[CYCLE_FINDINGS_MAX];
	size_t n_findings, n_feasible;
	/* How the plugins of scored_by scored the feasible nodes: a row of `cap` for each place. */
	int8_t *scores;
	unsigned scored_by;
	struct map condemned; /* uids of Pods that were told to go lately: until when, monotonic seconds */
	size_t start;
};
void cycle_init(struct cycle *c, const struct framework *f);
void cycle_release(struct cycle *c);
/* The chosen node, or NULL with *why filled, and *ret what postfilter would do about it. */
const struct node_state *cycle_run(struct cycle *c, const struct snapshot *s, const struct sched_pod *p,
				   struct reasons *why, struct nomination *ret);
/* Those will go, though the API does not say so yet. */
void cycle_condemn(struct cycle *c, const struct nomination *n);

#endif
