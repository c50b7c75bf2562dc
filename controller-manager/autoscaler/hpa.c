/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HorizontalPodAutoscaler (kubernetes/kubernetes pkg/controller/podautoscaler): every few seconds it asks what is measured
 * (hpa_measure.h), how many replicas that calls for (hpa_replicas.h) and how far it may go (hpa_scaling.h), and sets them
 * through the scale subresource of whatever the object names.
 *
 * An autoscaler is looked at when it appears, when its spec changes, and once per period; its own status never wakes it. An
 * error waits for the next period like a success does: its reason stands in conditions and events. Nothing is kept but what
 * stabilisation needs, and each autoscaler's selector, by which two that fight for one Pod are found.
 */
#include "autoscaler/hpa.h"
#include "autoscaler/hpa_measure.h"
#include "autoscaler/hpa_scaling.h"
#include "control.h"
#include "controllers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "object/condition.h"
#include "object/rfc3339.h"

#define CONFLICTS_MAX 5

static struct hpa_config config = {.sync_period_ns = 15 * NS_PER_S,
				   .down_window_ns = 300 * NS_PER_S,
				   .cpu_initialization_ns = 300 * NS_PER_S,
				   .initial_readiness_ns = 30 * NS_PER_S,
				   .tolerance = 0.1};

void hpa_configure(const struct hpa_config *c)
{
	config = *c;
}

const struct hpa_config *hpa_get_config(void)
{
	return &config;
}

/* ---- what is kept of each ---- */

struct hpa_known {
	struct hpa_memory memory;  /* the worker's that has the key */
	struct selector *selector; /* under the lock, as the map; NULL: not known yet */
};
struct hpa_state {
	struct restmap *kinds;
	pthread_mutex_t lock;
	struct map known; /* key -> struct hpa_known */
};

