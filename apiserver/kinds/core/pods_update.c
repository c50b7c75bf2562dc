/* SPDX-License-Identifier: Apache-2.0 */
/* What may change in the spec of a Pod: nearly nothing (kubernetes/kubernetes pkg/apis/core/validation ValidatePodUpdate). */
#include "kinds/core/pods.h"

#include <stdio.h>
#include "base/unique.h"
#include "kinds/podspec/podspec.h"

/* What is said here is all that is said. */
static bool same_number(const js *new, const js *old, const char *list, struct field_errors *errs)
{
	if (js_len(js_arr(new, list, NULL)) == js_len(js_arr(old, list, NULL)))
		return true;
	field_error_forbidden(errs, PATH("spec.%s", list), "pod updates may not add or remove containers");
	return false;
}

static bool validate_deadline(const js *new, const js *old, struct field_errors *errs)
{
	static const char path[] = "spec.activeDeadlineSeconds";
	js *n = js_field(new, "activeDeadlineSeconds"), *o = js_field(old, "activeDeadlineSeconds");
	int64_t is = n ? json_object_get_int64(n) : 0;

	if (!n) {
		if (o)
			field_error_invalid(errs, path, NULL,
					    "must not update from a positive integer to nil value");
		return true;
	}
	if (is < 0 || is > INT32_MAX)
		field_error_invalid(errs, path, n, "must be between 0 and 2147483647, inclusive");
	else if (o && is > json_object_get_int64(o))
		field_error_invalid(errs, path, n, "must be less than or equal to previous value");
	else
		return true;
	return false;
}

static char *toleration_key(const js *t)
{
	return mem_printf("%s\n%s\n%s\n%s", js_str0(t, "key", NULL), js_str0(t, "operator", NULL),
			  js_str0(t, "value", NULL), js_str0(t, "effect", NULL));
}

/* Existing tolerations stay, but for their tolerationSeconds. */
static void validate_tolerations(const js *new, const js *old, struct field_errors *errs)
{
	autounique struct unique are = {.n = 0};

	js_array_for_each (n, js_arr(new, "tolerations", NULL)) {
		autofree char *key = toleration_key(n);
		unique_seen(&are, key);
	}
	js_array_for_each (o, js_arr(old, "tolerations", NULL)) {
		autofree char *key = toleration_key(o);
		if (!unique_has(&are, key)) {
			field_error_forbidden(
				errs, "spec.tolerations",
				"existing toleration can not be modified except its tolerationSeconds");
			return;
		}
	}
}

static void validate_gates(const js *new, const js *old, struct field_errors *errs)
{
	autounique struct unique were = {.n = 0};
	char detail[384];

	js_array_for_each (g, js_arr(old, "schedulingGates", NULL))
		unique_seen(&were, js_str0(g, "name", NULL));
	js_array_for_each (g, js_arr(new, "schedulingGates", NULL)) {
		const char *name = js_str0(g, "name", NULL);
		if (unique_has(&were, name))
			continue;
		snprintf(detail, sizeof(detail),
			 "only deletion is allowed, but found new scheduling gate '%s'", name);
		field_error_forbidden(errs, PATH("spec.schedulingGates[%zu].name", g_i), detail);
	}
}

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"

/* Whether the list begins with all of the old one. */
static bool starts_with(const js *list, const js *old)
{
	js_array_for_each (o, old)
		if (!js_equal(o, js_at(list, o_i)))
			return false;
	return true;
}

static bool only_adds(const js *term, const js *old)
{
	const js *expressions = js_arr(old, "matchExpressions", NULL),
		 *fields = js_arr(old, "matchFields", NULL);

	if (!js_len(expressions) && !js_len(fields)) /* it selects nothing, and must go on so */
		return !js_len(js_arr(term, "matchExpressions", NULL)) &&
		       !js_len(js_arr(term, "matchFields", NULL));
	return starts_with(js_arr(term, "matchExpressions", NULL), expressions) &&
	       starts_with(js_arr(term, "matchFields", NULL), fields);
}

static void validate_node_affinity(const js *new, const js *old, struct field_errors *errs)
{
	static const char path[] = "spec.affinity.nodeAffinity." REQUIRED ".nodeSelectorTerms";
	const js *was = js_arr(old, REQUIRED, "nodeSelectorTerms", NULL),
		 *is = js_arr(new, REQUIRED, "nodeSelectorTerms", NULL);

	if (!js_len(was))
		return;
	if (js_len(was) != js_len(is)) {
		field_error_invalid(errs, path, is,
				    "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
		return;
	}
	js_array_for_each (o, was)
		if (!only_adds(js_at(is, o_i), o))
			field_error_invalid(errs, PATH("%s[%zu]", path, o_i), js_at(is, o_i),
					    "only additions are allowed (no mutations or deletions)");
}

static void validate_selector(const js *new, const js *old, struct field_errors *errs)
{
	for (struct js_iter it = js_iter(old); js_next(&it);)
		if (!js_equal(js_field(new, it.key), it.value)) {
			field_error_invalid(
				errs, "spec.nodeSelector", new,
				"only additions to spec.nodeSelector are allowed (no mutations or deletions)");
			return;
		}
}

/* A gated Pod may be given a narrower node selector and affinity. */
static void munge_gated(js *munged, const js *old, struct field_errors *errs)
{
	const js *theirs = js_obj(old, "affinity", "nodeAffinity", NULL),
		 *mine = js_get(munged, "affinity", "nodeAffinity", NULL);

	validate_selector(js_field(munged, "nodeSelector"), js_obj(old, "nodeSelector", NULL), errs);
	strategy_carry(munged, old, "nodeSelector");
	if (js_equal(mine, theirs))
		return;
	validate_node_affinity(mine, theirs, errs);
	js *affinity = js_ensure(munged, "affinity", NULL);
	strategy_carry(affinity, js_obj(old, "affinity", NULL), "nodeAffinity");
	if (!js_len(affinity) && !js_field(old, "affinity"))
		js_del(munged, "affinity");
}

/* `new` with everything that may change set back. */
static js *munge(const js *new, const js *old, struct field_errors *errs)
{
	static const char *const lists[] = {"containers", "initContainers"};
	static const char *const free_fields[] = {"activeDeadlineSeconds", "tolerations", "schedulingGates"};
	js *m = js_dup(new);

	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		js_array_for_each (c, js_arr(m, lists[l], NULL))
			strategy_carry(c, js_at(js_arr(old, lists[l], NULL), c_i), "image");
	for (size_t i = 0; i < ARRAY_LEN(free_fields); i++)
		strategy_carry(m, old, free_fields[i]);
	if (js_int(old, 0, "terminationGracePeriodSeconds", NULL) < 0 &&
	    js_int(m, 0, "terminationGracePeriodSeconds", NULL) == 1)
		strategy_carry(m, old, "terminationGracePeriodSeconds");
	if (js_len(js_arr(old, "schedulingGates", NULL)))
		munge_gated(m, old, errs);
	return m;
}

void pods_validate_update(const js *new, const js *old, struct field_errors *errs)
{
	if (js_equal(new, old) || !same_number(new, old, "containers", errs) ||
	    !same_number(new, old, "initContainers", errs) || !validate_deadline(new, old, errs))
		return;
	validate_tolerations(new, old, errs);
	validate_gates(new, old, errs);
	autojson js *munged = munge(new, old, errs);
	if (js_equal(munged, old))
		return;
	autobuf struct buf detail = BUF_INIT;
	buf_adds(
		&detail,
		"pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
		"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n");
	strategy_differences(&detail, munged, old);
	field_error_forbidden(errs, "spec", detail.p);
}
