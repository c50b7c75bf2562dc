/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that have a node and wait for storage (waiting.h) may go on when it has changed: their plugins are asked again. */
#ifndef RECHECK_H
#define RECHECK_H

#include "framework.h"
#include "waiting.h"

struct lookup;
/* The cycle's thread, without the scheduler's lock. */
void recheck_waiting(const struct framework *f, struct waiting *w, struct lookup *l);

#endif
