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

/* ---- definition_rules.c: what is asked, which is less where the definition before it had less ---- */
struct definition_rules {
	bool schemas;	  /* every version has one */
	bool structural;  /* they are */
	bool types;	  /* only those that there are */
	bool pruned;	  /* defaults hold nothing that is unknown */
	bool atomic_sets; /* items of sets are owned whole */
	bool keys;	  /* items of sets and maps, and the keys of these, are there */
	bool review;	  /* one version of reviews is known */
	bool authorities; /* who signs a webhook's certificate can be told */
	bool names;	  /* are settled */
};
struct definition_rules definition_rules(const struct strategy_ctx *ctx, const js *new, const js *old);
bool definition_uses_defaults(const js *spec);

/* ---- a walk over a schema: where it is, and what was found ---- */
struct definition_walk {
	struct field_errors *errs;
	struct definition_rules rules;
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
bool definition_is_type(const char *type);
bool definition_has_open_set(const js *schema);	  /* a set whose items are not owned whole */
bool definition_has_loose_keys(const js *schema); /* of a list whose items nobody can tell apart */
/* definition_structural.c */
void definition_check_structural(struct definition_walk *w, const js *schema);
/* The word in a schema for which it cannot be looked at as a structural one; NULL: it can. */
const char *definition_unsupported(const js *schema);
bool definition_is_structural(const js *schema);
/* definition_conversion.c */
void definition_check_conversion(struct definition_walk *w, const js *spec);
bool definition_knew_review(const js *crd); /* or named none */
/* definition_field.c: the schema of the field that a path leads to, with ['brackets'] or without; NULL with *ret_why, the
   caller's */
const js *definition_field(const js *schema, const char *path, bool arrays, char **ret_why);

#endif
