/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events, stored in their core form whichever version they were written in (kubernetes/kubernetes
 * pkg/apis/core/validation/events.go). An event lives in the namespace of the object it is about; those about
 * cluster-scoped objects live in "default". Who writes them as events.k8s.io/v1 is held to more; errors name the fields of
 * the core form there, too.
 */
#include <stdio.h>
#include "kinds/strategies.h"
#include "object/name.h"

/* Fields that an event with a time of its own must have, and how long they may be. */
static const struct limit {
	const char *field, *path; /* path: as errors call it */
	size_t max;		  /* 0: any */
	bool required;
} limits[] = {
	{"reportingInstance", "reportingInstance", 128, true},
	{"action", "action", 128, true},
	{"reason", "reason", 128, true},
	{"message", "message", 1024, false},
};

static void validate_limit(const struct limit *l, const js *o, struct field_errors *errs)
{
	const char *s = js_str0(o, l->field, NULL);
	char detail[64];

	if (l->required && !*s)
		field_error_required(errs, l->path, "");
	snprintf(detail, sizeof(detail), "can have at most %zu characters", l->max);
	if (strlen(s) > l->max)
		field_error_invalid_str(errs, l->path, "", detail);
}

/* The old version calls it by the name that it has there. */
static void validate_reporter(const struct strategy_ctx *ctx, const js *o, struct field_errors *errs)
{
	const char *reporter = js_str0(o, "reportingComponent", NULL);
	const char *path = ctx->kind && *ctx->kind->group ? "reportingController" : "reportingComponent";
	struct name_faults bad;

	if (!*reporter)
		field_error_required(errs, path, "");
	if (name_check_qualified(reporter, &bad))
		field_error_names(errs, path, reporter, &bad);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		validate_limit(&limits[i], o, errs);
}

static void validate_namespace(const js *o, bool timed, struct field_errors *errs)
{
	const char *ns = js_str0(o, "metadata", "namespace", NULL);
	const char *about = js_str0(o, "involvedObject", "namespace", NULL);

	if (*about ? !timed && strcmp(ns, about)
		   : strcmp(ns, "default") && (!timed || strcmp(ns, "kube-system")))
		field_error_invalid_str(errs, "involvedObject.namespace", about,
					"does not match event.namespace");
}

static void validate_series(const js *o, struct field_errors *errs)
{
	const js *series = js_obj(o, "series", NULL);

	if (!series)
		return;
	if (js_int(series, 0, "count", NULL) < 2)
		field_error_invalid_str(errs, "series.count", "", "should be at least 2");
	if (!js_field(series, "lastObservedTime"))
		field_error_required(errs, "series.lastObservedTime", "");
}

static void validate_new_create(const js *o, struct field_errors *errs)
{
	static const char *const unset[] = {"firstTimestamp", "lastTimestamp", "count"};
	const char *type = js_str0(o, "type", NULL);

	validate_series(o, errs);
	if (!js_field(o, "eventTime"))
		field_error_required(errs, "eventTime", "");
	if (strcmp(type, "Normal") && strcmp(type, "Warning")) {
		autofree char *detail = mem_printf("has invalid value: %s", type);
		field_error_invalid_str(errs, "type", "", detail);
	}
	for (size_t i = 0; i < ARRAY_LEN(unset); i++)
		if (js_field(o, unset[i]))
			field_error_invalid_str(errs, unset[i], "", "needs to be unset");
	if (*js_str0(o, "source", "component", NULL) || *js_str0(o, "source", "host", NULL))
		field_error_invalid_str(errs, "source", "", "needs to be unset");
}

/* Only the series of an event goes on. */
static void validate_new_update(const js *new, const js *old, struct field_errors *errs)
{
	static const char *const fixed[][2] = {
		{"involvedObject", "involvedObject"},
		{"reason", "reason"},
		{"message", "message"},
		{"source", "source"},
		{"firstTimestamp", "firstTimestamp"},
		{"lastTimestamp", "lastTimestamp"},
		{"count", "count"},
		{"type", "type"},
		{"eventTime", "eventTime"},
		{"action", "action"},
		{"related", "related"},
		{"reportingComponent", "reportingController"},
		{"reportingInstance", "reportingInstance"},
	};

	if (!js_equal(js_field(new, "series"), js_field(old, "series")))
		validate_series(new, errs);
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		if (!js_equal(js_field(new, fixed[i][0]), js_field(old, fixed[i][0])))
			field_error_invalid(errs, fixed[i][1], js_field(new, fixed[i][0]),
					    "field is immutable");
}

/* What a name is made from: a dash at its end is not the name's. */
static void validate_base(const char *base, struct field_errors *errs)
{
	autofree char *text = mem_strdup(base);
	size_t n = strlen(base);
	struct name_faults bad;

	if (n > 1 && text[n - 1] == '-')
		text[n - 1] = 'a';
	if (n && name_check_dns1123_subdomain(text, &bad))
		field_error_names(errs, "metadata.generateName", base, &bad);
}

static void event_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			   struct field_errors *errs)
{
	bool timed = js_get(new, "eventTime", NULL);
	const char *name = js_str0(new, "metadata", "name", NULL);

	validate_namespace(new, timed, errs);
	if (timed)
		validate_reporter(ctx, new, errs);
	if (!ctx->kind || !*ctx->kind->group)
		return;
	struct name_faults bad;
	validate_base(js_str0(new, "metadata", "generateName", NULL), errs);
	if (*name && name_check_dns1123_subdomain(name, &bad))
		field_error_names(errs, "metadata.name", name, &bad);
	if (old)
		validate_new_update(new, old, errs);
	else
		validate_new_create(new, errs);
}

const struct strategy event_strategy = {
	.group = "",
	.kind = "Event",
	.flags = STRATEGY_CREATE_ON_UPDATE | STRATEGY_NO_DEPENDENTS | STRATEGY_FREE_FINALIZERS,
	.validate = event_validate,
};
