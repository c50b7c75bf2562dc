/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DefaultTolerationSeconds: a Pod survives five minutes on a node that is not ready or unreachable, unless it
 * says otherwise itself (kubernetes/kubernetes plugin/pkg/admission/defaulttolerationseconds).
 */
#include <string.h>
#include "admission/plugins.h"

#define TOLERATED_SECONDS 300

static const char *const taints[] = {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"};

/* Does the Pod speak about this NoExecute taint already? */
static bool mentions(const js *tolerations, const char *key)
{
	js_array_for_each (t, tolerations) {
		const char *k = js_str0(t, "key", NULL), *effect = js_str0(t, "effect", NULL);
		if ((!*k || !strcmp(k, key)) && (!*effect || !strcmp(effect, "NoExecute")))
			return true;
	}
	return false;
}

enum admission_answer admit_toleration_seconds(struct admission_call *a, struct err *err)
{
	js *spec = js_ensure(a->obj, "spec", NULL);
	bool needs[2];

	for (size_t i = 0; i < 2; i++)
		needs[i] = !mentions(js_arr(spec, "tolerations", NULL), taints[i]);
	for (size_t i = 0; i < 2; i++) {
		if (!needs[i])
			continue;
		js *t = js_new_obj();
		js_set_str(t, "key", taints[i]);
		js_set_str(t, "operator", "Exists");
		js_set_str(t, "effect", "NoExecute");
		js_set_int(t, "tolerationSeconds", TOLERATED_SECONDS);
		js_push(js_ensure_arr(spec, "tolerations"), t);
	}
	return ADMISSION_ALLOW;
}
