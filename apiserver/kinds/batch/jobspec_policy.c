/* SPDX-License-Identifier: Apache-2.0 */
/* What failures of Pods mean, and when a Job has succeeded early. */
#include <stdio.h>
#include "base/unique.h"
#include "kinds/batch/jobspec.h"
#include "object/name.h"

#define MAX_RULES 20
#define MAX_VALUES 255
#define MAX_PATTERNS 20
#define MAX_INDEXES (64 * 1024)

/* ---- failures ---- */

static void check_values(const js *codes, const char *path, struct field_errors *errs)
{
	const js *values = js_arr(codes, "values", NULL);
	bool in = !strcmp(js_str0(codes, "operator", NULL), "In"), ordered = true;
	autounique struct unique seen = {.n = 0};
	int64_t before = INT64_MIN;

	if (!js_len(values))
		field_error_invalid(errs, path, values, "at least one value is required");
	else if (js_len(values) > MAX_VALUES)
		field_error_too_many(errs, path, (int)js_len(values), MAX_VALUES);
	js_array_for_each (v, values) {
		int64_t code = js_int(v, 0, NULL);
		if (in && !code)
			field_error_invalid(errs, PATH("%s[%zu]", path, v_i), v,
					    "must not be 0 for the In operator");
		if (unique_seen_f(&seen, "%lld", (long long)code))
			field_errors_add(errs, "FieldValueDuplicate", mem_printf("%s[%zu]", path, v_i),
					 mem_printf("Duplicate value: %lld", (long long)code));
		ordered &= code >= before;
		before = code;
	}
	errs->look = 'o';
	if (!ordered)
		field_error_invalid(errs, path, values, "must be ordered");
	errs->look = 0;
}

/* What is required and one of some: the schema has said the latter only. */
static bool missing(const js *o, const char *field, const char *path, const char *values,
		    struct field_errors *errs)
{
	const char *where = PATH("%s.%s", path, field);

	if (*js_str0(o, field, NULL))
		return false;
	field_errors_drop(errs, where);
	field_error_required(errs, where, values);
	return true;
}

static void check_exit_codes(const js *codes, const struct unique *containers, const char *path,
			     struct field_errors *errs)
{
	const char *container = js_str(codes, "containerName", NULL);

	missing(codes, "operator", path, "valid values: [\"In\" \"NotIn\"]", errs);
	if (container && !unique_has(containers, container))
		field_error_invalid_str(
			errs, PATH("%s.containerName", path), container,
			"must be one of the container or initContainer names in the pod template");
	check_values(codes, PATH("%s.values", path), errs);
}

static void check_pattern(const js *pattern, const char *path, struct field_errors *errs)
{
	static const char *const statuses[] = {"False", "True", "Unknown", NULL};
	const char *type = js_str0(pattern, "type", NULL), *status = js_str0(pattern, "status", NULL);
	struct name_faults bad;
	size_t i = 0;

	if (name_check_qualified(type, &bad))
		field_error_names(errs, PATH("%s.type", path), type, &bad);
	while (statuses[i] && strcmp(statuses[i], status))
		i++;
	if (!statuses[i])
		field_error_not_supported(errs, PATH("%s.status", path), status, statuses);
}

static void check_patterns(const js *patterns, const char *path, struct field_errors *errs)
{
	if (js_len(patterns) > MAX_PATTERNS)
		field_error_too_many(errs, path, (int)js_len(patterns), MAX_PATTERNS);
	js_array_for_each (p, patterns)
		check_pattern(p, PATH("%s[%zu]", path, p_i), errs);
}

/* Of the rule as a whole upstream shows no value. */
static void invalid_rule(const char *path, const char *detail, struct field_errors *errs)
{
	field_errors_add(errs, "FieldValueInvalid", mem_strdup(path),
			 mem_printf("Invalid value: %s", detail));
}

static void check_rule(const js *spec, const js *rule, const struct unique *containers, const char *path,
		       struct field_errors *errs)
{
	const js *codes = js_obj(rule, "onExitCodes", NULL),
		 *patterns = js_arr(rule, "onPodConditions", NULL);
	const char *action = js_str0(rule, "action", NULL);

