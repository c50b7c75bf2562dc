/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods: status begins with phase and quality of service, nearly all of spec is fixed once created, deletion
 * is graceful (kubernetes/kubernetes pkg/registry/core/pod/strategy.go, pkg/apis/core/validation
 * ValidatePodCreate).
 */
#include "kinds/core/pods.h"

#include "base/unique.h"
#include "kinds/advice.h"
#include "kinds/podspec/podspec.h"
#include "kinds/strategies.h"
#include "object/condition.h"

/* ---- what the server fills in ---- */

static void gate_condition(const struct strategy_ctx *ctx, js *pod, js *status)
{
	if (!js_len(js_arr(pod, "spec", "schedulingGates", NULL)))
		return;
	js *conditions = js_ensure_arr(status, "conditions");
	condition_set(conditions, "PodScheduled", "False", "SchedulingGated",
		      "Scheduling is blocked due to non-empty scheduling gates", ctx->now_ns, false);
	js_set(condition_find(conditions, "PodScheduled"), "lastProbeTime", NULL); /* none is null */
}

/* Which of the conditions was the first of this type. */
static size_t note_type(struct unique *types, const js *condition, size_t index)
{
	const char *type = js_str0(condition, "type", NULL);

	return unique_first(types, type, strlen(type), index);
}

/* A reporter that does not know observedGeneration leaves it as it was. */
static void keep_observed(js *status, const js *old)
{
	const js *were = js_arr(old, "conditions", NULL);
	autounique struct unique types = {.n = 0};
	size_t n = js_len(were), i;

	if (!js_field(status, "observedGeneration"))
		strategy_carry(status, old, "observedGeneration");
	js_array_for_each (w, were)
		note_type(&types, w, w_i);
	js_array_for_each (c, js_arr(status, "conditions", NULL))
		if (!js_field(c, "observedGeneration") && (i = note_type(&types, c, n)) < n)
			strategy_carry(c, js_at(were, i), "observedGeneration");
}

static void warn_apparmor(const struct strategy_ctx *ctx, const char *key)
{
	strategy_warn(ctx, "metadata.annotations[%s]: " PODSPEC_APPARMOR_WARNING, key);
}

/* An old annotation becomes the container's field, unless the Pod's own says the same. Told here, where one can still see
   which of them the client has given. */
static void sync_apparmor(const struct strategy_ctx *ctx, js *spec, const js *annotations)
{
	const js *own = js_obj(spec, "securityContext", "appArmorProfile", NULL);

	for (size_t l = 0; l < PODSPEC_LISTS; l++)
		js_array_for_each (c, js_arr(spec, podspec_lists[l], NULL)) {
			autofree char *key =
				mem_printf(PODSPEC_APPARMOR_ANNOTATION "%s", js_str0(c, "name", NULL));
			const char *value = js_str(annotations, key, NULL);
			if (!value || js_get(c, "securityContext", "appArmorProfile", NULL))
				continue;
			autojson js *profile = podspec_apparmor_from_annotation(value);
			if (!profile || !js_equal(profile, own))
				warn_apparmor(ctx, key);
			if (profile && !js_equal(profile, own))
				js_set(js_ensure(c, "securityContext", NULL), "appArmorProfile",
				       STEAL(profile));
		}
}

static void add_requirements(js *selector, const js *keys, const char *operator, const js * labels)
{
	js_array_for_each (k, keys) {
		const char *key = js_str0(k, NULL), *value = js_str(labels, key, NULL);
		if (!value)
			continue;
		js *requirement = js_new_obj(), *values = js_new_arr();
		js_set_str(requirement, "key", key);
		js_set_str(requirement, "operator", operator);
		js_push(values, js_new_str(value));
		js_set(requirement, "values", values);
		js_push(js_ensure_arr(selector, "matchExpressions"), requirement);
	}
}

/* Keys whose value is the new Pod's own become part of the selector. */
static void merge_label_keys(js *term, const js *labels)
{
	js *selector = js_obj(term, "labelSelector", NULL);

	if (!selector)
		return;
	add_requirements(selector, js_arr(term, "matchLabelKeys", NULL), "In", labels);
	add_requirements(selector, js_arr(term, "mismatchLabelKeys", NULL), "NotIn", labels);
}

static void merge_all_label_keys(js *spec, const js *labels)
{
	static const char *const between[] = {"podAffinity", "podAntiAffinity"};

	for (size_t i = 0; i < ARRAY_LEN(between); i++) {
		const js *a = js_obj(spec, "affinity", between[i], NULL);
		js_array_for_each (t, js_arr(a, "preferredDuringSchedulingIgnoredDuringExecution", NULL))
			merge_label_keys(js_obj(t, "podAffinityTerm", NULL), labels);
		js_array_for_each (t, js_arr(a, "requiredDuringSchedulingIgnoredDuringExecution", NULL))
			merge_label_keys(t, labels);
	}
	js_array_for_each (c, js_arr(spec, "topologySpreadConstraints", NULL))
		merge_label_keys(c, labels);
}

static void prepare_new(const struct strategy_ctx *ctx, js *pod)
{
	js *spec = js_obj(pod, "spec", NULL), *status = js_new_obj();
	const js *annotations = js_obj(pod, "metadata", "annotations", NULL);

	js_set(pod, "status", status);
	js_set_str(status, "phase", "Pending");
	js_set_str(status, "qosClass", podspec_qos(spec));
	gate_condition(ctx, pod, status);
	if (js_len(annotations) && strcmp(js_str0(spec, "os", "name", NULL), "windows"))
		sync_apparmor(ctx, spec, annotations);
	merge_all_label_keys(spec, js_obj(pod, "metadata", "labels", NULL));
}

