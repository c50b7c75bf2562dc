/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images that no container is made of and nobody has pinned make room, those first that were used longest ago
 * (kubelet pkg/kubelet/images/image_gc_manager.go). When an image was used is what this has seen itself: at each look it asks
 * which images there are and which of them are in use; after a restart it begins anew. What is freed is counted as the
 * disk has it: a layer that other images share goes with the last of them. Any thread; blocks as long as the ops do.
 */
#ifndef IMAGE_GC_H
#define IMAGE_GC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct image_gc_policy {
	int high_percent; /* so full the image file system may be; 100 = whatever */
	int low_percent;  /* so full it is afterwards */
	int64_t min_age_ns,
		max_age_ns; /* younger ones stay; unused for longer they go in any case, 0 = never */
};
struct image_gc_image {
	char *id; /* owned */
	bool used, pinned;
};
struct image_gc_ops {
	int (*list)(void *arg, struct image_gc_image **ret, size_t *ret_n, struct err *err);
	/* *ret_freed: bytes. REASON_CONFLICT: a container was made of it meanwhile. */
	int (*remove)(void *arg, const char *id, int64_t *ret_freed, struct err *err);
	/* Optional: one has gone, for being old or for space. */
	void (*removed)(void *arg, const char *id, int64_t bytes, bool aged);
	/* Of the file system that images lie on. */
	int (*space)(void *arg, int64_t *ret_capacity, int64_t *ret_available, struct err *err);
};

struct image_gc;
/* REASON_INVALID: a policy that contradicts itself, in upstream's words. */
int image_gc_check(const struct image_gc_policy *p, struct err *err) MUST_CHECK;
struct image_gc *image_gc_new(const struct image_gc_policy *p, const struct image_gc_ops *ops, void *arg);
void image_gc_free(struct image_gc *g); /* for tests */

/* The look every five minutes, without which nobody knows how long an image has been there: what is too old goes, and where the high mark is passed what is unused, down to the low
   one. REASON_UNAVAILABLE: there was not enough to free. */
int image_gc_collect(struct image_gc *g, struct err *err) MUST_CHECK;
/* For a node that runs short: all that is unused, but the youngest. Returns the bytes. */
int64_t image_gc_free_unused(struct image_gc *g, struct err *err);

#endif
