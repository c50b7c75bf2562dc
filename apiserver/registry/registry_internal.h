/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share; nobody else includes it. */
#ifndef REGISTRY_REGISTRY_INTERNAL_H
#define REGISTRY_REGISTRY_INTERNAL_H

#include "registry/registry.h"

struct service_alloc;
struct registry {
	const struct schema *schema;
	struct storage *storage;
	struct views *views;
	struct service_alloc *alloc;
	struct admission *admission;
	struct managed_memo *memo;
};

/* ---- registry.c: how a call goes on ---- */
void registry_start(struct registry_call *c, registry_step_fn *const *steps);
/* Ends the call with what err holds. */
static inline enum progress registry_progress(int rc)
{
	return rc < 0 ? PROGRESS_END : PROGRESS_NEXT;
}
/* Comes back to the same step when the cache has seen everything that was committed before. */
enum progress registry_catch_up(struct registry_call *c);
/* Hands c->draft, c->old to the store; `then` judges the answer (write.err, write.result) and must not block:
   END, AGAIN, or AWAY after another submit. */
enum progress registry_submit(struct registry_call *c, enum write_op op, unsigned flags,
			      enum progress (*then)(struct registry_call *c));
/* The write of `new` will not be: what was allocated for it, and is not in `old`, is free again. */
void registry_give_back(struct registry_call *c, const js *new, const js *old);
/* Ends a write that was undone: somebody else was given the same first. The client is to try again. */
enum progress registry_ask_again(struct registry_call *c, const char *method);
/* A call that another one makes and waits for: init, set what differs in attr, begin, an operation on `call`, AWAY. The
   outer call's step is run again whenever the inner one wants to go on or has ended; it asks registry_nested_runs first. */
struct registry_nested {
	struct registry_call call;
	struct attributes attr;
	struct registry_call *outer;
	bool runs; /* has begun and not ended */
};
void registry_nested_init(struct registry_nested *n, struct registry_call *outer); /* also once more */
void registry_nested_begin(struct registry_nested *n);
/* It was not at its end and goes on here: AWAY. */
bool registry_nested_runs(struct registry_nested *n);
/* Forgets the trees and drafts of an attempt. */
void registry_forget(struct registry_call *c);
void registry_about(struct registry_call *c, const char *name);
/* The failure names another kind or resource of the same group. */
void registry_about_as(struct registry_call *c, const char *kind, const char *resource);
PRINTF(2, 3) void registry_warn(struct registry_call *c, const char *fmt, ...);

/* Refusals in upstream's words; -1. */
/* REASON_CONFLICT when c->old is not what o asks for. */
int registry_check_preconditions(struct registry_call *c, const struct delete_options *o,
				 struct err *err) MUST_CHECK;
int registry_not_found(struct registry_call *c, struct err *err);
int registry_conflict(struct registry_call *c, struct err *err);
/* "pods" or "deployments.apps" */
const char *registry_resource_text(const struct kind *k, char buf[256]);

/* ---- steps ---- */
/* update.c: c->old becomes the object as the cache knows it, certain not to miss an older commit. */
registry_step_fn registry_look_up;
extern registry_step_fn *const registry_create_steps[];

/* deletecollection.c, evict.c: NULL is fine. */
void registry_collection_free(struct collection *col);
void registry_eviction_free(struct eviction *e);

/* pipeline.c: the rules between decoding and storing, on trees of the stored kind. */
registry_step_fn pipeline_prepare_create, pipeline_mutate_create, pipeline_check_create,
	pipeline_validate_create;
registry_step_fn pipeline_prepare_update, pipeline_mutate_update, pipeline_check_update,
	pipeline_validate_update;
registry_step_fn pipeline_mutate_delete, pipeline_validate_delete;
/* A body that is no object of the kind, created at a subresource; admission sees it once, however often the rest is tried. */
registry_step_fn pipeline_mutate_body, pipeline_validate_body;
void pipeline_warn(struct registry_call *c); /* what the strategy has to say of a valid write */
/* c->draft becomes the bytes of the tree; REASON_TOO_LARGE. */
int pipeline_draft(struct registry_call *c, const js *o, struct err *err) MUST_CHECK;
/* True when the draft says what is stored already: such a write is none. */
bool pipeline_unchanged(const struct obj *old, const struct obj *draft);

/* ---- scale.c: NULL: the kind has none ---- */
const struct subresource *registry_scale_row(const struct kind *k);

/* ---- managed.c: who owns which field. `said` is what the write itself says of it, NULL: nothing ---- */
void managed_create(struct registry_call *c, const js *said);
void managed_update(struct registry_call *c, const js *said);

/* ---- objectmeta.c ---- */
#define FINALIZER_ORPHAN "orphan"
#define FINALIZER_FOREGROUND "foregroundDeletion"
int objectmeta_check_namespace(const struct registry_call *c, js *o, struct err *err) MUST_CHECK;
void objectmeta_prepare_create(const struct registry_call *c, js *o);
void objectmeta_prepare_update(js *new, const js *old);
void objectmeta_validate(struct registry_call *c, const js *new, const js *old);
/* Puts what errs says of metadata into upstream's order, before all else; the first `general` are not the strategy's. */
void objectmeta_order(struct field_errors *errs, size_t general, bool update);

#endif
