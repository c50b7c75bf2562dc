/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks that only one Pod of a node may hold (those of clouds, iSCSI, RBD, unless all only read), and claims that only one Pod
 * of the cluster may use (ReadWriteOncePod).
 */
#include <string.h>
#include "plugins/table.h"
#include "plugins/volumes.h"

struct restrictions_data {
	const char **claims; /* of the Pod, that only it may use */
	size_t n_claims;
	int64_t others; /* references to them by Pods that have a node */
};

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static bool overlap(const struct pod_volume *a, const struct pod_volume *b)
{
	for (size_t i = 0; i < a->n_monitors; i++)
		for (size_t k = 0; k < b->n_monitors; k++)
			if (!strcmp(a->monitors[i], b->monitors[k]))
				return true;
	return false;
}

static bool is_disk(const struct pod_volume *v)
{
	return v->gce || v->aws || v->iqn || v->rbd_image;
}

static bool conflict(const struct pod_volume *a, const struct pod_volume *b)
{
	return (same(a->gce, b->gce) && !(a->gce_read_only && b->gce_read_only)) || same(a->aws, b->aws) ||
	       (same(a->iqn, b->iqn) && !(a->iscsi_read_only && b->iscsi_read_only)) ||
	       (same(a->rbd_image, b->rbd_image) && same(a->rbd_pool, b->rbd_pool) && overlap(a, b) &&
		!(a->rbd_read_only && b->rbd_read_only));
}

static bool once(const struct lookup_claim *c)
{
	for (size_t i = 0; i < c->n_access; i++)
		if (!strcmp(c->access[i], "ReadWriteOncePod"))
			return true;
	return false;
}

static int64_t references(const struct restrictions_data *d, const struct sched_pod *p,
			  const struct sched_pod *other)
{
	int64_t n = 0;

	if (!other->n_volumes || strcmp(p->base.meta.namespace, other->base.meta.namespace) != 0)
		return 0;
	for (size_t i = 0; i < other->n_volumes; i++)
		for (size_t k = 0; k < d->n_claims; k++)
			n += same(other->volumes[i].claim, d->claims[k]);
	return n;
}

/* The claims of p that are for one Pod only. False: one is not there. */
static bool find_claims(struct restrictions_data *d, const struct sched_pod *p, const struct snapshot *s,
			struct reasons *why, struct arena *a)
{
	d->claims = arena_array(a, p->n_volumes, sizeof(*d->claims));
	for (size_t i = 0; s->lookup && i < p->n_volumes; i++) {
		const char *name = p->volumes[i].claim;

		if (!name)
			continue;
		const struct lookup_claim *c =
			(const void *)lookup_get(s->lookup, LOOKUP_CLAIMS, p->base.meta.namespace, name);
		if (!c) {
			volumes_not_found(why, "persistentvolumeclaim", name);
			return false;
		}
		if (once(c))
			d->claims[d->n_claims++] = name;
		informer_unref(c);
	}
	return true;
}

static enum verdict prefilter(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			      struct reasons *why)
{
	struct restrictions_data d = {0};
	bool disks = false;

	if (!p->n_volumes)
		return VERDICT_SKIP;
	if (!find_claims(&d, p, s, why, &st->arena))
		return VERDICT_REJECT;
	for (size_t i = 0; i < p->n_volumes; i++)
		disks |= is_disk(&p->volumes[i]);
	for (size_t i = 0; d.n_claims && i < s->n_nodes; i++)
		for (size_t k = 0; k < s->nodes[i]->n_pods; k++)
			d.others += references(&d, p, s->nodes[i]->pods[k]);
	if (!disks && !d.others)
		return VERDICT_SKIP;
	*(struct restrictions_data *)cycle_state_new(st, sizeof(d)) = d;
	return VERDICT_OK;
}

static bool disks_free(const struct sched_pod *p, const struct node_state *n)
{
	for (size_t i = 0; i < p->n_volumes; i++)
		for (size_t k = 0; is_disk(&p->volumes[i]) && k < n->n_pods; k++)
			for (size_t m = 0; m < n->pods[k]->n_volumes; m++)
				if (conflict(&p->volumes[i], &n->pods[k]->volumes[m]))
					return false;
	return true;
}

static bool filter(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		   struct reasons *why)
{
	const struct restrictions_data *d = cycle_state_data(st);

	if (!disks_free(p, n)) {
		reasons_add(why, "node(s) had no available disk");
		return false;
	}
	if (d && d->others > 0) {
		reasons_add(
			why,
			"node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already "
			"in-use by another pod");
		return false;
	}
	return true;
}

static void *copy_data(const void *data, struct arena *a)
{
	struct restrictions_data *d = arena_alloc(a, sizeof(*d));

	*d = *(const struct restrictions_data *)data;
	return d;
}

static void add_pod(struct cycle_state *st, const struct sched_pod *p, const struct sched_pod *came,
		    const struct node_state *n)
{
	struct restrictions_data *d = cycle_state_data(st);

	if (d)
		d->others += references(d, p, came);
}

static void remove_pod(struct cycle_state *st, const struct sched_pod *p, const struct sched_pod *went,
		       const struct node_state *n)
{
	struct restrictions_data *d = cycle_state_data(st);

	if (d)
		d->others -= references(d, p, went);
}

/* Somebody lets go of a disk or a claim. */
static bool pod_helps(const struct sched_pod *p, const struct cluster_event *e)
{
	for (size_t i = 0; i < p->n_volumes; i++)
		for (size_t k = 0; k < e->pod->n_volumes; k++)
			if (conflict(&p->volumes[i], &e->pod->volumes[k]) ||
			    (same(p->volumes[i].claim, e->pod->volumes[k].claim) &&
			     !strcmp(p->base.meta.namespace, e->pod->base.meta.namespace)))
				return true;
	return false;
}

static const struct event_hint hints[] = {
	{EVENT_POD_DELETED, pod_helps}, {EVENT_STORAGE, volumes_hint}, {EVENT_NODE_ADDED, NULL}, {0}};

const struct plugin plugin_volume_restrictions = {
	.name = "VolumeRestrictions",
	.hints = hints,
	.prefilter = prefilter,
	.filter = filter,
	.clone = copy_data,
	.add_pod = add_pod,
	.remove_pod = remove_pod,
};
