/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spreads Pods over domains: constraints that must hold filter, the others score. A Pod without constraints of its own is
 * spread by the defaults, together with what its Services and its owner select; the built-in ones only score.
 *
 * Pods are counted per node by the snapshot (tally.h) and per domain here, once per Pod to schedule. A fork changes one
 * node, so it notes what that one adds; the least of the other domains is known from the beginning.
 */
#include <math.h>
#include <string.h>
#include "lookup.h"
#include "plugins/table.h"

#define HOSTNAME "kubernetes.io/hostname"
#define ZONE "topology.kubernetes.io/zone"

static const struct pod_spread system_defaults[] = {
	{.max_skew = 3,
	 .min_domains = 1,
	 .topology_key = HOSTNAME,
	 .action = SPREAD_SCHEDULE_ANYWAY,
	 .taints_policy = SPREAD_IGNORE},
	{.max_skew = 5,
	 .min_domains = 1,
	 .topology_key = ZONE,
	 .action = SPREAD_SCHEDULE_ANYWAY,
	 .taints_policy = SPREAD_IGNORE},
};

struct spread_constraint {
	const struct pod_spread *spread;
	const struct topology *topology;
	struct pod_query query; /* of one term */
	int64_t *counts;	/* by domain; -1: it does not count, no eligible node is in it */
	bool self;		/* the Pod itself is meant */
	size_t domains;		/* eligible ones */
	uint32_t least_at;	/* the domain with fewest Pods; their number, and that of the next */
	int64_t least, next;
	/* Of a fork: its node's domain has that many more. */
	uint32_t here_at;
	int64_t here;
	double weight; /* of a score */
};
struct spread_data {
	struct spread_constraint *v;
	size_t n;
	bool all_keys; /* nodes without one of the labels do not count */
	bool *ignored; /* of scores, by the order of the nodes: it lacks a label */
	size_t n_nodes;
};

/* ---- constraints ---- */
static void spread_query(struct spread_constraint *c, const struct sched_pod *p,
			 const struct pod_query_term *common, struct arena *a)
{
	struct pod_query_term *t = arena_alloc(a, sizeof(*t));
	const char *namespace = p->base.meta.namespace;

	if (common) {
		*t = *common;
	} else {
		pod_query_where(t, c->spread->selector, a);
		for (size_t i = 0; i < c->spread->n_label_keys; i++) {
			const char *value = labels_get(p->base.meta.labels, c->spread->label_keys[i]);

			if (value)
				pod_query_label(t, c->spread->label_keys[i], value, a);
		}
	}
	pod_query_in(t, &namespace, 1, a);
	c->query = (struct pod_query){.terms = t, .n = 1, .living = true};
	c->self = pod_query_term_counts(t, p);
	/* As upstream: the selector that selects everything means this Pod, but no other is counted by it. */
	t->nothing |= t->n == 0;
}

/* Those of one action; common: in place of their own selectors. */
static void take(struct spread_data *d, const struct pod_spread *v, size_t n, enum spread_action action,
		 const struct sched_pod *p, const struct snapshot *s, const struct pod_query_term *common,
		 struct arena *a)
{
	d->v = arena_array(a, n + 1, sizeof(*d->v));
	for (size_t i = 0; i < n; i++) {
		struct spread_constraint *c = &d->v[d->n];

		if (v[i].action != action)
			continue;
		*c = (struct spread_constraint){.spread = &v[i],
						.topology = snapshot_topology(s, v[i].topology_key),
						.here_at = TOPOLOGY_NONE};
		spread_query(c, p, common, a);
		d->n++;
	}
}

/* The Pod's Services, all together. */
static void add_services(struct pod_query_term *t, const struct sched_pod *p, struct lookup *l,
			 struct arena *a)
{
	const void **v;
	size_t n = lookup_list(l, LOOKUP_SERVICES, p->base.meta.namespace, &v);

	for (size_t i = 0; i < n; i++) {
		struct label_query q = {.equal = ((const struct lookup_object *)v[i])->equal};
		struct pod_query_term borrowed = {0};

		if (!q.equal || !label_query_matches(&q, p->base.meta.labels))
			continue;
		pod_query_where(&borrowed, &q, a);
		for (size_t k = 0; k < borrowed.n; k++) /* which equal the Pod's labels, and these stay */
			pod_query_label(t, arena_strdup(a, borrowed.requirements[k].key),
					labels_get(p->base.meta.labels, borrowed.requirements[k].key), a);
	}
	informer_unref_all(v, n);
}

