/* SPDX-License-Identifier: Apache-2.0 */
/* RuntimeClasses (kubernetes/kubernetes pkg/apis/node/validation). */
#include "base/unique.h"
#include "kinds/advice.h"
#include "kinds/podspec/podspec.h"
#include "kinds/strategies.h"

/* As upstream shows its internal struct. */
static void repeated(const js *t, size_t i, struct field_errors *errs)
{
	static const char *const shown[][2] = {
		{"Key", "key"}, {"Operator", "operator"}, {"Value", "value"}, {"Effect", "effect"}};
	autojson js *all = js_new_obj();
	autobuf struct buf message = BUF_INIT;
	js *seconds = js_field(t, "tolerationSeconds");

	for (size_t k = 0; k < ARRAY_LEN(shown); k++)
		js_set_str(all, shown[k][0], js_str0(t, shown[k][1], NULL));
	js_set(all, "TolerationSeconds", seconds ? js_dup(seconds) : NULL);
	buf_adds(&message, "Duplicate value: ");
	js_write(&message, all);
	field_errors_add(errs, "FieldValueDuplicate", mem_printf("scheduling.tolerations[%zu]", i),
			 buf_take(&message, NULL));
}

/* Upstream's paths have the name twice, but for those that repeat others. */
static void validate_tolerations(const js *tolerations, struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};

	podspec_validate_tolerations(tolerations, "scheduling.tolerations.tolerations", errs);
	js_array_for_each (t, tolerations)
		if (unique_seen_f(&seen, "%s %s %s %s", js_str0(t, "key", NULL), js_str0(t, "operator", NULL),
				  js_str0(t, "value", NULL), js_str0(t, "effect", NULL)))
			repeated(t, t_i, errs);
}

static void runtimeclass_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				  struct field_errors *errs)
{
	const js *overhead = js_obj(new, "overhead", NULL), *scheduling = js_obj(new, "scheduling", NULL);

	if (overhead)
		podspec_validate_limits(js_obj(overhead, "podFixed", NULL), "overhead", errs);
	if (scheduling)
		validate_tolerations(js_arr(scheduling, "tolerations", NULL), errs);
}

static void runtimeclass_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	for (struct js_iter it = js_iter(js_obj(new, "scheduling", "nodeSelector", NULL)); js_next(&it);)
		if (advice_label(it.key))
			strategy_warn(ctx, "scheduling.nodeSelector: %s", advice_label(it.key));
}

const struct strategy runtimeclass_strategy = {
	.group = "node.k8s.io",
	.kind = "RuntimeClass",
	.flags = STRATEGY_CREATE_ON_UPDATE | STRATEGY_NEEDS_VERSION | STRATEGY_FREE_FINALIZERS,
	.validate = runtimeclass_validate,
	.warn = runtimeclass_warn,
};
