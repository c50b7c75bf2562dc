/* SPDX-License-Identifier: Apache-2.0 */
/* RuntimeClasses (kubernetes/kubernetes pkg/apis/node/validation). */
#include "kinds/podspec/podspec.h"
#include "kinds/strategies.h"

static void runtimeclass_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				  struct field_errors *errs)
{
	const js *overhead = js_obj(new, "overhead", NULL), *scheduling = js_obj(new, "scheduling", NULL);

	if (overhead)
		podspec_validate_limits(js_obj(overhead, "podFixed", NULL), "overhead", errs);
	if (scheduling)
		podspec_validate_tolerations(js_arr(scheduling, "tolerations", NULL),
					     "scheduling.tolerations", errs);
}

const struct strategy runtimeclass_strategy = {
	.group = "node.k8s.io",
	.kind = "RuntimeClass",
	.validate = runtimeclass_validate,
};
