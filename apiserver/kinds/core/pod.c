/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods: status begins with phase and quality of service, nearly all of spec is fixed once created, deletion
 * is graceful (kubernetes/kubernetes pkg/registry/core/pod/strategy.go, pkg/apis/core/validation
 * ValidatePodUpdate).
 */
#include "kinds/core/pod_spec.h"

#include <stdio.h>
#include "kinds/strategies.h"
#include "object/condition.h"
#include "object/name.h"

#define MIRROR_ANNOTATION "kubernetes.io/config.mirror"
#define DELETION_COST "controller.kubernetes.io/pod-deletion-cost"

static void gate_condition(const struct strategy_ctx *ctx, js *pod, js *status)
{
	if (!js_len(js_arr(pod, "spec", "schedulingGates", NULL)))
		return;
	condition_set(js_ensure_arr(status, "conditions"), "PodScheduled", "False", "SchedulingGated",
		      "Scheduling is blocked due to non-empty scheduling gates", ctx->now_ns, false);
}

/* A reporter that does not know observedGeneration leaves it as it was. */
static void keep_observed(js *status, const js *old)
{
	if (!js_field(status, "observedGeneration"))
		strategy_carry(status, old, "observedGeneration");
	js_array_for_each (c, js_arr(status, "conditions", NULL)) {
		const js *was = condition_find(js_arr(old, "conditions", NULL), js_str0(c, "type", NULL));
		if (was && !js_field(c, "observedGeneration"))
			strategy_carry(c, was, "observedGeneration");
	}
}

static void pod_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	js *status = old ? js_ensure(new, "status", NULL) : js_new_obj();

	if (!old) {
		js_set(new, "status", status);
		js_set_str(status, "phase", "Pending");
		js_set_str(status, "qosClass", pod_qos(js_obj(new, "spec", NULL)));
		gate_condition(ctx, new, status);
		return;
	}
	if (strcmp(ctx->subresource, "status"))
		return;
	strategy_carry(js_obj(new, "metadata", NULL), js_obj(old, "metadata", NULL), "ownerReferences");
	if (!*js_str0(status, "qosClass", NULL))
		js_set_str(status, "qosClass", js_str(old, "status", "qosClass", NULL));
	keep_observed(status, js_obj(old, "status", NULL));
}

static void pod_default_more(js *o)
{
	js *spec = js_obj(o, "spec", NULL);

	if (spec)
		pod_spec_default(spec, true);
}

/* ---- what may change ---- */

static void validate_images(const js *new, const js *old, const char *list, struct field_errors *errs)
{
	if (js_len(js_arr(new, list, NULL)) != js_len(js_arr(old, list, NULL)))
		field_error_forbidden(errs, PATH("spec.%s", list),
				      "pod updates may not add or remove containers");
}

static void validate_deadline(const js *new, const js *old, struct field_errors *errs)
{
	js *n = js_field(new, "activeDeadlineSeconds"), *o = js_field(old, "activeDeadlineSeconds");

	if (n && o && json_object_get_int64(n) > json_object_get_int64(o))
		field_error_invalid(errs, "spec.activeDeadlineSeconds", n,
				    "must be less than or equal to previous value");
	else if (!n && o)
		field_error_invalid(errs, "spec.activeDeadlineSeconds", NULL,
				    "must not update from a positive integer to nil value");
}

static char *toleration_key(const js *t)
{
	return mem_printf("%s\n%s\n%s\n%s", js_str0(t, "key", NULL), js_str0(t, "operator", NULL),
			  js_str0(t, "value", NULL), js_str0(t, "effect", NULL));
}

/* Existing tolerations stay, but for their tolerationSeconds. */
static void validate_tolerations(const js *new, const js *old, struct field_errors *errs)
{
	autounique struct unique are = {.n = 0};

	js_array_for_each (n, js_arr(new, "tolerations", NULL)) {
		autofree char *key = toleration_key(n);
		unique_seen(&are, key);
	}
	js_array_for_each (o, js_arr(old, "tolerations", NULL)) {
		autofree char *key = toleration_key(o);
		if (!unique_has(&are, key)) {
			field_error_forbidden(
				errs, "spec.tolerations",
				"existing toleration can not be modified except its tolerationSeconds");
			return;
		}
	}
}

static void validate_gates(const js *new, const js *old, struct field_errors *errs)
{
	autounique struct unique were = {.n = 0};
	char detail[384];

	js_array_for_each (g, js_arr(old, "schedulingGates", NULL))
		unique_seen(&were, js_str0(g, "name", NULL));
	js_array_for_each (g, js_arr(new, "schedulingGates", NULL)) {
		const char *name = js_str0(g, "name", NULL);
		if (unique_has(&were, name))
			continue;
		snprintf(detail, sizeof(detail),
			 "only deletion is allowed, but found new scheduling gate '%s'", name);
		field_error_forbidden(errs, PATH("spec.schedulingGates[%zu].name", g_i), detail);
	}
}

