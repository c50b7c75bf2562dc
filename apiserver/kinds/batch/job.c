/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs (kubernetes/kubernetes pkg/registry/batch/job, pkg/apis/batch). The server makes a selector that no other Job has:
 * the Job's own uid, as a label of its Pods.
 */
#include "kinds/advice.h"
#include "kinds/batch/jobspec.h"
#include "kinds/check.h"
#include "kinds/podspec/podspec.h"
#include "kinds/strategies.h"
#include "object/labels.h"
#include "object/name.h"

#define BACKOFF_LIMIT 6

/* Labels of the Pods: the Job's name and uid, each under an old and under a new key. */
static const struct {
	const char *key, *of; /* a field of the metadata */
	bool prefixed;
} own_labels[] = {
	{"controller-uid", "uid", false},
	{"job-name", "name", false},
	{"batch.kubernetes.io/controller-uid", "uid", true},
	{"batch.kubernetes.io/job-name", "name", true},
};

static bool is_manual(const js *o)
{
	return js_bool(o, false, "spec", "manualSelector", NULL);
}

/* ---- defaults ---- */

static void default_int(js *spec, const char *key, int64_t value)
{
	if (!js_field(spec, key))
		js_set_int(spec, key, value);
}

static void default_text(js *spec, const char *key, const char *value)
{
	if (!js_field(spec, key))
		js_set_str(spec, key, value);
}

static void default_flag(js *spec, const char *key)
{
	if (!js_field(spec, key))
		js_set_bool(spec, key, false);
}

/* Jobs alone get these: what a CronJob's template leaves out is filled in when its Jobs are made. */
static void job_default(js *o)
{
	js *spec = js_obj(o, "spec", NULL), *meta = js_ensure(o, "metadata", NULL);
	const js *labels = js_obj(spec, "template", "metadata", "labels", NULL);

	if (!spec)
		return;
	if (js_obj(spec, "template", "spec", NULL))
		podspec_default(js_obj(spec, "template", "spec", NULL), false);
	if (!js_field(spec, "completions") && !js_field(spec, "parallelism"))
		js_set_int(spec, "completions", 1);
	default_int(spec, "parallelism", 1);
	default_int(spec, "backoffLimit", js_field(spec, "backoffLimitPerIndex") ? INT32_MAX : BACKOFF_LIMIT);
	if (js_len(labels) && !js_len(js_obj(meta, "labels", NULL)))
		js_set(meta, "labels", json_object_get((js *)labels)); /* the same ones until job_prepare */
	default_text(spec, "completionMode", "NonIndexed");
	default_flag(spec, "suspend");
	default_text(spec, "podReplacementPolicy",
		     js_field(spec, "podFailurePolicy") ? "Failed" : "TerminatingOrFailed");
	default_flag(spec, "manualSelector");
}

/* What the client has set stays; when it is wrong, validation says so. */
static void make_selector(js *o)
{
	const js *meta = js_obj(o, "metadata", NULL);
	js *labels = js_ensure(o, "spec", "template", "metadata", "labels", NULL),
	   *match = js_ensure(o, "spec", "selector", "matchLabels", NULL);

	for (size_t i = 0; i < ARRAY_LEN(own_labels); i++)
		if (!js_field(labels, own_labels[i].key))
			js_set_str(labels, own_labels[i].key, js_str0(meta, own_labels[i].of, NULL));
	if (!js_field(match, "batch.kubernetes.io/controller-uid"))
		js_set_str(match, "batch.kubernetes.io/controller-uid", js_str0(meta, "uid", NULL));
}

/* A Job without labels has its template's, those that are made for it, too. */
static void job_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	js *meta = js_ensure(new, "metadata", NULL), *labels = js_obj(meta, "labels", NULL);
	bool none = !js_len(labels) || labels == js_obj(new, "spec", "template", "metadata", "labels", NULL);

	podspec_drop_of_template(new, old);
	if (!old && !is_manual(new))
		make_selector(new);
	labels = js_obj(new, "spec", "template", "metadata", "labels", NULL);
	if (none && js_len(labels))
		js_set(meta, "labels", js_dup(labels));
	if (!old)
		js_set(new, "status", js_new_obj());
}

