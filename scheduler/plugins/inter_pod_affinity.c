/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Near Pods and away from Pods: the terms of the Pod against those that have a node, and their anti-affinity against it.
 *
 * Pods are counted by domain, once per Pod to schedule: for its own terms out of counts per node that the snapshot keeps
 * (tally.h), for those of others out of its index of terms. So a node is judged by a few numbers, and a fork, which changes
 * one node only, notes what that node adds.
 */
#include <stdlib.h>
#include <string.h>
#include "lookup.h"
#include "plugins/table.h"

/* What is counted by the values of one label. */
struct axis {
	const struct topology *topology;
	int64_t *sums; /* by domain; NULL: none */
	int64_t here;  /* more, in the domain of the fork's node */
};
struct axes {
	struct axis *v;
	size_t n, cap;
};
struct affinity_data {
	const struct snapshot *snapshot;
	struct pod_query required;	       /* all terms */
	const struct pod_query_term *anti;     /* in the order of required_anti */
	struct axes wanted, unwanted, hostile; /* hostile: Pods there do not want this one */
	int64_t total;			       /* Pods that the required terms mean, wherever they count */
	bool self;			       /* the Pod means itself */
	struct arena *arena;
};

static struct axis *axis_for(struct axes *x, const struct topology *t, struct arena *a)
{
	for (size_t i = 0; i < x->n; i++)
		if (x->v[i].topology == t)
			return &x->v[i];
	if (x->n == x->cap) {
		struct axis *v = arena_array(a, 2 * x->cap + 4, sizeof(*v));

		if (x->n)
			memcpy(v, x->v, x->n * sizeof(*v));
		x->v = v;
		x->cap = 2 * x->cap + 4;
	}
	x->v[x->n] = (struct axis){.topology = t};
	return &x->v[x->n++];
}

static int64_t *sums_of(struct axis *x, struct arena *a)
{
	if (!x->sums)
		x->sums = arena_array(a, topology_size(x->topology) + 1, sizeof(*x->sums));
	return x->sums;
}

static int64_t axis_count(const struct axis *x, const struct node_state *n)
{
	uint32_t d = topology_domain(x->topology, n->index);

	return d == TOPOLOGY_NONE ? 0 : (x->sums ? x->sums[d] : 0) + x->here;
}

/* The counts of all nodes into the sums of their domains, of which there is the total. */
static int64_t add_counts(struct axis *x, const uint32_t *counts, size_t n, int64_t weight, struct arena *a)
{
	int64_t *sums = sums_of(x, a), total = 0;

	for (size_t i = 0; i < n && i < x->topology->n_of; i++) {
		uint32_t d = x->topology->of[i];

		if (d == TOPOLOGY_NONE || !counts[i])
			continue;
		sums[d] += weight * counts[i];
		total += counts[i];
	}
	return total;
}

/* ---- terms ---- */
static void select_namespaces(const struct pod_term *t, const struct snapshot *s, struct pod_query_term *ret,
			      struct arena *a)
{
	const void **all = NULL;
	size_t n = s->lookup ? lookup_list(s->lookup, LOOKUP_NAMESPACES, "", &all) : 0, found = 0;
	const char **names = arena_array(a, n + t->n_namespaces + 1, sizeof(*names));

	for (size_t i = 0; i < t->n_namespaces; i++)
		names[found++] = t->namespaces[i];
	for (size_t i = 0; i < n; i++) {
		const struct meta *m = &((const struct lookup_object *)all[i])->base.meta;

		if (label_query_matches(t->namespace_selector, m->labels))
			names[found++] = arena_strdup(a, m->name);
	}
	pod_query_in(ret, names, found, a);
	informer_unref_all(all, n);
}

static void resolve(const struct pod_term *t, const struct sched_pod *p, const struct snapshot *s,
		    struct pod_query_term *ret, struct arena *a)
{
	const char *own = p->base.meta.namespace;

	*ret = (struct pod_query_term){.all_namespaces = label_query_empty(t->namespace_selector)};
	if (!ret->all_namespaces && t->namespace_selector)
		select_namespaces(t, s, ret, a);
	else if (!ret->all_namespaces)
		pod_query_in(ret, t->n_namespaces ? t->namespaces : &own,
			     t->n_namespaces ? t->n_namespaces : 1, a);
	pod_query_where(ret, t->selector, a);
}

static const uint32_t *count_term(const struct pod_query_term *t, const struct snapshot *s)
{
	return snapshot_count(s, &(struct pod_query){.terms = t, .n = 1});
}

