/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sync of one DaemonSet: its Pods by node (look), what should be there (manage, update), what is done about it. The parts
 * share this struct; a worker's thread.
 */
#ifndef DAEMONSET_ROUND_H
#define DAEMONSET_ROUND_H

#include "daemonset/daemonset_backoff.h"
#include "decode/daemonset.h"
#include "decode/node.h"
#include "pod_control.h"

#define DAEMONSET_BURST 250 /* Pods that one sync may create, and may delete */
#define DAEMONSET_HASH_LABEL "controller-revision-hash"

/* Whether a Pod should be on a node, and whether one that is there may stay. */
struct daemonset_fit {
	bool run, stay;
};
struct daemonset_fit daemonset_fit(const struct cm_daemonset *ds, const struct cm_node *node);

/* What its Pods tolerate, whatever the template says. */
const struct toleration *daemonset_tolerations(const struct cm_daemonset *ds, size_t *ret_n);

struct daemonset_node {
	const char *name;
	bool known; /* the node exists */
	struct daemonset_fit fit;
	const struct cm_pod **pods; /* oldest first, bound ones before others */
	size_t n;
};

struct daemonset_round {
	/* ---- set by the caller; borrowed ---- */
	struct controller_ctx *ctx;
	const struct cm_daemonset *ds;
	struct informer *pod_informer, *node_informer;
	struct pod_control *control;
	struct daemonset_backoff *backoff;
	const char *hash; /* label of Pods of the present template */
	int64_t now_ns;	  /* wall */

	/* ---- what is so ---- */
	struct daemonset_node *nodes;
	size_t n_nodes;
	const struct cm_pod **by_node; /* all of their Pods */
	const void **node_refs;
	size_t n_node_refs;
	int32_t desired; /* nodes that should run one */

	/* ---- what follows ---- */
	const char **create; /* names of nodes */
	const struct cm_pod **remove;
	size_t n_create, n_remove;
	int64_t wake_ns; /* look again then; 0 = not for the time's sake */
};

/* pods: claimed ones, the caller's. */
void daemonset_look(struct daemonset_round *r, const struct cm_pod *const *pods, size_t n);
void daemonset_release(struct daemonset_round *r);
/* Of the present template. */
bool daemonset_updated(const struct daemonset_round *r, const struct cm_pod *p);
bool daemonset_available(const struct daemonset_round *r, const struct cm_pod *p);
/* Look again after that time, or sooner. */
void daemonset_wake_after(struct daemonset_round *r, int64_t ns);
void daemonset_will_create(struct daemonset_round *r, const struct daemonset_node *n);
void daemonset_will_remove(struct daemonset_round *r, const struct cm_pod *p);
bool daemonset_surges(const struct cm_daemonset *ds);

/* Plans a Pod for each node that should have one, and the end of those that should not be. */
void daemonset_manage(struct daemonset_round *r);
/* Plans the next step from older templates to the present one. */
void daemonset_update(struct daemonset_round *r);
/* Does what is planned, up to a burst of each. */
int daemonset_act(struct daemonset_round *r, struct err *err) MUST_CHECK;

#endif