/* ---- what may be ---- */

static void check_label(const js *labels, const char *key, const char *want, struct field_errors *errs)
{
	const char *value = js_str(labels, key, NULL), *path = PATH("spec.template.metadata.labels[%s]", key);
	autofree char *detail = mem_printf("must be '%s'", want);

	if (!value)
		field_error_required(errs, path, detail);
	else if (strcmp(value, want))
		field_error_invalid(errs, path, labels, detail);
}

static bool selects(const js *selector, const js *map)
{
	struct err ignore = ERR_INIT;
	struct selector *s = selector_from_json(selector, &ignore);
	autofree struct labels *l = labels_new(map);
	bool yes = !s || selector_matches(s, l); /* one that is none is reported elsewhere */

	selector_free(s);
	return yes;
}

/* The labels that the server made are there, and the selector means them. `prefixed`: the newer keys, too. */
static void check_generated(const js *o, bool prefixed, struct field_errors *errs)
{
	const js *selector = js_obj(o, "spec", "selector", NULL), *meta = js_obj(o, "metadata", NULL);
	const js *labels = js_obj(o, "spec", "template", "metadata", "labels", NULL);
	autojson js *expected = js_new_obj();

	if (is_manual(o) || !selector)
		return;
	for (size_t i = 0; i < ARRAY_LEN(own_labels); i++) {
		if (own_labels[i].prefixed && !prefixed)
			continue;
		const char *want = js_str0(meta, own_labels[i].of, NULL);
		check_label(labels, own_labels[i].key, want, errs);
		js_set_str(expected, own_labels[i].key, want);
	}
	if (!selects(selector, expected))
		field_error_invalid(errs, "spec.selector", selector, "`selector` not auto-generated");
}

static void check_selector(const js *spec, struct field_errors *errs)
{
	const js *selector = js_obj(spec, "selector", NULL),
		 *labels = js_obj(spec, "template", "metadata", "labels", NULL);

	if (!selector)
		field_error_required(errs, "spec.selector", "");
	check_label_selector(selector, "spec.selector", errs);
	errs->look = 'm';
	if (!selects(selector, labels))
		field_error_invalid(errs, "spec.template.metadata.labels", labels,
				    "`selector` does not match template `labels`");
	errs->look = 0;
}

/* The Pod of the last index is called by the Job's name and the index. */
static void check_hostname(const js *o, struct field_errors *errs)
{
	const char *name = js_str0(o, "metadata", "name", NULL);
	int64_t n = js_int(o, 0, "spec", "completions", NULL);
	struct name_faults bad;

	if (strcmp(js_str0(o, "spec", "completionMode", NULL), "Indexed") || n <= 0)
		return;
	autofree char *host = mem_printf("%s-%lld", name, (long long)n - 1);
	if (!name_check_dns1123_label(host, &bad))
		return;
	autofree char *detail = mem_printf("will not able to create pod with invalid DNS label: %s", host);
	field_error_invalid_str(errs, "metadata.name", name, detail);
}

/* ---- what may change ---- */

static void fixed(const js *new, const js *old, const char *field, struct field_errors *errs)
{
	if (!js_equal(js_field(new, field), js_field(old, field)))
		field_error_invalid(errs, PATH("spec.%s", field), js_field(new, field), "field is immutable");
}

static void check_completions(const js *new, const js *old, struct field_errors *errs)
{
	const js *is = js_field(new, "completions");

	if (strcmp(js_str0(new, "completionMode", NULL), "Indexed"))
		fixed(new, old, "completions", errs);
	else if (is && !js_equal(is, js_field(old, "completions")) &&
		 !js_equal(is, js_field(new, "parallelism")))
		field_error_invalid(errs, "spec.completions", is,
				    "can only be modified in tandem with spec.parallelism");
}

