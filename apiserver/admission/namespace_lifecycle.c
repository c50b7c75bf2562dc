/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NamespaceLifecycle: nothing is written into a namespace that does not exist, nothing new into one that is
 * being deleted, and the namespaces the system lives in stay (kubernetes/apiserver
 * pkg/admission/plugin/namespace/lifecycle).
 *
 * The look-up goes to the view. With an engine whose cache may lag, a miss waits until the cache has seen
 * everything that was committed before, so a namespace created a moment ago through another server is found.
 */
#include <string.h>
#include "admission/plugins.h"
#include "view/namespace.h"

static const char *const immortal[] = {"default", "kube-system", "kube-public"};

static int protect(struct admission_call *a, struct err *err)
{
	for (size_t i = 0; a->op == ADMIT_DELETE && i < ARRAY_LEN(immortal); i++)
		if (!strcmp(a->name, immortal[i]))
			return admission_forbid(a, err, "this namespace may not be deleted");
	return 0;
}

static int terminating(struct admission_call *a, struct err *err)
{
	field_errors_add(a->causes, "NamespaceTerminating", mem_strdup("metadata.namespace"),
			 mem_printf("namespace %s is being terminated", a->ns));
	return admission_forbid(
		a, err, "unable to create new content in namespace %s because it is being terminated", a->ns);
}

enum admission_answer admit_namespace_lifecycle(struct admission_call *a, struct err *err)
{
	if (!*a->kind->group && !strcmp(a->kind->kind, "Namespace"))
		return protect(a, err);
	if (!a->kind->namespaced || a->op == ADMIT_DELETE)
		return ADMISSION_ALLOW;
	struct view_namespace ns;
	bool known = view_namespace(admission_views(a), a->ns, &ns);
	if (!known && !admission_is_fresh(a))
		return admission_when_fresh(a);
	if (!known) {
		*a->about = (struct subject){.kind = schema_kind(admission_schema(a), "", "v1", "Namespace"),
					     .name = a->ns};
		return err_set(err, REASON_NOT_FOUND, "namespaces \"%s\" not found", a->ns);
	}
	return a->op == ADMIT_CREATE && ns.terminating ? terminating(a, err) : ADMISSION_ALLOW;
}
