/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Pod's claims: those that have a volume must be reachable from the node; those that wait for their first Pod must find a
 * volume there, or one must be possible to make there. What was found for the chosen node is assumed, written (a volume's
 * claimRef, a claim's selected-node) and waited for: the Pod is bound once its claims are.
 */
#include <stdlib.h>
#include <string.h>
#include "plugins/table.h"
#include "plugins/volumes.h"
#include "object/json.h"

#define NO_PROVISIONER "kubernetes.io/no-provisioner"

/* What becomes of an open claim on the chosen node. */
struct binding_choice {
	const struct lookup_claim *claim;
	const struct lookup_volume *volume; /* NULL: one is made for the node */
};
struct binding_data {
	struct lookup *lookup;
	const struct lookup_claim **bound, **open; /* references, of both lists */
	size_t n_bound, n_open;
	const void **volumes; /* all there are, if some claim is open */
	size_t n_volumes;
	struct binding_choice *choices; /* of the chosen node */
	size_t n_choices;
};

static void forget(void *data)
{
	struct binding_data *d = data;

	for (size_t i = 0; i < d->n_bound; i++)
		informer_unref(d->bound[i]);
	for (size_t i = 0; i < d->n_open; i++)
		informer_unref(d->open[i]);
	if (d->volumes)
		informer_unref_all(d->volumes, d->n_volumes);
}

static enum verdict refuse(struct reasons *why, char *text)
{
	reasons_add_final(why, text);
	free(text);
	return VERDICT_REJECT;
}

/* Of an ephemeral volume: it must be the Pod's own. */
static bool owned_by(const struct lookup_claim *c, const struct sched_pod *p)
{
	const struct owner_ref *ref = meta_controller(&c->base.meta);

	return ref && ref->uid && !strcmp(ref->uid, p->base.meta.uid);
}

/* What is wrong with it whatever the node, or VERDICT_OK. */
static enum verdict check_claim(const struct sched_pod *p, const struct pod_volume *v, const char *name,
				const struct lookup_claim *c, struct reasons *why)
{
	if (!c && v->ephemeral)
		return refuse(why, mem_printf("waiting for ephemeral volume controller to create the "
					      "persistentvolumeclaim \"%s\"",
					      name));
	if (!c)
		return volumes_not_found(why, "persistentvolumeclaim", name);
	if (!strcmp(c->phase, "Lost"))
		return refuse(
			why,
			mem_printf(
				"persistentvolumeclaim \"%s\" bound to non-existent persistentvolume \"%s\"",
				name, c->volume));
	if (c->base.meta.deleted_ns)
		return refuse(why, mem_printf("persistentvolumeclaim \"%s\" is being deleted", name));
	if (v->ephemeral && !v->claim && !owned_by(c, p))
		return refuse(why, mem_printf("PVC %s/%s was not created for pod %s/%s (pod is not owner)",
					      p->base.meta.namespace, name, p->base.meta.namespace,
					      p->base.meta.name));
	return VERDICT_OK;
}

/* Takes the reference. False: its volume should be there by now. */
static bool sort_claim(struct binding_data *d, const struct lookup_claim *c)
{
	if (*c->volume && c->notes.bound) {
		d->bound[d->n_bound++] = c;
		return true;
	}
	const struct lookup_class *class =
		(const void *)lookup_get(d->lookup, LOOKUP_CLASSES, "", lookup_claim_class(c));
	bool waits = lookup_class_waits(class) && !*c->volume;

	informer_unref(class);
	d->open[d->n_open++] = c;
	return waits;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = (*(const struct lookup_claim *const *)a)->size,
		y = (*(const struct lookup_claim *const *)b)->size;

	return (x > y) - (x < y);
}

static enum verdict prefilter(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			      struct reasons *why)
{
	bool late = false;
	char text[512];

	if (!s->lookup || !volumes_have_claims(p))
		return VERDICT_SKIP;
	struct binding_data *d = cycle_state_new(st, sizeof(*d));
	d->lookup = s->lookup;
	d->bound = arena_array(&st->arena, p->n_volumes, sizeof(*d->bound));
	d->open = arena_array(&st->arena, p->n_volumes, sizeof(*d->open));
	cycle_state_on_release(st, forget, d);
	for (size_t i = 0; i < p->n_volumes; i++) {
		const char *name = volumes_claim_name(p, &p->volumes[i], text);

		if (!name)
			continue;
		const struct lookup_claim *c =
			(const void *)lookup_get(s->lookup, LOOKUP_CLAIMS, p->base.meta.namespace, name);
		enum verdict v = check_claim(p, &p->volumes[i], name, c, why);
		if (v != VERDICT_OK) {
			informer_unref(c);
			return v;
		}
		late |= !sort_claim(d, c);
	}
	if (late)
		return refuse(why, mem_strdup("pod has unbound immediate PersistentVolumeClaims"));
	if (d->n_open) {
		d->n_volumes = lookup_list(s->lookup, LOOKUP_VOLUMES, NULL, &d->volumes);
		qsort(d->open, d->n_open, sizeof(*d->open), by_size);
	}
	return VERDICT_OK;
}

/* ---- filter ---- */
static bool reachable(const struct lookup_volume *v, const struct node_state *n)
{
	return node_affinity_matches(NULL, &v->affinity, node_state_name(n), n->node->base.meta.labels);
}

static char *claim_key(const struct lookup_claim *c)
{
	return mem_printf("%s/%s", c->base.meta.namespace, c->base.meta.name);
}

/* It is this claim's, by its own word or by ours. */
static bool belongs(const struct lookup_volume *v, const struct lookup_claim *c)
{
	return v->claimed && !strcmp(v->claim.namespace, c->base.meta.namespace) &&
	       !strcmp(v->claim.name, c->base.meta.name) &&
	       (!*v->claim.uid || !strcmp(v->claim.uid, c->base.meta.uid));
}

static bool promised(const struct binding_data *d, const struct lookup_volume *v,
		     const struct lookup_claim *c)
{
	autofree char *to = lookup_assumed(d->lookup, LOOKUP_VOLUMES, v->base.meta.name);

	return to && strcmp(to, c->base.meta.uid) != 0;
}

static bool gives_access(const struct lookup_volume *v, const struct lookup_claim *c)
{
	for (size_t i = 0; i < c->n_access; i++) {
		bool has = false;

		for (size_t k = 0; k < v->n_access; k++)
			has |= !strcmp(v->access[k], c->access[i]);
		if (!has)
			return false;
	}
	return true;
}

static bool suits(const struct lookup_volume *v, const struct lookup_claim *c)
{
	return !v->base.meta.deleted_ns && v->size >= c->size && !strcmp(v->mode, c->mode);
}

static bool taken(const struct binding_choice *choices, size_t n, const struct lookup_volume *v)
{
	for (size_t i = 0; i < n; i++)
		if (choices[i].volume == v)
			return true;
	return false;
}

/* The smallest that fits, or the one that is this claim's already; NULL: none. */
static const struct lookup_volume *find_volume(const struct binding_data *d, const struct lookup_claim *c,
					       const struct node_state *n,
					       const struct binding_choice *choices, size_t n_choices)
{
	const struct lookup_volume *best = NULL;

	for (size_t i = 0; i < d->n_volumes; i++) {
		const struct lookup_volume *v = d->volumes[i];

		if (strcmp(lookup_volume_class(v), lookup_claim_class(c)) || taken(choices, n_choices, v) ||
		    (v->claimed && !belongs(v, c)) || !suits(v, c))
			continue;
		if (belongs(v, c))
			return reachable(v, n) ? v : NULL;
		if (strcmp(v->phase, "Available") != 0 ||
		    (c->selector && !label_query_matches(c->selector, v->base.meta.labels)) ||
		    !reachable(v, n) || !gives_access(v, c) || promised(d, v, c) ||
		    (best && best->size <= v->size))
			continue;
		best = v;
	}
	return best;
}

static bool allowed(const struct lookup_class *class, const struct node_state *n)
{
	for (size_t i = 0; i < class->n_topologies; i++) {
		const struct lookup_topology *t = &class->topologies[i];
		bool all = t->n_keys > 0;

		for (size_t k = 0; k < t->n_keys; k++)
			all &= selector_requirement_matches(&t->keys[k], n->node->base.meta.labels);
		if (all)
			return true;
	}
	return !class->n_topologies;
}

/* Drivers that tell how much room there is are asked. */
static bool has_room(struct lookup *l, const struct lookup_class *class, const struct lookup_claim *c,
		     const struct node_state *n)
{
	const struct lookup_csidriver *driver =
		c->size ? (const void *)lookup_get(l, LOOKUP_CSIDRIVERS, "", class->provisioner) : NULL;
	bool asked = driver && driver->tells_capacity, found = !asked;
	const void **v = NULL;

	informer_unref(driver);
	size_t count = asked ? lookup_list(l, LOOKUP_CAPACITIES, NULL, &v) : 0;
	for (size_t i = 0; i < count; i++) {
		const struct lookup_capacity *room = v[i];
		int64_t most = room->has_largest ? room->largest : room->has_capacity ? room->capacity : -1;

		found |= !strcmp(room->class, class->base.meta.name) && most >= c->size && room->nodes &&
			 label_query_matches(room->nodes, n->node->base.meta.labels);
	}
	if (asked)
		informer_unref_all(v, count);
	return found;
}

struct binding_verdict {
	bool unreachable, none, full, gone;
};

static void check_provision(const struct binding_data *d, const struct lookup_claim *c,
			    const struct node_state *n, struct binding_verdict *ret)
{
	const struct lookup_class *class =
		(const void *)lookup_get(d->lookup, LOOKUP_CLASSES, "", lookup_claim_class(c));

	if (!class || !*class->provisioner || !strcmp(class->provisioner, NO_PROVISIONER) ||
	    !allowed(class, n))
		ret->none = true;
	else if (!has_room(d->lookup, class, c, n))
		ret->full = true;
	informer_unref(class);
}

/* choices: room for all open claims. */
static size_t look(const struct binding_data *d, const struct node_state *n, struct binding_choice *choices,
		   struct binding_verdict *ret)
{
	size_t found = 0;

	*ret = (struct binding_verdict){0};
	for (size_t i = 0; i < d->n_bound; i++) {
		const struct lookup_volume *v =
			(const void *)lookup_get(d->lookup, LOOKUP_VOLUMES, "", d->bound[i]->volume);

		ret->gone |= !v;
		ret->unreachable |= v && !reachable(v, n);
		informer_unref(v);
	}
	for (size_t i = 0; i < d->n_open; i++) {
		const struct lookup_claim *c = d->open[i];
		autofree char *key = claim_key(c);
		autofree char *assumed =
			c->notes.selected ? NULL : lookup_assumed(d->lookup, LOOKUP_CLAIMS, key);
		const char *selected = c->notes.selected ? c->notes.selected : assumed;
		const struct lookup_volume *v = selected ? NULL : find_volume(d, c, n, choices, found);

		if (selected && strcmp(selected, node_state_name(n)) != 0) {
			ret->none = true;
			return 0;
		}
		choices[found++] = (struct binding_choice){c, v};
		if (!v)
			check_provision(d, c, n, ret);
	}
	return found;
}

static bool filter(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		   struct reasons *why)
{
	const struct binding_data *d = cycle_state_data(st);
	struct binding_verdict bad;

	if (!d)
		return true;
	struct binding_choice *choices = mem_array(d->n_open + 1, sizeof(*choices));
	look(d, n, choices, &bad);
	free(choices);
	const struct {
		bool yes;
		const char *text;
	} rows[] = {{bad.unreachable, "node(s) didn't match PersistentVolume's node affinity"},
		    {bad.none, "node(s) didn't find available persistent volumes to bind"},
		    {bad.full, "node(s) did not have enough free storage"},
		    {bad.gone, "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"}};
	bool ok = true;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!rows[i].yes)
			continue;
		reasons_add_final(why, rows[i].text);
		ok = false;
	}
	return ok;
}