/* Where the Pods may run can change while there have been none: the old template with that of the new one. */
static js *relocated(const js *old, const js *new)
{
	static const char *const in_spec[] = {"nodeSelector", "tolerations", "schedulingGates"};
	static const char *const in_meta[] = {"annotations", "labels"};
	js *ret = js_dup(old), *spec = js_ensure(ret, "spec", NULL), *meta = js_ensure(ret, "metadata", NULL);
	const js *from = js_obj(new, "spec", NULL);
	const js *affinity = js_obj(from, "affinity", NULL);

	for (size_t i = 0; i < ARRAY_LEN(in_spec); i++)
		strategy_carry(spec, from, in_spec[i]);
	for (size_t i = 0; i < ARRAY_LEN(in_meta); i++)
		strategy_carry(meta, js_obj(new, "metadata", NULL), in_meta[i]);
	if (affinity)
		strategy_carry(js_ensure(spec, "affinity", NULL), affinity, "nodeAffinity");
	else if (js_obj(spec, "affinity", NULL))
		js_del(js_obj(spec, "affinity", NULL), "nodeAffinity");
	if (!affinity && !js_len(js_obj(spec, "affinity", NULL)))
		js_del(spec, "affinity");
	return ret;
}

static void check_template(const js *new, const js *old, struct field_errors *errs)
{
	const js *is = js_get(new, "spec", "template", NULL), *was = js_get(old, "spec", "template", NULL);
	bool waits =
		js_bool(old, false, "spec", "suspend", NULL) && !js_get(old, "status", "startTime", NULL);
	autojson js *moved = waits && is && was ? relocated(was, is) : NULL;

	if (!js_equal(is, moved ? moved : was))
		field_error_invalid(errs, "spec.template", is, "field is immutable");
}

static void check_update(const js *new, const js *old, struct field_errors *errs)
{
	static const char *const fields[] = {"completionMode", "podFailurePolicy", "backoffLimitPerIndex",
					     "managedBy", "successPolicy"};
	const js *is = js_obj(new, "spec", NULL), *was = js_obj(old, "spec", NULL);

	check_completions(is, was, errs);
	fixed(is, was, "selector", errs);
	check_template(new, old, errs);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		fixed(is, was, fields[i], errs);
}

static bool had_prefixed(const js *old)
{
	const js *labels = js_obj(old, "spec", "template", "metadata", "labels", NULL);

	return js_field(labels, "batch.kubernetes.io/job-name") &&
	       js_field(labels, "batch.kubernetes.io/controller-uid");
}

static void job_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			 struct field_errors *errs)
{
	const js *spec = js_obj(new, "spec", NULL);

	if (!strcmp(ctx->subresource, "status")) {
		errs->look = '3';
		job_validate_status(new, old, errs);
		errs->look = 0;
		return;
	}
	errs->look = 'g';
	check_generated(new, !old || had_prefixed(old), errs);
	errs->look = 0;
	jobspec_validate(spec, "spec", errs);
	check_selector(spec, errs);
	errs->look = 'n';
	check_hostname(new, errs);
	errs->look = 'u';
	if (old)
		check_update(new, old, errs);
	errs->look = 0;
}

static void job_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	if (old &&
	    js_int(new, 0, "metadata", "generation", NULL) == js_int(old, 0, "metadata", "generation", NULL))
		return;
	if (!old)
		advice_name(ctx, new, "Pod names and hostnames");
	jobspec_warn(ctx, js_obj(new, "spec", NULL), "spec");
}

const struct strategy job_strategy = {
	.group = "batch",
	.kind = "Job",
	.flags = STRATEGY_ORPHANS,
	.orphan_warning =
		"child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
		"propagationPolicy=Orphan to suppress this warning",
	.prepare = job_prepare,
	.default_more = job_default,
	.warn = job_warn,
	.validate = job_validate,
};
