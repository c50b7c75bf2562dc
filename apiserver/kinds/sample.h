/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every place that a kind's objects have, from its types, and objects that hold a value there: what tests and attackers
 * that must look at all of them are made from (one rule in every kind, growth of every list, values of the wrong type).
 * A kind file that is added is in all of these by that. Pure, any thread; not used by the server.
 */
#ifndef KINDS_SAMPLE_H
#define KINDS_SAMPLE_H

#include "object/schema.h"

struct sample_place {
	const struct sample_place *up; /* NULL: this is the object itself */
	const struct field *field;     /* NULL: an element of the list or map above */
	const struct type *type;
	unsigned depth;
};
/* Calls fn for every place, those above before those below, while the call lasts. A type that holds itself is entered
   once on the way down. */
typedef void sample_fn(const struct sample_place *p, void *arg);
void sample_each(const struct type *t, sample_fn *fn, void *arg); /* for tests */
/* The value at the place of an otherwise empty object: one item in each list and the key "k" in each map on the way.
   Takes the value over. */
js *sample_with(const struct sample_place *p, js *value) MUST_CHECK; /* for tests */
/* What stands at the place of such an object, NULL when nothing does; and whether anything does, a null, too. */
js *sample_at(const js *o, const struct sample_place *p);   /* for tests */
bool sample_has(const js *o, const struct sample_place *p); /* for tests */
/* spec.containers[0].name and spec.nodeSelector[k], as field errors name it; or /spec/containers/0/name */
void sample_path(const struct sample_place *p, struct buf *out);    /* for tests */
void sample_pointer(const struct sample_place *p, struct buf *out); /* for tests */
/* A value of no fitting type, or of a fitting one with no sense; i counts them. *ret is made, false behind the last. */
bool sample_wrong(unsigned i, js **ret); /* for tests */
/* The i-th of many items of a list, which differ in every text and number that they hold. */
js *sample_item(const struct type *t, unsigned i) MUST_CHECK; /* for tests */

#endif