static const struct {
	const char *group, *kind;
	enum lookup_kind source;
} owners[] = {
	{"v1", "ReplicationController", LOOKUP_CONTROLLERS},
	{"apps/v1", "ReplicaSet", LOOKUP_REPLICASETS},
	{"apps/v1", "StatefulSet", LOOKUP_STATEFULSETS},
};

static void add_owner(struct pod_query_term *t, const struct sched_pod *p, struct lookup *l, struct arena *a)
{
	const struct owner_ref *ref = meta_controller(&p->base.meta);

	for (size_t i = 0; ref && i < ARRAY_LEN(owners); i++) {
		if (strcmp(ref->kind, owners[i].kind) || strcmp(ref->api_version, owners[i].group))
			continue;
		const struct lookup_object *o =
			lookup_get(l, owners[i].source, p->base.meta.namespace, ref->name);
		if (!o)
			return;
		struct label_query q = {.equal = o->equal};
		struct pod_query_term borrowed = *t;
		pod_query_where(&borrowed, o->equal ? &q : o->selector ? o->selector : &q, a);
		*t = pod_query_copy(&(struct pod_query){.terms = &borrowed, .n = 1}, a)->terms[0];
		informer_unref(o);
	}
}

static void take_defaults(struct spread_data *d, const struct plugin_args *args, enum spread_action action,
			  const struct sched_pod *p, const struct snapshot *s, struct arena *a)
{
	bool list = args->spread_defaulting == SPREAD_LIST;
	const struct pod_spread *v = list ? args->spread : system_defaults;
	size_t n = list ? args->n_spread : ARRAY_LEN(system_defaults);
	struct pod_query_term t = {0};
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any |= v[i].action == action;
	if (!s->lookup || !any)
		return;
	add_services(&t, p, s->lookup, a);
	add_owner(&t, p, s->lookup, a);
	if (t.n)
		take(d, v, n, action, p, s, &t, a);
	d->all_keys = list;
}

static void take_all(struct spread_data *d, const struct cycle_state *st, enum spread_action action,
		     const struct sched_pod *p, const struct snapshot *s, struct arena *a)
{
	if (p->wish && p->wish->n_spread) {
		take(d, p->wish->spread, p->wish->n_spread, action, p, s, NULL, a);
		d->all_keys = true;
	} else {
		take_defaults(d, framework_args(st->framework), action, p, s, a);
	}
}

/* ---- counting ---- */
static bool has_keys(const struct spread_data *d, const struct node_state *n)
{
	for (size_t i = 0; d->all_keys && i < d->n; i++)
		if (topology_domain(d->v[i].topology, n->index) == TOPOLOGY_NONE)
			return false;
	return true;
}

#define HARD (1u << TAINT_NO_SCHEDULE | 1u << TAINT_NO_EXECUTE)
static bool included(const struct spread_constraint *c, const struct sched_pod *p, const struct node_state *n)
{
	const struct pod_demand *d = &p->demand;

	if (c->spread->affinity_policy == SPREAD_HONOR && (d->node_selector || d->affinity) &&
	    !node_affinity_matches(d->node_selector, d->affinity, node_state_name(n),
				   n->node->base.meta.labels))
		return false;
	return c->spread->taints_policy != SPREAD_HONOR || !n->restricted ||
	       !taint_find_untolerated(n->node->taints, n->node->n_taints, d->tolerations, d->n_tolerations,
				       HARD);
}

static void new_counts(struct spread_constraint *c, struct arena *a)
{
	size_t n = topology_size(c->topology);

	c->counts = arena_array(a, n + 1, sizeof(*c->counts));
	for (size_t i = 0; i < n; i++)
		c->counts[i] = -1;
}

static void count(struct spread_data *d, struct spread_constraint *c, const struct sched_pod *p,
		  const struct snapshot *s)
{
	const uint32_t *by_node = snapshot_count(s, &c->query);

	for (size_t i = 0; i < s->n_nodes; i++) {
		uint32_t at = topology_domain(c->topology, i);

		if (at == TOPOLOGY_NONE || (d->n > 1 && !has_keys(d, s->nodes[i])) ||
		    !included(c, p, s->nodes[i]))
			continue;
		c->counts[at] += by_node[i] + (c->counts[at] < 0);
	}
}

