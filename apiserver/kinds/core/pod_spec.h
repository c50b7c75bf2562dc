/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PodSpec, as Pods and the templates of workloads share it: the defaults that data cannot express and the
 * checks that span fields. `base` is the path of the spec: "spec" or "spec.template.spec".
 */
#ifndef KINDS_CORE_POD_SPEC_H
#define KINDS_CORE_POD_SPEC_H

#include "base/unique.h"
#include "kinds/strategy.h"

void pod_spec_default(js *spec, bool is_pod);
const char *pod_qos(const js *spec); /* "Guaranteed", "Burstable", "BestEffort" */

void pod_spec_validate(const js *spec, const char *base, bool is_pod, struct field_errors *errs);
/* One container; `init` for those of initContainers. */
struct container_ctx {
	const js *spec;
	const char *base; /* of the Pod spec */
	const char *list; /* "containers", "initContainers" */
	bool init, is_pod;
	const struct unique *volumes; /* their names */
	struct field_errors *errs;
};
void container_validate(const struct container_ctx *c, const js *container, size_t index);

#endif
