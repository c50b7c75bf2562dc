/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disruption budgets (kubernetes/kubernetes pkg/controller/disruption): how many of the Pods that a budget selects are in
 * health, how many ought to be, and so how many may be evicted now. The eviction subresource reads that, counts down and
 * notes whom it let go; whoever is still there two minutes later was not meant. When nothing can be said, nothing may be
 * evicted.
 *
 * A budget's key is its own; "/pod/NS/NAME" is a Pod that was said to be about to be disrupted, and two minutes later is not.
 * Statuses are written in the state in which they were computed, for evictions write there, too.
 */
#include "control.h"
#include "controllers.h"
#include "decode/budget.h"
#include "decode/deployment.h"
#include "decode/replicaset.h"
#include "disruption/disruption_scale.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "object/condition.h"
#include "object/intstr.h"
#include "object/rfc3339.h"

#define DELETION_TIMEOUT_NS (120 * NS_PER_S)
#define STALE_NS (120 * NS_PER_S)
#define POD_KEY "/pod/"

static void *init(struct informer **informers, struct workqueue *q)
{
	return restmap_new();
}

static void destroy(void *kinds)
{
	restmap_free(kinds);
}

/* ---- events ---- */

/* When somebody said so who is not its node's agent, and neither its end nor its death followed: 0 = not. */
static int64_t announced_ns(const struct cm_pod *p)
{
	return p->base.meta.deleted_ns || podlife_phase_terminal(p->phase) ? 0 : p->disruption_ns;
}

static void enqueue_announced(struct workqueue *q, const struct cm_pod *old, const struct cm_pod *new)
{
	autobuf struct buf key = BUF_INIT;
	int64_t since_ns = new ? announced_ns(new) : 0;

	if (!since_ns || (old && announced_ns(old) == since_ns))
		return;
	int64_t left = STALE_NS - (clock_wall_ns() - since_ns);

	buf_adds(&key, POD_KEY);
	meta_key(&key, new->base.meta.namespace, new->base.meta.name);
	workqueue_add_after(q, buf_str(&key), left > 0 ? left : 0);
}

static void enqueue_pod(struct workqueue *q, void *state, struct informer **informers, const void *old,
			const void *new)
{
	const struct cm_pod *pods[] = {old, new}, *any = new ? new : old;
	const void **budgets;
	size_t n = informer_list(informers[DISRUPTION_BUDGETS], INDEX_NAMESPACE, any->base.meta.namespace,
				 &budgets);

	for (size_t i = 0; i < n; i++) {
		const struct cm_budget *b = budgets[i];
		bool concerns = false;

		for (size_t k = 0; k < ARRAY_LEN(pods); k++)
			concerns |= pods[k] && selector_matches(b->selector, pods[k]->base.meta.labels);
		if (concerns)
			controller_enqueue_self(q, NULL, NULL, NULL, b);
	}
	informer_unref_all(budgets, n);
	enqueue_announced(q, old, new);
}

/* ---- the count ---- */

struct count { /* what a status says */
	int32_t healthy, desired, expected, allowed;
	js *disrupted;	 /* pod -> when */
	int64_t look_ns; /* when the first of them is to have gone; 0 = none */
};

struct round {
	struct controller_ctx *ctx;
	const struct cm_budget *b;
	const void **pods;
	size_t n;
	int64_t now;
};

/* The Pods that the budget selects. */
static void select_pods(struct round *r)
{
	size_t all = informer_list(r->ctx->informers[DISRUPTION_PODS], INDEX_NAMESPACE,
				   r->b->base.meta.namespace, &r->pods);

	for (size_t i = 0; i < all; i++) {
		const struct cm_pod *p = r->pods[i];

		if (selector_matches(r->b->selector, p->base.meta.labels))
			r->pods[r->n++] = p;
		else
			informer_unref(p);
	}
}

static int scaled(const char *json, int32_t of, int *ret, struct err *err)
{
	autojson js *v = js_parse(json, strlen(json), NULL, err);

	return v ? intstr_scaled(v, of, true, ret, err) : -1;
}

