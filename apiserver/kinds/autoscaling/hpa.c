/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HorizontalPodAutoscalers (kubernetes/kubernetes pkg/registry/autoscaling/horizontalpodautoscaler,
 * pkg/apis/autoscaling/validation). Which number a metric is about is told twice, by a word and by the field that is set; most
 * rules are about the two agreeing.
 */
#include "kinds/autoscaling/hpa_internal.h"

#include "kinds/check.h"
#include "kinds/strategies.h"
#include "object/name.h"
#include "object/quantity.h"

#define PERIOD_MAX 1800
#define WINDOW_MAX 3600

/* ---- parts ---- */

struct hpa_ref {
	bool any_version;   /* also one that does not parse */
	bool without_group; /* the core group's, too */
};

/* NULL when it may be so. */
static const char *version_fault(const char *version, const struct hpa_ref *r, char buf[FIELD_PATH_MAX])
{
	const char *slash = strchr(version, '/');

	if (r->any_version)
		return NULL;
	if (slash && strchr(slash + 1, '/') && strcmp(version, "/"))
		return strategy_path(buf, "unexpected GroupVersion string: %s", version);
	return !r->without_group && (!slash || slash == version) ? "apiVersion must specify API group" : NULL;
}

static void check_segment(const js *o, const char *field, const char *path, const char *missing,
			  struct field_errors *errs)
{
	const char *s = js_str0(o, field, NULL);
	struct name_faults bad;

	if (!*s)
		field_error_required(errs, PATH("%s.%s", path, field), missing);
	else if (name_check_path_segment(s, &bad))
		field_error_names(errs, PATH("%s.%s", path, field), s, &bad);
}

static void check_ref(const js *ref, const char *path, const struct hpa_ref *r, struct field_errors *errs)
{
	const char *version = js_str0(ref, "apiVersion", NULL);
	const char *fault = version_fault(version, r, (char[FIELD_PATH_MAX]){0});

	check_segment(ref, "kind", path, "", errs);
	check_segment(ref, "name", path, "", errs);
	if (fault)
		field_error_invalid_str(errs, PATH("%s.apiVersion", path), version, fault);
}

static void check_positive(const js *target, const char *field, const char *path, struct field_errors *errs)
{
	const char *s = js_str(target, field, NULL);
	struct err ignore = ERR_INIT;
	struct quantity q;

	if (s && quantity_parse(s, &q, &ignore) == 0 && q.nano <= 0)
		field_error_invalid_str(errs, PATH("%s.%s", path, field), s, "must be positive");
}

static void check_target(const js *target, const char *path, struct field_errors *errs)
{
	const char *type = js_str0(target, "type", NULL);
	js *utilization = js_field(target, "averageUtilization");

	if (!*type)
		field_error_required(errs, PATH("%s.type", path), "must specify a metric target type");
	if (strcmp(type, "Utilization") && strcmp(type, "Value") && strcmp(type, "AverageValue"))
		field_error_invalid_str(errs, PATH("%s.type", path), type,
					"must be either Utilization, Value, or AverageValue");
	check_positive(target, "value", path, errs);
	check_positive(target, "averageValue", path, errs);
	if (utilization && json_object_get_int64(utilization) < 1)
		field_error_invalid(errs, PATH("%s.averageUtilization", path), utilization,
				    "must be greater than 0");
}

/* ---- sources ---- */

struct hpa_metric {
	const js *o, *target;
	const char *path, *at; /* of the source, of its target */
	const struct hpa_ref *refs;
	struct field_errors *errs;
};

static void check_identified(const struct hpa_metric *s)
{
	check_segment(js_obj(s->o, "metric", NULL), "name", PATH("%s.metric", s->path),
		      "must specify a metric name", s->errs);
	check_target(s->target, s->at, s->errs);
}

static void check_object(const struct hpa_metric *s)
{
	check_ref(js_obj(s->o, "describedObject", NULL), PATH("%s.describedObject", s->path), s->refs,
		  s->errs);
	check_identified(s);
	if (!js_field(s->target, "value") && !js_field(s->target, "averageValue"))
		field_error_required(s->errs, PATH("%s.averageValue", s->at),
				     "must set either a target value or averageValue");
}

