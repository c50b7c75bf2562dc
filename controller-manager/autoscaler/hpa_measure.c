/* SPDX-License-Identifier: Apache-2.0 */
/* See hpa_measure.h. A type of metric is a row. Wordings are upstream's (podautoscaler/horizontal.go). */
#include "autoscaler/hpa_measure.h"

#include <stdlib.h>
#include <string.h>
#include "autoscaler/hpa.h"
#include "autoscaler/hpa_metrics.h"
#include "base/mem.h"
#include "control.h"

void hpa_proposal_release(struct hpa_proposal *p)
{
	free(p->name);
	free(p->cause);
	js_autoput(&p->status);
	*p = (struct hpa_proposal){0};
}

/* ---- small things ---- */

/* A quantity of the target; false when it is not there. */
static bool target_milli(const js *target, const char *key, int64_t *ret)
{
	struct err ignored = ERR_INIT;
	struct quantity q;
	const char *text = js_str(target, key, NULL);

	if (!text || quantity_parse(text, &q, &ignored) < 0)
		return false;
	*ret = quantity_milli(&q);
	return true;
}

static void set_milli(js *current, const char *key, int64_t milli, bool binary)
{
	struct quantity q = {.nano = (__int128)milli * 1000000,
			     .format = binary ? QUANTITY_BINARY_SI : QUANTITY_DECIMAL_SI};
	char text[QUANTITY_TEXT_MAX];

	quantity_format(&q, text);
	js_set_str(current, key, text);
}

static struct hpa_question question(const struct hpa_look *l, int32_t current, int64_t target)
{
	const struct hpa_config *c = hpa_get_config();

	return (struct hpa_question){.pods = &l->pods,
				     .current = current,
				     .target = target,
				     .tolerance = c->tolerance,
				     .resource = "",
				     .container = "",
				     .now_ns = l->now_ns,
				     .cpu_initialization_ns = c->cpu_initialization_ns,
				     .initial_readiness_ns = c->initial_readiness_ns};
}

/* status.TYPE.metric as the spec has it. */
static js *status_source(struct hpa_proposal *p, const char *type, const char *source, const js *spec)
{
	js_autoput(&p->status);
	p->status = js_new_obj();
	js_set_str(p->status, "type", type);
	js *s = js_ensure(p->status, source, NULL);

	if (js_obj(spec, "metric", NULL))
		js_set(s, "metric", js_dup(js_obj(spec, "metric", NULL)));
	return s;
}

/* As Go prints a *metav1.LabelSelector. */
static void print_selector(struct buf *out, const js *selector)
{
	if (!selector) {
		buf_adds(out, "nil");
		return;
	}
	buf_adds(out, "&LabelSelector{MatchLabels:map[string]string{");
	for (struct js_iter it = js_iter(js_obj(selector, "matchLabels", NULL)); js_next(&it);)
		buf_addf(out, "%s: %s,", it.key, js_str0(it.value, NULL));
	buf_adds(out, "},MatchExpressions:[]LabelSelectorRequirement{");
	js_array_for_each (e, js_arr(selector, "matchExpressions", NULL)) {
		const char *space = "";

		buf_addf(out, "LabelSelectorRequirement{Key:%s,Operator:%s,Values:[", js_str0(e, "key", NULL),
			 js_str0(e, "operator", NULL));
		js_array_for_each (v, js_arr(e, "values", NULL)) {
			buf_addf(out, "%s%s", space, js_str0(v, NULL));
			space = " ";
		}
		buf_adds(out, "],},");
	}
	buf_adds(out, "},}");
}

static char *selector_text(const js *metric)
{
	autobuf struct buf text = BUF_INIT;

	print_selector(&text, js_obj(metric, "selector", NULL));
	return mem_strdup(buf_str(&text));
}

static void name_external(struct hpa_proposal *p, const js *metric)
{
	autofree char *selector = selector_text(metric);

	p->name = mem_printf("external metric %s(%s)", js_str0(metric, "name", NULL), selector);
}

/* The condition tells the cause without what is put before it. */
static int wrap(struct hpa_proposal *p, struct err *err, const char *before, const char *name,
		const char *after)
{
	free(p->cause);
	p->cause = mem_strdup(err->msg);
	return err_wrap(err, "%s%s%s", before, name, after);
}

/* ---- Resource, ContainerResource ---- */

static int ask_resource(const struct hpa_look *l, struct hpa_question *q, const js *source, bool average,
			struct hpa_answer *a, struct err *err)
{
	const char *ns = l->hpa->base.meta.namespace;
	struct hpa_samples samples = {0};

