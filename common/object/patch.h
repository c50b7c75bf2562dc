/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three client-side patch forms. Each returns a new tree and leaves its inputs as they were; a patch that
 * does not apply is REASON_BAD_REQUEST, REASON_INVALID or REASON_UNKNOWN (500 without a reason) as upstream
 * has and words it. Bounds: PATCH_MAX_OPS operations and js depth. Any thread, trees belong to the caller's.
 */
#ifndef OBJECT_PATCH_H
#define OBJECT_PATCH_H

#include "object/json.h"
#include "object/schema.h"

#define PATCH_MAX_OPS 10000

js *patch_json(const js *doc, const js *ops, struct err *err) MUST_CHECK;    /* RFC 6902 */
js *patch_merge(const js *doc, const js *patch, struct err *err) MUST_CHECK; /* RFC 7386 */
/* Strategic merge with the list keys of `type` ($patch, $setElementOrder, $deleteFromPrimitiveList,
 * $retainKeys). */
js *patch_strategic(const js *doc, const js *patch, const struct type *type, struct err *err) MUST_CHECK;
/* Go's %v, bounded because it is only for a message. */
void patch_write_go(struct buf *out, const js *v);
/* The RFC 7386 patch that turns a into b (for clients that send minimal status patches). {} when equal. */
js *patch_merge_diff(const js *a, const js *b); /* for tests */

#endif
