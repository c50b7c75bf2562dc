/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HorizontalPodAutoscalers of autoscaling/v1 and v2 (kubernetes/kubernetes pkg/apis/autoscaling/v1/conversion.go). v1 has a
 * field for the CPU only; everything else it carries in annotations, as JSON that upstream's versions have always written: metrics
 * and what was measured in v1's own words for them, conditions, and the behavior with the names of Go's fields.
 *
 * Where a v1 word stands for a v2 path is a row, so the two ways cannot drift apart.
 */
#include "kinds/autoscaling/hpa_internal.h"

#include <ctype.h>
#include <strings.h>

#define METRICS "autoscaling.alpha.kubernetes.io/metrics"
#define CURRENT "autoscaling.alpha.kubernetes.io/current-metrics"
#define CONDITIONS "autoscaling.alpha.kubernetes.io/conditions"
#define BEHAVIOR "autoscaling.alpha.kubernetes.io/behavior"
static const char *const annotations[] = {
	METRICS,
	CURRENT,
	CONDITIONS,
	BEHAVIOR,
	"autoscaling.alpha.kubernetes.io/scale-down-tolerance",
	"autoscaling.alpha.kubernetes.io/scale-up-tolerance",
};

#define DEFAULT_CPU 80

/* ---- rows ---- */

struct hpa_word {
	const char *v1, *in, *v2; /* v2's is `in`.`v2`; in NULL: at the source itself */
	bool by_value;		  /* v1 always writes it; "0" stands for none, unless it is all there is */
};
#define WORDS_MAX 5
struct hpa_words {
	const char *name;
	struct hpa_word words[WORDS_MAX];
	const char *type, *other_type; /* of the target: the first when `when` is there in v1 */
	const char *when;
};

static const struct hpa_words specs[] = {
	{"object",
	 {{"target", NULL, "describedObject", false},
	  {"metricName", "metric", "name", false},
	  {"targetValue", "target", "value", true},
	  {"selector", "metric", "selector", false},
	  {"averageValue", "target", "averageValue", false}},
	 "AverageValue",
	 "Value",
	 "averageValue"},
	{"pods",
	 {{"metricName", "metric", "name", false},
	  {"targetAverageValue", "target", "averageValue", true},
	  {"selector", "metric", "selector", false}},
	 "AverageValue",
	 "AverageValue",
	 "metricName"},
	{"resource",
	 {{"name", NULL, "name", false},
	  {"targetAverageUtilization", "target", "averageUtilization", false},
	  {"targetAverageValue", "target", "averageValue", false}},
	 "Utilization",
	 "AverageValue",
	 "targetAverageUtilization"},
	{"containerResource",
	 {{"name", NULL, "name", false},
	  {"targetAverageUtilization", "target", "averageUtilization", false},
	  {"targetAverageValue", "target", "averageValue", false},
	  {"container", NULL, "container", false}},
	 "Utilization",
	 "AverageValue",
	 "targetAverageUtilization"},
	{"external",
	 {{"metricName", "metric", "name", false},
	  {"metricSelector", "metric", "selector", false},
	  {"targetValue", "target", "value", false},
	  {"targetAverageValue", "target", "averageValue", false}},
	 "Value",
	 "AverageValue",
	 "targetValue"},
};
static const struct hpa_words statuses[] = {
	{"object",
	 {{"target", NULL, "describedObject", false},
	  {"metricName", "metric", "name", false},
	  {"currentValue", "current", "value", true},
	  {"selector", "metric", "selector", false},
	  {"averageValue", "current", "averageValue", false}},
	 NULL,
	 NULL,
	 NULL},
	{"pods",
	 {{"metricName", "metric", "name", false},
	  {"currentAverageValue", "current", "averageValue", true},
	  {"selector", "metric", "selector", false}},
	 NULL,
	 NULL,
	 NULL},
	{"resource",
	 {{"name", NULL, "name", false},
	  {"currentAverageUtilization", "current", "averageUtilization", false},
	  {"currentAverageValue", "current", "averageValue", true}},
	 NULL,
	 NULL,
	 NULL},
	{"containerResource",
	 {{"name", NULL, "name", false},
	  {"currentAverageUtilization", "current", "averageUtilization", false},
	  {"currentAverageValue", "current", "averageValue", true},
	  {"container", NULL, "container", false}},
	 NULL,
	 NULL,
	 NULL},
	{"external",
	 {{"metricName", "metric", "name", false},
	  {"metricSelector", "metric", "selector", false},
	  {"currentValue", "current", "value", true},
	  {"currentAverageValue", "current", "averageValue", false}},
	 NULL,
	 NULL,
	 NULL},
};
#define SOURCES ARRAY_LEN(specs)

