/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServiceAccount: every Pod runs as somebody; who names nobody runs as "default". The deprecated twin field
 * follows (kubernetes/kubernetes plugin/pkg/admission/serviceaccount). Tokens are not mounted: there is no
 * issuer yet.
 */
#include <string.h>
#include "admission/plugins.h"

#define MIRROR_ANNOTATION "kubernetes.io/config.mirror"

/* Who names an account means one that exists. The default one is not looked for: it comes with its namespace, and a Pod
   may be faster. */
static enum admission_answer check_there(struct admission_call *a, const char *name, struct err *err)
{
	autoobj struct obj *account =
		strcmp(name, "default") ? admission_find(a, "", "ServiceAccount", a->ns, name) : NULL;

	if (account || !strcmp(name, "default"))
		return ADMISSION_ALLOW;
	if (!admission_is_fresh(a))
		return admission_when_fresh(a);
	return admission_forbid(a, err,
				"error looking up service account %s/%s: serviceaccount \"%s\" not found",
				a->ns, name, name);
}

enum admission_answer admit_service_account(struct admission_call *a, struct err *err)
{
	js *spec = js_ensure(a->obj, "spec", NULL);
	const char *name = js_str0(spec, "serviceAccountName", NULL);

	/* mirrors of static Pods get nothing from the API */
	if (js_get(a->obj, "metadata", "annotations", MIRROR_ANNOTATION, NULL))
		return *name ? admission_forbid(a, err, "a mirror pod may not reference service accounts")
			     : 0;
	if (!*name) {
		js_set_str(spec, "serviceAccountName", "default");
		name = "default";
	}
	enum admission_answer answer = check_there(a, name, err);
	if (answer != ADMISSION_ALLOW)
		return answer;
	if (strcmp(js_str0(spec, "serviceAccount", NULL), name))
		js_set_str(spec, "serviceAccount", js_str0(spec, "serviceAccountName", NULL));
	return ADMISSION_ALLOW;
}