static void check_external(const struct hpa_metric *s)
{
	bool value = js_field(s->target, "value"), average = js_field(s->target, "averageValue");

	check_identified(s);
	if (!value && !average)
		field_error_required(s->errs, PATH("%s.averageValue", s->at),
				     "must set either a target value for metric or a per-pod target");
	if (value && average)
		field_error_forbidden(s->errs, PATH("%s.value", s->at),
				      "may not set both a target value for metric and a per-pod target");
}

static void check_pods(const struct hpa_metric *s)
{
	check_identified(s);
	if (!js_field(s->target, "averageValue"))
		field_error_required(s->errs, PATH("%s.averageValue", s->at),
				     "must specify a positive target averageValue");
}

static void check_of_resource(const struct hpa_metric *s)
{
	bool use = js_field(s->target, "averageUtilization"), average = js_field(s->target, "averageValue");

	check_target(s->target, s->at, s->errs);
	if (!use && !average)
		field_error_required(s->errs, PATH("%s.averageUtilization", s->at),
				     "must set either a target raw value or a target utilization");
	if (use && average)
		field_error_forbidden(s->errs, PATH("%s.averageValue", s->at),
				      "may not set both a target raw value and a target utilization");
}

static void check_resource(const struct hpa_metric *s)
{
	if (!*js_str0(s->o, "name", NULL))
		field_error_required(s->errs, PATH("%s.name", s->path), "must specify a resource name");
	check_of_resource(s);
}

static bool is_container_resource(const char *name)
{
	return !strcmp(name, "cpu") || !strcmp(name, "memory") || !strcmp(name, "ephemeral-storage") ||
	       !strncmp(name, "hugepages-", 10);
}

static void check_container_resource_name(const char *name, const char *path, struct field_errors *errs)
{
	struct name_faults bad;

	if (name_check_qualified(name, &bad))
		field_error_names(errs, path, name, &bad);
	if (!strchr(name, '/') && !is_container_resource(name))
		field_error_invalid_str(errs, path, name, "must be a standard resource for containers");
	else if (strchr(name, '/') && !strstr(name, "kubernetes.io/") && !check_is_extended(name))
		field_error_invalid_str(errs, path, name, "doesn't follow extended resource name standard");
}

static void check_container(const struct hpa_metric *s)
{
	const char *name = js_str0(s->o, "name", NULL), *container = js_str0(s->o, "container", NULL);
	struct name_faults bad;

	if (!*name)
		field_error_required(s->errs, PATH("%s.name", s->path), "must specify a resource name");
	else
		check_container_resource_name(name, PATH("%s.name", s->path), s->errs);
	if (!*container)
		field_error_required(s->errs, PATH("%s.container", s->path), "must specify a container");
	else if (name_check_dns1123_label(container, &bad))
		field_error_names(s->errs, PATH("%s.container", s->path), container, &bad);
	check_of_resource(s);
}

/* In the order in which they are looked at; only the first that is there is looked into. */
static const struct hpa_source {
	const char *type, *field;
	void (*check)(const struct hpa_metric *s);
} sources[] = {
	{"Object", "object", check_object},
	{"External", "external", check_external},
	{"Pods", "pods", check_pods},
	{"Resource", "resource", check_resource},
	{"ContainerResource", "containerResource", check_container},
};

/* ---- metrics ---- */

static const struct hpa_source *source_of(const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (!strcmp(sources[i].type, type))
			return &sources[i];
	return NULL;
}

static const char *const types[] = {"ContainerResource", "External", "Object", "Pods", "Resource", NULL};

static void check_type(const char *type, const char *path, struct field_errors *errs)
{
	if (!*type)
		field_error_required(errs, PATH("%s.type", path), "must specify a metric source type");
	if (!source_of(type))
		field_error_not_supported(errs, PATH("%s.type", path), type, types);
}

static void check_metric(const js *metric, const char *path, const struct hpa_ref *refs,
			 struct field_errors *errs)
{
	const char *type = js_str0(metric, "type", NULL);
	const struct hpa_source *meant = source_of(type);
	size_t n = 0;