/* ---- one metric ---- */

static js *source_to_v1(const struct hpa_words *s, const js *in)
{
	js *out = js_new_obj();

	for (size_t i = 0; i < WORDS_MAX && s->words[i].v1; i++) {
		const struct hpa_word *w = &s->words[i];
		const js *v = js_field(w->in ? js_field(in, w->in) : in, w->v2);
		if (v)
			js_set(out, w->v1, js_dup(v));
		else if (w->by_value)
			js_set_str(out, w->v1, "0");
	}
	return out;
}

/* A zero that v1 had to write beside the number that is meant. */
static bool is_filler(const struct hpa_words *s, const struct hpa_word *w, const js *in, const js *v)
{
	if (!w->by_value || strcmp(js_str0(v, NULL), "0"))
		return false;
	for (size_t i = 0; i < WORDS_MAX && s->words[i].v1; i++) {
		const struct hpa_word *o = &s->words[i];
		if (o != w && o->in && w->in && !strcmp(o->in, w->in) && js_field(in, o->v1))
			return true;
	}
	return false;
}

static js *source_to_v2(const struct hpa_words *s, const js *in)
{
	js *out = js_new_obj();

	if (s->type)
		js_set_str(js_ensure(out, "target", NULL), "type",
			   js_field(in, s->when) ? s->type : s->other_type);
	for (size_t i = 0; i < WORDS_MAX && s->words[i].v1; i++) {
		const struct hpa_word *w = &s->words[i];
		const js *v = js_field(in, w->v1);
		if (v && !is_filler(s, w, in, v))
			js_set(w->in ? js_ensure(out, w->in, NULL) : out, w->v2, js_dup(v));
	}
	return out;
}

static js *metric_convert(const struct hpa_words *rows, const js *in,
			  js *(*one)(const struct hpa_words *, const js *))
{
	js *out = js_new_obj();

	js_set_str(out, "type", js_str0(in, "type", NULL));
	for (size_t i = 0; i < SOURCES; i++) {
		const js *source = js_obj(in, rows[i].name, NULL);
		if (source)
			js_set(out, rows[i].name, one(&rows[i], source));
	}
	return out;
}

static js *utilization_of(const js *metric, const char *what)
{
	const js *r = js_obj(metric, "resource", NULL);

	if (strcmp(js_str0(metric, "type", NULL), "Resource") || strcmp(js_str0(r, "name", NULL), "cpu"))
		return NULL;
	return js_get(r, what, "averageUtilization", NULL);
}

static js *cpu_metric(const char *what, js *utilization)
{
	js *metric = js_new_obj(), *resource = js_ensure(metric, "resource", NULL);

	js_set_str(metric, "type", "Resource");
	js_set_str(resource, "name", "cpu");
	if (!strcmp(what, "target"))
		js_set_str(js_ensure(resource, what, NULL), "type", "Utilization");
	js_set(js_ensure(resource, what, NULL), "averageUtilization", utilization);
	return metric;
}

/* ---- names of Go's fields ---- */

static const char *const behavior_fields[] = {
	"scaleUp",	"scaleDown", "stabilizationWindowSeconds",
	"selectPolicy", "policies",  "tolerance",
	"type",		"value",     "periodSeconds",
};

