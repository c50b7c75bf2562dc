/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent's server and its metrics tell of the Pods that run here. Loop thread.
 */
#ifndef AGENT_PAGES_H
#define AGENT_PAGES_H

#include "agent/census.h"
#include "agent/usage.h"
#include "serve/answer.h"

/* How many run, after that has changed. */
void pages_count(struct node *n);
struct pages {
	struct node *nodes; /* borrowed, as the facts */
	size_t n;
	const struct node_facts *facts;
	/* inside; zeroed to begin with */
	struct usage usage;
	struct census_memory memory;
};

/* As struct server_config wants them; arg: a struct pages. What takes a census is of the first node. */
js *pages_pods(void *arg);
js *pages_running_pods(void *arg);
void pages_probes(void *arg, struct buf *out);
void pages_summary(void *arg, struct answer *a, bool brief);
void pages_cadvisor(void *arg, struct answer *a, bool unused);
void pages_usage(void *arg, struct answer *a, bool unused);

#endif