/* Of the Pod's namespace, if anybody selects by them; a reference. */
static const struct lookup_object *own_namespace(const struct sched_pod *p, const struct snapshot *s)
{
	return s->terms.n_selecting && s->lookup
		       ? lookup_get(s->lookup, LOOKUP_NAMESPACES, "", p->base.meta.namespace)
		       : NULL;
}

/* Does the term of a Pod in `own` mean p? */
static bool means(const struct pod_term *t, const char *own, const struct sched_pod *p,
		  const struct lookup_object *namespace)
{
	return pod_affinity_term_in(t, own, p->base.meta.namespace,
				    namespace ? namespace->base.meta.labels : NULL) &&
	       label_query_matches(t->selector, p->base.meta.labels);
}

/* What other Pods' terms of that role say of p; each counts with its own weight, or with that one. */
static void add_groups(struct axes *x, const struct sched_pod *p, const struct snapshot *s,
		       enum term_role role, int weight_of_all, struct arena *a)
{
	const struct lookup_object *namespace = own_namespace(p, s);

	for (size_t i = 0; i < s->terms.n[role]; i++) {
		const struct term_group *g = s->terms.role[role][i];

		if (!means(g->term, g->owner->base.meta.namespace, p, namespace))
			continue;
		struct axis *axis = axis_for(x, snapshot_topology(s, g->term->topology_key), a);
		int64_t *sums = sums_of(axis, a), weight = weight_of_all * (g->weight ? g->weight : 1);

		for (size_t k = 0; k < g->n; k++) {
			uint32_t d = topology_domain(axis->topology, g->v[k].place);

			if (d != TOPOLOGY_NONE)
				sums[d] += weight * g->v[k].count;
		}
	}
	informer_unref(namespace);
}

/* ---- filter ---- */
static void count_wanted(struct affinity_data *d, const struct sched_pod *p, const struct snapshot *s)
{
	const struct pod_affinity *a = p->affinity;
	struct pod_query_term *terms = arena_array(d->arena, a->n_required, sizeof(*terms));

	for (size_t i = 0; i < a->n_required; i++) {
		resolve(&a->required[i], p, s, &terms[i], d->arena);
		axis_for(&d->wanted, snapshot_topology(s, a->required[i].topology_key), d->arena);
	}
	d->required = (struct pod_query){.terms = terms, .n = a->n_required};
	const uint32_t *counts = snapshot_count(s, &d->required);
	for (size_t i = 0; i < d->wanted.n; i++)
		d->total += add_counts(&d->wanted.v[i], counts, s->n_nodes, 1, d->arena);
	d->self = pod_query_counts(&d->required, p);
}

static void count_unwanted(struct affinity_data *d, const struct sched_pod *p, const struct snapshot *s)
{
	const struct pod_affinity *a = p->affinity;
	struct pod_query_term *terms = arena_array(d->arena, a->n_required_anti, sizeof(*terms));

	d->anti = terms;
	for (size_t i = 0; i < a->n_required_anti; i++) {
		resolve(&a->required_anti[i], p, s, &terms[i], d->arena);
		struct axis *x = axis_for(&d->unwanted,
					  snapshot_topology(s, a->required_anti[i].topology_key), d->arena);
		add_counts(x, count_term(&terms[i], s), s->n_nodes, 1, d->arena);
	}
}

static enum verdict prefilter(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			      struct reasons *why)
{
	const struct pod_affinity *a = p->affinity;
	bool own = a && (a->n_required || a->n_required_anti);

	if (!own && !s->terms.n[TERM_REQUIRED_ANTI])
		return VERDICT_SKIP;
	struct affinity_data *d = cycle_state_new(st, sizeof(*d));
	d->snapshot = s;
	d->arena = &st->arena;
	add_groups(&d->hostile, p, s, TERM_REQUIRED_ANTI, 1, d->arena);
	if (!own && !d->hostile.n) {
		st->data[st->current] = NULL;
		return VERDICT_SKIP;
	}
	if (a && a->n_required)
		count_wanted(d, p, s);
	if (a && a->n_required_anti)
		count_unwanted(d, p, s);
	return VERDICT_OK;
}

static bool near_wanted(const struct affinity_data *d, const struct node_state *n)
{
	bool all = true;

	for (size_t i = 0; i < d->wanted.n; i++) {
		if (topology_domain(d->wanted.v[i].topology, n->index) == TOPOLOGY_NONE)
			return false;
		all &= axis_count(&d->wanted.v[i], n) > 0;
	}
	/* The first of Pods that want to be with each other has nobody to be with. */
	return all || (!d->total && d->self);
}