/* What upstream has, but does not offer (pkg/api/pod dropDisabledPodStatusFields). */
static void drop_disabled(js *status)
{
	static const char *const lists[] = {"containerStatuses", "initContainerStatuses",
					    "ephemeralContainerStatuses"};

	js_del(status, "extendedResourceClaimStatus");
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		js_array_for_each (c, js_arr(status, lists[i], NULL))
			js_del(c, "allocatedResourcesStatus");
}

static void pods_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	static const char *const not_of_status[] = {"deletionTimestamp", "ownerReferences"};

	if (!old) {
		podspec_drop_disabled(js_obj(new, "spec", NULL), NULL);
		prepare_new(ctx, new);
		return;
	}
	js *status = js_ensure(new, "status", NULL);
	const struct pods_part *part = pods_part_find(ctx->subresource);
	if (part)
		part->prepare(new, old);
	if (strcmp(ctx->subresource, "status")) {
		podspec_drop_disabled(js_obj(new, "spec", NULL), js_obj(old, "spec", NULL));
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(not_of_status); i++)
		strategy_carry(js_obj(new, "metadata", NULL), js_obj(old, "metadata", NULL),
			       not_of_status[i]);
	pods_default_status(status);
	drop_disabled(status);
	if (!*js_str0(status, "qosClass", NULL))
		js_set_str(status, "qosClass", js_str(old, "status", "qosClass", NULL));
	keep_observed(status, js_obj(old, "status", NULL));
}

static void pods_default(js *o)
{
	js *spec = js_obj(o, "spec", NULL);

	if (!spec)
		return;
	if (js_int(spec, 0, "terminationGracePeriodSeconds", NULL) < 0) /* upstream's conversion makes it 1 */
		js_set_int(spec, "terminationGracePeriodSeconds", 1);
	podspec_default(spec, true);
}

/* ---- what may be ---- */

static void validate_new(const js *new, const js *meta, const js *spec, struct field_errors *errs)
{
	if (js_len(js_arr(spec, "ephemeralContainers", NULL)))
		field_error_forbidden(errs, "spec.ephemeralContainers", "cannot be set on create");
	if (*js_str0(spec, "nodeName", NULL) && js_len(js_arr(spec, "schedulingGates", NULL)))
		field_error_forbidden(errs, "spec.nodeName",
				      "cannot be set until all schedulingGates have been cleared");
	podspec_validate_profiles(meta, spec, "spec", errs);
}

static void pods_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			  struct field_errors *errs)
{
	const js *meta = js_obj(new, "metadata", NULL), *spec = js_obj(new, "spec", NULL);
	const struct pods_part *part = pods_part_find(ctx->subresource);
	const char *never = part ? part->never(new, old) : NULL;

	if (never) {
		field_error_forbidden(errs, "[]", never);
		return;
	}
	errs->look = '3';
	podspec_validate_annotations(meta, spec, "metadata.annotations", errs);
	if (old)
		podspec_validate_annotation_update(meta, js_obj(old, "metadata", NULL),
						   "metadata.annotations", errs);
	errs->look = 0;
	if (!strcmp(ctx->subresource, "status")) {
		pods_validate_status(new, old, errs);
		return;
	}
	if (old && js_equal(spec, js_field(old, "spec")))
		return;
	podspec_validate(spec, meta, "spec", errs);
	errs->look = '8';
	if (part)
		part->validate(new, old, errs);
	else if (old)
		pods_validate_update(spec, js_obj(old, "spec", NULL), errs);
	else
		validate_new(new, meta, spec, errs);
	errs->look = 0;
}

/* ---- warnings ---- */

static void warn_addresses(const struct strategy_ctx *ctx, const js *status, const char *list)
{
	js_array_for_each (a, js_arr(status, list, NULL))
		advice_ip(ctx, js_str0(a, "ip", NULL), PATH("status.%s[%zu].ip", list, a_i));
}

/* Updates are many, and hardly any of them is a person's: they are not looked at. */
static void pods_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	if (!old) {
		advice_name(ctx, new, "the Pod's hostname");
		podspec_warn(ctx, js_obj(new, "metadata", NULL), js_obj(new, "spec", NULL), "");
	} else if (!strcmp(ctx->subresource, "status")) {
		warn_addresses(ctx, js_obj(new, "status", NULL), "podIPs");
		warn_addresses(ctx, js_obj(new, "status", NULL), "hostIPs");
	}
}

/* Nobody runs a Pod without a node or one that has ended: those leave at once. */
static int64_t pods_grace(const js *o, int64_t asked, bool has_asked)
{
	const char *phase = js_str0(o, "status", "phase", NULL);
	int64_t period = has_asked ? asked : js_int(o, 0, "spec", "terminationGracePeriodSeconds", NULL);

	if (!*js_str0(o, "spec", "nodeName", NULL) || !strcmp(phase, "Failed") || !strcmp(phase, "Succeeded"))
		return 0;
	return period < 0 ? 1 : period;
}

const struct strategy pods_strategy = {
	.group = "",
	.kind = "Pod",
	.flags = STRATEGY_RETURNS_DELETED,
	.prepare = pods_prepare,
	.default_more = pods_default,
	.validate = pods_validate,
	.warn = pods_warn,
	.grace = pods_grace,
};
