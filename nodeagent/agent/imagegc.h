/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The look at a node's images every five minutes (image/gc.h says which go), and its events. Loop thread, but for what
 * imagegc_free_unused does.
 */
#ifndef AGENT_IMAGEGC_H
#define AGENT_IMAGEGC_H

#include "agent/node.h"
#include "image/gc.h"

struct imagegc;
struct imagegc *imagegc_new(struct node *n, const char *images_dir, const struct image_gc_policy *p);
void imagegc_start(
	struct imagegc
		*g); /* the first look at once; with a high mark of 100 and no greatest age none at all */
void imagegc_stop(struct imagegc *g); /* for tests; no look is under way; frees it */
/* For a node that runs short of disk, on a thread that may block: returns the bytes freed. */
int64_t imagegc_free_unused(struct imagegc *g);

#endif
