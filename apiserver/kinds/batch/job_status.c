/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a controller may say of a Job (kubernetes/kubernetes pkg/registry/batch/job/strategy.go, pkg/apis/batch/validation).
 * Most rules are looked at only when what they are about has changed, so that a report about something else is not refused
 * for what stood there before.
 */
#include "base/unique.h"
#include "kinds/batch/jobspec.h"
#include "object/condition.h"
#include "object/rfc3339.h"

#define CONDITIONS "status.conditions"

struct report {
	const js *spec, *is, *was; /* the status now and before */
	int64_t completions;
	bool indexed;
	/* conditions that hold, now [0] and before [1] */
	bool complete[2], failed[2], failure_target[2], criteria_met[2];
	struct field_errors *errs;
};

static bool holds(const js *status, const char *type)
{
	const js *c = condition_find(js_arr(status, "conditions", NULL), type);

	return !strcmp(js_str0(c, "status", NULL), "True");
}

static bool changed(const struct report *r, const char *field)
{
	return !js_equal(js_field(r->is, field), js_field(r->was, field));
}

static bool count_changed(const struct report *r, const char *field)
{
	return js_int(r->is, 0, field, NULL) != js_int(r->was, 0, field, NULL);
}

static bool finished(const struct report *r, int when)
{
	return r->complete[when] || r->failed[when];
}

#define TURNED(what) (r->what[0] != r->what[1])

/* A fault without a value. */
static void fault(const struct report *r, const char *path, const char *detail)
{
	field_errors_add(r->errs, "FieldValueInvalid", mem_strdup(path),
			 mem_printf("Invalid value: %s", detail));
}

static void fault_at(const struct report *r, const char *field, const char *detail)
{
	const js *v = js_field(r->is, field);
	autojson js *zero = v ? NULL : js_new_int(0);

	field_error_invalid(r->errs, PATH("status.%s", field), v ? v : zero, detail);
}

/* ---- conditions ---- */

