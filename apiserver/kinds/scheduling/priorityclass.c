/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PriorityClasses (kubernetes/kubernetes pkg/apis/scheduling/validation): the priorities above what users may give
 * belong to two classes that the server makes itself.
 */
#include "kinds/strategies.h"

#define SYSTEM_PREFIX "system-"
#define USER_MAX 1000000000

static const struct {
	const char *name;
	int64_t value;
} system_classes[] = {
	{"system-node-critical", 2000001000},
	{"system-cluster-critical", 2000000000},
};

/* What the class would have to be to be one of the system's; NULL: it is. */
static char *wrong_system_class(const char *name, const js *o)
{
	for (size_t i = 0; i < ARRAY_LEN(system_classes); i++) {
		if (strcmp(system_classes[i].name, name))
			continue;
		if (js_int(o, 0, "value", NULL) != system_classes[i].value)
			return mem_printf("value of %s PriorityClass must be %lld", name,
					  (long long)system_classes[i].value);
		return js_bool(o, false, "globalDefault", NULL)
			       ? mem_printf("globalDefault of %s PriorityClass must be false", name)
			       : NULL;
	}
	return mem_printf("%s is not a known system priority class", name);
}

static void validate_new(const js *o, struct field_errors *errs)
{
	const char *name = js_str0(o, "metadata", "name", NULL);

	if (!strncmp(name, SYSTEM_PREFIX, strlen(SYSTEM_PREFIX))) {
		autofree char *why = wrong_system_class(name, o);
		autofree char *detail = mem_printf("priority class names with '" SYSTEM_PREFIX
						   "' prefix are reserved for system use only. error: %s",
						   why ? why : "");
		if (why)
			field_error_forbidden(errs, "metadata.name", detail);
	} else if (js_int(o, 0, "value", NULL) > USER_MAX) {
		field_error_forbidden(errs, "value",
				      "maximum allowed value of a user defined priority is 1000000000");
	}
}

/* One for good: upstream gives it and never counts. */
static void priorityclass_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	js_set_int(js_ensure(new, "metadata", NULL), "generation",
		   js_int(old, 1, "metadata", "generation", NULL));
}

static void priorityclass_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				   struct field_errors *errs)
{
	const char *policy = js_str(new, "preemptionPolicy", NULL);

	if (policy && !*policy) { /* missed, not wrong */
		field_errors_drop(errs, "preemptionPolicy");
		field_error_required(errs, "preemptionPolicy", "");
	}
	if (!old)
		validate_new(new, errs);
	else if (js_int(new, 0, "value", NULL) != js_int(old, 0, "value", NULL))
		field_error_forbidden(errs, "value", "may not be changed in an update.");
}

const struct strategy priorityclass_strategy = {
	.group = "scheduling.k8s.io",
	.kind = "PriorityClass",
	.prepare = priorityclass_prepare,
	.validate = priorityclass_validate,
};
