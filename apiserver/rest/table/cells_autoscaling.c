/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of autoscalers: what is aimed at, beside what was measured (pkg/printers/internalversion formatHPAMetrics). */
#include "rest/table/cells.h"
#include "object/quantity.h"

#include <string.h>

#define SHOWN 2 /* of the metrics */

static const struct hpa_cell {
	const char *type, *field;
	bool named;   /* the resource's name stands in front */
	bool average; /* of two numbers the mean is shown, and called so */
} sources[] = {
	{"External", "external", false, true},
	{"Object", "object", false, true},
	{"Pods", "pods", false, false},
	{"Resource", "resource", true, false},
	{"ContainerResource", "containerResource", true, false},
};

static void add_percent(struct buf *b, const js *v, const char *none)
{
	if (v)
		buf_addf(b, "%lld%%", (long long)json_object_get_int64((js *)v));
	else
		buf_adds(b, none);
}

static void add_value(struct buf *b, const js *v, const char *none)
{
	buf_adds(b, v ? js_str0(v, NULL) : none);
}

static void add_metric(struct buf *b, const struct hpa_cell *s, const js *spec, const js *status)
{
	const js *target = js_obj(spec, s->field, "target", NULL),
		 *current = js_obj(status, s->field, "current", NULL);
	bool mean = js_field(target, "averageValue");

	if (s->named)
		buf_addf(b, "%s: ", js_str0(spec, s->field, "name", NULL));
	if (s->named && !mean) {
		add_percent(b, js_field(current, "averageUtilization"), CELL_UNKNOWN);
		buf_addc(b, '/');
		add_percent(b, js_field(target, "averageUtilization"), "<auto>");
		return;
	}
	const char *field = mean || !s->average ? "averageValue" : "value";
	/* a status that does not say it has no mean, or no value at all */
	bool silent = (mean && s->average) || !js_obj(status, s->field, NULL);
	add_value(b, js_field(current, field), silent ? CELL_UNKNOWN : "<nil>");
	buf_addc(b, '/');
	add_value(b, js_field(target, field), "<nil>");
	if (mean && s->average)
		buf_adds(b, " (avg)");
}

static void cell_targets(struct buf *out, const struct cell *c)
{
	const js *specs = js_arr(c->o, "spec", "metrics", NULL),
		 *statuses = js_arr(c->o, "status", "currentMetrics", NULL);
	autobuf struct buf b = BUF_INIT;

	js_array_for_each (spec, specs) {
		const struct hpa_cell *s = NULL;
		if (spec_i == SHOWN)
			break;
		for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
			if (!strcmp(sources[i].type, js_str0(spec, "type", NULL)))
				s = &sources[i];
		buf_adds(&b, spec_i ? ", " : "");
		if (s)
			add_metric(&b, s, spec, js_at(statuses, spec_i));
		else
			buf_adds(&b, "<unknown type>");
	}
	if (js_len(specs) > SHOWN)
		buf_addf(&b, " + %zu more...", js_len(specs) - SHOWN);
	cell_text(out, &b, CELL_NONE);
}

static void cell_reference(struct buf *out, const struct cell *c)
{
	autobuf struct buf b = BUF_INIT;

	buf_addf(&b, "%s/%s", js_str0(c->o, "spec", "scaleTargetRef", "kind", NULL),
		 js_str0(c->o, "spec", "scaleTargetRef", "name", NULL));
	cell_text(out, &b, "");
}

static void cell_min(struct buf *out, const struct cell *c)
{
	if (js_get(c->o, "spec", "minReplicas", NULL))
		buf_addf(out, "\"%lld\"", (long long)js_int(c->o, 0, "spec", "minReplicas", NULL));
	else
		cell_str(out, "<unset>");
}

static void cell_replicas(struct buf *out, const struct cell *c)
{
	buf_addf(out, "%lld", (long long)js_int(c->o, 0, "status", "currentReplicas", NULL));
}

/* ---- what Pods use ---- */

static void put_sum(struct buf *out, const struct cell *c, const char *resource)
{
	struct quantity sum = {0}, one;
	char text[QUANTITY_TEXT_MAX];

	js_array_for_each (k, js_arr(c->o, "containers", NULL)) {
		struct err ignored = ERR_INIT;

		if (quantity_parse(js_str0(k, "usage", resource, NULL), &one, &ignored) < 0)
			continue;
		sum.nano += one.nano;
		sum.format = one.format;
	}
	quantity_format(&sum, text);
	cell_str(out, text);
}

static void cell_pod_cpu(struct buf *out, const struct cell *c)
{
	put_sum(out, c, "cpu");
}

static void cell_pod_memory(struct buf *out, const struct cell *c)
{
	put_sum(out, c, "memory");
}

const struct cell_row cells_autoscaling[] = {
	{"hpa_min", cell_min},
	{"hpa_reference", cell_reference},
	{"hpa_replicas", cell_replicas},
	{"hpa_targets", cell_targets},
	{"pod_metrics_cpu", cell_pod_cpu},
	{"pod_metrics_memory", cell_pod_memory},
	{NULL, NULL},
};