static void check_conditions(const struct report *r)
{
	const struct {
		bool looked_at, wrong;
		const char *detail;
	} rules[] = {
		{TURNED(complete) || TURNED(failed), r->complete[0] && r->failed[0],
		 "cannot set Complete=True and Failed=true conditions"},
		{TURNED(complete) || TURNED(failure_target), r->complete[0] && r->failure_target[0],
		 "cannot set Complete=True and FailureTarget=true conditions"},
		{TURNED(failed) || TURNED(failure_target), r->failed[0] && !r->failure_target[0],
		 "cannot set Failed=True condition without the FailureTarget=true condition"},
		{TURNED(complete) || TURNED(criteria_met), r->complete[0] && !r->criteria_met[0],
		 "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"},
		{true, r->criteria_met[0] && r->failed[0],
		 "cannot set SuccessCriteriaMet=True and Failed=true conditions"},
		{true, r->criteria_met[0] && r->failure_target[0],
		 "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"},
		{true, js_field(r->spec, "successPolicy") && !r->criteria_met[0] && r->complete[0],
		 "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"},
		{true, r->failed[1] && !r->failed[0], "cannot disable the terminal Failed=True condition"},
		{true, r->complete[1] && !r->complete[0],
		 "cannot disable the terminal Complete=True condition"},
		{true, r->failure_target[1] && !r->failure_target[0],
		 "cannot disable the terminal FailureTarget=True condition"},
		{true, r->criteria_met[1] && !r->criteria_met[0],
		 "cannot disable the SuccessCriteriaMet=True condition"},
		{true, r->complete[1] && !r->criteria_met[1] && r->criteria_met[0],
		 "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i].looked_at && rules[i].wrong)
			fault(r, CONDITIONS, rules[i].detail);
}

/* ---- times ---- */

static int64_t time_of(const js *status, const char *field)
{
	int64_t t = 0;
	struct err ignore = ERR_INIT;

	return rfc3339_parse(js_str0(status, field, NULL), &t, &ignore) == 0 ? t : 0;
}

static void check_completion_time(const struct report *r, bool turned)
{
	const char *end = js_str(r->is, "completionTime", NULL),
		   *before = js_str(r->was, "completionTime", NULL);

	if (turned && end && !r->complete[0])
		fault_at(r, "completionTime",
			 "cannot set completionTime when there is no Complete=True condition");
	if (turned && !end && r->complete[0])
		field_error_required(r->errs, "status.completionTime",
				     "completionTime is required for Complete jobs");
	if (end && before && strcmp(end, before))
		fault_at(r, "completionTime", "completionTime cannot be mutated");
}

static void check_times(const struct report *r)
{
	bool start_changed = changed(r, "startTime"), end_changed = changed(r, "completionTime");
	bool has_both = js_field(r->is, "startTime") && js_field(r->is, "completionTime");

	check_completion_time(r, TURNED(complete) || end_changed);
	if ((start_changed || end_changed) && has_both &&
	    time_of(r->is, "completionTime") < time_of(r->is, "startTime"))
		fault_at(r, "completionTime", "completionTime cannot be set before startTime");
	if ((finished(r, 0) != finished(r, 1) || start_changed) && finished(r, 0) &&
	    !js_field(r->is, "startTime"))
		field_error_required(r->errs, "status.startTime", "startTime is required for finished job");
	if (start_changed && js_field(r->was, "startTime") && !js_bool(r->spec, false, "suspend", NULL))
		field_error_required(r->errs, "status.startTime",
				     "startTime cannot be removed for unsuspended job");
}

/* ---- Pods ---- */

static void check_uids(const struct report *r, const char *list, struct unique *seen)
{
	js_array_for_each (uid, js_arr(r->is, "uncountedTerminatedPods", list, NULL)) {
		const char *path = PATH("status.uncountedTerminatedPods.%s[%zu]", list, uid_i),
			   *s = js_str0(uid, NULL);
		if (!*s)
			field_error_invalid_str(r->errs, path, s, "must not be empty");
		else if (unique_seen(seen, s))
			field_error_duplicate(r->errs, path, s);
	}
}

static void check_uncounted(const struct report *r, bool turned)
{
	const js *pods = js_obj(r->is, "uncountedTerminatedPods", NULL);
	autounique struct unique seen = {.n = 0};

	check_uids(r, "succeeded", &seen);
	check_uids(r, "failed", &seen);
	if ((turned || changed(r, "uncountedTerminatedPods")) && finished(r, 0) &&
	    (js_len(js_arr(pods, "succeeded", NULL)) || js_len(js_arr(pods, "failed", NULL))))
		fault_at(r, "uncountedTerminatedPods",
			 "uncountedTerminatedPods needs to be empty for finished job");
}

static void check_pods(const struct report *r)
{
	bool turned = finished(r, 0) != finished(r, 1);
	int64_t active = js_int(r->is, 0, "active", NULL), ready = js_int(r->is, 0, "ready", NULL);
	/* an indexed Job whose completions follow its parallelism can be made smaller */
	bool elastic =
		r->indexed && js_equal(js_field(r->spec, "completions"), js_field(r->spec, "parallelism"));

	check_uncounted(r, turned);
	if ((turned || count_changed(r, "active")) && finished(r, 0) && active > 0)
		fault_at(r, "active", "active>0 is invalid for finished job");
	if ((turned || count_changed(r, "terminating")) && finished(r, 0) &&
	    js_int(r->is, 0, "terminating", NULL) > 0)
		fault_at(r, "terminating", "terminating>0 is invalid for finished job");
	if ((changed(r, "ready") || count_changed(r, "active")) && js_field(r->is, "ready") && ready > active)
		fault_at(r, "ready", "cannot set more ready pods than active");
	if (js_int(r->is, 0, "failed", NULL) < js_int(r->was, 0, "failed", NULL))
		fault_at(r, "failed", "cannot decrease the failed counter");
	if (!elastic && js_int(r->is, 0, "succeeded", NULL) < js_int(r->was, 0, "succeeded", NULL))
		fault_at(r, "succeeded", "cannot decrease the succeeded counter");
}

/* ---- indexes ---- */

static void check_format(const struct report *r, const char *field)
{
	struct err why = ERR_INIT;

	if (jobspec_count_indexes(js_str0(r->is, field, NULL), r->completions, &why) >= 0)
		return;
	autofree char *detail = mem_printf("error parsing %s: %s", field, why.msg);
	fault_at(r, field, detail);
}

static void check_indexes(const struct report *r)
{
	const char *done = js_str0(r->is, "completedIndexes", NULL),
		   *failed = js_str(r->is, "failedIndexes", NULL);
	bool done_changed = strcmp(done, js_str0(r->was, "completedIndexes", NULL)),
	     failed_changed = changed(r, "failedIndexes"),
	     has_limit = js_field(r->spec, "backoffLimitPerIndex"),
	     counted = js_field(r->spec, "completions");

	if (done_changed && counted)
		check_format(r, "completedIndexes");
	if (failed_changed && counted && has_limit && failed)
		check_format(r, "failedIndexes");
	if (done_changed && *done && !r->indexed)
		fault_at(r, "completedIndexes",
			 "cannot set non-empty completedIndexes when non-indexed completion mode");
	if (failed_changed && failed && !has_limit)
		fault_at(r, "failedIndexes",
			 "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
	if ((!failed_changed && !done_changed) || !counted || !failed)
		return;
	int64_t both = jobspec_common_index(done, failed, r->completions);
	autofree char *detail =
		mem_printf("failedIndexes and completedIndexes overlap at index: %lld", (long long)both);
	if (both >= 0)
		fault_at(r, "failedIndexes", detail);
}

void job_validate_status(const js *new, const js *old, struct field_errors *errs)
{
	struct report r = {
		.spec = js_obj(new, "spec", NULL),
		.is = js_obj(new, "status", NULL),
		.was = js_obj(old, "status", NULL),
		.completions = js_int(new, 0, "spec", "completions", NULL),
		.indexed = !strcmp(js_str0(new, "spec", "completionMode", NULL), "Indexed"),
		.errs = errs,
	};
	const js *const statuses[] = {r.is, r.was};

	for (int i = 0; i < 2; i++) {
		r.complete[i] = holds(statuses[i], "Complete");
		r.failed[i] = holds(statuses[i], "Failed");
		r.failure_target[i] = holds(statuses[i], "FailureTarget");
		r.criteria_met[i] = holds(statuses[i], "SuccessCriteriaMet");
	}
	check_conditions(&r);
	check_times(&r);
	check_pods(&r);
	check_indexes(&r);
}
