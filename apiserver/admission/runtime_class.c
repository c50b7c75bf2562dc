/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RuntimeClass: how a Pod's containers are run, and what that costs (kubernetes/kubernetes plugin/pkg/admission/
 * runtimeclass). There are no RuntimeClasses yet, so none that a Pod names is found, and no Pod has an overhead.
 */
#include "admission/plugins.h"

enum admission_answer admit_runtime_class(struct admission_call *a, struct err *err)
{
	const char *name = js_str(a->obj, "spec", "runtimeClassName", NULL);

	if (!name)
		return ADMISSION_ALLOW;
	return admission_forbid(a, err, "pod rejected: RuntimeClass \"%s\" not found", name);
}

enum admission_answer admit_runtime_overhead(struct admission_call *a, struct err *err)
{
	if (!js_get(a->obj, "spec", "overhead", NULL))
		return ADMISSION_ALLOW;
	return admission_forbid(
		a, err, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
}
