/* SPDX-License-Identifier: Apache-2.0 */
/* A Pod goes where its volumes are: zones and regions in the labels of bound volumes, several of them divided by `__`. */
#include <string.h>
#include "plugins/table.h"
#include "plugins/volumes.h"

static const struct {
	const char *key, *now; /* what it is called today */
} keys[] = {
	{"failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"},
	{"failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"},
	{"topology.kubernetes.io/zone", "topology.kubernetes.io/zone"},
	{"topology.kubernetes.io/region", "topology.kubernetes.io/region"},
};
struct zone_wish {
	size_t key;
	const char *values; /* in the arena */
};
struct zone_data {
	struct zone_wish *v;
	size_t n;
};

static enum verdict refuse(struct reasons *why, const char *text)
{
	reasons_add_final(why, text);
	return VERDICT_REJECT;
}

/* The claim has no volume yet: that is fine if one is made once the Pod has a node. */
static enum verdict without_volume(const struct lookup_claim *c, struct lookup *l, struct reasons *why)
{
	const char *name = lookup_claim_class(c);

	if (!*name)
		return refuse(why, "PersistentVolumeClaim had no pv name and storageClass name");
	const struct lookup_class *class = (const void *)lookup_get(l, LOOKUP_CLASSES, "", name);
	if (!class)
		return volumes_not_found(why, "storageclass.storage.k8s.io", name);
	bool said = class->mode, waits = lookup_class_waits(class);
	informer_unref(class);
	if (said && waits)
		return VERDICT_OK;
	autofree char *text = said ? mem_strdup("PersistentVolume had no name")
				   : mem_printf("VolumeBindingMode not set for StorageClass \"%s\"", name);
	return refuse(why, text);
}

static enum verdict add_volume(struct zone_data *d, const char *name, struct lookup *l, struct reasons *why,
			       struct arena *a)
{
	const struct lookup_volume *v = (const void *)lookup_get(l, LOOKUP_VOLUMES, "", name);

	if (!v)
		return volumes_not_found(why, "persistentvolume", name);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *value = labels_get(v->base.meta.labels, keys[i].key);

		if (value)
			d->v[d->n++] = (struct zone_wish){i, arena_strdup(a, value)};
	}
	informer_unref(v);
	return VERDICT_OK;
}

static enum verdict prefilter(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			      struct reasons *why)
{
	struct zone_data d = {0};

	if (!p->n_volumes || !s->lookup)
		return VERDICT_SKIP;
	d.v = arena_array(&st->arena, p->n_volumes * ARRAY_LEN(keys), sizeof(*d.v));
	for (size_t i = 0; i < p->n_volumes; i++) {
		const char *name = p->volumes[i].claim;

		if (!name)
			continue;
		if (!*name)
			return refuse(why, "PersistentVolumeClaim had no name");
		const struct lookup_claim *c =
			(const void *)lookup_get(s->lookup, LOOKUP_CLAIMS, p->base.meta.namespace, name);
		if (!c)
			return volumes_not_found(why, "persistentvolumeclaim", name);
		enum verdict v = *c->volume ? add_volume(&d, c->volume, s->lookup, why, &st->arena)
					    : without_volume(c, s->lookup, why);
		informer_unref(c);
		if (v != VERDICT_OK)
			return v;
	}
	if (!d.n)
		return VERDICT_SKIP;
	*(struct zone_data *)cycle_state_new(st, sizeof(d)) = d;
	return VERDICT_OK;
}

/* Is it one of those between the `__`? */
static bool one_of(const char *values, const char *value)
{
	size_t n = strlen(value);

	for (const char *at = values;; at += 2) {
		const char *end = strstr(at, "__");
		size_t len = end ? (size_t)(end - at) : strlen(at);

		if (len == n && !memcmp(at, value, n))
			return true;
		if (!end)
			return false;
		at = end;
	}
}

static bool filter(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		   struct reasons *why)
{
	const struct zone_data *d = cycle_state_data(st);
	const struct labels *l = n->node->base.meta.labels;
	bool placed = false;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		placed |= labels_get(l, keys[i].key) != NULL;
	for (size_t i = 0; d && placed && i < d->n; i++) {
		const char *value = labels_get(l, keys[d->v[i].key].key);

		value = value ? value : labels_get(l, keys[d->v[i].key].now);
		if (value && one_of(d->v[i].values, value))
			continue;
		reasons_add_final(why, "node(s) had no available volume zone");
		return false;
	}
	return true;
}

static const struct event_hint hints[] = {
	{EVENT_STORAGE, volumes_hint}, {EVENT_NODE_ADDED | EVENT_NODE_LABELS, NULL}, {0}};

const struct plugin plugin_volume_zone = {
	.name = "VolumeZone", .hints = hints, .prefilter = prefilter, .filter = filter};
