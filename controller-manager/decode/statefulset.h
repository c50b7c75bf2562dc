/* SPDX-License-Identifier: Apache-2.0 */
/* What controllers keep of a StatefulSet. By a tree, as a ReplicaSet (replicaset.h): its selector is compiled once. */
#ifndef DECODE_STATEFULSET_H
#define DECODE_STATEFULSET_H

#include "decode/index.h"

struct cm_statefulset {
	struct informer_object base; /* with annotations */
	int32_t replicas, start, min_ready_seconds;
	int32_t history_limit; /* below 0: all are kept */
	int32_t partition;     /* -1 = no rollingUpdate */
	bool parallel, on_delete;
	bool claims_go_with_set, claims_go_with_pod; /* persistentVolumeClaimRetentionPolicy: Delete */
	char *service;				     /* "" when there is none */
	struct selector *selector;
	char *match_labels; /* JSON text; NULL */
	char *data;	    /* the template, as cm_revision_data has it */
	uint64_t data_hash; /* cm_revision_hash */
	char *claims;	    /* JSON text of volumeClaimTemplates; NULL */
	char **claim_names; /* of each of them */
	size_t n_claims;
	struct {
		int64_t observed_generation;
		int32_t replicas, ready, available, current, updated;
		int32_t collisions;			  /* -1 = absent */
		char *current_revision, *update_revision; /* "" when absent */
	} status;
};
extern const struct informer_type cm_statefulset_type;

#endif
