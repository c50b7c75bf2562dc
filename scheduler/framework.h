/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile: the plugins in the order in which they run, and the running of each hook over all of them. What a hook
 * means is in plugin.h.
 */
#ifndef FRAMEWORK_H
#define FRAMEWORK_H

#include "plugin.h"

struct framework {
	const struct plugin *const *plugins;
	size_t n; /* <= PLUGINS_MAX */
};

/* False: no node will do. */
bool framework_prefilter(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
			 const struct snapshot *s, struct reasons *why);
bool framework_filter(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
		      const struct node_state *n, struct reasons *why);
/* Would it still, if the Pods were there that wait for their place on this node and are as important? */
bool framework_fits_nominated(const struct framework *f, const struct cycle_state *st,
			      const struct sched_pod *p, const struct node_state *n, const struct snapshot *s,
			      struct reasons *why);
/* Where room can be made for the Pod; ret->node is NULL when nobody knows. */
void framework_postfilter(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
			  const struct snapshot *s, const struct reasons *why, struct nomination *ret);
/* Totals of n nodes into `total`; `scratch` has room for as many. */
void framework_score(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
		     const struct snapshot *s, const struct node_state *const *nodes, size_t n,
		     int64_t *total, int64_t *scratch);
/* Who wants a Pod to wait, and how long each. */
struct permit {
	unsigned waits; /* bit i: the i-th */
	int64_t timeout_ns[PLUGINS_MAX];
};
/* reserve and permit for the chosen node. VERDICT_WAIT: *ret says for whom. VERDICT_REJECT: a plugin refused, and what was
   reserved is given back. */
enum verdict framework_commit(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
			      const struct node_state *n, struct reasons *why, struct permit *ret);
/* The same for prebind; false = refused. */
bool framework_prebind(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
		       const struct node_state *n, struct reasons *why);
void framework_unreserve(const struct framework *f, struct cycle_state *st, const struct sched_pod *p,
			 const struct node_state *n);
/* Those that listen to one of these events. */
unsigned framework_listeners(const struct framework *f, unsigned types);
/* May the event help a Pod that these plugins rejected? */
bool framework_helps(const struct framework *f, unsigned rejected, const struct sched_pod *p,
		     const struct cluster_event *e);
/* The same by types alone, for events that are gone. */
bool framework_listens(const struct framework *f, unsigned rejected, unsigned types);

/* ---- what if? ---- */

/* A node and a Pod's cycle state, to be changed at will: neither the snapshot nor the state it came from does. */
struct framework_fork {
	const struct framework *framework;
	struct cycle_state state;
	struct node_state *node;
	const struct sched_pod *pod;
};
void framework_fork_init(struct framework_fork *k, const struct framework *f, const struct cycle_state *st,
			 const struct sched_pod *p, const struct node_state *n);
void framework_fork_release(struct framework_fork *k);
void framework_fork_add(struct framework_fork *k, const struct sched_pod *came);
void framework_fork_remove(struct framework_fork *k, const struct sched_pod *went);
/* Does the Pod fit now? why may be NULL. */
bool framework_fork_fits(struct framework_fork *k, struct reasons *why);

#endif
