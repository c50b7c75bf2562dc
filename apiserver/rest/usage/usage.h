/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.k8s.io: what nodes and Pods use, for `kubectl top` and autoscalers, in the form of metrics-server. The node agents
 * are asked when somebody asks, each at most once in ten seconds, and what they said is kept for a minute and a half:
 * where nobody asks, nothing is measured, sent or kept. An agent that has not been asked lately is asked twice, a second
 * apart, because CPU time is a difference.
 */
#ifndef USAGE_USAGE_H
#define USAGE_USAGE_H

#include "request/service.h"
#include "rest/api.h"

struct relays;
struct usage;
/* relays: borrowed; usage_free comes after relays_free. */
struct usage *usage_new(struct relays *relays);
void usage_free(struct usage *u); /* NULL is fine */

typedef void usage_done_fn(struct exchange *x);
/* As podlog_start. */
void usage_start(struct exchange *x, usage_done_fn *done);

#endif