	q->resource = js_str0(source, "name", NULL);
	q->container = js_str0(source, "container", NULL);
	int rc =
		hpa_metrics_resource(&samples, l->ctx->rest, ns, l->selector, q->resource, q->container, err);

	if (rc < 0)
		err_wrap(err, "unable to get metrics for resource %s", q->resource);
	else
		rc = (average ? hpa_replicas_of_usage : hpa_replicas_of_utilization)(q, samples.v, samples.n,
										     a, err);
	hpa_metrics_release(&samples);
	return rc;
}

static int measure_resource(const struct hpa_look *l, const js *source, struct hpa_proposal *p,
			    struct err *err)
{
	const js *target = js_obj(source, "target", NULL);
	const char *resource = js_str0(source, "name", NULL), *container = js_str(source, "container", NULL);
	int64_t aim;
	bool average = target_milli(target, "averageValue", &aim);

	if (!average)
		aim = js_int(target, 0, "averageUtilization", NULL);
	if (!average && !js_get(target, "averageUtilization", NULL))
		return err_set(err, REASON_INVALID,
			       "invalid resource metric source: neither an average utilization target nor an "
			       "average value (usage) target was set");
	struct hpa_question q = question(l, l->current, aim);
	struct hpa_answer a;

	if (ask_resource(l, &q, source, average, &a, err) < 0)
		return err_wrap(err, "failed to get %s %s", resource, average ? "usage" : "utilization");
	p->replicas = a.replicas;
	p->name = mem_printf(average ? "%s%s" : "%s%s utilization (percentage of request)", resource,
			     container && !average ? " container resource" : " resource");
	js *s = status_source(p, container ? "ContainerResource" : "Resource",
			      container ? "containerResource" : "resource", NULL);

	js_set_str(s, "name", resource);
	js_set_str(s, "container", container);
	js *current = js_ensure(s, "current", NULL);

	set_milli(current, "averageValue", a.usage, !strcmp(resource, "memory"));
	if (!average)
		js_set_int(current, "averageUtilization", a.utilization);
	return 0;
}

/* ---- Pods ---- */

static int measure_pods(const struct hpa_look *l, const js *source, struct hpa_proposal *p, struct err *err)
{
	const js *metric = js_obj(source, "metric", NULL);
	const char *name = js_str0(metric, "name", NULL);
	struct hpa_samples samples = {0};
	struct hpa_answer a;
	int64_t aim = 0;

	(void)target_milli(js_obj(source, "target", NULL), "averageValue", &aim);
	struct hpa_question q = question(l, l->current, aim);
	int rc = hpa_metrics_pods(&samples, l->ctx->rest, l->hpa->base.meta.namespace, l->selector, metric,
				  err);

	if (rc < 0)
		err_wrap(err, "unable to get metric %s", name);
	else
		rc = hpa_replicas_of_usage(&q, samples.v, samples.n, &a, err);
	hpa_metrics_release(&samples);
	if (rc < 0)
		return -1;
	p->replicas = a.replicas;
	p->name = mem_printf("pods metric %s", name);
	set_milli(js_ensure(status_source(p, "Pods", "pods", source), "current", NULL), "averageValue",
		  a.usage, false);
	return 0;
}

/* ---- Object, External: an amount for all ---- */

/* Aimed at as a whole, or per Pod. */
static int judge_total(const struct hpa_look *l, int64_t amount, bool whole, int64_t aim,
		       struct hpa_proposal *p, js *status, struct err *err)
{
	struct hpa_question q = question(l, whole ? l->current : l->observed, aim);
	struct hpa_answer a;

	if (!whole)
		hpa_replicas_of_share(&q, amount, &a);
	else if (hpa_replicas_of_total(&q, amount, &a, err) < 0)
		return -1;
	p->replicas = a.replicas;
	set_milli(js_ensure(status, "current", NULL), whole ? "value" : "averageValue", a.usage, false);
	return 0;
}

