/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the plugins know about one Pod while it is being scheduled: a slot of data for each, from one arena that is
 * emptied between two Pods. One thread.
 */
#ifndef CYCLE_STATE_H
#define CYCLE_STATE_H

#include "snapshot.h"

#define PLUGINS_MAX 32 /* of one profile: sets of them are bits of an unsigned */

struct waiting;
struct framework;
enum node_verdict { NODE_UNSEEN, NODE_CROWDED /* for what Pods take there */, NODE_FINAL };

struct cycle_state {
	struct arena arena;
	const struct framework *framework;
	const uint8_t *verdicts;      /* enum node_verdict by place, for postfilter; borrowed */
	const struct map *condemned;  /* uids of Pods that go, whatever the API says; borrowed, or NULL */
	struct waiting *waiting;      /* for permit and unreserve: who waits; NULL where nobody can */
	void *data[PLUGINS_MAX];      /* by the plugin's place in the profile; in the arena */
	size_t current;		      /* the place of the plugin that runs now */
	unsigned skip_score;	      /* bit i: the i-th has nothing to say about this Pod */
	uint8_t filters[PLUGINS_MAX]; /* places of those that filter this Pod */
	size_t n_filters;
	/* Only these come into question, and who said so; NULL: all. */
	const struct node_state **only;
	size_t n_only;
	unsigned only_plugins;
	bool only_emptied; /* each named some, but no node that all did */
	/* Told of each plugin's scores of all nodes; NULL where nobody wants to know. */
	void (*on_score)(void *arg, size_t plugin, int weight, const int64_t *scores, size_t n);
	void *on_score_arg;
	struct cycle_cleanup *cleanups; /* in the arena */
	/* A merge patch that goes out beside the bindings, for permit; NULL where nothing can be written. */
	void (*write)(void *arg, const struct sched_pod *p, const char *path, const char *body);
	void *write_arg;
};

void cycle_state_release(struct cycle_state *st);
/* fn(data) runs before the arena goes, for what data holds outside of it. */
void cycle_state_on_release(struct cycle_state *st, void (*fn)(void *data), void *data);
/* n zeroed bytes in the slot of the running plugin. */
void *cycle_state_new(struct cycle_state *st, size_t n); /* for tests */
static inline void *cycle_state_data(const struct cycle_state *st)
{
	return st->data[st->current];
}
/* For prefilter: none but these nodes, of which the ones already excluded drop out. The array is copied. */
void cycle_state_only(struct cycle_state *st, const struct node_state *const *nodes, size_t n);

#endif
