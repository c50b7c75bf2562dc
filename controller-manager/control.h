/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small things that every controller says to the API: patches whose answer is seen at once, deletions that
 * meet the right object, statuses, events. All take the object as it was decoded; kind, path and identity come
 * from it. A worker's thread only.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "controller/controller.h"

/* The path of an object or of its subresource. */
void control_path(struct buf *path, const struct informer_object *o, const char *sub);
/* "apps/v1", the caller's to free. */
char *control_api_version(const struct informer_type *t);
/* An ownerReference as JSON. */
js *control_owner_json(const struct owner_ref *r);

/* Makes a patch hit this very state of the object: uid and resourceVersion go into its metadata. */
void control_guard(js *body, const struct informer_object *o);
/*
 * PATCH of an object, or of its subresource: verb is REST_PATCH_MERGE or REST_PATCH_STRATEGIC. The reply is
 * injected into `informer` (NULL: it is not), so the next look sees it. An object that is gone is success.
 */
int control_patch(struct controller_ctx *ctx, struct informer *informer, const struct informer_object *o,
		  enum rest_verb verb, const char *sub, const js *body, struct err *err) MUST_CHECK;
/* Merge patch of the status subresource of this object and no other of its name; its uid is added to the body. */
int control_patch_status(struct controller_ctx *ctx, struct informer *informer,
			 const struct informer_object *o, js *body, struct err *err) MUST_CHECK;
/* A status count in a merge patch: one that is zero is left out, as upstream's omitempty does. */
void control_set_count(js *status, const char *key, int64_t n);

#define CONTROL_OWN_GRACE INT64_C(-1) /* the object's own grace period */
/* DELETE of this object and no other; one that is gone, or has a successor of its name, is success. policy may be
   NULL: the kind's own. */
int control_delete(struct controller_ctx *ctx, const struct informer_object *o, const char *policy,
		   int64_t grace_s, struct err *err) MUST_CHECK;
/* The same of this very state of the object: one that has changed since is REASON_CONFLICT. */
int control_delete_state(struct controller_ctx *ctx, const struct informer_object *o, const char *policy,
			 struct err *err) MUST_CHECK;

/* An event about the object, from this controller's component. */
void control_event(struct controller_ctx *ctx, const struct informer_object *o, bool warning,
		   const char *reason, const char *fmt, ...) PRINTF(5, 6);

#endif
