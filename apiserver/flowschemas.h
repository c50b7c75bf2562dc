/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each FlowSchema is told whether its priority level exists: the condition Dangling of its status (k8s.io/apiserver
 * pkg/util/flowcontrol: apf_controller.go). The keeper's thread.
 */
#ifndef FLOWSCHEMAS_H
#define FLOWSCHEMAS_H

#include "registry/registry.h"

/* Writes the conditions that do not say so. BLOCKS. */
int flowschemas_keep(struct registry *r, struct storage *s, struct err *err) MUST_CHECK;

#endif
