/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patch forms as parts of a request: read once, applied once per attempt. The patch of
 * a struct patch is borrowed by nobody outside; release it with verb_patch_release.
 */
#ifndef REST_VERB_PATCH_H
#define REST_VERB_PATCH_H

#include "registry/registry.h"

enum patch_form { PATCH_FORM_JSON, PATCH_FORM_MERGE, PATCH_FORM_STRATEGIC, PATCH_FORM_APPLY };

struct patch {
	enum patch_form form;
	js *tree;
	struct js_duplicates dup;
};

struct operation;
/* Which form it is by Content-Type (REASON_UNSUPPORTED_MEDIA_TYPE), and what its options lack. */
int verb_patch_options(struct operation *o, struct err *err) MUST_CHECK;
void verb_patch_release(struct patch *p);

#endif
