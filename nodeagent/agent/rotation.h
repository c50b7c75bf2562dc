/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The logs of the containers that run are kept within bounds (log/rotate.h). A look is one stat for each, every
 * interval; when a log grows so quickly that it will be full before the next one, the next look is earlier, and a second after
 * a container has started there is one. What a container can write between two looks is bounded by its monitor
 * (runtime_config.log_max). Loop thread.
 */
#ifndef AGENT_ROTATION_H
#define AGENT_ROTATION_H

#include "agent/node.h"

#define ROTATION_WORKERS 4 /* threads of LANE_DISK */

struct rotation_config {
	struct node *node; /* borrowed */
	int64_t max_size;  /* bytes; negative: logs are left alone */
	int max_files;	   /* at least 2 */
	int workers;	   /* at most ROTATION_WORKERS of them are at work */
	int64_t every_ns;
};
/* From the texts of flags: "10Mi". */
int rotation_check(const char *max_size, int max_files, int64_t every_ns, int64_t *ret_max_size,
		   struct err *err) MUST_CHECK;

struct rotation;
struct rotation *rotation_new(const struct rotation_config *c);
/* A container has started. */
void rotation_hurry(struct rotation *r);

#endif
