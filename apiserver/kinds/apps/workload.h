/* SPDX-License-Identifier: Apache-2.0 */
/* What Deployments and ReplicaSets have in common: a selector, the Pod template it must match, and numbers of Pods. */
#ifndef KINDS_APPS_WORKLOAD_H
#define KINDS_APPS_WORKLOAD_H

#include "kinds/strategy.h"

void workload_default(js *o); /* the template's defaults */
/* Of the name when it is new, and of the template unless nothing has changed. */
void workload_warn(const struct strategy_ctx *ctx, const js *new, const js *old);
/* Selector, template, and that the one selects the other; `kind` words the complaint about an empty selector.
 */
void workload_validate(const js *o, const char *kind, struct field_errors *errs);
/* No number of Pods is greater than what it is a part of; `count`: the kind's own one. */
void workload_validate_status(const js *o, const char *count, struct field_errors *errs);

#endif
