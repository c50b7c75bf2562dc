/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST pods/NAME/eviction (kubernetes/kubernetes pkg/registry/core/pod/storage/eviction.go): a deletion that asks the
 * Pod's disruption budget first. Three writes, each a call of its own: the budget's status is counted down by
 * compare-and-swap, so no two evictions share one allowed disruption; the Pod is marked with why it goes; the Pod is
 * deleted.
 *
 * A Pod that does not run (any more) takes nothing from a budget. One that runs but is not ready does not count as healthy:
 * it may go when the budget is met without it, or when the budget says so.
 */
#include "registry/registry_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include "object/condition.h"
#include "object/labels.h"
#include "object/rfc3339.h"

#define DISRUPTED_MAX 2000 /* evictions that the budget's controller has not seen yet */
#define BUDGET_RETRIES 200 /* each lost race is somebody else's eviction that was granted */
#define EVICTION_RETRIES 20
#define RETRY_AFTER_S 10
#define VIOLATES "Cannot evict pod as it would violate the pod's disruption budget."

struct eviction {
	struct registry_nested one; /* the write that is under way */
	struct delete_options asked, options;
	char budget[256]; /* name; "" = none */
	bool ignores;	  /* the Pod's state makes budgets not matter */
	bool pinned;	  /* the version is ours: who meets another one is told to come again */
	unsigned tries;
	enum { EVICTION_JUDGE, EVICTION_COUNT, EVICTION_MARK, EVICTION_DELETE } at;
};

/* ---- the Pod ---- */

static bool is_phase(const js *pod, const char *phase)
{
	return !strcmp(js_str0(pod, "status", "phase", NULL), phase);
}

static bool is_over(const struct registry_call *c)
{
	return is_phase(c->old_tree, "Succeeded") || is_phase(c->old_tree, "Failed") || c->old->deleting;
}

static bool is_ready(const js *pod)
{
	const js *ready = condition_find(js_arr(pod, "status", "conditions", NULL), "Ready");

	return !strcmp(js_str0(ready, "status", NULL), "True");
}

/* Only as long as the Pod is what was judged. */
static void pin(struct registry_call *c)
{
	struct eviction *e = c->eviction;

	if (e->asked.resource_version[0])
		return;
	snprintf(e->options.resource_version, sizeof(e->options.resource_version), "%llu",
		 (unsigned long long)c->old->rv);
	e->pinned = true;
}

/* ---- refusals ---- */

static void too_many(struct registry_call *c, struct err *err, unsigned retry_after_s, char *why)
{
	field_errors_add(&c->errs, "DisruptionBudget", mem_strdup(""), why);
	c->about.retry_after_s = retry_after_s;
	err_set(err, REASON_TOO_MANY_REQUESTS, "%s", VIOLATES);
}

static void still_processed(struct registry_call *c, struct err *err, const char *budget)
{
	too_many(c, err, RETRY_AFTER_S,
		 mem_printf("The disruption budget %s is still being processed by the server.", budget));
}

static void forbid(struct registry_call *c, struct err *err, const char *budget, const char *why)
{
	static const struct kind budget_kind = {
		.group = "policy", .version = "v1", .kind = "", .resource = "poddisruptionbudget"};

	c->about.kind = &budget_kind;
	err_set(err, REASON_FORBIDDEN, "poddisruptionbudget.policy \"%s\" is forbidden: %s", budget, why);
}

/* ---- the budget ---- */

static bool selects(const js *budget, const js *pod_labels)
{
	struct err ignore = ERR_INIT;
	struct selector *s = selector_from_json(js_obj(budget, "spec", "selector", NULL), &ignore);
	autofree struct labels *l = labels_new(pod_labels);
	bool yes = s && selector_matches(s, l);

	selector_free(s);
	return yes;
}

static const struct kind *budget_kind(const struct registry_call *c)
{
	return schema_kind(c->registry->schema, "policy", "v1", "PodDisruptionBudget");
}