/* A gated Pod may be given a narrower node selector. */
static void munge_gated(js *munged, const js *old, struct field_errors *errs)
{
	for (struct js_iter it = js_iter(js_obj(old, "nodeSelector", NULL)); js_next(&it);)
		if (!js_equal(js_get(munged, "nodeSelector", it.key, NULL), it.value)) {
			field_error_invalid(
				errs, "spec.nodeSelector", js_field(munged, "nodeSelector"),
				"only additions to spec.nodeSelector are allowed (no mutations or deletions)");
			break;
		}
	strategy_carry(munged, old, "nodeSelector");
	js *mine = js_obj(munged, "affinity", NULL);
	const js *theirs = js_obj(old, "affinity", NULL);
	if (!mine || js_get(theirs, "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", NULL))
		return;
	if (theirs) {
		strategy_carry(mine, theirs, "nodeAffinity");
	} else {
		js_del(mine, "nodeAffinity");
		if (!js_len(mine))
			js_del(munged, "affinity");
	}
}

/* `new` with everything that may change set back. */
static js *munge(const js *new, const js *old, struct field_errors *errs)
{
	static const char *const lists[] = {"containers", "initContainers"};
	static const char *const free_fields[] = {"activeDeadlineSeconds", "tolerations", "schedulingGates"};
	js *m = js_dup(new);

	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		js_array_for_each (c, js_arr(m, lists[l], NULL))
			strategy_carry(c, js_at(js_arr(old, lists[l], NULL), c_i), "image");
	for (size_t i = 0; i < ARRAY_LEN(free_fields); i++)
		strategy_carry(m, old, free_fields[i]);
	if (js_int(old, 0, "terminationGracePeriodSeconds", NULL) < 0 &&
	    js_int(m, 0, "terminationGracePeriodSeconds", NULL) == 1)
		strategy_carry(m, old, "terminationGracePeriodSeconds");
	if (js_len(js_arr(old, "schedulingGates", NULL)))
		munge_gated(m, old, errs);
	return m;
}

/* The fields that differ, for a person to read. */
static void name_differences(struct buf *out, const js *a, const js *b)
{
	size_t n = 0;

	for (struct js_iter it = js_iter(a); js_next(&it);)
		if (!js_equal(it.value, js_field(b, it.key)))
			buf_addf(out, "%sspec.%s", n++ ? ", " : "", it.key);
	for (struct js_iter it = js_iter(b); js_next(&it);)
		if (!js_field(a, it.key))
			buf_addf(out, "%sspec.%s", n++ ? ", " : "", it.key);
}

static void validate_spec_update(const js *new, const js *old, struct field_errors *errs)
{
	size_t before = errs->n;

	if (js_equal(new, old))
		return;
	validate_images(new, old, "containers", errs);
	validate_images(new, old, "initContainers", errs);
	if (errs->n != before)
		return;
	validate_deadline(new, old, errs);
	validate_tolerations(new, old, errs);
	validate_gates(new, old, errs);
	autojson js *munged = munge(new, old, errs);
	if (js_equal(munged, old))
		return;
	autobuf struct buf detail = BUF_INIT;
	buf_adds(
		&detail,
		"pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
		"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n");
	name_differences(&detail, munged, old);
	field_error_forbidden(errs, "spec", detail.p);
}

/* ---- status ---- */

/* Containers that are done for good may not come back to life. */
static void validate_transitions(const js *new, const js *old, const char *list, const char *policy,
				 struct field_errors *errs)
{
	if (!strcmp(policy, "Always"))
		return;
	js_array_for_each (o, js_arr(old, "status", list, NULL)) {
		const js *done = js_obj(o, "state", "terminated", NULL);
		if (!done || (js_int(done, 0, "exitCode", NULL) && !strcmp(policy, "OnFailure")))
			continue;
		js_array_for_each (n, js_arr(new, "status", list, NULL)) {
			if (!strcmp(js_str0(o, "name", NULL), js_str0(n, "name", NULL)) &&
			    !js_obj(n, "state", "terminated", NULL))
				field_error_forbidden(errs, PATH("status.%s[%zu].state", list, o_i),
						      "may not be transitioned to non-terminated state");
		}
	}
}

static void validate_status_update(const js *new, const js *old, struct field_errors *errs)
{
	const char *was = js_str0(old, "status", "qosClass", NULL),
		   *is = js_str0(new, "status", "qosClass", NULL);

	if (strcmp(was, is))
		field_error_invalid_str(errs, "status.qosClass", is, "field is immutable");
	validate_transitions(new, old, "containerStatuses", js_str0(old, "spec", "restartPolicy", NULL),
			     errs);
}