/* As Go prints it. */
static void print_selector(struct buf *b, const char *json)
{
	struct err ignored = ERR_INIT;
	autojson js *s = json ? js_parse(json, strlen(json), NULL, &ignored) : NULL;

	buf_adds(b, "&LabelSelector{MatchLabels:map[string]string{");
	for (struct js_iter it = js_iter(js_obj(s, "matchLabels", NULL)); js_next(&it);)
		buf_addf(b, "%s: %s,", it.key, json_object_get_string((js *)it.value));
	buf_adds(b, "},MatchExpressions:[]LabelSelectorRequirement{");
	js_array_for_each (e, js_arr(s, "matchExpressions", NULL)) {
		buf_addf(b, "LabelSelectorRequirement{Key:%s,Operator:%s,Values:[", js_str0(e, "key", NULL),
			 js_str0(e, "operator", NULL));
		js_array_for_each (v, js_arr(e, "values", NULL))
			buf_addf(b, "%s%s", v_i ? " " : "", json_object_get_string((js *)v));
		buf_adds(b, "],},");
	}
	buf_adds(b, "},}");
}

static void report_unmanaged(struct round *r)
{
	autobuf struct buf selector = BUF_INIT;

	print_selector(&selector, r->b->selector_json);
	control_event(
		r->ctx, &r->b->base, true, "UnmanagedPods",
		"Pods selected by this PodDisruptionBudget (selector: %s) were found to be unmanaged. As a result, the "
		"status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for "
		"these pods please set \".spec.minAvailable\" field of the PDB to an integer value.",
		buf_str(&selector));
}

/* How many there are to be, and how many of them in health. */
static int expect(struct round *r, struct count *c, struct err *err)
{
	const struct cm_budget *b = r->b;
	const char *limit = b->max_unavailable ? b->max_unavailable : b->min_available;
	bool unmanaged;
	int n;

	if (!limit)
		return 0;
	if (!b->max_unavailable && *limit != '"') {
		c->expected = (int32_t)r->n;
		if (scaled(limit, c->expected, &n, err) < 0)
			return -1;
		c->desired = n;
		return 0;
	}
	if (disruption_scale(r->ctx, r->ctx->state, r->pods, r->n, &c->expected, &unmanaged, err) < 0 ||
	    scaled(limit, c->expected, &n, err) < 0)
		return -1;
	c->desired = b->max_unavailable ? c->expected - n : n;
	if (c->desired < 0)
		c->desired = 0;
	if (unmanaged)
		report_unmanaged(r);
	return 0;
}

static int64_t time_of(const js *v)
{
	struct err ignored = ERR_INIT;
	int64_t ns = 0;

	if (!js_is_str(v) || rfc3339_parse(json_object_get_string((js *)v), &ns, &ignored) < 0)
		return 0;
	return ns;
}

/* Is it still to be expected that the Pod goes? Those of whom it is are kept in the status. */
static bool is_leaving(struct round *r, struct count *c, const js *disrupted, const struct cm_pod *p)
{
	const js *when = js_get(disrupted, p->base.meta.name, NULL);
	int64_t until_ns = time_of(when) + DELETION_TIMEOUT_NS;

	if (!when)
		return false;
	if (until_ns < r->now) {
		control_event(r->ctx, &p->base, true, "NotDeleted",
			      "Pod was expected by PDB %s/%s to be deleted but it wasn't",
			      r->b->base.meta.namespace, r->b->base.meta.namespace);
		return false;
	}
	js_set(c->disrupted, p->base.meta.name, js_dup(when));
	if (!c->look_ns || until_ns < c->look_ns)
		c->look_ns = until_ns;
	return until_ns > r->now;
}

static void count_healthy(struct round *r, struct count *c)
{
	struct err ignored = ERR_INIT;
	const char *json = r->b->status.disrupted;
	autojson js *disrupted = json ? js_parse(json, strlen(json), NULL, &ignored) : NULL;

	for (size_t i = 0; i < r->n; i++) {
		const struct cm_pod *p = r->pods[i];

		if (p->base.meta.deleted_ns == 0 && !is_leaving(r, c, disrupted, p) && cm_pod_ready(p))
			c->healthy++;
	}
}

/* ---- the status ---- */

static js *conditions_of(const struct cm_budget *b)
{
	struct err ignored = ERR_INIT;
	const char *json = b->status.conditions;

	return json ? js_parse(json, strlen(json), NULL, &ignored) : js_new_arr();
}

