/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three client-side patch forms as parts of a request: read once, applied once per attempt. The patch of
 * a struct patch is borrowed by nobody outside; release it with patch_release.
 */
#ifndef REST_PATCH_H
#define REST_PATCH_H

#include "registry/registry.h"

enum patch_form { PATCH_FORM_JSON, PATCH_FORM_MERGE, PATCH_FORM_STRATEGIC };

struct patch {
	enum patch_form form;
	js *tree;
	struct js_duplicates dup;
};

/* Form by Content-Type (REASON_UNSUPPORTED_MEDIA_TYPE), tree from the body (REASON_BAD_REQUEST). */
struct operation;
int patch_read(struct operation *o, struct patch *p, struct err *err) MUST_CHECK;
void patch_release(struct patch *p);
/*
 * The patched document as a conforming tree of `type` with defaults, or NULL. Unknown and duplicate fields
 * are judged as fieldValidation says, warnings only when `first`.
 */
js *patch_apply(struct operation *o, const struct patch *p, const struct type *type, const js *doc,
		bool first, struct err *err) MUST_CHECK;

#endif
