/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes room for a Pod by the going of less important ones. A node on which it was turned down for something that
 * Pods take is tried without them (a fork); then as many as possible are let stay, those first that a disruption budget
 * protects, then the more important. Of the nodes where that works the one is chosen where it does least harm.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/rand.h"
#include "lookup.h"
#include "plugins/table.h"

struct candidate {
	const struct node_state *node;
	const struct sched_pod **victims; /* the more important first */
	size_t n, violations;
};
struct search {
	struct cycle_state *st;
	const struct sched_pod *pod;
	const struct snapshot *snapshot;
	const void **budgets;
	size_t n_budgets;
	struct candidate *found;
	size_t n_found, n_violating;
	struct reasons why; /* of nodes that did not help */
	size_t told;	    /* how many those are */
	int64_t now;
};

/* ---- who ---- */
static int64_t started_ns(const struct sched_pod *p, int64_t now)
{
	return p->start_ns ? p->start_ns : now;
}

/* Of two Pods the one whose going does less harm: util.MoreImportantPod the other way round. */
static int by_importance(const void *x, const void *y, void *now)
{
	const struct sched_pod *a = *(const struct sched_pod *const *)x,
			       *b = *(const struct sched_pod *const *)y;

	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	int64_t at_a = started_ns(a, *(int64_t *)now), at_b = started_ns(b, *(int64_t *)now);

	return at_a < at_b ? -1 : at_a > at_b;
}

static bool disrupted(const struct lookup_object *pdb, const struct sched_pod *p)
{
	for (size_t i = 0; i < pdb->n_disrupted; i++)
		if (!strcmp(pdb->disrupted[i].name, p->base.meta.name))
			return true;
	return false;
}

static bool protects(const struct lookup_object *pdb, const struct sched_pod *p)
{
	return p->base.meta.labels && !strcmp(pdb->base.meta.namespace, p->base.meta.namespace) &&
	       !label_query_empty(pdb->selector) && label_query_matches(pdb->selector, p->base.meta.labels) &&
	       !disrupted(pdb, p);
}

/* Would its going, after those before it, be one too many for a budget? */
static bool violates(const struct search *q, int32_t *left, const struct sched_pod *p)
{
	bool one = false;

	for (size_t i = 0; i < q->n_budgets; i++)
		if (protects(q->budgets[i], p))
			one |= --left[i] < 0;
	return one;
}

/* Those that a budget protects come first; the order within stays. Returns how many they are. */
static size_t part_protected(const struct search *q, const struct sched_pod **v, size_t n)
{
	const struct sched_pod **others = mem_array(n + 1, sizeof(*others));
	int32_t *left = mem_array(q->n_budgets + 1, sizeof(*left));
	size_t first = 0, rest = 0;

	for (size_t i = 0; i < q->n_budgets; i++)
		left[i] = ((const struct lookup_object *)q->budgets[i])->allowed;
	for (size_t i = 0; i < n; i++) {
		if (violates(q, left, v[i]))
			v[first++] = v[i];
		else
			others[rest++] = v[i];
	}
	memcpy(v + first, others, rest * sizeof(*v));
	free(others);
	free(left);
	return first;
}

/* ---- where ---- */
static bool fits(struct framework_fork *k, const struct search *q, struct reasons *why)
{
	return framework_fork_fits(k, why) &&
	       framework_fits_nominated(k->framework, &k->state, k->pod, k->node, q->snapshot, why);
}

static size_t less_important(const struct search *q, const struct node_state *n, const struct sched_pod **v)
{
	size_t found = 0;

	for (size_t i = 0; i < n->n_pods; i++)
		if (n->pods[i]->priority < q->pod->priority)
			v[found++] = n->pods[i];
	return found;
}

/* All are gone in the fork: who may stay comes back, the others are left in v. */
static void reprieve(struct search *q, struct framework_fork *k, struct candidate *c, size_t n)
{
	size_t guarded = part_protected(q, c->victims, n);

	for (size_t i = 0; i < n; i++) {
		const struct sched_pod *p = c->victims[i];

		framework_fork_add(k, p);
		if (fits(k, q, NULL))
			continue;
		framework_fork_remove(k, p);
		c->victims[c->n++] = p;
		c->violations += i < guarded;
	}
	qsort_r(c->victims, c->n, sizeof(*c->victims), by_importance, &q->now);
}

static void no_help(struct search *q, const char *why)
{
	reasons_add(&q->why, why);
	q->told++;
}

static void try_node(struct search *q, const struct framework *f, const struct node_state *n)
{
	struct candidate c = {.node = n,
			      .victims = arena_array(&q->st->arena, n->n_pods + 1, sizeof(void *))};
	size_t possible = less_important(q, n, c.victims);
	struct framework_fork k;

	if (!possible) {
		no_help(q, "No preemption victims found for incoming pod");
		return;
	}
	qsort_r(c.victims, possible, sizeof(*c.victims), by_importance, &q->now);
	framework_fork_init(&k, f, q->st, q->pod, n);
	for (size_t i = 0; i < possible; i++)
		framework_fork_remove(&k, c.victims[i]);
	if (fits(&k, q, &q->why)) {
		reprieve(q, &k, &c, possible);
		if (c.n) {
			q->found[q->n_found++] = c;
			q->n_violating += c.violations > 0;
		}
	} else {
		q->told++;
	}
	framework_fork_release(&k);
}

