/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing new of a kind whose definition is being deleted: it would be deleted at once, or never
 * (kubernetes/apiextensions-apiserver pkg/apiserver/customresource_handler.go).
 */
#include <stdio.h>
#include "admission/plugins.h"
#include "view/definition.h"

enum admission_answer admit_custom_resource(struct admission_call *a, struct err *err)
{
	char name[600];

	if (!a->kind->type->structural)
		return ADMISSION_ALLOW;
	snprintf(name, sizeof(name), "%s.%s", a->kind->resource, a->kind->group);
	if (!view_crd_terminating(admission_views(a), name))
		return ADMISSION_ALLOW;
	return admission_forbid(a, err, "create not allowed while custom resource definition is terminating");
}
