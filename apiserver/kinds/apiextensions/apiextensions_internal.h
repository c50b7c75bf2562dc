/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#ifndef KINDS_APIEXTENSIONS_APIEXTENSIONS_INTERNAL_H
#define KINDS_APIEXTENSIONS_APIEXTENSIONS_INTERNAL_H

#include "kinds/apiextensions/definition.h"
#include "kinds/strategy.h"

/* ---- definition_validate.c ---- */
void definition_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
			 struct field_errors *errs);

/* ---- definition_warn.c ---- */
void definition_warn(const struct strategy_ctx *ctx, const js *new, const js *old);

/* ---- a walk over a schema: where it is, and what was found ---- */
struct definition_walk {
	struct field_errors *errs;
	struct buf path, text;
};
/* The path of a part of where the walk is; until the next call. */
const char *definition_path(struct definition_walk *w, const char *fmt, ...) PRINTF(2, 3);
void definition_enter(struct definition_walk *w, const char *fmt, ...) PRINTF(2, 3);
void definition_leave(struct definition_walk *w, size_t start); /* to where path.len was start */
void definition_walk_release(struct definition_walk *w);
bool definition_is_meta(const char *property); /* apiVersion, kind, metadata */

/* definition_parts.c: each of what stands at the walk's place. */
void definition_check_subresources(struct definition_walk *w, const js *subresources);
void definition_check_columns(struct definition_walk *w, const js *columns);
void definition_check_selectables(struct definition_walk *w, const js *fields, const js *schema);
/* definition_schema.c */
void definition_check_openapi(struct definition_walk *w, const js *schema);
/* definition_structural.c */
void definition_check_structural(struct definition_walk *w, const js *schema);

#endif
