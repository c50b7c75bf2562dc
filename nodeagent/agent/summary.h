/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page /stats/summary: a census in the words of stats/v1alpha1 (kubernetes/kubernetes
 * staging/src/k8s.io/kubelet/pkg/apis/stats/v1alpha1/types.go). What is not known is absent. Pure.
 */
#ifndef AGENT_SUMMARY_H
#define AGENT_SUMMARY_H

#include "agent/census.h"

/* brief: ?only_cpu_and_memory=true. The caller puts it. */
js *summary_new(const struct census *c, const char *node_name, int64_t agent_began_ns, bool brief);

#endif