/* ---- the chosen node ---- */
static void assume(const struct binding_data *d, const struct binding_choice *c, const char *node)
{
	autofree char *key = claim_key(c->claim);

	if (c->volume)
		lookup_assume(d->lookup, LOOKUP_VOLUMES, c->volume->base.meta.name,
			      node ? c->claim->base.meta.uid : NULL);
	else
		lookup_assume(d->lookup, LOOKUP_CLAIMS, key, node);
}

static bool reserve(struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		    struct reasons *why)
{
	struct binding_data *d = cycle_state_data(st);
	struct binding_verdict bad;

	if (!d || !d->n_open)
		return true;
	d->choices = arena_array(&st->arena, d->n_open, sizeof(*d->choices));
	d->n_choices = look(d, n, d->choices, &bad);
	for (size_t i = 0; i < d->n_choices; i++)
		assume(d, &d->choices[i], node_state_name(n));
	return true;
}

static void unreserve(struct cycle_state *st, const struct sched_pod *p, const struct node_state *n)
{
	struct binding_data *d = cycle_state_data(st);

	for (size_t i = 0; d && i < d->n_choices; i++)
		assume(d, &d->choices[i], NULL);
}

static void write_volume(struct cycle_state *st, const struct sched_pod *p, const struct binding_choice *c)
{
	const struct meta *m = &c->claim->base.meta;
	autofree char *path = mem_printf("/api/v1/persistentvolumes/%s", c->volume->base.meta.name);
	autojson js *o = js_new_obj();
	autobuf struct buf body = BUF_INIT;

	js_set_str(js_ensure(o, "metadata", "annotations", NULL), "pv.kubernetes.io/bound-by-controller",
		   "yes");
	js *ref = js_ensure(o, "spec", "claimRef", NULL);
	js_set_str(ref, "kind", "PersistentVolumeClaim");
	js_set_str(ref, "apiVersion", "v1");
	js_set_str(ref, "namespace", m->namespace);
	js_set_str(ref, "name", m->name);
	js_set_str(ref, "uid", m->uid);
	js_write(&body, o);
	st->write(st->write_arg, p, path, buf_str(&body));
}