/* How many have the Pod among theirs, and one of them; -1: the store cannot say. */
static int find_budgets(struct registry_call *c, js **ret)
{
	const struct kind *k = budget_kind(c);
	struct query query = {.ns = c->ns, .kind = k};
	struct obj_list all = {.n = 0};
	const js *labels = js_obj(c->old_tree, "metadata", "labels", NULL);
	int found = 0;

	*ret = NULL;
	if (!k)
		return 0;
	if (storage_list(storage_resource(c->registry->storage, k), &query, 0, NULL, 0, &all, &c->err) < 0)
		return -1;
	for (size_t i = 0; i < all.n && found < 2; i++) {
		struct err ignore = ERR_INIT;
		autojson js *tree = obj_tree(all.v[i], &ignore);
		if (!tree || !selects(tree, labels))
			continue;
		if (!found++)
			*ret = STEAL(tree);
	}
	obj_list_release(&all);
	return found;
}

static int64_t status_of(const js *budget, const char *field)
{
	return js_int(budget, 0, "status", field, NULL);
}

/* Whether a Pod that is not ready may go without being counted. */
static bool lets_unhealthy_go(const js *budget)
{
	if (!strcmp(js_str0(budget, "spec", "unhealthyPodEvictionPolicy", NULL), "AlwaysAllow"))
		return true;
	return status_of(budget, "currentHealthy") >= status_of(budget, "desiredHealthy") &&
	       status_of(budget, "desiredHealthy") > 0;
}