/* Go writes a capital where a struct says nothing else, and reads a name in any letters. */
static char *go_name(const char *key)
{
	char *name = mem_strdup(key);

	*name = (char)toupper((unsigned char)*name);
	return name;
}

static char *field_name(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(behavior_fields); i++)
		if (!strcasecmp(key, behavior_fields[i]))
			return mem_strdup(behavior_fields[i]);
	return mem_strdup(key);
}

/* The same with other names of fields, all the way down. */
static js *renamed(const js *in, char *(*name)(const char *))
{
	js *out;

	if (js_is_arr(in)) {
		out = js_new_arr();
		js_array_for_each (v, in)
			js_push(out, renamed(v, name));
		return out;
	}
	if (!js_is_obj(in))
		return in ? js_dup(in) : NULL;
	out = js_new_obj();
	for (struct js_iter it = js_iter(in); js_next(&it);) {
		autofree char *key = name(it.key);
		js_set(out, key, renamed(it.value, name));
	}
	return out;
}

static void nulls_for_absent(js *rules)
{
	static const char *const fields[] = {"StabilizationWindowSeconds", "SelectPolicy", "Policies",
					     "Tolerance"};
	js *all = js_new_obj();

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const js *v = js_field(rules, fields[i]);
		js_set(all, fields[i], v ? js_dup(v) : NULL);
	}
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) { /* in that order */
		js_del(rules, fields[i]);
		js_set(rules, fields[i], js_take(all, fields[i]));
	}
	js_autoput(&all);
}

static js *behavior_to_v1(const js *behavior)
{
	static const char *const directions[] = {"ScaleUp", "ScaleDown"};
	js *out = renamed(behavior, go_name);

	for (size_t i = 0; i < ARRAY_LEN(directions); i++) {
		js *rules = js_obj(out, directions[i], NULL);
		if (rules)
			nulls_for_absent(rules);
		else
			js_set(out, directions[i], NULL);
	}
	return out;
}

/* ---- annotations ---- */

static void annotate(js *out, const char *key, js *value)
{
	autobuf struct buf text = BUF_INIT;

	js_write(&text, value);
	js_set_str(js_ensure(out, "metadata", "annotations", NULL), key, buf_str(&text));
	js_autoput(&value);
}

void hpa_drop_annotations(js *out)
{
	js *m = js_obj(out, "metadata", NULL), *list = js_obj(m, "annotations", NULL);

	for (size_t i = 0; list && i < ARRAY_LEN(annotations); i++)
		js_del(list, annotations[i]);
	if (list && !js_len(list))
		js_del(m, "annotations");
}

/* What does not parse says nothing. */
static js *annotation(const js *o, const char *key)
{
	struct err ignore = ERR_INIT;
	const char *text = js_str(o, "metadata", "annotations", key, NULL);

	return text ? js_parse(text, strlen(text), NULL, &ignore) : NULL;
}

static const struct type *type_at(const struct kind *k, const char *part, const char *field)
{
	const struct field *f = schema_field(k->type, part);

	f = f ? schema_field(f->type, field) : NULL;
	return f ? f->type : NULL;
}

/* Into out.part.field, when it is such a thing. Takes v. */
static bool adopt(js *out, const struct kind *k, const char *part, const char *field, js *v)
{
	struct err ignore = ERR_INIT;
	const struct type *t = type_at(k, part, field);
	js *good = t && v ? schema_decode(t, v, NULL, &ignore) : NULL;

	js_autoput(&v);
	if (good)
		js_set(js_ensure(out, part, NULL), field, good);
	return good;
}

/* ---- to v1 ---- */

static void metrics_to_v1(js *out, const js *metrics)
{
	js *others = js_new_arr(), *cpu = NULL;

	js_array_for_each (m, metrics) {
		js *target = utilization_of(m, "target");
		if (!target)
			js_push(others, metric_convert(specs, m, source_to_v1));
		else if (!cpu)
			cpu = target;
	}
	if (cpu)
		js_set(js_ensure(out, "spec", NULL), "targetCPUUtilizationPercentage", js_dup(cpu));
	if (js_len(others))
		annotate(out, METRICS, others);
	else
		js_autoput(&others);
}

