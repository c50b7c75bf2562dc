/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of a scheduler plugin: one const struct per file in plugins/, of pure functions over a const snapshot. Every
 * hook is optional. They run in this order, for one Pod, on one thread and without a lock:
 *
 *	prefilter	once per Pod: works out what filter needs (cycle_state), says that there is nothing to filter
 *			(VERDICT_SKIP), that only certain nodes come into question (cycle_state_only), or that none does.
 *	filter		may the Pod run on this node, and if not, why.
 *	postfilter	when no node was left, even if prefilter said so (there is no data then): says where room can be
 *			made and who has to go for it, or false. The first that says so counts.
 *	prescore	once per Pod, over the nodes that are left; VERDICT_SKIP: all are alike.
 *	score		any number, larger is better; 0..SCORE_MAX after normalize, which may be missing where they are so
 *			already. The total is the sum of weight * score.
 *	reserve		the node is chosen: takes what only one Pod can have. Undone by unreserve, in reverse order, when a
 *			later hook refuses or the binding fails.
 *	permit		the last word before the binding is sent. VERDICT_WAIT: not yet; the Pod keeps its place until
 *			every plugin that waits has allowed it (waiting.h), one rejects it, or the time is over that it
 *			gave (*ret_timeout_ns, at most PERMIT_MAX_NS).
 *	prebind		what must be so before the binding is written.
 *
 * add_pod and remove_pod tell prefilter's data of a fork that a Pod came or went (what if these were gone?); a plugin
 * whose data depends on other Pods has both, and clone, which copies the data.
 *
 * hints are the changes that may make a Pod which this plugin rejected schedulable (queueing hints). They run under the
 * scheduler's lock.
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include "base/clock.h"
#include "cycle_state.h"

enum cluster_event_type {
	EVENT_NODE_ADDED = 1,
	EVENT_NODE_ALLOCATABLE = 2,
	EVENT_NODE_LABELS = 4,
	EVENT_NODE_TAINTS = 8,	/* taints or spec.unschedulable */
	EVENT_POD_DELETED = 16, /* a Pod freed its place */
	EVENT_POD_UPDATED = 32, /* the waiting Pod itself changed */
	EVENT_POD_ADDED = 64,	/* a Pod got a node */
	EVENT_POD_LABELS = 128, /* of a Pod that has one */
	EVENT_NODE_DELETED = 256,
	EVENT_STORAGE = 512, /* a claim, a volume, a class … */
	EVENT_NODE_ANY = EVENT_NODE_ADDED | EVENT_NODE_ALLOCATABLE | EVENT_NODE_LABELS | EVENT_NODE_TAINTS,
};
/* What changed. Node and Pod as they are now, or were last; NULL where the event has none. */
struct cluster_event {
	unsigned types;
	const struct sched_node *node;
	const struct sched_pod *pod;
	const struct meta *claim; /* of EVENT_STORAGE: the claim that changed; NULL: something else did */
};
struct event_hint {
	unsigned types; /* 0 ends the list */
	/* Is it worth trying p again? NULL: always. */
	bool (*helps)(const struct sched_pod *p, const struct cluster_event *e);
};

/* Why nodes were turned down: texts with counts; the plugins that did it. Texts are copied when first seen. */
#define REASONS_MAX 32
struct reasons {
	struct {
		char *text;
		size_t count;
	} v[REASONS_MAX]; /* later texts are counted in none */
	size_t n;
	unsigned said;	  /* bit i: the i-th text was given since somebody cleared this */
	unsigned plugins; /* bit i: the profile's i-th plugin rejected some node */
	bool whole;	  /* one plugin turned all nodes down at once: its texts are not counted */
	bool final;	  /* nobody's going would change the last verdict (UnschedulableAndUnresolvable) */
};
void reasons_add(struct reasons *r, const char *text);
void reasons_add_final(struct reasons *r, const char *text);
void reasons_add_n(struct reasons *r, const char *text, size_t n);
void reasons_release(struct reasons *r);
/* `0/3 nodes are available: 2 Insufficient cpu, 1 Too many pods.`; for all at once `0/3 nodes are available: TEXT.` */
void reasons_write(struct buf *out, size_t n_nodes, const struct reasons *why);

enum verdict { VERDICT_OK, VERDICT_SKIP, VERDICT_REJECT, VERDICT_WAIT };

/* Where room is made for a Pod, and by whose going. */
struct nomination {
	const struct node_state *node; /* NULL: nowhere */
	const struct sched_pod *const
		*victims; /* of the node's Pods; the array is in the cycle state's arena */
	size_t n_victims;
	/* Where nobody could make room. */
	const char *message; /* why; NULL, static, or in the cycle state's arena */
	bool clear;	     /* a place that was meant for it before is none any more */
};

#define SCORE_MAX 100
#define PERMIT_MAX_NS (15 * 60 * NS_PER_S)
struct plugin {
	const char *name; /* upstream's */
	const struct event_hint *hints;
	enum verdict (*prefilter)(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
				  struct reasons *why);
	bool (*filter)(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		       struct reasons *why);
	void *(*clone)(const void *data, struct arena *a);
	void (*add_pod)(struct cycle_state *st, const struct sched_pod *p, const struct sched_pod *came,
			const struct node_state *n);
	void (*remove_pod)(struct cycle_state *st, const struct sched_pod *p, const struct sched_pod *went,
			   const struct node_state *n);
	bool (*postfilter)(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			   const struct reasons *why, struct nomination *ret);
	enum verdict (*prescore)(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
				 const struct node_state *const *nodes, size_t n);
	int64_t (*score)(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
			 const struct snapshot *s);
	void (*normalize)(const struct cycle_state *st, int64_t *scores, size_t n);
	int weight;
	bool (*reserve)(struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
			struct reasons *why);
	void (*unreserve)(struct cycle_state *st, const struct sched_pod *p, const struct node_state *n);
	enum verdict (*permit)(struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
			       struct reasons *why, int64_t *ret_timeout_ns);
	/* Of a Pod that waits for this plugin: may it go on? Asked again when storage has changed. */
	bool (*recheck)(struct lookup *l, const struct sched_pod *p);
	bool (*prebind)(struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
			struct reasons *why);
};

/* Scales scores so that the largest is SCORE_MAX. */
void plugin_normalize(const struct cycle_state *st, int64_t *scores, size_t n);
/* The same, the largest becoming 0 and 0 SCORE_MAX: for scores that count against a node. */
void plugin_normalize_reverse(const struct cycle_state *st, int64_t *scores, size_t n);

#endif