	check_type(type, path, errs);
	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		const js *o = js_obj(metric, sources[i].field, NULL);
		if (!o || n++)
			continue;
		struct hpa_metric s = {.o = o,
				       .target = js_obj(o, "target", NULL),
				       .path = PATH("%s.%s", path, sources[i].field),
				       .at = PATH("%s.%s.target", path, sources[i].field),
				       .refs = refs,
				       .errs = errs};
		sources[i].check(&s);
	}
	errs->look = '3';
	if (!meant) /* upstream comes by it twice */
		field_error_not_supported(errs, PATH("%s.type", path), type, types);
	else if (!js_field(metric, meant->field))
		field_error_required(errs, PATH("%s.%s", path, meant->field),
				     "must populate information for the given metric source");
	for (size_t i = 0; n != 1 && i < ARRAY_LEN(sources); i++)
		if (&sources[i] != meant && js_field(metric, sources[i].field))
			field_error_forbidden(errs, PATH("%s.%s", path, sources[i].field),
					      "must populate the given metric source only");
	errs->look = 0;
}

static void check_metrics(const js *spec, const struct hpa_ref *refs, struct field_errors *errs)
{
	const js *least = js_field(spec, "minReplicas");
	bool can_be_none = false;

	js_array_for_each (m, js_arr(spec, "metrics", NULL)) {
		const char *type = js_str0(m, "type", NULL);
		check_metric(m, PATH("spec.metrics[%zu]", m_i), refs, errs);
		can_be_none = can_be_none || !strcmp(type, "Object") || !strcmp(type, "External");
	}
	errs->look = 'z';
	if (least && !js_int(spec, 1, "minReplicas", NULL) && !can_be_none)
		field_error_forbidden(
			errs, "spec.metrics",
			"must specify at least one Object or External metric to support scaling to zero replicas");
	errs->look = 0;
}

/* ---- behavior ---- */

static void check_policy(const js *policy, const char *path, struct field_errors *errs)
{
	static const char *const units[] = {"Percent", "Pods", NULL};
	const char *type = js_str0(policy, "type", NULL);
	js *value = js_field(policy, "value"), *period = js_field(policy, "periodSeconds");

	if (strcmp(type, "Pods") && strcmp(type, "Percent"))
		field_error_not_supported(errs, PATH("%s.type", path), type, units);
	if (js_int(policy, 0, "value", NULL) <= 0)
		field_error_invalid(errs, PATH("%s.value", path), value, "must be greater than zero");
	if (js_int(policy, 0, "periodSeconds", NULL) <= 0)
		field_error_invalid(errs, PATH("%s.periodSeconds", path), period,
				    "must be greater than zero");
	if (js_int(policy, 0, "periodSeconds", NULL) > PERIOD_MAX)
		field_error_invalid(errs, PATH("%s.periodSeconds", path), period,
				    "must be less than or equal to 1800");
}

static void check_rules(const js *rules, const char *path, struct field_errors *errs)
{
	static const char *const selections[] = {"Disabled", "Max", "Min", NULL};
	js *window = js_field(rules, "stabilizationWindowSeconds");
	const char *selection = js_str(rules, "selectPolicy", NULL);
	const js *policies = js_arr(rules, "policies", NULL);

	if (!rules)
		return;
	if (window && json_object_get_int64(window) < 0)
		field_error_invalid(errs, PATH("%s.stabilizationWindowSeconds", path), window,
				    "must be greater than or equal to zero");
	if (window && json_object_get_int64(window) > WINDOW_MAX)
		field_error_invalid(errs, PATH("%s.stabilizationWindowSeconds", path), window,
				    "must be less than or equal to 3600");
	if (selection && strcmp(selection, "Max") && strcmp(selection, "Min") &&
	    strcmp(selection, "Disabled"))
		field_error_not_supported(errs, PATH("%s.selectPolicy", path), selection, selections);
	if (!js_len(policies))
		field_error_required(errs, PATH("%s.policies", path), "must specify at least one Policy");
	js_array_for_each (p, policies)
		check_policy(p, PATH("%s.policies[%zu]", path, p_i), errs);
}

/* ---- the kind ---- */

