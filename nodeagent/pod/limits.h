/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Pod gets of the machine: QoS class, cgroup limits, OOM score (kubelet
 * pkg/kubelet/qos, pkg/kubelet/cm; component-helpers resource). Pure, any thread.
 */
#ifndef POD_RESOURCES_H
#define POD_RESOURCES_H

#include "object/core/qos.h"
#include "pod/spec.h"
#include "runtime/runtime.h"

enum qos_class resources_qos(const struct pod *p);

/* Limits of one container's cgroup, and of the Pod's. capacity_memory: of the node, for the OOM score. */
struct runtime_limits resources_container_limits(const struct pod *p, const struct container_spec *c,
						 int64_t capacity_memory);
struct runtime_limits resources_pod_limits(const struct pod *p);

#endif
