/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Priority: the class name of a Pod becomes a number and a preemption policy, and only one class may be that of Pods
 * that name none (kubernetes/kubernetes plugin/pkg/admission/priority). A miss waits until the view has seen all that
 * was committed before.
 */
#include <string.h>
#include "admission/plugins.h"
#include "view/priorityclass.h"

#define LOWER "PreemptLowerPriority"

static const char *policy_of(const struct view_priority *c)
{
	return c->never ? "Never" : LOWER;
}

static int check_given(struct admission_call *a, const js *spec, const struct view_priority *c,
		       struct err *err)
{
	const char *policy = js_str(spec, "preemptionPolicy", NULL);

	if (js_field(spec, "priority") && js_int(spec, 0, "priority", NULL) != c->value)
		return admission_forbid(
			a, err,
			"the integer value of priority (%lld) must not be provided in pod spec; priority admission controller computed %lld from the given PriorityClass name",
			(long long)js_int(spec, 0, "priority", NULL), (long long)c->value);
	if (policy && strcmp(policy, policy_of(c)))
		return admission_forbid(
			a, err,
			"the string value of PreemptionPolicy (%s) must not be provided in pod spec; priority admission controller computed %s from the given PriorityClass name",
			policy, policy_of(c));
	return 0;
}

/* Once set it is fixed: an update that leaves it out means the old one. */
static enum admission_answer keep(js *spec, const js *old)
{
	static const char *const fields[] = {"priority", "preemptionPolicy"};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const js *was = js_get(old, "spec", fields[i], NULL);
		if (was && !js_field(spec, fields[i]))
			js_set(spec, fields[i], js_dup(was));
	}
	return ADMISSION_ALLOW;
}

enum admission_answer admit_priority(struct admission_call *a, struct err *err)
{
	js *spec = js_ensure(a->obj, "spec", NULL);
	const char *name = js_str0(spec, "priorityClassName", NULL);
	struct view_priority c = {.value = 0};

	if (a->op == ADMIT_UPDATE)
		return keep(spec, a->old);
	if (!*name) {
		if (view_priority_default(admission_views(a), &c))
			js_set_str(spec, "priorityClassName", c.name);
	} else if (!view_priority(admission_views(a), name, &c)) {
		if (!admission_is_fresh(a))
			return admission_when_fresh(a);
		return admission_forbid(a, err, "no PriorityClass with name %s was found", name);
	}
	if (check_given(a, spec, &c, err) < 0)
		return ADMISSION_REFUSE;
	js_set_int(spec, "priority", c.value);
	js_set_str(spec, "preemptionPolicy", policy_of(&c));
	return ADMISSION_ALLOW;
}

enum admission_answer admit_default_class(struct admission_call *a, struct err *err)
{
	struct view_priority c;

	if (!js_bool(a->obj, false, "globalDefault", NULL))
		return ADMISSION_ALLOW;
	if (!admission_is_fresh(a))
		return admission_when_fresh(a);
	if (!view_priority_default(admission_views(a), &c) ||
	    (a->op == ADMIT_UPDATE && !strcmp(c.name, a->name)))
		return ADMISSION_ALLOW;
	return admission_forbid(
		a, err, "PriorityClass %s is already marked as default. Only one default can exist", c.name);
}
