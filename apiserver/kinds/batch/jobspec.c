/* SPDX-License-Identifier: Apache-2.0 */
#include "kinds/batch/jobspec.h"

#include "kinds/podspec/podspec.h"
#include "object/name.h"

#define INDEXED_PARALLELISM_MAX 100000
#define INDEXED_FAILED_MAX 100000
#define MANY_COMPLETIONS 100000 /* beyond it there are fewer of other things */
#define MANY_PARALLELISM_MAX 10000
#define MANY_FAILED_MAX 10000
#define MANAGED_BY_MAX 63

/* ---- indexes ---- */

static void above(const js *spec, const char *base, const char *field, int64_t max, const char *when,
		  struct field_errors *errs)
{
	const js *v = js_field(spec, field);

	if (!v || js_int(v, 0, NULL) <= max)
		return;
	autofree char *detail = mem_printf("must be less than or equal to %lld%s", (long long)max, when);
	field_error_invalid(errs, PATH("%s.%s", base, field), v, detail);
}

static void check_many(const js *spec, const char *base, struct field_errors *errs)
{
	static const char when[] = " when completions are above 100000 and used with backoff limit per index";

	if (!js_field(spec, "maxFailedIndexes"))
		field_error_required(errs, PATH("%s.maxFailedIndexes", base),
				     "must be specified when completions is above 100000");
	above(spec, base, "parallelism", MANY_PARALLELISM_MAX, when, errs);
	above(spec, base, "maxFailedIndexes", MANY_FAILED_MAX, when, errs);
}

static void check_indexed(const js *spec, const char *base, struct field_errors *errs)
{
	const js *completions = js_field(spec, "completions"), *failed = js_field(spec, "maxFailedIndexes");
	int64_t n = js_int(completions, 0, NULL);

	if (!completions)
		field_error_required(errs, PATH("%s.completions", base), "when completion mode is Indexed");
	above(spec, base, "parallelism", INDEXED_PARALLELISM_MAX, " when completion mode is Indexed", errs);
	if (completions && failed && js_int(failed, 0, NULL) > n)
		field_error_invalid(errs, PATH("%s.maxFailedIndexes", base), failed,
				    "must be less than or equal to completions");
	above(spec, base, "maxFailedIndexes", INDEXED_FAILED_MAX, "", errs);
	if (n > MANY_COMPLETIONS && js_field(spec, "backoffLimitPerIndex"))
		check_many(spec, base, errs);
}

static void check_plain(const js *spec, const char *base, struct field_errors *errs)
{
	static const char *const indexed[] = {"backoffLimitPerIndex", "maxFailedIndexes"};

	for (size_t i = 0; i < ARRAY_LEN(indexed); i++)
		if (js_field(spec, indexed[i]))
			field_error_invalid(errs, PATH("%s.%s", base, indexed[i]), js_field(spec, indexed[i]),
					    "requires indexed completion mode");
}

/* ---- who reconciles it ---- */

static bool is_path(const char *s)
{
	return !s[strspn(s,
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-._~%!$&'()*+,;=:")];
}

/* A path below a domain. */
static void check_manager(const char *s, const char *path, struct field_errors *errs)
{
	const char *slash = strchr(s, '/');
	struct name_faults bad;

	if (!*s) {
		field_error_required(errs, path, "");
	} else if (!slash || slash == s || !slash[1]) {
		field_error_invalid_str(errs, path, s,
					"must be a domain-prefixed path (such as \"acme.io/foo\")");
	} else {
		autofree char *host = mem_strndup(s, (size_t)(slash - s));
		if (name_check_dns1123_subdomain(host, &bad))
			field_error_names(errs, path, host, &bad);
		if (!is_path(slash + 1))
			field_error_invalid_str(
				errs, path, slash + 1,
				"Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
	}
	if (strlen(s) > MANAGED_BY_MAX)
		field_error_too_long(errs, path, MANAGED_BY_MAX);
}

/* ---- the whole ---- */

static void check_restarts(const js *spec, const char *base, struct field_errors *errs)
{
	static const char *const supported[] = {"OnFailure", "Never", NULL};
	const char *policy = js_str0(spec, "template", "spec", "restartPolicy", NULL);
	const char *path = PATH("%s.template.spec.restartPolicy", base);

	errs->look = '9';
	if (!*policy || !strcmp(policy, "Always")) {
		field_error_required(errs, path, "valid values: \"OnFailure\", \"Never\"");
	} else if (strcmp(policy, "OnFailure") && strcmp(policy, "Never")) {
		field_error_not_supported(errs, path, policy, supported);
	} else if (strcmp(policy, "Never") && js_obj(spec, "podFailurePolicy", NULL)) {
		field_error_invalid_str(errs, path, policy,
					"only \"Never\" is supported when podFailurePolicy is specified");
	}
	errs->look = 0;
}

void jobspec_validate(const js *spec, const char *base, struct field_errors *errs)
{
	const char *manager = js_str(spec, "managedBy", NULL), *mode = js_str(spec, "completionMode", NULL);

	if (js_field(spec, "maxFailedIndexes") && !js_field(spec, "backoffLimitPerIndex"))
		field_error_required(errs, PATH("%s.backoffLimitPerIndex", base),
				     "when maxFailedIndexes is specified");
	if (manager)
		check_manager(manager, PATH("%s.managedBy", base), errs);
	errs->look = 'i';
	if (mode && !strcmp(mode, "Indexed"))
		check_indexed(spec, base, errs);
	else if (!mode || !strcmp(mode, "NonIndexed"))
		check_plain(spec, base, errs);
	errs->look = 0;
	jobspec_check_policies(spec, base, errs);
	podspec_validate_template(js_obj(spec, "template", NULL), PATH("%s.template", base), errs);
	check_restarts(spec, base, errs);
}

void jobspec_warn(const struct strategy_ctx *ctx, const js *spec, const char *base)
{
	const js *template = js_obj(spec, "template", NULL);

	if (!strcmp(js_str0(spec, "completionMode", NULL), "Indexed") &&
	    js_int(spec, 0, "completions", NULL) > MANY_COMPLETIONS &&
	    js_int(spec, 0, "parallelism", NULL) > MANY_PARALLELISM_MAX)
		strategy_warn(
			ctx,
			"%s: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail",
			base);
	podspec_warn(ctx, js_obj(template, "metadata", NULL), js_obj(template, "spec", NULL),
		     PATH("%s.template.", base));
}