static void validate_annotations(const js *new, const js *old, struct field_errors *errs)
{
	const js *n = js_obj(new, "metadata", "annotations", NULL),
		 *o = js_obj(old, "metadata", "annotations", NULL);
	const char *mirror = js_str(n, MIRROR_ANNOTATION, NULL), *cost = js_str(n, DELETION_COST, NULL);
	int value, len = 0;

	if (mirror && !*js_str0(new, "spec", "nodeName", NULL))
		field_error_invalid_str(errs, "metadata.annotations[" MIRROR_ANNOTATION "]", mirror,
					"must set spec.nodeName if mirror pod annotation is set");
	if (old && !js_equal(js_field(n, MIRROR_ANNOTATION), js_field(o, MIRROR_ANNOTATION)))
		field_error_forbidden(errs, "metadata.annotations[" MIRROR_ANNOTATION "]",
				      js_field(o, MIRROR_ANNOTATION)
					      ? "may not remove or update mirror pod annotation"
					      : "may not add mirror pod annotation");
	if (cost && (sscanf(cost, "%d%n", &value, &len) != 1 || cost[len]))
		field_error_invalid_str(errs, "metadata.annotations[" DELETION_COST "]", cost,
					"must be a 32bit integer");
}

static void pod_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			 struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL);

	validate_annotations(new, old, errs);
	if (!strcmp(ctx->subresource, "status")) {
		validate_status_update(new, old, errs);
		return;
	}
	if (old && js_equal(spec, js_field(old, "spec")))
		return;
	pod_spec_validate(spec, "spec", true, errs);
	if (old) {
		validate_spec_update(spec, js_obj(old, "spec", NULL), errs);
		return;
	}
	if (js_len(js_arr(spec, "ephemeralContainers", NULL)))
		field_error_forbidden(errs, "spec.ephemeralContainers", "cannot be set on create");
	if (*js_str0(spec, "nodeName", NULL) && js_len(js_arr(spec, "schedulingGates", NULL)))
		field_error_forbidden(errs, "spec.nodeName",
				      "cannot be set until all schedulingGates have been cleared");
}

/* ---- warnings ---- */

static void warn_hidden_env(const js *container, const char *path, void (*add)(void *arg, const char *text),
			    void *arg)
{
	autounique struct unique names = {.n = 0};

	js_array_for_each (v, js_arr(container, "env", NULL)) {
		const char *name = js_str0(v, "name", NULL);
		if (unique_seen(&names, name))
			add(arg,
			    PATH("%s.env[%zu]: hides previous definition of \"%s\", which may be dropped when using apply",
				 path, v_i, name));
	}
}

static void warn_double_ports(const js *container, const char *path, void (*add)(void *arg, const char *text),
			      void *arg)
{
	const js *ports = js_arr(container, "ports", NULL);
	autounique struct unique seen = {.n = 0};

	js_array_for_each (p, js_len(ports) > 1 ? ports : NULL) {
		autofree char *key =
			mem_printf("%lld/%lld/%s", (long long)js_int(p, 0, "containerPort", NULL),
				   (long long)js_int(p, 0, "hostPort", NULL), js_str0(p, "protocol", NULL));
		size_t first = unique_first(&seen, key, strlen(key), p_i);
		if (first != p_i)
			add(arg, PATH("%s.ports[%zu]: duplicate port definition with %s.ports[%zu]", path,
				      p_i, path, first));
	}
}

static void pod_warn(const js *new, void (*add)(void *arg, const char *text), void *arg)
{
	struct name_faults bad;

	if (name_check_dns1123_label(js_str0(new, "metadata", "name", NULL), &bad)) {
		autobuf struct buf b = BUF_INIT;
		buf_adds(
			&b,
			"metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [");
		name_faults_join(&bad, " ", &b);
		buf_addc(&b, ']');
		add(arg, b.p);
	}
	js_array_for_each (c, js_arr(new, "spec", "containers", NULL)) {
		const char *path = PATH("spec.containers[%zu]", c_i);
		warn_hidden_env(c, path, add, arg);
		warn_double_ports(c, path, add, arg);
	}
}

/* Nobody runs a Pod without a node or one that has ended: those leave at once. */
static int64_t pod_grace(const js *o, int64_t asked, bool has_asked)
{
	const char *phase = js_str0(o, "status", "phase", NULL);
	int64_t period = has_asked ? asked : js_int(o, 0, "spec", "terminationGracePeriodSeconds", NULL);

	if (!*js_str0(o, "spec", "nodeName", NULL) || !strcmp(phase, "Failed") || !strcmp(phase, "Succeeded"))
		return 0;
	return period < 0 ? 1 : period;
}

const struct strategy pod_strategy = {
	.group = "",
	.kind = "Pod",
	.flags = STRATEGY_RETURNS_DELETED,
	.prepare = pod_prepare,
	.default_more = pod_default_more,
	.validate = pod_validate,
	.warn = pod_warn,
	.grace = pod_grace,
};
