/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many volumes of a CSI driver a node can hold (CSINode): those of its Pods and those that are still attached, each
 * once. Volumes that do not exist yet count by their claim.
 */
#include <string.h>
#include "plugins/table.h"
#include "plugins/volumes.h"

struct limits_data {
	struct lookup *lookup;
	struct map mine; /* handle -> driver; both in the arena */
	struct arena *arena;
};

static enum verdict no_such_claim(struct reasons *why, const struct sched_pod *p, const char *name)
{
	autofree char *text = mem_printf("looking up PVC %s/%s: persistentvolumeclaim \"%s\" not found",
					 p->base.meta.namespace, name, name);

	reasons_add_final(why, text);
	return VERDICT_REJECT;
}

/* "driver/handle" of the claim's volume, or of the one that will be made; the driver is its beginning. */
static char *unique_name(struct lookup *l, const struct lookup_claim *c, char **ret_driver)
{
	const struct lookup_volume *v =
		*c->volume ? (const void *)lookup_get(l, LOOKUP_VOLUMES, "", c->volume) : NULL;
	char *ret = NULL;

	*ret_driver = NULL;
	if (v && v->driver && *v->driver && v->handle && *v->handle) {
		*ret_driver = mem_strdup(v->driver);
		ret = mem_printf("%s/%s", v->driver, v->handle);
	}
	bool exists = v;
	informer_unref(v);
	if (exists)
		return ret;
	const struct lookup_class *class =
		(const void *)lookup_get(l, LOOKUP_CLASSES, "", lookup_claim_class(c));
	if (class && *class->provisioner) {
		*ret_driver = mem_strdup(class->provisioner);
		ret = mem_printf("%s/claim %s/%s", class->provisioner, c->base.meta.namespace,
				 c->base.meta.name);
	}
	informer_unref(class);
	return ret;
}

/* False: one of its claims is not there. */
static bool add_claims(struct lookup *l, const struct sched_pod *p, struct map *ret, struct arena *a,
		       const char **ret_missing)
{
	char text[512];

	for (size_t i = 0; i < p->n_volumes; i++) {
		const char *name = volumes_claim_name(p, &p->volumes[i], text);
		const struct lookup_claim *c =
			name ? (const void *)lookup_get(l, LOOKUP_CLAIMS, p->base.meta.namespace, name)
			     : NULL;

		if (name && !c && ret_missing) {
			*ret_missing = arena_strdup(a, name);
			return false;
		}
		if (!c)
			continue;
		autofree char *driver = NULL;
		autofree char *unique = unique_name(l, c, &driver);
		if (unique)
			map_set(ret, unique, arena_strdup(a, driver));
		informer_unref(c);
	}
	return true;
}

static void forget(void *m)
{
	map_release(m);
}

static enum verdict prefilter(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			      struct reasons *why)
{
	const char *missing = NULL;

	if (!s->lookup || !volumes_have_claims(p))
		return VERDICT_SKIP;
	struct limits_data *d = cycle_state_new(st, sizeof(*d));
	d->lookup = s->lookup;
	d->arena = &st->arena;
	cycle_state_on_release(st, forget, &d->mine);
	if (!add_claims(s->lookup, p, &d->mine, &st->arena, &missing))
		return no_such_claim(why, p, missing);
	return map_len(&d->mine) ? VERDICT_OK : VERDICT_SKIP;
}

/* Those that are attached to the node, whoever uses them. */
static void add_attached(struct lookup *l, const char *node, struct map *ret, struct arena *a)
{
	const void **v;
	size_t n = lookup_list(l, LOOKUP_ATTACHMENTS, NULL, &v);

	for (size_t i = 0; i < n; i++) {
		const struct lookup_attachment *t = v[i];
		const struct lookup_volume *pv =
			*t->driver && t->volume && !strcmp(t->node, node)
				? (const void *)lookup_get(l, LOOKUP_VOLUMES, "", t->volume)
				: NULL;

		if (pv && pv->handle) {
			autofree char *unique = mem_printf("%s/%s", t->driver, pv->handle);
			map_set(ret, unique, arena_strdup(a, t->driver));
		}
		informer_unref(pv);
	}
	informer_unref_all(v, n);
}

static int64_t count(const struct map *m, const char *driver, const struct map *but)
{
	int64_t n = 0;

	for (struct map_iter it = {0}; map_next(m, &it);)
		n += !strcmp(it.value, driver) && !(but && map_get(but, it.key));
	return n;
}

static bool within(const struct limits_data *d, const struct lookup_csinode *c, const struct node_state *n)
{
	automap struct map there = MAP_INIT;
	bool limited = false, ok = true;

	for (size_t i = 0; i < c->n_drivers; i++)
		limited |= c->drivers[i].limited && count(&d->mine, c->drivers[i].name, NULL);
	if (!limited)
		return true;
	for (size_t i = 0; i < n->n_pods; i++)
		if (n->pods[i]->n_volumes)
			add_claims(d->lookup, n->pods[i], &there, d->arena, NULL);
	/* What its Pods use is attached for them. */
	add_attached(d->lookup, node_state_name(n), &there, d->arena);
	for (size_t i = 0; i < c->n_drivers; i++) {
		const char *driver = c->drivers[i].name;
		int64_t more = count(&d->mine, driver, &there);

		if (c->drivers[i].limited && more && count(&there, driver, NULL) + more > c->drivers[i].count)
			ok = false;
	}
	return ok;
}

static bool filter(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		   struct reasons *why)
{
	const struct limits_data *d = cycle_state_data(st);

	if (!d || !map_len(&d->mine))
		return true;
	const struct lookup_csinode *c =
		(const void *)lookup_get(d->lookup, LOOKUP_CSINODES, "", node_state_name(n));
	bool ok = !c || within(d, c, n);

	informer_unref(c);
	if (!ok)
		reasons_add(why, "node(s) exceed max volume count");
	return ok;
}

static bool pod_helps(const struct sched_pod *p, const struct cluster_event *e)
{
	return volumes_have_claims(e->pod);
}

static const struct event_hint hints[] = {
	{EVENT_POD_DELETED, pod_helps}, {EVENT_STORAGE, volumes_hint}, {EVENT_NODE_ADDED, NULL}, {0}};

const struct plugin plugin_node_volume_limits = {
	.name = "NodeVolumeLimits", .hints = hints, .prefilter = prefilter, .filter = filter};
