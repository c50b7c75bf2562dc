/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TaintNodesByCondition: a new node takes no Pods until its conditions say that it is ready; the node life
 * cycle controller takes the taint away (kubernetes/kubernetes plugin/pkg/admission/nodetaint).
 */
#include <string.h>
#include "admission/plugins.h"

#define NOT_READY "node.kubernetes.io/not-ready"

enum admission_answer admit_node_taint(struct admission_call *a, struct err *err)
{
	js *taints = js_ensure_arr(js_ensure(a->obj, "spec", NULL), "taints");

	js_array_for_each (t, taints) {
		if (!strcmp(js_str0(t, "key", NULL), NOT_READY) &&
		    !strcmp(js_str0(t, "effect", NULL), "NoSchedule"))
			return ADMISSION_ALLOW;
	}
	js *t = js_new_obj();
	js_set_str(t, "key", NOT_READY);
	js_set_str(t, "effect", "NoSchedule");
	js_push(taints, t);
	return ADMISSION_ALLOW;
}
