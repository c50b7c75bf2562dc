/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Pod gets of the machine: QoS class, cgroup limits, OOM score (kubelet
 * pkg/kubelet/qos, pkg/kubelet/cm; component-helpers resource). Pure, any thread.
 */
#ifndef POD_LIMITS_H
#define POD_LIMITS_H

#include "object/core/qos.h"
#include "pod/spec.h"
#include "runtime/runtime.h"

/* The cgroup that Pods of a class are in: "" of the guaranteed ones, which are beside the others. */
const char *limits_group(enum qos_class q);
/* Of all burstable Pods together, which request so much; of all best-effort ones. */
struct runtime_limits limits_class(enum qos_class q, int64_t cpu_milli);
enum qos_class limits_qos(const struct pod *p);

/* Limits of one container's cgroup, and of the Pod's. capacity_memory: of the node, for the OOM score. */
struct runtime_limits limits_container(const struct pod *p, const struct container_spec *c,
				       int64_t capacity_memory);
/* Bytes of a page of what a resource counts ("hugepages-2Mi"); 0: it counts something else. */
int64_t limits_huge_page(const char *resource);
/* max_pids: 0 = as many as there are. */
struct runtime_limits limits_pod(const struct pod *p, int64_t max_pids);

#endif
