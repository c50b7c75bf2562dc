/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of Pods; see pod.h. Everything a filter or a score looks at is worked out here, once, and not in the search. */
#include "pod.h"

#include <string.h>

static const struct decode_row image_rows[] = {DECODE_STRING("image", struct pod_image, name)};
static const struct decode_spec image_spec = DECODE_SPEC(struct pod_image, image_rows);

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"
static const struct decode_row rows[] = {
	DECODE_STRING("metadata.name", struct sched_pod, base.meta.name),
	DECODE_STRING("metadata.namespace", struct sched_pod, base.meta.namespace),
	DECODE_STRING("metadata.uid", struct sched_pod, base.meta.uid),
	DECODE_UINT64("metadata.resourceVersion", struct sched_pod, base.meta.rv),
	DECODE_INT64("metadata.generation", struct sched_pod, base.meta.generation),
	DECODE_TIME("metadata.deletionTimestamp", struct sched_pod, base.meta.deleted_ns),
	DECODE_LABELS("metadata.labels", struct sched_pod, base.meta.labels),
	DECODE_DEMAND("spec", struct sched_pod, demand),
	DECODE_STRING("spec.nodeName", struct sched_pod, node),
	DECODE_STRING("spec.schedulerName", struct sched_pod, scheduler),
	DECODE_INT32("spec.priority", struct sched_pod, priority),
	DECODE_COUNT("spec.schedulingGates", struct sched_pod, n_gates),
	DECODE_PRESENT("spec.affinity.podAffinity", struct sched_pod, has_affinity),
	DECODE_PRESENT("spec.affinity.podAntiAffinity", struct sched_pod, preferred_anti),
	DECODE_PRESENT("spec.affinity.podAntiAffinity." REQUIRED, struct sched_pod, has_anti_affinity),
	DECODE_ARRAY("spec.containers", struct sched_pod, images, n_images, &image_spec),
	DECODE_ARRAY("spec.initContainers", struct sched_pod, init_images, n_init_images, &image_spec),
	DECODE_ENUM("status.phase", struct sched_pod, phase, podlife_phase_names),
	DECODE_STRING("status.nominatedNodeName", struct sched_pod, nominated),
	DECODE_FIND("status.conditions", "type", "PodScheduled", struct sched_pod, scheduled,
		    &podlife_condition_spec),
	DECODE_STRING("worked-out", struct sched_pod, unschedulable), /* for the copy: finish sets it */
};
static const struct sched_pod initial = {
	.base.meta = {.name = (char *)"", .namespace = (char *)"", .uid = (char *)""},
	.node = "",
	.scheduler = SCHEDULER_NAME,
};

static void finish(void *o)
{
	struct sched_pod *p = o;
	p->ours = !strcmp(p->scheduler, SCHEDULER_NAME);
	p->scheduler = NULL;
	p->has_affinity |= p->preferred_anti;
	if (p->scheduled.reason && !strcmp(p->scheduled.reason, "Unschedulable"))
		p->unschedulable = p->scheduled.message ? p->scheduled.message : "";
	p->scheduled = (struct object_condition){0};
	if (!*p->node)
		return;
	/* What chose its node no longer matters. */
	p->images = p->init_images = NULL;
	p->n_images = p->n_init_images = 0;
	p->unschedulable = NULL;
	p->demand.node_selector = NULL;
	p->demand.affinity = NULL;
	p->demand.tolerations = NULL;
	p->demand.n_tolerations = 0;
}

const struct decode_spec sched_pod_spec =
	DECODE_SPEC(struct sched_pod, rows, .initial = &initial, .finish = finish);

const struct informer_type sched_pod_type = {
	.group = "",
	.version = "v1",
	.resource = "pods",
	.kind = "Pod",
	.rows = &sched_pod_spec,
};