static bool any(const struct axes *x, const struct node_state *n)
{
	for (size_t i = 0; i < x->n; i++)
		if (axis_count(&x->v[i], n) > 0)
			return true;
	return false;
}

static bool filter(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		   struct reasons *why)
{
	const struct affinity_data *d = cycle_state_data(st);

	if (!d)
		return true;
	if (!near_wanted(d, n)) {
		reasons_add_final(why, "node(s) didn't match pod affinity rules");
		return false;
	}
	if (any(&d->unwanted, n)) {
		reasons_add(why, "node(s) didn't match pod anti-affinity rules");
		return false;
	}
	if (any(&d->hostile, n)) {
		reasons_add(why, "node(s) didn't satisfy existing pods anti-affinity rules");
		return false;
	}
	return true;
}

/* ---- forks ---- */
static void copy_axes(struct axes *x, struct arena *a)
{
	struct axis *v = arena_array(a, x->cap + 1, sizeof(*v));

	if (x->n)
		memcpy(v, x->v, x->n * sizeof(*v));
	x->v = v;
}

static void *copy_data(const void *data, struct arena *a)
{
	struct affinity_data *d = arena_alloc(a, sizeof(*d));

	*d = *(const struct affinity_data *)data;
	d->arena = a;
	copy_axes(&d->wanted, a);
	copy_axes(&d->unwanted, a);
	copy_axes(&d->hostile, a);
	return d;
}

static bool there(const struct axis *x, const struct node_state *n)
{
	return topology_domain(x->topology, n->index) != TOPOLOGY_NONE;
}

static void change_hostile(struct affinity_data *d, const struct sched_pod *p, const struct sched_pod *other,
			   const struct node_state *n, int delta)
{
	const struct lookup_object *namespace = own_namespace(p, d->snapshot);

	for (size_t i = 0; i < other->affinity->n_required_anti; i++) {
		const struct pod_term *t = &other->affinity->required_anti[i];

		if (!means(t, other->base.meta.namespace, p, namespace))
			continue;
		struct axis *x =
			axis_for(&d->hostile, snapshot_topology(d->snapshot, t->topology_key), d->arena);
		x->here += there(x, n) ? delta : 0;
	}
	informer_unref(namespace);
}

static void change(struct cycle_state *st, const struct sched_pod *p, const struct sched_pod *other,
		   const struct node_state *n, int delta)
{
	struct affinity_data *d = cycle_state_data(st);

	if (!d)
		return;
	if (other->affinity)
		change_hostile(d, p, other, n, delta);
	if (pod_query_counts(&d->required, other))
		for (size_t i = 0; i < d->wanted.n; i++) {
			int by = there(&d->wanted.v[i], n) ? delta : 0;

			d->wanted.v[i].here += by;
			d->total += by;
		}
	for (size_t i = 0; d->anti && i < p->affinity->n_required_anti; i++) {
		const char *key = p->affinity->required_anti[i].topology_key;
		struct axis *x = axis_for(&d->unwanted, snapshot_topology(d->snapshot, key), d->arena);

		if (there(x, n) && pod_query_term_counts(&d->anti[i], other))
			x->here += delta;
	}
}

static void add_pod(struct cycle_state *st, const struct sched_pod *p, const struct sched_pod *came,
		    const struct node_state *n)
{
	change(st, p, came, n, 1);
}

static void remove_pod(struct cycle_state *st, const struct sched_pod *p, const struct sched_pod *went,
		       const struct node_state *n)
{
	change(st, p, went, n, -1);
}

/* ---- score ---- */
static void add_preferences(struct axes *x, const struct sched_pod *p, const struct snapshot *s,
			    const struct pod_preference *v, size_t n, int sign, struct arena *a)
{
	for (size_t i = 0; i < n; i++) {
		struct pod_query_term t;

		resolve(&v[i].term, p, s, &t, a);
		struct axis *axis = axis_for(x, snapshot_topology(s, v[i].term.topology_key), a);
		add_counts(axis, count_term(&t, s), s->n_nodes, sign * v[i].weight, a);
	}
}

static enum verdict prescore(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			     const struct node_state *const *nodes, size_t n)
{
	const struct plugin_args *args = framework_args(st->framework);
	const struct pod_affinity *own = p->affinity;
	const struct term_index *t = &s->terms;
	struct axes x = {0};

