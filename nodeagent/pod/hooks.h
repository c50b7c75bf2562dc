/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life cycle hooks of one Pod's containers: what ACT_HOOK asks for is run, and the machine is told how it ended. How long
 * a hook may take is the machine's business: it does not wait for one whose time is over, which goes on meanwhile, as
 * upstream's does. When the container ends, the hook is over, too.
 *
 * Loop thread. Reference: upstream's pkg/kubelet/lifecycle/handlers.go.
 */
#ifndef POD_HOOKS_H
#define POD_HOOKS_H

#include "pod/machine.h"

struct worker;
struct hook;
void hooks_run(struct worker *w, int container, enum hook_kind kind);
/* After each step of the worker's machine: hooks whose container has ended are over. */
void hooks_follow(struct worker *w, struct instant now);
void hooks_free(struct worker *w); /* all of them; the machine is not told */

#endif
