/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page /metrics/cadvisor: a census as series with cAdvisor's names and labels (google/cadvisor metrics/prometheus.go), as
 * dashboards expect them of a node. What is not known is absent. Pure.
 */
#ifndef AGENT_CADVISOR_H
#define AGENT_CADVISOR_H

#include "agent/census.h"

void cadvisor_write(struct buf *out, const struct census *c, const struct node_facts *facts);

#endif
