/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugins that there are, the profile that says which of them run at which hook, in which order and with what
 * weight, and the running of each hook over all of them. What a hook means is in plugin.h.
 *
 * All profiles of a scheduler share one list of plugins, so a plugin's place, and with it a set of plugins as bits,
 * means the same to all of them.
 */
#ifndef FRAMEWORK_H
#define FRAMEWORK_H

#include "plugin.h"
#include "plugin_args.h"

/* The hooks that a profile can name; unreserve goes with reserve. */
enum hook {
	HOOK_PREFILTER,
	HOOK_FILTER,
	HOOK_POSTFILTER,
	HOOK_PRESCORE,
	HOOK_SCORE,
	HOOK_RESERVE,
	HOOK_PERMIT,
	HOOK_PREBIND,
};
#define HOOKS 8

struct profile {
	const char *name;		   /* spec.schedulerName of its Pods */
	uint8_t order[HOOKS][PLUGINS_MAX]; /* places in the list of plugins */
	uint8_t n[HOOKS];
	int32_t weights[PLUGINS_MAX];
	int32_t percentage; /* of the nodes that are scored; 0: as many as is good */
	bool gates;	    /* Pods with schedulingGates are left alone */
	struct plugin_args args;
};

struct framework {
	const struct plugin *const *plugins;
	size_t n;		       /* <= PLUGINS_MAX */
	const struct profile *profile; /* NULL: all plugins at all their hooks, with their own weights */
};

static inline const struct plugin_args *framework_args(const struct framework *f)
{
	return f && f->profile ? &f->profile->args : &plugin_args_default;
}
static inline const char *framework_name(const struct framework *f)
{
	return f->profile ? f->profile->name : SCHEDULER_NAME;
}
/* Does the plugin have that hook? */
bool framework_has(const struct plugin *p, enum hook h);

/* Their names as upstream lists a set: `[NodeAffinity VolumeBinding]`. */
void framework_list(const struct framework *f, unsigned plugins, struct buf *out);

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
