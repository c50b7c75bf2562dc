/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node that runs short: looks at what is available, tells its conditions, and ends Pods until there is enough again
 * (pressure/ decides). A look is two files of /proc, a cgroup's counters and two statvfs, every 10 s, and every second when
 * it is close; how much disk the Pods use is measured only when there is too little. Unused images go before Pods do.
 * Loop thread.
 */
#ifndef AGENT_EVICT_H
#define AGENT_EVICT_H

#include "agent/imagegc.h"
#include "pressure/pressure.h"

struct evict_config {
	struct node *node; /* borrowed, as the rest */
	const struct thresholds *thresholds;
	int64_t transition_ns;
	int64_t max_grace_s; /* of soft evictions */
	int64_t pods_memory; /* that all Pods together may have */
	int64_t pids;	     /* of the machine */
	const char *proc;    /* "/proc" */
	const struct image_gc_policy *image_policy;
};
struct evict;
struct evict *evict_new(const struct evict_config *c);
void evict_start(struct evict *e);
void evict_stop(struct evict *e); /* for tests; nothing is under way; frees it */

#endif
