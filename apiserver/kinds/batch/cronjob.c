/* SPDX-License-Identifier: Apache-2.0 */
/* CronJobs (kubernetes/kubernetes pkg/registry/batch/cronjob, pkg/apis/batch/validation). */
#include <strings.h>
#include "kinds/advice.h"
#include "kinds/batch/jobspec.h"
#include "kinds/podspec/podspec.h"
#include "kinds/strategies.h"
#include "object/cron/cron.h"
#include "object/cron/cron_zone.h"

#define NAME_MAX_BYTES 52 /* a Job's name adds a dash and ten digits to it */
#define ZONE_PART_MAX 14

static void cronjob_default(js *o)
{
	js *spec = js_obj(o, "spec", "jobTemplate", "spec", "template", "spec", NULL);

	if (spec)
		podspec_default(spec, false);
}

static void cronjob_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	podspec_drop_of_template(js_obj(new, "spec", "jobTemplate", NULL),
				 js_obj(old, "spec", "jobTemplate", NULL));
	if (!old)
		js_set(new, "status", js_new_obj());
}

/* ---- when ---- */

static void check_schedule(const js *spec, const js *old, struct field_errors *errs)
{
	const char *s = js_str0(spec, "schedule", NULL);
	bool zoned = strstr(s, "TZ"), may = strstr(js_str0(old, "schedule", NULL), "TZ");
	struct err why = ERR_INIT;
	struct cron parsed;

	if (!*s)
		return; /* the schema has said so */
	if (cron_parse(s, &parsed, &why) < 0)
		field_error_invalid_str(errs, "spec.schedule", s, why.msg);
	if (zoned && may && js_field(spec, "timeZone"))
		field_error_invalid_str(errs, "spec.schedule", s,
					"cannot use both timeZone field and TZ or CRON_TZ in schedule");
	else if (zoned && !may)
		field_error_invalid_str(errs, "spec.schedule", s,
					"cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
}

/* A part of a name such as Europe/Berlin. */
static bool is_zone_part(const char *s, size_t n)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.-_0123456789+";

	if (!n || n > ZONE_PART_MAX || *s == '-' || (n == 1 && *s == '.') || (n == 2 && !memcmp(s, "..", 2)))
		return false;
	return strspn(s, allowed) >= n;
}

static bool is_zone(const char *s)
{
	for (;; s++) {
		size_t n = strcspn(s, "/");
		if (!is_zone_part(s, n))
			return false;
		s += n;
		if (!*s)
			return true;
	}
}

static void check_zone(const char *zone, struct field_errors *errs)
{
	struct err why = ERR_INIT;

	if (!*zone) {
		field_error_invalid_str(errs, "spec.timeZone", zone,
					"timeZone must be nil or non-empty string");
		return;
	}
	if (!is_zone(zone)) {
		autofree char *detail = mem_printf("unknown time zone %s", zone);
		field_error_invalid_str(errs, "spec.timeZone", zone, detail);
		return;
	}
	if (!strcasecmp(zone, "Local"))
		field_error_invalid_str(
			errs, "spec.timeZone", zone,
			"timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
	if (cron_zone_check(zone, &why) < 0)
		field_error_invalid_str(errs, "spec.timeZone", zone, why.msg);
}

/* ---- the whole ---- */

static void check_template(const js *template, struct field_errors *errs)
{
	const js *spec = js_obj(template, "spec", NULL), *selector = js_obj(spec, "selector", NULL);

	jobspec_validate(spec, "spec.jobTemplate.spec", errs);
	if (selector)
		field_error_invalid(errs, "spec.jobTemplate.spec.selector", selector,
				    "`selector` will be auto-generated");
	if (js_bool(spec, false, "manualSelector", NULL))
		field_errors_add(errs, "FieldValueNotSupported",
				 mem_strdup("spec.jobTemplate.spec.manualSelector"),
				 mem_strdup("Unsupported value: true: supported values: \"nil\", \"false\""));
}

static void cronjob_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			     struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL), *was = js_obj(old, "spec", NULL);
	const char *name = js_str0(new, "metadata", "name", NULL), *zone = js_str(spec, "timeZone", NULL);

	if (*ctx->subresource)
		return;
	check_schedule(spec, was, errs);
	if (zone && (!old || strcmp(zone, js_str0(was, "timeZone", NULL)) || !js_field(was, "timeZone")))
		check_zone(zone, errs);
	check_template(js_obj(spec, "jobTemplate", NULL), errs);
	if (!old && strlen(name) > NAME_MAX_BYTES) {
		errs->look = 'n';
		field_error_invalid_str(errs, "metadata.name", name, "must be no more than 52 characters");
		errs->look = 0;
	}
}

static void cronjob_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	if (*ctx->subresource)
		return;
	if (!old)
		advice_name(ctx, new, "Pod names and hostnames");
	if (!old ||
	    js_int(new, 0, "metadata", "generation", NULL) != js_int(old, 0, "metadata", "generation", NULL))
		jobspec_warn(ctx, js_obj(new, "spec", "jobTemplate", "spec", NULL), "spec.jobTemplate.spec");
	if (strstr(js_str0(new, "spec", "schedule", NULL), "TZ"))
		strategy_warn(
			ctx,
			"cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details");
}

const struct strategy cronjob_strategy = {
	.group = "batch",
	.kind = "CronJob",
	.prepare = cronjob_prepare,
	.default_more = cronjob_default,
	.warn = cronjob_warn,
	.validate = cronjob_validate,
};
