/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pulling an image: asks the registry what the name means now, fetches what is not here yet, publishes it in
 * the store. Several callers that want one image with one set of credentials at one time share a single pull, which
 * goes on as long as one of them wants it. The transfer has a thread of its own, so that whoever asked first can go as
 * soon as any other. Any thread; blocks.
 */
#ifndef IMAGE_PULL_H
#define IMAGE_PULL_H

#include "base/cancel.h"
#include "image/registry.h"
#include "image/store.h"

struct image_puller;
struct image_puller *image_puller_new(struct image_store *s); /* s outlives it */
void image_puller_free(struct image_puller *p); /* nobody may be waiting; ends what nobody wants any more */
size_t image_puller_wanted(struct image_puller *p); /* for tests: callers whose image is on its way */

/* A reference to the image. cancel (may be NULL) ends it for this caller, at once: REASON_CANCELED. REASON_INVALID: not a
 * name; NOT_FOUND, UNAUTHORIZED, FORBIDDEN: the registry's answer. */
struct image_record *image_pull(struct image_puller *p, const char *name, const struct registry_options *o,
				struct cancel *cancel, struct err *err) MUST_CHECK;

#endif
