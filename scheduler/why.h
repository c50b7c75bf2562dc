/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a Pod went where it went, or nowhere: the last decision about each of the Pods that were decided lately, with what
 * plugins found wrong with nodes and how they scored the best ones. Served as /why on the scheduler's own port
 * (?pod=NAMESPACE/NAME for one).
 *
 * A decision is kept as references and small numbers, in a ring: it costs a search nothing that could be measured, and
 * text is made when somebody asks. Any thread.
 */
#ifndef WHY_H
#define WHY_H

#include "cycle.h"

#define WHY_MAX 256 /* decisions */

enum why_result { WHY_SCHEDULED, WHY_UNSCHEDULABLE, WHY_ERROR };

struct why;
struct why *why_new(void);
void why_free(struct why *w);
/* Of the search that c has just made. node NULL: none; message is copied. */
void why_record(struct why *w, const struct cycle *c, const struct sched_pod *p, enum why_result result,
		const struct node_state *node, const struct reasons *reasons, const char *message);
/* A JSON list, the latest first. pod: "namespace/name" or NULL for all. */
void why_write(struct why *w, const char *pod, struct buf *out); /* for tests */
/* The page; arg is a struct why. */
void why_page(void *arg, const char *query, struct buf *out);

#endif
