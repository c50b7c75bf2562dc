/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of Pods; see pod.h. Everything a filter or a score looks at is worked out here, once, and not in the search. */
#include "pod.h"

#include <string.h>

static const struct decode_row image_rows[] = {DECODE_STRING("image", struct pod_image, name)};
static const struct decode_spec image_spec = DECODE_SPEC(struct pod_image, image_rows);

static const struct decode_row volume_rows[] = {
	DECODE_STRING("name", struct pod_volume, name),
	DECODE_STRING("persistentVolumeClaim.claimName", struct pod_volume, claim),
	DECODE_PRESENT("ephemeral", struct pod_volume, ephemeral),
	DECODE_STRING("gcePersistentDisk.pdName", struct pod_volume, gce),
	DECODE_BOOL("gcePersistentDisk.readOnly", struct pod_volume, gce_read_only),
	DECODE_STRING("awsElasticBlockStore.volumeID", struct pod_volume, aws),
	DECODE_STRING("iscsi.iqn", struct pod_volume, iqn),
	DECODE_BOOL("iscsi.readOnly", struct pod_volume, iscsi_read_only),
	DECODE_STRING("rbd.pool", struct pod_volume, rbd_pool),
	DECODE_STRING("rbd.image", struct pod_volume, rbd_image),
	DECODE_BOOL("rbd.readOnly", struct pod_volume, rbd_read_only),
	DECODE_STRINGS("rbd.monitors", struct pod_volume, monitors, n_monitors),
};
static const struct decode_spec volume_spec = DECODE_SPEC(struct pod_volume, volume_rows);

static const char *const preemption_names[] = {
	[PREEMPT_LOWER_PRIORITY] = "PreemptLowerPriority", [PREEMPT_NEVER] = "Never"};
static const struct decode_row wish_rows[] = {
	DECODE_ARRAY("containers", struct pod_wish, images, n_images, &image_spec),
	DECODE_ARRAY("initContainers", struct pod_wish, init_images, n_init_images, &image_spec),
	DECODE_ARRAY("topologySpreadConstraints", struct pod_wish, spread, n_spread, &pod_spread_spec),
	DECODE_ENUM("preemptionPolicy", struct pod_wish, preemption, preemption_names),
};
static const struct decode_spec wish_spec = DECODE_SPEC(struct pod_wish, wish_rows);

static const char *const statuses[] = {
	[CONDITION_FALSE] = "False", [CONDITION_TRUE] = "True", [CONDITION_UNKNOWN] = "Unknown"};
static const struct decode_row condition_rows[] = {
	DECODE_ENUM("status", struct pod_condition, status, statuses),
	DECODE_STRING("reason", struct pod_condition, reason),
	DECODE_STRING("message", struct pod_condition, message),
};
static const struct decode_spec condition_spec = DECODE_SPEC(struct pod_condition, condition_rows);

static const struct decode_row rows[] = {
	DECODE_STRING("metadata.name", struct sched_pod, base.meta.name),
	DECODE_STRING("metadata.namespace", struct sched_pod, base.meta.namespace),
	DECODE_STRING("metadata.uid", struct sched_pod, base.meta.uid),
	DECODE_UINT64("metadata.resourceVersion", struct sched_pod, base.meta.rv),
	DECODE_INT64("metadata.generation", struct sched_pod, base.meta.generation),
	DECODE_TIME("metadata.deletionTimestamp", struct sched_pod, base.meta.deleted_ns),
	DECODE_LABELS("metadata.labels", struct sched_pod, base.meta.labels),
	DECODE_ARRAY("metadata.ownerReferences", struct sched_pod, base.meta.owners, base.meta.n_owners,
		     &meta_owner_spec),
	DECODE_DEMAND("spec", struct sched_pod, demand),
	DECODE_POINTER("spec", struct sched_pod, wish, &wish_spec),
	DECODE_ARRAY("spec.volumes", struct sched_pod, volumes, n_volumes, &volume_spec),
	DECODE_STRING("spec.nodeName", struct sched_pod, node),
	DECODE_STRING("spec.schedulerName", struct sched_pod, scheduler),
	DECODE_INT32("spec.priority", struct sched_pod, priority),
	DECODE_COUNT("spec.schedulingGates", struct sched_pod, n_gates),
	DECODE_POINTER("spec.affinity", struct sched_pod, affinity, &pod_affinity_spec),
	DECODE_ENUM("status.phase", struct sched_pod, phase, podlife_phase_names),
	DECODE_TIME("status.startTime", struct sched_pod, start_ns),
	DECODE_STRING("status.nominatedNodeName", struct sched_pod, nominated),
	DECODE_FIND("status.conditions", "type", "PodScheduled", struct sched_pod, scheduled,
		    &condition_spec),
	DECODE_FIND("status.conditions", "type", "DisruptionTarget", struct sched_pod, disrupted,
		    &condition_spec),
	DECODE_STRING("worked-out", struct sched_pod, unschedulable), /* for the copy: finish sets it */
};
static const struct sched_pod initial = {
	.base.meta = {.name = (char *)"", .namespace = (char *)"", .uid = (char *)""},
	.node = "",
	.scheduler = SCHEDULER_NAME,
};

static bool is(const char *s, const char *word)
{
	return s && !strcmp(s, word);
}

static void forget_wish(struct sched_pod *p)
{
	p->wish = NULL;
	p->scheduler = NULL;
	p->base.meta.owners = NULL;
	p->base.meta.n_owners = 0;
	p->unschedulable = NULL;
	p->demand.node_selector = NULL;
	p->demand.affinity = NULL;
	p->demand.tolerations = NULL;
	p->demand.n_tolerations = 0;
}

static void forget_volumes(struct sched_pod *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_volumes; i++) {
		const struct pod_volume *v = &p->volumes[i];

		if (v->claim || v->ephemeral || v->gce || v->aws || v->iqn || v->rbd_image)
			p->volumes[n++] = *v;
	}
	p->n_volumes = n;
	if (!n)
		p->volumes = NULL;
}

static void finish(void *o)
{
	struct sched_pod *p = o;
	const struct pod_affinity *a = p->affinity;

	if (a && !a->n_required && !a->n_preferred && !a->n_required_anti && !a->n_preferred_anti)
		p->affinity = NULL;
	if (is(p->scheduled.reason, "Unschedulable"))
		p->unschedulable = p->scheduled.message ? p->scheduled.message : "";
	p->preempted =
		p->disrupted.status == CONDITION_TRUE && is(p->disrupted.reason, "PreemptionByScheduler");
	p->scheduled = p->disrupted = (struct pod_condition){0};
	forget_volumes(p);
	if (*p->node)
		forget_wish(p);
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