static void try_nodes(struct search *q, const struct framework *f, const struct node_state *const *v,
		      size_t n)
{
	const struct plugin_args *args = framework_args(f);
	size_t want = n * (size_t)args->preemption_percent / 100, least = (size_t)args->preemption_nodes;

	want = want < least ? least : want;
	want = want < n ? want : n;
	q->found = arena_array(&q->st->arena, n, sizeof(*q->found));
	size_t offset = rand_below(n);
	for (size_t i = 0; i < n && (q->n_found < want || q->n_violating == q->n_found); i++)
		try_node(q, f, v[(offset + i) % n]);
}

/* ---- which ---- */
static int64_t few_violations(const struct candidate *c, int64_t now)
{
	return -(int64_t)c->violations;
}

static int64_t low_priority(const struct candidate *c, int64_t now)
{
	return -(int64_t)c->victims[0]->priority;
}

/* Each counts from the lowest priority there is, so that more of them is never less. */
static int64_t small_sum(const struct candidate *c, int64_t now)
{
	int64_t sum = 0;

	for (size_t i = 0; i < c->n; i++)
		sum -= (int64_t)c->victims[i]->priority + INT32_MAX + 1;
	return sum;
}

static int64_t few_victims(const struct candidate *c, int64_t now)
{
	return -(int64_t)c->n;
}

/* The first start among its most important. */
static int64_t late_start(const struct candidate *c, int64_t now)
{
	return started_ns(c->victims[0], now);
}

static const struct candidate *pick(const struct search *q)
{
	static int64_t (*const better[])(const struct candidate *c, int64_t now) = {
		few_violations, low_priority, small_sum, few_victims, late_start};
	const struct candidate *best = &q->found[0];

	for (size_t i = 1; i < q->n_found; i++)
		for (size_t k = 0; k < ARRAY_LEN(better); k++) {
			int64_t a = better[k](best, q->now), b = better[k](&q->found[i], q->now);

			if (a == b)
				continue;
			best = b > a ? &q->found[i] : best;
			break;
		}
	return best;
}

/* ---- the hook ---- */
static bool going(const struct cycle_state *st, const struct sched_pod *p)
{
	return (p->base.meta.deleted_ns && p->preempted) ||
	       (st->condemned && map_get(st->condemned, p->base.meta.uid));
}

/* Room is being made already; it only takes its time. */
static bool waits_for_victims(const struct cycle_state *st, const struct sched_pod *p,
			      const struct snapshot *s)
{
	const struct nominated *own = snapshot_nomination(s, p->base.meta.uid);

	if (!own || own->place >= s->n_nodes || st->verdicts[own->place] == NODE_FINAL)
		return false;
	const struct node_state *n = s->nodes[own->place];
	for (size_t i = 0; i < n->n_pods; i++)
		if (n->pods[i]->priority < p->priority && going(st, n->pods[i]))
			return true;
	return false;
}

static void say_no_help(struct search *q, struct nomination *ret)
{
	autobuf struct buf text = BUF_INIT;
	size_t n = q->snapshot->n_nodes;

	if (n > q->told)
		reasons_add_n(&q->why, "Preemption is not helpful for scheduling", n - q->told);
	buf_adds(&text, "preemption: ");
	reasons_write(&text, n, &q->why);
	ret->message = arena_strdup(&q->st->arena, buf_str(&text));
	ret->clear = true;
}

static bool find(struct search *q, struct nomination *ret)
{
	const struct framework *f = q->st->framework;
	const struct node_state **v = arena_array(&q->st->arena, q->snapshot->n_nodes + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < q->snapshot->n_nodes; i++)
		if (q->st->verdicts[i] == NODE_CROWDED)
			v[n++] = q->snapshot->nodes[i];
	if (n && q->snapshot->lookup)
		q->n_budgets = lookup_list(q->snapshot->lookup, LOOKUP_BUDGETS, NULL, &q->budgets);
	if (n)
		try_nodes(q, f, v, n);
	if (!q->n_found) {
		say_no_help(q, ret);
		return false;
	}
	const struct candidate *best = pick(q);
	ret->node = best->node;
	ret->victims = best->victims;
	ret->n_victims = best->n;
	return true;
}

static bool postfilter(struct cycle_state *st, const struct sched_pod *p, const struct snapshot *s,
		       const struct reasons *why, struct nomination *ret)
{
	struct search q = {.st = st, .pod = p, .snapshot = s, .now = clock_wall_ns()};

	if (!s->n_nodes || !st->verdicts)
		return false;
	if (p->wish && p->wish->preemption == PREEMPT_NEVER) {
		ret->message = "preemption: not eligible due to preemptionPolicy=Never.";
		return false;
	}
	if (waits_for_victims(st, p, s)) {
		ret->message = "preemption: not eligible due to a terminating pod on the nominated node.";
		return false;
	}
	bool found = find(&q, ret);
	informer_unref_all(q.budgets, q.n_budgets);
	reasons_release(&q.why);
	return found;
}

const struct plugin plugin_default_preemption = {.name = "DefaultPreemption", .postfilter = postfilter};