static void *init(struct informer **informers, struct workqueue *q)
{
	struct hpa_state *s = MEM_NEW(struct hpa_state);

	s->kinds = restmap_new();
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

static void known_free(struct hpa_known *k)
{
	if (!k)
		return;
	hpa_scaling_forget(&k->memory);
	selector_free(k->selector);
	free(k);
}

static void destroy(void *state)
{
	struct hpa_state *s = state;

	for (struct map_iter it = {0}; map_next(&s->known, &it);)
		known_free(it.value);
	map_release(&s->known);
	restmap_free(s->kinds);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static struct hpa_known *known_get(struct hpa_state *s, const char *key)
{
	pthread_mutex_lock(&s->lock);
	struct hpa_known *k = map_get(&s->known, key);

	if (!k) {
		k = MEM_NEW(struct hpa_known);
		(void)map_set(&s->known, key, k);
	}
	pthread_mutex_unlock(&s->lock);
	return k;
}

static void known_drop(struct hpa_state *s, const char *key)
{
	pthread_mutex_lock(&s->lock);
	struct hpa_known *k = map_del(&s->known, key);

	pthread_mutex_unlock(&s->lock);
	known_free(k);
}

static void enqueue(struct workqueue *q, void *state, struct informer **informers, const void *old,
		    const void *new)
{
	const struct cm_hpa *was = old, *is = new;

	if (!was || !is || strcmp(was->spec, is->spec) != 0)
		controller_enqueue_self(q, state, informers, old, new);
}

/* ---- one look ---- */

struct hpa_round {
	struct hpa_look look;
	struct hpa_state *state;
	struct hpa_known *known;
	const char *key;
	js *spec, *old, *scale; /* old: the status as it is */
	js *conditions, *metrics;
	const char *kind, *name; /* of what is scaled */
	struct buf path;	 /* of its scale */
	int32_t min, max;
};

static void event(struct hpa_round *r, bool warning, const char *reason, const char *text)
{
	control_event(r->look.ctx, &r->look.hpa->base, warning, reason, "%s", text);
}

static void condition(struct hpa_round *r, const char *type, bool status, const char *reason,
		      const char *text)
{
	condition_set(r->conditions, type, status ? "True" : "False", reason, text, r->look.now_ns, false);
}

static void condition_failed(struct hpa_round *r, const char *type, const char *reason, const char *what,
			     const char *why)
{
	autofree char *text = mem_printf("%s: %s", what, why);

	condition(r, type, false, reason, text);
}

/* ---- the status ---- */

/* Writes what differs. desired < 0: as it was. */
static int write_status(struct hpa_round *r, bool counted, int32_t desired, bool rescaled, struct err *err)
{
	autojson js *body = js_new_obj(), *next = js_dup(r->old);
	char now[RFC3339_MAX];

	js_set(next, "conditions", js_dup(r->conditions));
	if (counted) {
		control_set_count(next, "currentReplicas", r->look.current);
		js_set_int(next, "desiredReplicas",
			   desired < 0 ? js_int(r->old, 0, "desiredReplicas", NULL) : desired);
		js_set(next, "currentMetrics", r->metrics ? js_dup(r->metrics) : NULL);
	}
	if (rescaled) {
		rfc3339_format(r->look.now_ns, now);
		js_set_str(next, "lastScaleTime", now);
	}
	for (struct js_iter it = js_iter(r->old); js_next(&it);)
		if (js_is_null(it.value) && js_is_null(js_field(next, it.key)))
			js_del(next, it.key);
	bool same = true;

	for (struct js_iter it = js_iter(next); same && js_next(&it);)
		same = js_equal(it.value, js_field(r->old, it.key));
	if (same)
		return 0;
	js_set(body, "status", STEAL(next));
	if (control_patch_status(r->look.ctx, r->look.ctx->informers[0], &r->look.hpa->base, body, err) == 0)
		return 0;
	event(r, true, "FailedUpdateStatus", err->msg);
	return err_wrap(err, "failed to update status for %s", r->look.hpa->base.meta.name);
}

/* ---- the scale ---- */

static char *group_of(const char *api_version)
{
	const char *slash = strchr(api_version, '/');

	return slash ? mem_strndup(api_version, (size_t)(slash - api_version)) : mem_strdup("");
}

/* The version that is named, or the group's preferred one: what was written for one that is gone goes on to work. */
static int find_kind(struct hpa_round *r, const char *api_version, char **ret_version,
		     struct restmap_row *row, struct err *err)
{
	struct rest *rest = r->look.ctx->rest;
	autofree char *group = group_of(api_version);
	struct err e = ERR_INIT;
	char **versions;
	size_t n;

	*ret_version = mem_strdup(api_version);
	if (restmap_of_kind(r->state->kinds, rest, api_version, r->kind, row, &e) == 0)
		return 0;
	if (e.reason == REASON_NOT_FOUND && restmap_versions(rest, &versions, &n, &e) == 0) {
		e.reason = REASON_NOT_FOUND;
		for (size_t i = 0; i < n; i++) {
			autofree char *v = versions[i], *g = group_of(v);

			if (e.reason == REASON_NONE || strcmp(g, group) != 0)
				continue;
			e = (struct err)ERR_INIT;
			if (restmap_of_kind(r->state->kinds, rest, v, r->kind, row, &e) == 0) {
				free(*ret_version);
				*ret_version = STEAL(v);
			}
		}
		free(versions);
	}
	if (e.reason == REASON_NONE)
		return 0;
	free(*ret_version);
	*ret_version = NULL;
	if (e.reason == REASON_NOT_FOUND)
		return err_set(err, e.reason, "no matches for kind \"%s\" in group \"%s\"", r->kind, group);
	*err = e;
	return -1;
}

static int read_scale(struct hpa_round *r, struct err *err)
{
	js_autoput(&r->scale);
	r->scale = NULL;
	return rest_do(r->look.ctx->rest, REST_GET, buf_str(&r->path), NULL, &r->scale, err);
}

static int find_scale(struct hpa_round *r, struct err *err)
{
	const char *api_version = js_str0(r->spec, "scaleTargetRef", "apiVersion", NULL);
	autofree char *version = NULL;
	struct restmap_row row;

	if (strchr(api_version, '/') != strrchr(api_version, '/'))
		return err_set(err, REASON_INVALID, "unexpected GroupVersion string: %s", api_version);
	if (find_kind(r, *api_version ? api_version : "v1", &version, &row, err) < 0)
		return -1;
	autofree char *group = group_of(version);

	rest_path(&r->path, group, *group ? version + strlen(group) + 1 : version,
		  r->look.hpa->base.meta.namespace, row.resource, r->name, "scale");
	return read_scale(r, err);
}

static int write_scale(struct hpa_round *r, int32_t replicas, struct err *err)
{
	struct err e;

	for (int tries = 0;; tries++) {
		e = (struct err)ERR_INIT;
		js_set_int(js_ensure(r->scale, "spec", NULL), "replicas", replicas);
		if (rest_do(r->look.ctx->rest, REST_PUT, buf_str(&r->path), r->scale, NULL, &e) == 0)
			return 0;
		struct err again = ERR_INIT;

		if (e.reason != REASON_CONFLICT || tries + 1 == CONFLICTS_MAX || read_scale(r, &again) < 0)
			break;
	}
	*err = e;
	return -1;
}

/* ---- which Pods ---- */

static bool any_matches(const struct hpa_pods *pods, const struct selector *s)
{
	for (size_t i = 0; i < pods->n; i++)
		if (selector_matches(s, pods->v[i]->labels))
			return true;
	return false;
}

/* Remembers what this one selects; lists all of its namespace that select one of its Pods. */
static size_t find_rivals(struct hpa_round *r, struct selector *selector, struct buf *ret)
{
	size_t n = 0, ns = strlen(r->look.hpa->base.meta.namespace) + 1;

	pthread_mutex_lock(&r->state->lock);
	selector_free(r->known->selector);
	r->known->selector = selector;
	for (struct map_iter it = {0}; map_next(&r->state->known, &it);) {
		const struct hpa_known *k = it.value;

		if (k->selector && !strncmp(it.key, r->key, ns) && any_matches(&r->look.pods, k->selector))
			buf_addf(ret, "%s%s", n++ ? " " : "", it.key);
	}
	pthread_mutex_unlock(&r->state->lock);
	return n;
}

static int refuse_selector(struct hpa_round *r, const char *reason, const char *why, struct err *err)
{
	event(r, true, reason, why);
	condition(r, "ScalingActive", false, reason, why);
	return err_set(err, REASON_INVALID, "%s", why);
}

static int find_pods(struct hpa_round *r, struct err *err)
{
	const char *text = js_str0(r->scale, "status", "selector", NULL);
	autobuf struct buf rivals = BUF_INIT;
	struct err bad = ERR_INIT;

	if (!*text) {
		event(r, true, "SelectorRequired", "selector is required");
		condition(r, "ScalingActive", false, "InvalidSelector",
			  "the HPA target's scale is missing a selector");
		return err_set(err, REASON_INVALID, "selector is required");
	}
	struct selector *selector = selector_parse(text, &bad);

	if (!selector) {
		autofree char *why = mem_printf(
			"couldn't convert selector into a corresponding internal selector object: %s",
			bad.msg);

		return refuse_selector(r, "InvalidSelector", why, err);
	}
	r->look.selector = text;
	if (hpa_pods_read(&r->look.pods, r->look.ctx->rest, r->look.hpa->base.meta.namespace, text, err) <
	    0) {
		selector_free(selector);
		return -1;
	}
	if (find_rivals(r, selector, &rivals) > 1) {
		autofree char *why = mem_printf("pods by selector %s are controlled by multiple HPAs: [%s]",
						text, buf_str(&rivals));

		return refuse_selector(r, "AmbiguousSelector", why, err);
	}
	return 0;
}

/* ---- what the metrics say ---- */

struct hpa_tally {
	size_t n, failed;
	int32_t most;
	char *name;		   /* of the metric that asks for most */
	struct hpa_proposal first; /* that failed */
	struct err err;
};

static void count(struct hpa_round *r, struct hpa_tally *t, const js *metric)
{
	struct hpa_proposal p = {0};
	struct err e = ERR_INIT;
	bool ok = hpa_measure(&r->look, metric, &p, &e) == 0;

	js_push(r->metrics, p.status ? STEAL(p.status) : js_new_obj());
	if (!ok)
		js_set_str(js_at(r->metrics, t->n), "type", "");
	t->n++;
	if (ok && (t->most == 0 || p.replicas > t->most)) {
		t->most = p.replicas;
		free(t->name);
		t->name = STEAL(p.name);
	}
	if (!ok && !t->failed++) {
		t->err = e;
		t->first = p;
	} else {
		hpa_proposal_release(&p);
	}
}

/* *ret_name is the caller's. -1: the metrics that are left do not suffice. *partly: what failed of the others. */
static int ask_metrics(struct hpa_round *r, int32_t *ret, char **ret_name, struct err *partly,
		       struct err *err)
{
	struct hpa_tally t = {.err = ERR_INIT};
	int rc = 0;

	if (find_pods(r, err) < 0)
		return -1;
	r->metrics = js_new_arr();
	js_array_for_each (m, js_arr(r->spec, "metrics", NULL))
		count(r, &t, m);
	if (t.failed)
		*partly = t.err,
		err_set(partly, t.err.reason, "invalid metrics (%zu invalid out of %zu), first error is: %s",
			t.failed, t.n, t.err.msg);
	if (t.failed >= t.n || (t.failed && t.most < r->look.current)) {
		condition_failed(r, "ScalingActive", t.first.reason ? t.first.reason : "",
				 "the HPA was unable to compute the replica count",
				 t.first.cause ? t.first.cause : "");
		*err = *partly;
		rc = -1;
	} else {
		autofree char *text = mem_printf(
			"the HPA was able to successfully calculate a replica count from %s", t.name);

		condition(r, "ScalingActive", true, "ValidMetricFound", text);
	}
	*ret = t.most;
	*ret_name = t.name;
	hpa_proposal_release(&t.first);
	return rc;
}

/* ---- how far ---- */

struct hpa_plan {
	int32_t desired;
	bool rescale;
	char *why;
	struct hpa_rules up, down;
	struct hpa_step step;
	struct err partly; /* metrics that failed while others decided */
};

static void plan_limits(struct hpa_round *r, struct hpa_plan *p)
{
	const js *behavior = js_obj(r->spec, "behavior", NULL);

	p->step = (struct hpa_step){.min = r->min,
				    .max = r->max,
				    .current = r->look.current,
				    .down_window_ns = config.down_window_ns,
				    .now_ns = r->look.now_ns};
	if (!behavior)
		return;
	hpa_scaling_read(&p->up, js_obj(behavior, "scaleUp", NULL), 0);
	hpa_scaling_read(&p->down, js_obj(behavior, "scaleDown", NULL),
			 (int32_t)(config.down_window_ns / NS_PER_S));
	p->step.up = &p->up;
	p->step.down = &p->down;
}

static int plan_by_metrics(struct hpa_round *r, struct hpa_plan *p, struct err *err)
{
	autofree char *name = NULL;
	struct hpa_verdict v;

	if (ask_metrics(r, &p->step.desired, &name, &p->partly, err) < 0)
		return -1;
	if (p->step.desired < 0)
		p->step.desired = 0;
	if (p->step.desired > r->look.current)
		p->why = mem_printf("%s above target", name);
	else
		p->why = mem_strdup(p->step.desired < r->look.current ? "All metrics below target" : "");
	hpa_scaling_step(&r->known->memory, &p->step, &v);
	condition(r, "AbleToScale", true, v.able_reason, v.able_message);
	condition(r, "ScalingLimited", v.limited, v.limit_reason, v.limit_message);
	p->desired = v.replicas;
	p->rescale = v.replicas != r->look.current;
	return 0;
}

static int make_plan(struct hpa_round *r, struct hpa_plan *p, struct err *err)
{
	int32_t current = r->look.current;

	plan_limits(r, p);
	p->rescale = true;
	if (current == 0 && r->min != 0) {
		p->rescale = false;
		condition(r, "ScalingActive", false, "ScalingDisabled",
			  "scaling is disabled since the replica count of the target is zero");
	} else if (current > r->max) {
		p->why = mem_strdup("Current number of replicas above Spec.MaxReplicas");
		p->desired = r->max;
	} else if (current < r->min) {
		p->why = mem_strdup("Current number of replicas below Spec.MinReplicas");
		p->desired = r->min;
	} else {
		return plan_by_metrics(r, p, err);
	}
	return 0;
}

static int carry_out(struct hpa_round *r, struct hpa_plan *p, struct err *err)
{
	autofree char *text = NULL;

	if (write_scale(r, p->desired, err) < 0) {
		text = mem_printf("New size: %d; reason: %s; error: %s", p->desired, p->why, err->msg);
		event(r, true, "FailedRescale", text);
		condition_failed(r, "AbleToScale", "FailedUpdateScale",
				 "the HPA controller was unable to update the target scale", err->msg);
		return -1;
	}
	text = mem_printf("the HPA controller was able to update the target scale to %d", p->desired);
	condition(r, "AbleToScale", true, "SucceededRescale", text);
	control_event(r->look.ctx, &r->look.hpa->base, false, "SuccessfulRescale", "New size: %d; reason: %s",
		      p->desired, p->why);
	hpa_scaling_done(&r->known->memory, &p->step, p->desired);
	return 0;
}

/* ---- sync ---- */

static int scale_by_plan(struct hpa_round *r, struct err *err)
{
	struct hpa_plan p = {.partly = ERR_INIT};
	struct err e = ERR_INIT;
	int rc = 0;

	if (make_plan(r, &p, &e) < 0) {
		rc = write_status(r, true, -1, false, err);
		event(r, true, "FailedComputeMetricsReplicas", e.msg);
	} else if (p.rescale && carry_out(r, &p, &e) < 0) {
		rc = write_status(r, true, -1, false, err);
	} else {
		e = p.partly;
		rc = write_status(r, true, p.rescale ? p.desired : r->look.current, p.rescale, err);
	}
	if (e.reason != REASON_NONE)
		log_v(2, "autoscaler cannot judge all", "hpa=%s err=\"%s\"", r->key, e.msg);
	free(p.why);
	free(p.up.policies);
	free(p.down.policies);
	return rc;
}

static int look_at(struct hpa_round *r, struct err *err)
{
	struct err e = ERR_INIT;

	r->kind = js_str0(r->spec, "scaleTargetRef", "kind", NULL);
	r->name = js_str0(r->spec, "scaleTargetRef", "name", NULL);
	r->min = (int32_t)js_int(r->spec, 1, "minReplicas", NULL);
	r->max = (int32_t)js_int(r->spec, 0, "maxReplicas", NULL);
	if (find_scale(r, &e) < 0) {
		event(r, true, "FailedGetScale", e.msg);
		condition_failed(r, "AbleToScale", "FailedGetScale",
				 "the HPA controller was unable to get the target's current scale", e.msg);
		return write_status(r, false, -1, false, err);
	}
	condition(r, "AbleToScale", true, "SucceededGetScale",
		  "the HPA controller was able to get the target's current scale");
	r->look.current = (int32_t)js_int(r->scale, 0, "spec", "replicas", NULL);
	r->look.observed = (int32_t)js_int(r->scale, 0, "status", "replicas", NULL);
	hpa_scaling_begin(&r->known->memory, r->look.current, r->look.now_ns);
	return scale_by_plan(r, err);
}

static int sync_hpa(struct controller_ctx *ctx, const char *key, const struct cm_hpa *hpa, struct err *err)
{
	struct hpa_state *s = ctx->state;
	struct hpa_round r = {.look = {.ctx = ctx, .hpa = hpa, .kinds = s->kinds, .now_ns = clock_wall_ns()},
			      .state = s,
			      .key = key,
			      .known = known_get(s, key),
			      .path = BUF_INIT};
	int rc = -1;

	r.spec = js_parse(hpa->spec, strlen(hpa->spec), NULL, err);
	r.old = js_parse(hpa->status, strlen(hpa->status), NULL, err);
	if (r.spec && r.old) {
		const js *conditions = js_arr(r.old, "conditions", NULL);

		r.conditions = conditions ? js_dup(conditions) : js_new_arr();
		rc = look_at(&r, err);
	}
	hpa_pods_release(&r.look.pods);
	js_autoput(&r.spec);
	js_autoput(&r.old);
	js_autoput(&r.scale);
	js_autoput(&r.conditions);
	js_autoput(&r.metrics);
	buf_release(&r.path);
	return rc;
}

static int sync(struct controller_ctx *ctx, const char *key, struct err *err)
{
	const struct cm_hpa *hpa = informer_get(ctx->informers[0], key);

	if (!hpa) {
		known_drop(ctx->state, key);
		return 0;
	}
	int rc = hpa->base.meta.deleted_ns ? 0 : sync_hpa(ctx, key, hpa, err);

	informer_unref(hpa);
	ctx->requeue_after_ns = config.sync_period_ns;
	return rc;
}

const struct controller hpa_controller = {
	.name = "horizontal-pod-autoscaler",
	.component = "horizontal-pod-autoscaler",
	.watches = {{&cm_hpa_type, NULL, enqueue}},
	.account = "horizontal-pod-autoscaler",
	.workers = 5,
	.sync = sync,
	.init = init,
	.destroy = destroy,
};
