/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the scheduler keeps of a Pod: decoded once from the watch event, by rows, in one block; frozen, shared by
 * reference (informer_ref). Of a Pod that has its node only what takes room there stays.
 */
#ifndef POD_H
#define POD_H

#include "controller/informer.h"
#include "object/core/demand.h"
#include "object/core/podlife.h"

struct pod_image {
	const char *name;
};
struct sched_pod {
	struct informer_object base;
	const char *node;	/* spec.nodeName, "" while unbound */
	const char *nominated;	/* status.nominatedNodeName; NULL */
	bool ours;		/* spec.schedulerName is this scheduler */
	bool has_affinity;	/* to or against other Pods */
	bool has_anti_affinity; /* a required one, which other Pods must respect */
	int32_t priority;
	enum pod_phase phase;
	size_t n_gates; /* schedulingGates */
	struct pod_demand demand;
	struct pod_image *images, *init_images; /* of containers; their counts are those of the containers */
	size_t n_images, n_init_images;
	const char *unschedulable; /* message of the PodScheduled=False condition now in the API, or NULL */
	/* inside */
	const char *scheduler;
	bool preferred_anti;
	struct object_condition scheduled;
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