static void current_to_v1(js *out, const js *metrics)
{
	js *all = js_new_arr();

	js_array_for_each (m, metrics) {
		js *cpu = utilization_of(m, "current");
		if (cpu)
			js_set(js_ensure(out, "status", NULL), "currentCPUUtilizationPercentage",
			       js_dup(cpu));
		js_push(all, metric_convert(statuses, m, source_to_v1));
	}
	if (js_len(all))
		annotate(out, CURRENT, all);
	else
		js_autoput(&all);
}

static js *to_v1(const struct kind *from, const struct kind *to, const js *o)
{
	js *out = schema_convert(from, to, o);
	js *spec = js_obj(out, "spec", NULL), *status = js_obj(out, "status", NULL);
	const js *behavior = js_obj(o, "spec", "behavior", NULL),
		 *conditions = js_arr(o, "status", "conditions", NULL);

	hpa_drop_annotations(out);
	if (spec)
		js_del(spec, "metrics"), js_del(spec, "behavior");
	if (status)
		js_del(status, "currentMetrics"), js_del(status, "conditions");
	metrics_to_v1(out, js_arr(o, "spec", "metrics", NULL));
	current_to_v1(out, js_arr(o, "status", "currentMetrics", NULL));
	if (behavior)
		annotate(out, BEHAVIOR, behavior_to_v1(behavior));
	if (js_len(conditions))
		annotate(out, CONDITIONS, js_dup(conditions));
	if (status && !js_field(status, "currentReplicas"))
		js_set_int(status, "currentReplicas", 0);
	return out;
}

/* ---- to v2 ---- */

static js *metrics_of(const js *o, const char *key, const struct hpa_words *rows)
{
	autojson js *list = annotation(o, key);

	if (!js_is_arr(list))
		return NULL;
	js *out = js_new_arr();
	js_array_for_each (m, list)
		js_push(out, metric_convert(rows, m, source_to_v2));
	return out;
}

static void spec_to_v2(const struct kind *k, js *out, const js *o)
{
	js *spec = js_ensure(out, "spec", NULL),
	   *cpu = js_get(o, "spec", "targetCPUUtilizationPercentage", NULL);

	js_del(spec, "targetCPUUtilizationPercentage");
	adopt(out, k, "spec", "metrics", metrics_of(o, METRICS, specs));
	js *metrics = js_ensure_arr(spec, "metrics");
	if (cpu)
		js_push(metrics, cpu_metric("target", js_dup(cpu)));
	if (!js_len(metrics))
		js_push(metrics, cpu_metric("target", js_new_int(DEFAULT_CPU)));
	autojson js *behavior = annotation(o, BEHAVIOR);
	if (js_len(behavior))
		adopt(out, k, "spec", "behavior", renamed(behavior, field_name));
}

static void status_to_v2(const struct kind *k, js *out, const js *o)
{
	js *status = js_ensure(out, "status", NULL),
	   *cpu = js_get(o, "status", "currentCPUUtilizationPercentage", NULL);

	js_del(status, "currentCPUUtilizationPercentage");
	if (!js_int(status, 0, "currentReplicas", NULL))
		js_del(status, "currentReplicas");
	js_set(status, "currentMetrics", NULL);
	if (cpu)
		js_push(js_ensure_arr(status, "currentMetrics"), cpu_metric("current", js_dup(cpu)));
	adopt(out, k, "status", "currentMetrics", metrics_of(o, CURRENT, statuses));
	adopt(out, k, "status", "conditions", annotation(o, CONDITIONS));
}

static js *to_v2(const struct kind *from, const struct kind *to, const js *o)
{
	js *out = schema_convert(from, to, o);

	spec_to_v2(to, out, o);
	status_to_v2(to, out, o);
	hpa_drop_annotations(out);
	return out;
}

js *hpa_convert(const struct kind *from, const struct kind *to, const js *o)
{
	return (to == to->storage_kind ? to_v2 : to_v1)(from, to, o);
}
