/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One log request: which run of which container is meant, and its file (follow.h). On the loop.
 */
#ifndef SERVE_LOGS_H
#define SERVE_LOGS_H

#include "loop/loop.h"
#include "pod/worker.h"
#include "serve/logquery.h"

/* Where the Pods are; the agent's. */
struct logs_source {
	struct loop *loop;
	const char *root; /* the state directory */
	bool simulated;	  /* containers write no logs that could be followed */
	/* The worker of a Pod; NULL when there is none. */
	struct worker *(*find)(void *arg, const char *ns, const char *pod);
	void *arg;
};

struct logs;
/* fn: as follow_new's. The strings and the query are borrowed for the call. NULL: *err says why; its reason gives the HTTP
   status (404, 400). */
struct logs *logs_open(const struct logs_source *s, const char *ns, const char *pod, const char *container,
		       const struct logquery *q, loop_fn *fn, void *arg, struct err *err) MUST_CHECK;
/* As of follow.h. */
void logs_ask(struct logs *l);
size_t logs_take(struct logs *l, char *out, size_t max);
bool logs_over(const struct logs *l);
const struct err *logs_error(const struct logs *l);
void logs_close(struct logs *l); /* NULL is fine */

#endif
