/* SPDX-License-Identifier: Apache-2.0 */
/* What controllers keep of a DaemonSet. By a tree, as a ReplicaSet (replicaset.h): its selector is compiled once. */
#ifndef DECODE_DAEMONSET_H
#define DECODE_DAEMONSET_H

#include "decode/index.h"
#include "object/core/affinity.h"
#include "object/core/taint.h"

struct cm_daemonset_where { /* which nodes its Pods may run on */
	const char *node;   /* spec.nodeName of the template; "" */
	bool host_network;
	struct labels *node_selector;
	struct node_affinity *affinity; /* NULL when there is none */
	struct toleration *tolerations; /* the template's own */
	size_t n_tolerations;
};
struct cm_daemonset {
	struct informer_object base; /* with annotations */
	int32_t min_ready_seconds, history_limit;
	bool on_delete;
	char *max_surge, *max_unavailable; /* JSON text of the int-or-string; NULL */
	struct selector *selector;
	char *data;	    /* the template, as cm_revision_data has it */
	uint64_t data_hash; /* cm_revision_hash */
	struct cm_daemonset_where *where;
	struct {
		int64_t observed_generation;
		int32_t current, misscheduled, desired, ready, updated, available, unavailable;
		int32_t collisions; /* -1 = absent */
	} status;
};
extern const struct informer_type cm_daemonset_type;

#endif
