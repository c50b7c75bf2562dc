/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Priority: the class name becomes a number and a preemption policy (kubernetes/kubernetes
 * plugin/pkg/admission/priority). The two system classes exist always; without a class the priority is 0.
 */
#include <string.h>
#include "admission/plugins.h"

static const struct {
	const char *name;
	int64_t value;
} classes[] = {
	{"", 0},
	{"system-cluster-critical", 2000000000},
	{"system-node-critical", 2000001000},
};

static int check_given(struct admission_call *a, const js *spec, int64_t value, struct err *err)
{
	const char *policy = js_str(spec, "preemptionPolicy", NULL);

	if (js_field(spec, "priority") && js_int(spec, 0, "priority", NULL) != value)
		return admission_forbid(
			a, err,
			"the integer value of priority (%lld) must not be provided in pod spec; priority admission controller computed %lld from the given PriorityClass name",
			(long long)js_int(spec, 0, "priority", NULL), (long long)value);
	if (policy && strcmp(policy, "PreemptLowerPriority"))
		return admission_forbid(
			a, err,
			"the string value of PreemptionPolicy (%s) must not be provided in pod spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name",
			policy);
	return 0;
}

enum admission_answer admit_priority(struct admission_call *a, struct err *err)
{
	js *spec = js_ensure(a->obj, "spec", NULL);
	const char *name = js_str0(spec, "priorityClassName", NULL);

	/* once set it is fixed: an update that leaves it out means the old one */
	if (a->op == ADMIT_UPDATE) {
		if (!js_field(spec, "priority") && js_get(a->old, "spec", "priority", NULL))
			js_set(spec, "priority", js_dup(js_get(a->old, "spec", "priority", NULL)));
		if (!js_field(spec, "preemptionPolicy") && js_get(a->old, "spec", "preemptionPolicy", NULL))
			js_set(spec, "preemptionPolicy",
			       js_dup(js_get(a->old, "spec", "preemptionPolicy", NULL)));
		return ADMISSION_ALLOW;
	}
	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		if (strcmp(name, classes[i].name))
			continue;
		if (check_given(a, spec, classes[i].value, err) < 0)
			return -1;
		js_set_int(spec, "priority", classes[i].value);
		js_set_str(spec, "preemptionPolicy", "PreemptLowerPriority");
		return ADMISSION_ALLOW;
	}
	return admission_forbid(a, err, "no PriorityClass with name %s was found", name);
}