	if (!missing(rule, "action", path, "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]",
		     errs) &&
	    !strcmp(action, "FailIndex") && !js_field(spec, "backoffLimitPerIndex"))
		field_error_invalid_str(errs, PATH("%s.action", path), action,
					"requires the backoffLimitPerIndex to be set");
	if (codes)
		check_exit_codes(codes, containers, PATH("%s.onExitCodes", path), errs);
	check_patterns(patterns, PATH("%s.onPodConditions", path), errs);
	if (codes && js_len(patterns))
		invalid_rule(path, "specifying both OnExitCodes and OnPodConditions is not supported", errs);
	if (!codes && !js_len(patterns))
		invalid_rule(path, "specifying one of OnExitCodes and OnPodConditions is required", errs);
}

static void check_failures(const js *spec, const js *rules, const char *path, struct field_errors *errs)
{
	static const char *const lists[] = {"containers", "initContainers"};
	autounique struct unique containers = {.n = 0};

	if (js_len(rules) > MAX_RULES)
		field_error_too_many(errs, path, (int)js_len(rules), MAX_RULES);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		js_array_for_each (c, js_arr(spec, "template", "spec", lists[i], NULL))
			unique_seen(&containers, js_str0(c, "name", NULL));
	js_array_for_each (r, rules)
		check_rule(spec, r, &containers, PATH("%s[%zu]", path, r_i), errs);
}

/* ---- success ---- */

static void check_count(const js *rule, int64_t completions, int64_t total, const char *path,
			struct field_errors *errs)
{
	const js *count = js_field(rule, "succeededCount");
	int64_t n = js_int(count, 0, NULL);
	char detail[128];

	if (n > completions) {
		snprintf(detail, sizeof(detail),
			 "must be less than or equal to %lld (the number of specified completions)",
			 (long long)completions);
		field_error_invalid(errs, path, count, detail);
	}
	if (js_field(rule, "succeededIndexes") && n > total) {
		snprintf(
			detail, sizeof(detail),
			"must be less than or equal to %lld (the number of indexes in the specified succeededIndexes field)",
			(long long)total);
		field_error_invalid(errs, path, count, detail);
	}
}

static void check_success_rule(const js *rule, int64_t completions, const char *path,
			       struct field_errors *errs)
{
	const char *indexes = js_str(rule, "succeededIndexes", NULL);
	struct err why = ERR_INIT;
	int64_t total = 0;

	if (!indexes && !js_field(rule, "succeededCount"))
		field_error_required(errs, path,
				     "at least one of succeededCount or succeededIndexes must be specified");
	if (indexes && strlen(indexes) > MAX_INDEXES)
		field_error_too_long(errs, PATH("%s.succeededIndexes", path), MAX_INDEXES);
	if (indexes && (total = jobspec_count_indexes(indexes, completions, &why)) < 0) {
		autofree char *detail = mem_printf("error parsing succeededIndexes: %s", why.msg);
		field_error_invalid_str(errs, PATH("%s.succeededIndexes", path), indexes, detail);
		total = 0;
	}
	if (js_field(rule, "succeededCount"))
		check_count(rule, completions, total, PATH("%s.succeededCount", path), errs);
}

static void check_success(const js *spec, const js *policy, const char *path, struct field_errors *errs)
{
	const js *rules = js_arr(policy, "rules", NULL);
	const char *where = PATH("%s.rules", path);

	if (strcmp(js_str0(spec, "completionMode", NULL), "Indexed")) {
		field_error_invalid(errs, path, policy, "requires indexed completion mode");
		return;
	}
	if (!js_len(rules))
		field_error_required(
			errs, where,
			"at least one rules must be specified when the successPolicy is specified");
	if (js_len(rules) > MAX_RULES)
		field_error_too_many(errs, where, (int)js_len(rules), MAX_RULES);
	js_array_for_each (r, rules)
		check_success_rule(r, js_int(spec, 0, "completions", NULL), PATH("%s[%zu]", where, r_i),
				   errs);
}

void jobspec_check_policies(const js *spec, const char *base, struct field_errors *errs)
{
	static const char *const failed[] = {"Failed", NULL};
	const js *failures = js_obj(spec, "podFailurePolicy", NULL),
		 *success = js_obj(spec, "successPolicy", NULL);
	const char *replacement = js_str(spec, "podReplacementPolicy", NULL);

	if (failures)
		check_failures(spec, js_arr(failures, "rules", NULL), PATH("%s.podFailurePolicy.rules", base),
			       errs);
	if (success)
		check_success(spec, success, PATH("%s.successPolicy", base), errs);
	if (!failures || !replacement || !strcmp(replacement, "Failed"))
		return;
	const char *path = PATH("%s.podReplacementPolicy", base);
	field_errors_drop(errs, path);
	field_error_not_supported(errs, path, replacement, failed);
}
