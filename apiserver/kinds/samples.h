/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects with every field set, for tests: made from the types of the kind files, and corrected where validation wants
 * particular values by kinds/samples/GROUP.yaml (kinds/README.md says how). A field that a kind file gets is in all of
 * them by that. Values differ from one another and from defaults as far as the rules of the field let them. One thread;
 * not used by the server.
 */
#ifndef KINDS_SAMPLES_H
#define KINDS_SAMPLES_H

#include "object/schema.h"

#define SAMPLES_DIR "apiserver/kinds/samples" /* from the root of the tree, where tests run */

struct samples;
struct samples *samples_load(const char *dir, struct err *err) MUST_CHECK; /* for tests */
void samples_free(struct samples *s);					   /* for tests */
/* How many objects of the kind there are, one at least; the first is the one without a correction of its own, if any. */
size_t samples_count(const struct samples *s, const struct kind *k); /* for tests */
/* The i-th of them as a client sends it. The caller's. */
js *samples_object(struct samples *s, const struct kind *k, size_t i) MUST_CHECK; /* for tests */
/* What the files say of the kind beside its objects, under `walk`; NULL = nothing. Borrowed. */
const js *samples_walk(const struct samples *s, const struct kind *k); /* for tests */
/* Of a type, without corrections, with all members of each union: for what only carries values. The caller's. */
js *samples_raw(struct samples *s, const struct type *t) MUST_CHECK; /* for tests */
/* Names of types that the files correct and that are none of the schema's, or "". */
void samples_unknown(const struct samples *s, const struct schema *schema, struct buf *out); /* for tests */

#endif
