/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metadata.managedFields of a stored object, kept beside its other bytes. The list is as long as all else that a small Pod has,
 * and hardly anything of it is the Pod's own: Pods of one template, written by the same managers, have the same list but
 * for its times and a few names. So an entry is taken apart into its form, which all entries of that form share, and what
 * fills its gaps; putting both together again gives the very bytes.
 *
 * Forms are counted: one goes with the last list that has it, so there are never more than entries in the cache. Lists are
 * frozen and counted, and outlive the change that leaves them as they are. Any thread.
 */
#ifndef STORAGE_OBJ_MANAGED_H
#define STORAGE_OBJ_MANAGED_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

struct obj_managed;

/* The list that is p: a JSON array, well-formed. What stands between its entries is one comma afterwards. */
struct obj_managed *obj_managed_new(const char *p, size_t n);
struct obj_managed *obj_managed_ref(struct obj_managed *m);
/* A reference to the same list for an object that stays: to a copy, unless the list is one already. A list that was made in
   the midst of a write's short-lived memory would keep a hole there for as long as the object lives, and thousands of them
   make every later write walk over cold memory. */
struct obj_managed *obj_managed_settle(struct obj_managed *m);
void obj_managed_unref(struct obj_managed *m); /* NULL is fine */
void obj_managed_autounref(struct obj_managed **m);
#define autoobjmanaged __attribute__((cleanup(obj_managed_autounref)))
/* The same list with another time in all its entries that have one. */
struct obj_managed *obj_managed_at(const struct obj_managed *m, const char *time);

size_t obj_managed_len(const struct obj_managed *m); /* of the text */
/* Copies what of the text lies behind `off`, at most max bytes; how many. */
size_t obj_managed_read(const struct obj_managed *m, size_t off, char *p, size_t max);
void obj_managed_write(const struct obj_managed *m, struct buf *out);
/* Both say the same but for when. NULL is no list. */
bool obj_managed_same_but_times(const struct obj_managed *x, const struct obj_managed *y);
bool obj_managed_same(const struct obj_managed *x, const struct obj_managed *y); /* for tests */
size_t obj_managed_size(const struct obj_managed *m);				 /* what it costs by itself */
size_t obj_managed_values(const struct obj_managed *m); /* JSON values in it, and how deep they lie */
int obj_managed_depth(const struct obj_managed *m);
size_t obj_managed_forms(void); /* for tests: that there are in the process */

#endif
