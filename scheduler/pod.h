/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the scheduler keeps of a Pod: decoded once from the watch event, by rows, in one block; frozen, shared by
 * reference (informer_ref). Of a Pod that has its node only what takes room there stays.
 */
#ifndef POD_H
#define POD_H

#include "controller/informer.h"
#include "object/core/demand.h"
#include "object/core/interpod.h"
#include "object/core/podlife.h"

struct pod_image {
	const char *name;
};
/* A volume that somebody else may have an eye on: a claim, or a disk that only one may hold. */
struct pod_volume {
	const char *name;
	const char *claim; /* NULL: none, or that of an ephemeral volume */
	bool ephemeral;
	const char *gce, *aws, *iqn, *rbd_pool, *rbd_image; /* NULL: not of that kind */
	bool gce_read_only, iscsi_read_only, rbd_read_only;
	const char *const *monitors;
	size_t n_monitors;
};
/* What only matters until it has a node. */
struct pod_wish {
	struct pod_image *images, *init_images; /* of containers; their counts are those of the containers */
	struct pod_spread *spread;		/* topologySpreadConstraints */
	size_t n_images, n_init_images, n_spread;
	int preemption; /* enum preemption_policy */
};
enum preemption_policy { PREEMPT_LOWER_PRIORITY, PREEMPT_NEVER };
struct sched_pod {
	struct informer_object base;   /* of owners only those of Pods that wait */
	const char *node;	       /* spec.nodeName, "" while unbound */
	const char *nominated;	       /* status.nominatedNodeName; NULL */
	const char *scheduler;	       /* spec.schedulerName; NULL once it has a node */
	bool preempted;		       /* DisruptionTarget: it goes because the scheduler said so */
	struct pod_affinity *affinity; /* to or against other Pods; NULL = none */
	int32_t priority;
	enum pod_phase phase;
	size_t n_gates; /* schedulingGates */
	struct pod_demand demand;
	struct pod_volume *volumes; /* but for those that concern nobody else */
	size_t n_volumes;
	int64_t start_ns;	   /* status.startTime, wall; 0 = not yet */
	struct pod_wish *wish;	   /* NULL once it has a node */
	const char *unschedulable; /* message of the PodScheduled=False condition now in the API, or NULL */
	/* inside */
	struct pod_condition {
		enum condition_status status;
		const char *reason, *message;
	} scheduled, disrupted;
};

#define SCHEDULER_NAME "default-scheduler"

extern const struct informer_type sched_pod_type;
extern const struct decode_spec sched_pod_spec; /* for tests */

/* It takes no room any more. */
static inline bool sched_pod_finished(const struct sched_pod *p)
{
	return podlife_phase_terminal(p->phase);
}

#endif
