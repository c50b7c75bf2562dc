/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServiceAccount: every Pod runs as somebody; who names nobody runs as "default". The deprecated twin field
 * follows (kubernetes/kubernetes plugin/pkg/admission/serviceaccount). Tokens are not mounted: there is no
 * issuer yet.
 */
#include <string.h>
#include "admission/plugins.h"

#define MIRROR_ANNOTATION "kubernetes.io/config.mirror"

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
	if (strcmp(js_str0(spec, "serviceAccount", NULL), name))
		js_set_str(spec, "serviceAccount", js_str0(spec, "serviceAccountName", NULL));
	return ADMISSION_ALLOW;
}