static int measure_object(const struct hpa_look *l, const js *source, struct hpa_proposal *p, struct err *err)
{
	const js *metric = js_obj(source, "metric", NULL), *object = js_obj(source, "describedObject", NULL),
		 *target = js_obj(source, "target", NULL);
	const char *ns = l->hpa->base.meta.namespace, *kind = js_str0(object, "kind", NULL),
		   *name = js_str0(metric, "name", NULL), *type = js_str0(target, "type", NULL);
	int64_t aim, amount;
	bool whole = !strcmp(type, "Value") && target_milli(target, "value", &aim);

	if (!whole && (strcmp(type, "AverageValue") != 0 || !target_milli(target, "averageValue", &aim)))
		return err_set(
			err, REASON_INVALID,
			"invalid object metric source: neither a value target nor an average value target was set");
	js *status = status_source(p, "Object", "object", source);

	js_set(status, "describedObject", js_dup(object));
	if (hpa_metrics_object(&amount, l->ctx->rest, l->kinds, ns, object, metric, err) < 0) {
		autofree char *why = mem_strdup(err->msg);

		err_set(err, err->reason, "unable to get metric %s: %s on %s %s/%s", name, why, kind, ns,
			js_str0(object, "name", NULL));
		return whole ? -1 : wrap(p, err, "failed to get ", name, " object metric");
	}
	if (judge_total(l, amount, whole, aim, p, status, err) < 0)
		return -1;
	if (whole)
		p->name = mem_printf("%s metric %s", kind, name);
	else
		name_external(p, metric);
	return 0;
}

static int ask_external(const struct hpa_look *l, const js *metric, int64_t *ret, struct err *err)
{
	const char *ns = l->hpa->base.meta.namespace;

	if (hpa_metrics_external(ret, l->ctx->rest, ns, metric, err) == 0)
		return 0;
	autofree char *selector = selector_text(metric);

	return err_wrap(err, "unable to get external metric %s/%s/%s", ns, js_str0(metric, "name", NULL),
			selector);
}

static int measure_external(const struct hpa_look *l, const js *source, struct hpa_proposal *p,
			    struct err *err)
{
	const js *metric = js_obj(source, "metric", NULL), *target = js_obj(source, "target", NULL);
	const char *name = js_str0(metric, "name", NULL);
	int64_t aim, amount;
	bool whole = !target_milli(target, "averageValue", &aim);

	if (whole && !target_milli(target, "value", &aim))
		return err_set(
			err, REASON_INVALID,
			"invalid external metric source: neither a value target nor an average value target was set");
	if (ask_external(l, metric, &amount, err) < 0 ||
	    judge_total(l, amount, whole, aim, p, status_source(p, "External", "external", source), err) < 0)
		return whole ? wrap(p, err, "failed to get external metric ", name, "")
			     : wrap(p, err, "failed to get ", name, " external metric");
	name_external(p, metric);
	return 0;
}

/* ---- all ---- */

static const struct type {
	const char *name, *source, *reason;
	int (*measure)(const struct hpa_look *l, const js *source, struct hpa_proposal *p, struct err *err);
	const char *what, *of; /* "failed to get WHAT", with the name that stands at `of` before it */
} types[] = {
	{"Object", "object", "FailedGetObjectMetric", measure_object, "object metric value", NULL},
	{"Pods", "pods", "FailedGetPodsMetric", measure_pods, "pods metric value", NULL},
	{"Resource", "resource", "FailedGetResourceMetric", measure_resource, "resource metric value",
	 "name"},
	{"ContainerResource", "containerResource", "FailedGetContainerResourceMetric", measure_resource,
	 "container metric value", "container"},
	{"External", "external", "FailedGetExternalMetric", measure_external, "external metric value",
	 "metric"},
};

static int failed(const struct hpa_look *l, struct hpa_proposal *p, const char *reason, struct err *err)
{
	js_autoput(&p->status);
	p->status = NULL;
	p->reason = reason;
	if (!p->cause)
		p->cause = mem_strdup(err->msg);
	control_event(l->ctx, &l->hpa->base, true, reason, "%s", p->cause);
	return -1;
}

static int failed_type(const struct hpa_look *l, const struct type *t, const js *source,
		       struct hpa_proposal *p, struct err *err)
{
	const js *of = t->of ? js_get(source, t->of, NULL) : NULL;
	const char *name = js_is_obj(of) ? js_str0(of, "name", NULL) : js_str0(of, NULL);

	(void)failed(l, p, t->reason, err);
	return err_wrap(err, "failed to get %s%s%s", name, *name ? " " : "", t->what);
}

int hpa_measure(const struct hpa_look *l, const js *metric, struct hpa_proposal *ret, struct err *err)
{
	const char *type = js_str0(metric, "type", NULL);

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		const js *source = js_obj(metric, types[i].source, NULL);

		if (strcmp(types[i].name, type) != 0)
			continue;
		return types[i].measure(l, source, ret, err) == 0
			       ? 0
			       : failed_type(l, &types[i], source, ret, err);
	}
	err_set(err, REASON_INVALID, "unknown metric source type \"%s\"", type);
	return failed(l, ret, "InvalidMetricSourceType", err);
}
