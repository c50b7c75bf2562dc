/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the patch module share. */
#ifndef OBJECT_PATCH_INTERNAL_H
#define OBJECT_PATCH_INTERNAL_H

#include "base/map.h"
#include "object/json.h"
#include "object/patch.h"

/* Passes o on unless it grew too deep; takes ownership. */
js *patch_result(js *o, struct err *err);
/* "object", "array", … as encoding/json names what it met. */

/* Lists by merge key; key NULL = the items themselves. */
void patch_list_index(struct map *m, const js *list, const char *key); /* key's text -> first position + 1 */
/* The same for one item; the first with a key stays. */
void patch_list_note(struct map *m, const js *item, size_t position, const char *key);
size_t patch_list_position(const struct map *m, const js *item, const char *key); /* SIZE_MAX when absent */
/* Sorts what is in `order` by it, what is not by `server`, and slips the latter into the former. A new list.
 */
js *patch_list_order(const js *merged, const js *order, const js *server, const char *key);

/* Go's name of the type that a value decodes to. */
const char *patch_go_type(const js *v);
/* All of these return -1 with REASON_UNKNOWN. */
int patch_no_merge_key(const js *item, const char *key, struct err *err);
int patch_bad_directive(const js *item, struct err *err);
int patch_no_list(const js *v, struct err *err);

#endif
