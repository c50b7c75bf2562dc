/* SPDX-License-Identifier: Apache-2.0 */
/* What controllers keep of a Pod: one block of some hundred bytes, for there are tens of thousands. */
#ifndef DECODE_POD_H
#define DECODE_POD_H

#include "decode/index.h"
#include "object/core/podlife.h"
#include "object/core/taint.h"

enum { INDEX_POD_NODE = INDEX_COMMON, INDEX_POD_COUNT };

/* What only the Job controller asks of its Pods. */
struct cm_container_end {
	const char *name;
	int32_t restarts, exit_code;
	bool terminated;
	int64_t finished_ns; /* wall; 0 when absent */
};
struct cm_pod_condition {
	const char *type, *status;
};
struct cm_job_marks { /* annotations, NULL when absent */
	const char *index, *failures, *ignored_failures;
};
struct cm_job_pod_meta {
	struct cm_job_marks marks;
	int64_t grace_s; /* deletionGracePeriodSeconds */
};
struct cm_job_pod_status {
	struct cm_container_end *containers, *inits;
	size_t n_containers, n_inits;
	struct cm_pod_condition *conditions;
	size_t n_conditions;
};

/* What only DaemonSets and StatefulSets ask of theirs. */
struct cm_pod_claim {
	const char *volume, *claim;
};
struct cm_set_pod {
	const char *
		target; /* of an unbound Pod of a DaemonSet: the only node that its affinity allows; NULL: none, or several */
	struct cm_pod_claim *claims; /* of a StatefulSet's Pod: its volumes that are claims */
	size_t n_claims;
};

struct cm_pod {
	struct informer_object base;
	const char *node; /* "" while unbound */
	enum pod_phase phase;
	int32_t restarts;      /* the largest of its containers */
	int32_t deletion_cost; /* controller.kubernetes.io/pod-deletion-cost */
	bool evicted;	       /* status.reason is Evicted */
	bool default_tolerations; /* has just those that admission gives to every Pod, and `tolerations` is empty */
	int64_t disruption_ns; /* since when DisruptionTarget is true; 0 = it is not, or its node's agent says so */
	struct object_condition ready; /* without texts */
	struct toleration
		*tolerations; /* of NoExecute taints: eviction is all that this daemon does with them */
	size_t n_tolerations;
	struct cm_job_pod_meta *job_meta;     /* of a Pod that a Job controls; NULL otherwise */
	struct cm_job_pod_status *job_status; /* likewise; NULL also when it has no status */
	struct cm_set_pod *
		set; /* of a Pod that a DaemonSet or a StatefulSet controls; NULL when there is nothing to say */
};
extern const struct informer_type cm_pod_type;

/* Not finished and not being deleted: what counts as a replica. */
bool cm_pod_active(const struct cm_pod *p);
bool cm_pod_ready(const struct cm_pod *p);
/* Ready for at least min_ready_seconds at `now` (wall ns). */
bool cm_pod_available(const struct cm_pod *p, int32_t min_ready_seconds, int64_t now);
/* Of NoExecute taints; borrowed. */
const struct toleration *cm_pod_tolerations(const struct cm_pod *p, size_t *ret_n);
bool cm_pod_same_tolerations(const struct cm_pod *a, const struct cm_pod *b);

#endif
