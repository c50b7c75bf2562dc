/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What controllers keep of a ReplicaSet. By a tree, not by rows as other kinds: the hash of its template takes members in any
 * order and values as they are written out, which needs one, and a tree of the template alone would be most of the object.
 * A selector is compiled once here, not in each sync, so the struct owns more than one block. There are a hundred Pods for
 * each ReplicaSet, and the tree lives for one event.
 */
#ifndef DECODE_REPLICASET_H
#define DECODE_REPLICASET_H

#include "decode/index.h"

struct cm_replicaset {
	struct informer_object base; /* with annotations */
	int32_t replicas, min_ready_seconds;
	struct selector *selector;
	char *template;		/* JSON text of spec.template */
	uint64_t template_hash; /* without the pod-template-hash label, key order ignored */
	struct {
		int32_t replicas, fully_labeled, ready, available;
		int64_t observed_generation;
		char *conditions; /* JSON text, NULL when none */
	} status;
};
extern const struct informer_type cm_replicaset_type;
extern const struct informer_type
	cm_replicationcontroller_type; /* the same struct, no annotations, no hash */

#endif