static bool same_disrupted(const struct cm_budget *b, const js *now)
{
	struct err ignored = ERR_INIT;
	const char *json = b->status.disrupted ? b->status.disrupted : "{}";
	autojson js *before = js_parse(json, strlen(json), NULL, &ignored);

	return js_equal(before, now);
}

static bool up_to_date(const struct cm_budget *b, const struct count *c, const js *conditions)
{
	const js *allowed = condition_find(conditions, "DisruptionAllowed");

	return b->status.healthy == c->healthy && b->status.desired == c->desired &&
	       b->status.expected == c->expected && b->status.allowed == c->allowed &&
	       b->status.observed_generation == b->base.meta.generation && allowed &&
	       !strcmp(js_str0(allowed, "status", NULL), c->allowed ? "True" : "False") &&
	       !strcmp(js_str0(allowed, "reason", NULL),
		       c->allowed ? "SufficientPods" : "InsufficientPods") &&
	       same_disrupted(b, c->disrupted);
}

/* A merge patch takes out what is null. */
static void set_disrupted(js *status, const struct cm_budget *b, const js *now)
{
	struct err ignored = ERR_INIT;
	const char *json = b->status.disrupted ? b->status.disrupted : "{}";
	autojson js *before = js_parse(json, strlen(json), NULL, &ignored);
	js *patch = js_dup(now);

	for (struct js_iter it = js_iter(before); js_next(&it);)
		if (!js_get(now, it.key, NULL))
			js_set(patch, it.key, NULL);
	js_set(status, "disruptedPods", patch);
	if (!js_len(now))
		js_set(status, "disruptedPods", NULL);
}

static void set_condition(js *status, js *conditions, const struct round *r, bool on, const char *reason,
			  const char *message, int64_t generation)
{
	condition_set(conditions, "DisruptionAllowed", on ? "True" : "False", reason, message, r->now, false);
	if (generation)
		js_set_int(condition_find(conditions, "DisruptionAllowed"), "observedGeneration", generation);
	js_set(status, "conditions", conditions);
}

static int write(struct round *r, js *body, struct err *err)
{
	control_guard(body, &r->b->base);
	return control_patch(r->ctx, r->ctx->informers[DISRUPTION_BUDGETS], &r->b->base, REST_PATCH_MERGE,
			     "status", body, err);
}

static int write_count(struct round *r, const struct count *c, struct err *err)
{
	autojson js *body = js_new_obj(), *conditions = conditions_of(r->b);

	if (up_to_date(r->b, c, conditions))
		return 0;
	js *status = js_ensure(body, "status", NULL);

	js_set_int(status, "currentHealthy", c->healthy);
	js_set_int(status, "desiredHealthy", c->desired);
	js_set_int(status, "expectedPods", c->expected);
	js_set_int(status, "disruptionsAllowed", c->allowed);
	js_set_int(status, "observedGeneration", r->b->base.meta.generation);
	set_disrupted(status, r->b, c->disrupted);
	set_condition(status, STEAL(conditions), r, c->allowed > 0,
		      c->allowed > 0 ? "SufficientPods" : "InsufficientPods", "", r->b->base.meta.generation);
	return write(r, body, err);
}

/* Nothing is known: nothing may go. */
static int write_failure(struct round *r, const struct err *why, struct err *err)
{
	autojson js *body = js_new_obj(), *conditions = conditions_of(r->b);
	js *status = js_ensure(body, "status", NULL);

	js_set_int(status, "disruptionsAllowed", 0);
	set_condition(status, STEAL(conditions), r, false, "SyncFailed", why->msg,
		      r->b->status.observed_generation);
	return write(r, body, err);
}

/* ---- one sync ---- */

/* Of the first Pod: where budgets overlap, they mostly do for all. */
static void report_overlap(struct round *r)
{
	const struct cm_pod *p = r->n ? r->pods[0] : NULL;
	const void **budgets;
	size_t n = informer_list(r->ctx->informers[DISRUPTION_BUDGETS], INDEX_NAMESPACE,
				 r->b->base.meta.namespace, &budgets),
	       matching = 0;

	for (size_t i = 0; p && i < n; i++)
		matching += selector_matches(((const struct cm_budget *)budgets[i])->selector,
					     p->base.meta.labels);
	if (matching > 1)
		control_event(
			r->ctx, &p->base, true, "MultiplePodDisruptionBudgets",
			"Pod \"%s\"/\"%s\" matches multiple PodDisruptionBudgets.  Chose \"%s\" arbitrarily.",
			p->base.meta.namespace, p->base.meta.name, r->b->base.meta.name);
	informer_unref_all(budgets, n);
}