	if (args->ignore_preferred && !(own && (own->n_preferred || own->n_preferred_anti)))
		return VERDICT_SKIP;

	if (own) {
		add_preferences(&x, p, s, own->preferred, own->n_preferred, 1, &st->arena);
		add_preferences(&x, p, s, own->preferred_anti, own->n_preferred_anti, -1, &st->arena);
	}
	if (t->n[TERM_REQUIRED] || t->n[TERM_PREFERRED] || t->n[TERM_PREFERRED_ANTI]) {
		if (args->hard_affinity_weight)
			add_groups(&x, p, s, TERM_REQUIRED, args->hard_affinity_weight, &st->arena);
		add_groups(&x, p, s, TERM_PREFERRED, 1, &st->arena);
		add_groups(&x, p, s, TERM_PREFERRED_ANTI, -1, &st->arena);
	}
	if (!x.n)
		return VERDICT_SKIP;
	*(struct axes *)cycle_state_new(st, sizeof(x)) = x;
	return VERDICT_OK;
}

static int64_t score(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		     const struct snapshot *s)
{
	const struct axes *x = cycle_state_data(st);
	int64_t sum = 0;

	for (size_t i = 0; i < x->n; i++)
		sum += axis_count(&x->v[i], n);
	return sum;
}

/* The worst node gets 0, the best SCORE_MAX; nothing where all are alike. */
static void normalize(const struct cycle_state *st, int64_t *scores, size_t n)
{
	int64_t min = INT64_MAX, max = INT64_MIN;

	for (size_t i = 0; i < n; i++) {
		min = scores[i] < min ? scores[i] : min;
		max = scores[i] > max ? scores[i] : max;
	}
	for (size_t i = 0; i < n; i++)
		scores[i] = max > min
				    ? (int64_t)(SCORE_MAX * ((double)(scores[i] - min) / (double)(max - min)))
				    : 0;
}

/* ---- hints: namespaces are not looked up there, any may be one that a selector means ---- */
static bool may_mean(const struct pod_term *t, const struct sched_pod *from, const struct sched_pod *p)
{
	return (t->namespace_selector ||
		pod_affinity_term_in(t, from->base.meta.namespace, p->base.meta.namespace, NULL)) &&
	       label_query_matches(t->selector, p->base.meta.labels);
}

static bool may_want(const struct sched_pod *p, const struct sched_pod *other)
{
	const struct pod_affinity *a = p->affinity;

	for (size_t i = 0; a && i < a->n_required; i++)
		if (!may_mean(&a->required[i], p, other))
			return false;
	return a && a->n_required;
}

static bool may_reject(const struct sched_pod *p, const struct sched_pod *other)
{
	const struct pod_affinity *a = p->affinity;

	for (size_t i = 0; a && i < a->n_required_anti; i++)
		if (may_mean(&a->required_anti[i], p, other))
			return true;
	return false;
}

static bool pod_comes(const struct sched_pod *p, const struct cluster_event *e)
{
	return may_want(p, e->pod);
}

/* With the last that it was to be near, it may be the first itself. */
static bool pod_goes(const struct sched_pod *p, const struct cluster_event *e)
{
	return may_reject(p, e->pod) || may_reject(e->pod, p) || may_want(p, e->pod);
}

static bool node_helps(const struct sched_pod *p, const struct cluster_event *e)
{
	const struct pod_affinity *a = p->affinity;

	for (size_t i = 0; a && i < a->n_required; i++)
		if (!labels_get(e->node->base.meta.labels, a->required[i].topology_key))
			return false;
	return true;
}

static const struct event_hint hints[] = {
	{EVENT_POD_ADDED, pod_comes},
	{EVENT_POD_DELETED, pod_goes},
	{EVENT_POD_LABELS | EVENT_POD_UPDATED, NULL},
	/* A node that leaves a domain takes along whom the Pod was kept from. */
	{EVENT_NODE_LABELS, NULL},
	{EVENT_NODE_ADDED, node_helps},
	{0}};

const struct plugin plugin_inter_pod_affinity = {
	.name = "InterPodAffinity",
	.hints = hints,
	.prefilter = prefilter,
	.filter = filter,
	.clone = copy_data,
	.add_pod = add_pod,
	.remove_pod = remove_pod,
	.prescore = prescore,
	.score = score,
	.normalize = normalize,
	.weight = 2,
};
