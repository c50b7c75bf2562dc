/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose dependant is it: adoption and release by selector (kubernetes/kubernetes
 * pkg/controller/controller_ref_manager.go).
 *
 * An object in the owner's namespace belongs to it when its controller reference names the owner's uid and
 * the selector matches. A match without controller is adopted, a non-match is released. An owner that is
 * being deleted does neither. Before the first adoption the owner is read live, so that a deleted and re-made
 * one does not adopt with a stale uid.
 */
#ifndef CLAIM_H
#define CLAIM_H

#include "controller/controller.h"

struct claimed {
	const void **v; /* references */
	size_t n;
};
/* `dependants` needs the indexes INDEX_OWNER_UID and INDEX_ORPHAN. An adopted one also gets the finalizer (NULL: none), a
   released one loses it. */
int claim(struct controller_ctx *ctx, struct informer *dependants, const struct informer_object *owner,
	  const struct selector *selector, const char *finalizer, struct claimed *ret,
	  struct err *err) MUST_CHECK;
/* The same of those that `member` says true of as well: others of the selector are not its, and are released when they were. */
int claim_members(struct controller_ctx *ctx, struct informer *dependants,
		  const struct informer_object *owner, const struct selector *selector,
		  bool (*member)(const struct informer_object *owner, const struct informer_object *o),
		  struct claimed *ret, struct err *err) MUST_CHECK;
void claim_release(struct claimed *c);

#endif
