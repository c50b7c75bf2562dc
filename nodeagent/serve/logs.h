/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One log request from its question to its last byte. A stream belongs to the thread of its connection: it
 * may block, in logs_read, until the container writes, ends, or the client goes away.
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
	/* On the loop: the worker of a Pod; NULL when there is none. */
	struct worker *(*find)(void *arg, const char *ns, const char *pod);
	void *arg;
};

struct logs;
/* NULL: *err says why; its reason gives the HTTP status (404, 400). */
struct logs *logs_open(const struct logs_source *s, const char *ns, const char *pod, const char *container,
		       const struct logquery *q, struct err *err) MUST_CHECK;
/* Up to max bytes; 0 at the end. client: the connection's socket, watched for hang-up while waiting. */
size_t logs_read(struct logs *l, int client, char *out, size_t max);
void logs_close(struct logs *l);

#endif