static int check_budget(struct registry_call *c, const js *budget, struct err *err)
{
	const char *name = js_str0(budget, "metadata", "name", NULL);

	if (status_of(budget, "observedGeneration") < js_int(budget, 0, "metadata", "generation", NULL))
		still_processed(c, err, name);
	else if (status_of(budget, "disruptionsAllowed") < 0)
		forbid(c, err, name, "pdb disruptions allowed is negative");
	else if (js_len(js_obj(budget, "status", "disruptedPods", NULL)) > DISRUPTED_MAX)
		forbid(c, err, name,
		       "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
	else if (!status_of(budget, "disruptionsAllowed"))
		too_many(c, err, 0,
			 mem_printf("The disruption budget %s needs %lld healthy pods and has %lld currently",
				    name, (long long)status_of(budget, "desiredHealthy"),
				    (long long)status_of(budget, "currentHealthy")));
	else
		return 0;
	return -1;
}

/* As the budget's controller has it (component-helpers apps/poddisruptionbudget). */
static void none_allowed_any_more(js *budget, int64_t now_ns)
{
	js *conditions = js_ensure_arr(js_obj(budget, "status", NULL), "conditions");
	condition_set(conditions, "DisruptionAllowed", "False", "InsufficientPods", "", now_ns, false);
	js *condition = condition_find(conditions, "DisruptionAllowed");
	int64_t generation = status_of(budget, "observedGeneration");

	js_set_str(condition, "message", "");
	if (generation)
		js_set_int(condition, "observedGeneration", generation);
}

/* Of the budget's call: takes one of the allowed disruptions for the Pod of the name arg. */
static js *count_down(struct registry_call *c, void *arg, const struct obj *old, const js *old_tree,
		      struct err *err)
{
	int64_t allowed = status_of(old_tree, "disruptionsAllowed");
	char now[RFC3339_MAX];

	if (check_budget(c, old_tree, err) < 0)
		return NULL;
	js *budget = json_object_get((js *)old_tree); /* trusted: the one tree is changed in place */
	js *status = js_ensure(budget, "status", NULL);
	js_set_int(status, "disruptionsAllowed", allowed - 1);
	if (allowed == 1)
		none_allowed_any_more(budget, c->ctx.now_ns);
	rfc3339_format(c->ctx.now_ns, now);
	js_set_str(js_ensure(status, "disruptedPods", NULL), arg, now);
	return budget;
}

/* ---- the three writes ---- */

static enum progress start_counting(struct registry_call *c)
{
	struct eviction *e = c->eviction;
	struct registry_change change = {
		.make = count_down, .arg = c->name, .flags = CHANGE_TRUSTED, .retries = BUDGET_RETRIES};

	e->at = EVICTION_COUNT;
	registry_nested_init(&e->one, c);
	e->one.attr.kind = budget_kind(c);
	e->one.attr.group = "policy";
	e->one.attr.resource = "poddisruptionbudgets";
	e->one.attr.subresource = "status";
	e->one.attr.name = e->budget;
	registry_nested_begin(&e->one);
	registry_change(&e->one.call, &change);
	return PROGRESS_AWAY;
}

static js *say_why(struct registry_call *c, void *arg, const struct obj *old, const js *old_tree,
		   struct err *err)
{
	const struct eviction *e = arg;
	int64_t generation = js_int(old_tree, 0, "metadata", "generation", NULL);

	if (registry_check_preconditions(c, &e->options, err) < 0)
		return NULL;
	js *pod = json_object_get((js *)old_tree);
	js *conditions = js_ensure_arr(js_ensure(pod, "status", NULL), "conditions");
	condition_set(conditions, "DisruptionTarget", "True", "EvictionByEvictionAPI",
		      "Eviction API: evicting", c->ctx.now_ns, false);
	if (generation > 0)
		js_set_int(condition_find(conditions, "DisruptionTarget"), "observedGeneration", generation);
	return pod;
}

static void begin_on_pod(struct registry_call *c, const char *subresource)
{
	struct eviction *e = c->eviction;

	registry_nested_init(&e->one, c);
	e->one.attr.name = c->name;
	e->one.attr.subresource = subresource;
	registry_nested_begin(&e->one);
	e->one.call.admitted = true;
}

static enum progress start_deleting(struct registry_call *c)
{
	struct eviction *e = c->eviction;

	e->at = EVICTION_DELETE;
	begin_on_pod(c, "");
	registry_delete(&e->one.call, &e->options);
	return PROGRESS_AWAY;
}

static enum progress start_marking(struct registry_call *c)
{
	struct eviction *e = c->eviction;
	struct registry_change change = {.make = say_why, .arg = e, .flags = CHANGE_TRUSTED};

	if (c->ctx.dry_run)
		return start_deleting(c);
	e->at = EVICTION_MARK;
	begin_on_pod(c, "status");
	registry_change(&e->one.call, &change);
	return PROGRESS_AWAY;
}

/* ---- the steps ---- */

static enum progress judge(struct registry_call *c)
{
	struct eviction *e = c->eviction;
	autojson js *budget = NULL;

	e->options = e->asked;
	e->budget[0] = '\0';
	e->pinned = false;
	e->ignores = is_over(c) || is_phase(c->old_tree, "Pending");
	if (e->ignores) {
		if (!is_over(c))
			pin(c);
		return start_marking(c);
	}
	int found = find_budgets(c, &budget);
	if (found < 0)
		return PROGRESS_END;
	if (found > 1) {
		c->refusal =
			"This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
		c->obj = obj_ref(c->old);
		return PROGRESS_END;
	}
	if (!found)
		return start_marking(c);
	snprintf(e->budget, sizeof(e->budget), "%s", js_str0(budget, "metadata", "name", NULL));
	if (is_ready(c->old_tree) || !lets_unhealthy_go(budget))
		return start_counting(c);
	pin(c);
	return start_marking(c);
}

static void take_failure(struct registry_call *c)
{
	struct registry_call *one = &c->eviction->one.call;

	c->err = one->err;
	c->errs = one->errs;
	one->errs = (struct field_errors){.n = 0};
	c->about = one->about;
}

static enum progress failed(struct registry_call *c)
{
	struct eviction *e = c->eviction;
	bool conflict = e->one.call.err.reason == REASON_CONFLICT;

	if (conflict && e->at == EVICTION_COUNT) {
		c->about.retry_after_s = RETRY_AFTER_S;
		err_set(&c->err, REASON_TIMEOUT,
			"Timeout: couldn't update PodDisruptionBudget \"%s\" due to conflicts", e->budget);
	} else if (conflict && e->ignores && !e->asked.resource_version[0] && e->tries++ < EVICTION_RETRIES) {
		e->at = EVICTION_JUDGE;
		c->behind = true;
		return PROGRESS_AGAIN;
	} else if (conflict && e->pinned && *e->budget) {
		still_processed(c, &c->err, e->budget);
	} else {
		take_failure(c);
	}
	return PROGRESS_END;
}

static enum progress drive(struct registry_call *c)
{
	struct eviction *e = c->eviction;

	if (registry_nested_runs(&e->one))
		return PROGRESS_AWAY;
	if (e->at != EVICTION_JUDGE && e->one.call.err.reason != REASON_NONE)
		return failed(c);
	switch (e->at) {
	case EVICTION_JUDGE:
		return judge(c);
	case EVICTION_COUNT:
		return start_marking(c);
	case EVICTION_MARK:
		if (e->options.resource_version[0]) /* by our own hand */
			snprintf(e->options.resource_version, sizeof(e->options.resource_version), "%llu",
				 (unsigned long long)e->one.call.obj->rv);
		return start_deleting(c);
	case EVICTION_DELETE:
		break;
	}
	c->obj = obj_ref(e->one.call.obj);
	return PROGRESS_END;
}

static enum progress read_pod(struct registry_call *c)
{
	c->old_tree = obj_tree(c->old, &c->err);
	return c->old_tree ? PROGRESS_NEXT : PROGRESS_END;
}

/* Budgets are read consistently: one that another server has acknowledged counts. */
static enum progress be_fresh(struct registry_call *c)
{
	if (!c->caught_up && !storage_fresh(c->registry->storage, 0)) {
		c->caught_up = true;
		return registry_catch_up(c);
	}
	return PROGRESS_NEXT;
}

static registry_step_fn *const evict_steps[] = {
	pipeline_mutate_body, pipeline_validate_body, be_fresh, registry_look_up, read_pod, drive,
};

/* What only the deletion of what cannot be read may ask for. */
static int check_unsafe(struct registry_call *c, const js *eviction)
{
	static const struct kind evictions = {
		.group = "policy", .version = "v1", .kind = "Eviction", .resource = "evictions"};
	static const char option[] = "ignoreStoreReadErrorWithClusterBreakingPotential";

	if (!js_bool(eviction, false, "deleteOptions", option, NULL))
		return 0;
	field_error_invalid(&c->errs, PATH("deleteOptions.%s", option),
			    js_get(eviction, "deleteOptions", option, NULL),
			    "can not be set for pod eviction, try after removing the option");
	c->about = (struct subject){.kind = &evictions, .name = c->attr->name};
	return registry_check(c, &c->err);
}

void registry_evict(struct registry_call *c, js *eviction, const struct delete_options *o)
{
	c->body = eviction;
	if (strcmp(js_str0(eviction, "metadata", "name", NULL), c->attr->name))
		err_set(&c->err, REASON_BAD_REQUEST, "name in URL does not match name in Eviction object");
	else if (objectmeta_check_namespace(c, eviction, &c->err) == 0 && check_unsafe(c, eviction) == 0) {
		c->eviction = MEM_NEW(struct eviction);
		c->eviction->asked = *o;
		registry_about(c, c->attr->name);
		registry_start(c, evict_steps);
		return;
	}
	c->done(c);
}

void registry_eviction_free(struct eviction *e)
{
	if (!e)
		return;
	if (e->one.outer)
		registry_call_release(&e->one.call);
	free(e);
}
