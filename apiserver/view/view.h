/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the apiserver itself wants to know of some objects, decoded once when they change instead of whenever a
 * request asks.
 *
 * A view is a cache of small structs beside a resource's objects, filled by an observer inside the store's
 * commit (resource_observe): with the embedded engine it is never behind an acknowledged write, with etcd as
 * far as the cache (storage_fresh). Adding one is a row in view.c and a file with its decode_spec and its
 * questions. Nothing here blocks; any thread.
 */
#ifndef VIEW_VIEW_H
#define VIEW_VIEW_H

#include "storage/storage.h"

struct views;
/* Views of kinds that the schema does not have are empty. */
struct views *views_new(struct storage *s, const struct schema *schema);
void views_free(struct views *v); /* before storage_close; NULL is fine */

#endif