static void find_least(struct spread_constraint *c)
{
	c->least = c->next = INT64_MAX;
	c->least_at = TOPOLOGY_NONE;
	for (uint32_t i = 0; i < topology_size(c->topology); i++) {
		if (c->counts[i] < 0)
			continue;
		c->domains++;
		if (c->counts[i] < c->least) {
			c->next = c->least;
			c->least = c->counts[i];
			c->least_at = i;
		} else if (c->counts[i] < c->next) {
			c->next = c->counts[i];
		}
	}
}

static enum verdict prefilter(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			      struct reasons *why)
{
	struct spread_data d = {0};

	take_all(&d, st, SPREAD_DO_NOT_SCHEDULE, p, s, &st->arena);
	if (!d.n)
		return VERDICT_SKIP;
	for (size_t i = 0; i < d.n; i++) {
		new_counts(&d.v[i], &st->arena);
		count(&d, &d.v[i], p, s);
		find_least(&d.v[i]);
	}
	*(struct spread_data *)cycle_state_new(st, sizeof(d)) = d;
	return VERDICT_OK;
}

/* ---- filter ---- */
static int64_t count_at(const struct spread_constraint *c, uint32_t at)
{
	int64_t n = at < topology_size(c->topology) && c->counts[at] > 0 ? c->counts[at] : 0;

	return n + (at == c->here_at ? c->here : 0);
}

static int64_t fewest(const struct spread_constraint *c)
{
	if (c->domains < (size_t)c->spread->min_domains)
		return 0;
	if (c->here_at == TOPOLOGY_NONE || c->counts[c->here_at] < 0)
		return c->least;
	int64_t others = c->here_at == c->least_at ? c->next : c->least, here = count_at(c, c->here_at);

	return here < others ? here : others;
}

#define MISMATCH "node(s) didn't match pod topology spread constraints"
static bool filter(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		   struct reasons *why)
{
	const struct spread_data *d = cycle_state_data(st);

	for (size_t i = 0; d && i < d->n; i++) {
		const struct spread_constraint *c = &d->v[i];
		uint32_t at = topology_domain(c->topology, n->index);

		if (at == TOPOLOGY_NONE) {
			reasons_add_final(why, MISMATCH " (missing required label)");
			return false;
		}
		if (count_at(c, at) + c->self - fewest(c) > c->spread->max_skew) {
			reasons_add(why, MISMATCH);
			return false;
		}
	}
	return true;
}

/* ---- forks ---- */
static void *copy_data(const void *data, struct arena *a)
{
	struct spread_data *d = arena_alloc(a, sizeof(*d));

	*d = *(const struct spread_data *)data;
	struct spread_constraint *v = arena_array(a, d->n, sizeof(*v));
	memcpy(v, d->v, d->n * sizeof(*v));
	d->v = v;
	return d;
}

