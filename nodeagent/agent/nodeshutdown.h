/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine goes down: new Pods are refused, the node says that it is not ready, and those that are there end, group by
 * group (kubernetes/kubernetes pkg/kubelet/nodeshutdown). Loop thread.
 */
#ifndef AGENT_NODESHUTDOWN_H
#define AGENT_NODESHUTDOWN_H

#include "agent/node.h"
#include "shutdown/plan.h"

struct nodeshutdown;
/* The plan is borrowed and has groups. logind_conf: a directory, as logind_config.conf_dir. NULL: a shutdown cannot be held
   back on this machine, which has been told. */
struct nodeshutdown *nodeshutdown_new(struct node *n, const struct plan *plan, const char *logind_conf);
void nodeshutdown_look(struct nodeshutdown *s); /* a Pod has ended */

#endif