static void write_claim(struct cycle_state *st, const struct sched_pod *p, const struct lookup_claim *c,
			const char *node)
{
	autofree char *path = mem_printf("/api/v1/namespaces/%s/persistentvolumeclaims/%s",
					 c->base.meta.namespace, c->base.meta.name);
	autojson js *o = js_new_obj();
	autobuf struct buf body = BUF_INIT;

	js_set_str(js_ensure(o, "metadata", "annotations", NULL), "volume.kubernetes.io/selected-node", node);
	js_write(&body, o);
	st->write(st->write_arg, p, path, buf_str(&body));
}

static enum verdict permit(struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
			   struct reasons *why, int64_t *ret_timeout_ns)
{
	struct binding_data *d = cycle_state_data(st);

	if (!d || !d->n_open)
		return VERDICT_OK;
	for (size_t i = 0; st->write && i < d->n_choices; i++) {
		const struct binding_choice *c = &d->choices[i];

		if (c->volume && !c->volume->claimed)
			write_volume(st, p, c);
		else if (!c->volume && !c->claim->notes.selected)
			write_claim(st, p, c->claim, node_state_name(n));
	}
	*ret_timeout_ns = framework_args(st->framework)->bind_timeout_s * NS_PER_S;
	return VERDICT_WAIT;
}

static bool recheck(struct lookup *l, const struct sched_pod *p)
{
	char text[512];

	for (size_t i = 0; i < p->n_volumes; i++) {
		const char *name = volumes_claim_name(p, &p->volumes[i], text);
		const struct lookup_claim *c =
			name ? (const void *)lookup_get(l, LOOKUP_CLAIMS, p->base.meta.namespace, name)
			     : NULL;
		bool bound = !name || (c && *c->volume && c->notes.bound);

		informer_unref(c);
		if (!bound)
			return false;
	}
	return true;
}

static const struct event_hint hints[] = {
	{EVENT_STORAGE, volumes_hint}, {EVENT_NODE_ADDED | EVENT_NODE_LABELS, NULL}, {0}};

const struct plugin plugin_volume_binding = {
	.name = "VolumeBinding",
	.hints = hints,
	.prefilter = prefilter,
	.filter = filter,
	.reserve = reserve,
	.unreserve = unreserve,
	.permit = permit,
	.recheck = recheck,
};