static void hpa_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	static const char *const directions[] = {"scaleUp", "scaleDown"};

	for (size_t i = 0; i < ARRAY_LEN(directions); i++) { /* behind a gate that is closed */
		js *rules = js_obj(new, "spec", "behavior", directions[i], NULL);
		if (rules)
			js_del(rules, "tolerance");
	}
	hpa_drop_annotations(new); /* of a write of the status, which gets no defaults */
	if (old)
		return;
	js *status = js_new_obj();
	js_set_int(status, "desiredReplicas", 0);
	js_set(status, "currentMetrics", NULL);
	js_set(new, "status", status);
}

static void validate_bounds(const js *spec, const js *old, struct field_errors *errs)
{
	js *least = js_field(spec, "minReplicas"), *most = js_field(spec, "maxReplicas");
	const js *was = js_get(old, "spec", "minReplicas", NULL);
	int64_t lowest = was && !js_int(old, 1, "spec", "minReplicas", NULL) ? 0 : 1;
	autojson js *zero = js_new_int(0);

	if (least && json_object_get_int64(least) < lowest)
		field_error_invalid(errs, "spec.minReplicas", least,
				    lowest ? "must be greater than or equal to 1"
					   : "must be greater than or equal to 0");
	if (js_int(spec, 0, "maxReplicas", NULL) < 1)
		field_error_invalid(errs, "spec.maxReplicas", most ? most : zero, "must be greater than 0");
	if (least && js_int(spec, 0, "maxReplicas", NULL) < json_object_get_int64(least))
		field_error_invalid(errs, "spec.maxReplicas", most ? most : zero,
				    "must be greater than or equal to `minReplicas`");
}

static bool same_ref(const js *a, const js *b, const char *field)
{
	return !strcmp(js_str0(a, field, NULL), js_str0(b, field, NULL));
}

/* What was wrong before may stay so. */
static void loosen(const js *spec, const js *old, struct hpa_ref *target, struct hpa_ref *objects)
{
	const js *ref = js_obj(spec, "scaleTargetRef", NULL),
		 *were = js_obj(old, "spec", "scaleTargetRef", NULL);

	*target = *objects = (struct hpa_ref){.any_version = false};
	objects->without_group = true;
	if (old && same_ref(ref, were, "apiVersion") && same_ref(ref, were, "kind"))
		target->any_version = true;
	else if (!strcmp(js_str0(ref, "kind", NULL), "ReplicationController"))
		target->without_group = true;
	js_array_for_each (m, js_arr(old, "spec", "metrics", NULL)) {
		const char *version = js_str0(m, "object", "describedObject", "apiVersion", NULL);
		if (!strcmp(js_str0(m, "type", NULL), "Object") && js_field(m, "object") &&
		    version_fault(version, objects, (char[FIELD_PATH_MAX]){0}))
			objects->any_version = true;
	}
}

static void validate_status(const js *new, struct field_errors *errs)
{
	static const char *const counts[] = {"currentReplicas", "desiredReplicas"};

	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		js *v = js_get(new, "status", counts[i], NULL);
		if (v && json_object_get_int64(v) < 0)
			field_error_invalid(errs, PATH("status.%s", counts[i]), v,
					    "must be greater than or equal to 0");
	}
}

static void hpa_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			 struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL), *behavior = js_obj(spec, "behavior", NULL);
	struct hpa_ref target, objects;

	if (!strcmp(ctx->subresource, "status")) {
		validate_status(new, errs);
		return;
	}
	loosen(spec, old, &target, &objects);
	validate_bounds(spec, old, errs);
	check_ref(js_obj(spec, "scaleTargetRef", NULL), "spec.scaleTargetRef", &target, errs);
	check_metrics(spec, &objects, errs);
	check_rules(js_obj(behavior, "scaleUp", NULL), "spec.behavior.scaleUp", errs);
	check_rules(js_obj(behavior, "scaleDown", NULL), "spec.behavior.scaleDown", errs);
}

const struct strategy hpa_strategy = {
	.group = "autoscaling",
	.kind = "HorizontalPodAutoscaler",
	.default_more = hpa_drop_annotations,
	.prepare = hpa_prepare,
	.validate = hpa_validate,
	.convert = hpa_convert,
};