static void change(struct cycle_state *st, const struct sched_pod *p, const struct sched_pod *other,
		   const struct node_state *n, int delta)
{
	struct spread_data *d = cycle_state_data(st);

	if (!d || !has_keys(d, n))
		return;
	for (size_t i = 0; i < d->n; i++) {
		struct spread_constraint *c = &d->v[i];

		if (!pod_query_counts(&c->query, other) || !included(c, p, n))
			continue;
		c->here_at = topology_domain(c->topology, n->index);
		c->here += delta;
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
static bool by_node(const struct spread_constraint *c)
{
	return !strcmp(c->spread->topology_key, HOSTNAME);
}

/* Domains of the nodes that are scored, and how much each counts: small topologies are not drowned by large ones. */
static void weigh(struct spread_data *d, struct spread_constraint *c, const struct node_state *const *nodes,
		  size_t n, struct arena *a)
{
	size_t size = 0;
	bool nowhere = false; /* nodes without the label are a domain of their own, too */

	new_counts(c, a);
	for (size_t i = 0; i < n; i++) {
		uint32_t at = topology_domain(c->topology, nodes[i]->index);

		if (d->ignored[i])
			continue;
		nowhere |= at == TOPOLOGY_NONE && !by_node(c);
		if (at != TOPOLOGY_NONE && c->counts[at] < 0) {
			c->counts[at] = 0;
			size += !by_node(c);
		}
		size += by_node(c);
	}
	c->weight = log((double)(size + nowhere + 2));
}

/* On the other nodes of those domains, too. */
static void count_scored(struct spread_data *d, struct spread_constraint *c, const struct sched_pod *p,
			 const struct snapshot *s)
{
	const uint32_t *by = snapshot_count(s, &c->query);

	for (size_t i = 0; i < s->n_nodes; i++) {
		uint32_t at = topology_domain(c->topology, i);

		if (!by[i] || at == TOPOLOGY_NONE || c->counts[at] < 0)
			continue;
		/* A host is counted for itself, whoever may go there. */
		if (by_node(c) || (has_keys(d, s->nodes[i]) && included(c, p, s->nodes[i])))
			c->counts[at] += by[i];
	}
}

static enum verdict prescore(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
			     const struct node_state *const *nodes, size_t n)
{
	struct spread_data d = {.n_nodes = n};

	take_all(&d, st, SPREAD_SCHEDULE_ANYWAY, p, s, &st->arena);
	if (!d.n)
		return VERDICT_SKIP;
	d.ignored = arena_array(&st->arena, n, sizeof(*d.ignored));
	for (size_t i = 0; i < n; i++)
		d.ignored[i] = !has_keys(&d, nodes[i]);
	for (size_t i = 0; i < d.n; i++) {
		weigh(&d, &d.v[i], nodes, n, &st->arena);
		count_scored(&d, &d.v[i], p, s);
	}
	*(struct spread_data *)cycle_state_new(st, sizeof(d)) = d;
	return VERDICT_OK;
}

/* How crowded it is; a node that lacks a label is told by its place in normalize. */
static int64_t score(const struct cycle_state *st, const struct sched_pod *p, const struct node_state *n,
		     const struct snapshot *s)
{
	const struct spread_data *d = cycle_state_data(st);
	double sum = 0;

	for (size_t i = 0; i < d->n; i++) {
		const struct spread_constraint *c = &d->v[i];
		uint32_t at = topology_domain(c->topology, n->index);

		if (at == TOPOLOGY_NONE)
			continue;
		/* max_skew - 1: small differences matter less. */
		sum += (double)(c->counts[at] > 0 ? c->counts[at] : 0) * c->weight + c->spread->max_skew - 1;
	}
	return (int64_t)round(sum);
}

static void normalize(const struct cycle_state *st, int64_t *scores, size_t n)
{
	const struct spread_data *d = cycle_state_data(st);
	int64_t min = INT64_MAX, max = 0;

	for (size_t i = 0; i < n; i++) {
		if (d->ignored[i])
			continue;
		min = scores[i] < min ? scores[i] : min;
		max = scores[i] > max ? scores[i] : max;
	}
	for (size_t i = 0; i < n; i++)
		scores[i] = d->ignored[i] ? 0 : max ? SCORE_MAX * (max + min - scores[i]) / max : SCORE_MAX;
}

/* ---- hints ---- */
static bool pod_helps(const struct sched_pod *p, const struct cluster_event *e)
{
	if (strcmp(p->base.meta.namespace, e->pod->base.meta.namespace) || !p->wish)
		return false;
	if (!p->wish->n_spread) /* by defaults, whose selector is not known here */
		return true;
	for (size_t i = 0; i < p->wish->n_spread; i++)
		if (label_query_matches(p->wish->spread[i].selector, e->pod->base.meta.labels))
			return true;
	return false;
}

static bool node_helps(const struct sched_pod *p, const struct cluster_event *e)
{
	for (size_t i = 0; p->wish && i < p->wish->n_spread; i++)
		if (!labels_get(e->node->base.meta.labels, p->wish->spread[i].topology_key))
			return false;
	return true;
}

static const struct event_hint hints[] = {
	{EVENT_POD_ADDED | EVENT_POD_DELETED, pod_helps},
	{EVENT_POD_LABELS | EVENT_POD_UPDATED | EVENT_NODE_LABELS | EVENT_NODE_TAINTS, NULL},
	{EVENT_NODE_ADDED | EVENT_NODE_DELETED, node_helps},
	{0}};

const struct plugin plugin_pod_topology_spread = {
	.name = "PodTopologySpread",
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
