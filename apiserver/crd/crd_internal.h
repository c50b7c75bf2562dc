/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#ifndef CRD_CRD_INTERNAL_H
#define CRD_CRD_INTERNAL_H

#include "crd/crd.h"

struct views;

/* ---- crd_status.c: what the status should be ---- */
/* A new status; the names are judged against what others have been granted. *ret_conflict: some name is another's. */
js *crd_status(struct views *views, const struct schema *schema, const js *crd, int64_t now_ns,
	       bool *ret_conflict) MUST_CHECK;
bool crd_condition_is_true(const js *status, const char *type);

/* ---- crd_kinds.c: from a definition to kinds ---- */
/* With the names that the status grants. NULL with *err unset when no version is served; with REASON_INVALID when it
   cannot be. */
struct schema_builder *crd_kinds(struct schema *schema, const js *crd, const js *status,
				 struct err *err) MUST_CHECK;

/* ---- crd_write.c: what is written, as the server itself ---- */
/* The definition's status (and finalizers, when `last`), if it is of that revision still. REASON_CONFLICT, NOT_FOUND:
   somebody else was faster. BLOCKS. */
int crd_write_status(struct registry *r, const struct kind *k, const struct obj *o, const js *status,
		     bool last, struct err *err) MUST_CHECK;
/* Deletes what is there of the kind. BLOCKS. */
int crd_delete_instances(struct registry *r, const struct kind *k, struct err *err) MUST_CHECK;

#endif
