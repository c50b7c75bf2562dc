/* SPDX-License-Identifier: Apache-2.0 */
/* What controllers keep of a Deployment. By a tree, as replicaset.h. */
#ifndef DECODE_DEPLOYMENT_H
#define DECODE_DEPLOYMENT_H

#include "decode/index.h"

struct cm_deployment {
	struct informer_object base; /* with annotations */
	int32_t replicas, min_ready_seconds, history_limit,
		progress_deadline; /* progress_deadline: INT32_MAX = none */
	bool paused, recreate;
	char *max_surge, *max_unavailable; /* JSON text of the int-or-string */
	struct selector *selector;
	char *selector_json, *template;
	uint64_t template_hash;
	struct deployment_status {
		int64_t observed_generation;
		int32_t replicas, updated, ready, available, unavailable;
		int32_t collisions; /* -1 = absent */
		char *conditions;   /* JSON text, NULL when none */
	} status;
};
extern const struct informer_type cm_deployment_type;

#endif