static int count(struct round *r, struct count *c, struct err *err)
{
	if (r->n == 0)
		control_event(r->ctx, &r->b->base, false, "NoPods", "No matching pods found");
	if (expect(r, c, err) < 0) {
		control_event(r->ctx, &r->b->base, true, "CalculateExpectedPodCountFailed",
			      "Failed to calculate the number of expected pods: %s", err->msg);
		return -1;
	}
	count_healthy(r, c);
	/* A budget that selects no Pods yet allows nothing: its first ones may come before it is looked at again. */
	if (c->expected > 0 && c->healthy > c->desired)
		c->allowed = c->healthy - c->desired;
	return 0;
}

static int sync_budget(struct controller_ctx *ctx, const struct cm_budget *b, struct err *err)
{
	struct round r = {.ctx = ctx, .b = b, .now = clock_wall_ns()};
	struct count c = {.disrupted = js_new_obj()};
	struct err why = ERR_INIT;

	select_pods(&r);
	report_overlap(&r);
	int rc = count(&r, &c, &why) < 0 ? write_failure(&r, &why, err) : write_count(&r, &c, err);

	if (rc == 0 && c.look_ns)
		ctx->requeue_after_ns = c.look_ns - r.now + 1;
	json_object_put(c.disrupted);
	informer_unref_all(r.pods, r.n);
	return rc;
}

/* ---- Pods that were to be disrupted ---- */

static int take_back(struct controller_ctx *ctx, const struct cm_pod *p, struct err *err)
{
	char now[RFC3339_MAX];
	autojson js *body = js_new_obj();
	js *c = js_new_obj();

	rfc3339_format(clock_wall_ns(), now);
	js_set_str(c, "type", "DisruptionTarget");
	js_set_str(c, "status", "False");
	js_set_str(c, "lastTransitionTime", now);
	js_set(c, "reason", NULL);
	js_set(c, "message", NULL);
	js_push(js_ensure_arr(js_ensure(body, "status", NULL), "conditions"), c);
	control_guard(body, &p->base);
	return control_patch(ctx, ctx->informers[DISRUPTION_PODS], &p->base, REST_PATCH_STRATEGIC, "status",
			     body, err);
}

static int sync_pod(struct controller_ctx *ctx, const struct cm_pod *p, struct err *err)
{
	int64_t since_ns = announced_ns(p), left = STALE_NS - (clock_wall_ns() - since_ns);

	if (!since_ns)
		return 0;
	if (left <= 0)
		return take_back(ctx, p, err);
	ctx->requeue_after_ns = left;
	return 0;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	bool pod = !strncmp(key, POD_KEY, strlen(POD_KEY));
	const void *o = pod ? informer_get(ctx->informers[DISRUPTION_PODS], key + strlen(POD_KEY))
			    : informer_get(ctx->informers[DISRUPTION_BUDGETS], key);
	int rc = 0;

	if (o)
		rc = pod ? sync_pod(ctx, o, err) : sync_budget(ctx, o, err);
	informer_unref(o);
	return rc;
}

const struct controller disruption_controller = {
	.name = "disruption",
	.component = "controllermanager",
	.watches =
		{
			[DISRUPTION_BUDGETS] = {&cm_budget_type, NULL, controller_enqueue_self},
			[DISRUPTION_PODS] = {&cm_pod_type, NULL, enqueue_pod},
			[DISRUPTION_SETS] = {&cm_replicaset_type, NULL, NULL},
			[DISRUPTION_DEPLOYMENTS] = {&cm_deployment_type, NULL, NULL},
			[DISRUPTION_CONTROLLERS] = {&cm_replicationcontroller_type, NULL, NULL},
		},
	.account = "disruption-controller",
	.workers = 1,
	.sync = sync,
	.init = init,
	.destroy = destroy,
};
