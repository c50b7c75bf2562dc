/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every write shares: its options, its way through strategy and admission into the store, and how it
 * fails.
 *
 * One struct write lives on the stack of one handler, on one worker. Handlers differ only in how the new tree
 * comes about: from the body (create, update), from a patch, or from a field that a subresource sets. From
 * there on all take the same two roads, object_create and object_update, so a rule holds for every way of
 * writing.
 */
#ifndef REST_WRITE_H
#define REST_WRITE_H

#include "admission/admission.h"
#include "request/request.h"
#include "request/status.h"
#include "kinds/strategy.h"
#include "rest/api.h"

/* etcd's limit for one request, and so upstream's for one object. */
#define WRITE_MAX_OBJECT (3u << 19)
#define WRITE_CONFLICT_RETRIES 5 /* as upstream's patch handler */

enum field_validation { VALIDATE_WARN, VALIDATE_STRICT, VALIDATE_IGNORE };

struct write {
	struct request *rq;
	struct response *rs;
	struct api *api;
	const struct kind *kind;   /* as the client speaks it */
	const struct kind *stored; /* as the store keeps it */
	struct resource *res;
	const struct strategy *strategy;
	struct strategy_ctx ctx;
	const char *ns;
	enum field_validation validation;
	bool dry_run;
	struct field_errors errs;
	/* What a failure is about; the request's own object unless changed. about.name may point into storage
	 * below. */
	struct subject about;
	char name[256];
};

/* `options` is the kind named when a query parameter is wrong: "CreateOptions", …. On failure call
 * write_fail. */
int write_begin(struct write *w, struct request *rq, struct response *rs, const char *options,
		struct err *err) MUST_CHECK;
/* Fills the response with the Status of *err and the field errors that were collected. */
void write_fail(struct write *w, const struct err *err);
void write_release(struct write *w);
/* REASON_INVALID when field errors were collected. */
int write_check(struct write *w, struct err *err) MUST_CHECK;
/* Sets the name a failure is about. */
void write_about(struct write *w, const char *name);

/* One value of dryRun: "All" sets *ret, anything else is a field error and -1. */
int write_check_dry_run(struct field_errors *errs, const char *value, bool *ret);

/* "pods" or "deployments.apps" */
const char *write_resource_text(const struct kind *k, char buf[256]);
int write_not_found(struct write *w, const char *name, struct err *err);
int write_conflict(struct write *w, const char *name, struct err *err);

/* The object as the cache knows it, certain not to miss an older commit. REASON_NOT_FOUND. */
int object_lookup(struct write *w, const char *name, struct obj **ret, struct err *err) MUST_CHECK;
/* The same in a form fit for the client's version; metadata.resourceVersion is in it. Never NULL. */
js *object_tree_for_client(const struct write *w, const struct obj *o);

/* The name in the body against the one in the path. REASON_BAD_REQUEST. */
int object_check_name(const struct write *w, const js *o, const char *name, struct err *err) MUST_CHECK;

/* Creates from a decoded tree of w->kind (consumed). */
int object_create(struct write *w, js *new, struct obj **ret, struct err *err) MUST_CHECK;

/*
 * Reads, lets `change` make the new tree (of the stored kind; NULL = failed), checks, stores, and reads again
 * when somebody else was faster. change may be called several times. With UPDATE_CREATES a missing object
 * makes `change` run with old NULL, and the result is created.
 */
struct update {
	js *(*change)(struct write *w, void *arg, const struct obj *old, const js *old_tree, struct err *err);
	void *arg;
	unsigned flags;
	const char *uid; /* precondition; "" or NULL = none */
	/* results; release with update_release */
	struct obj *obj;
	bool created;
};
enum {
	UPDATE_CREATES = 1,
	UPDATE_TRUSTED = 2,  /* the server's own change (binding): no admission, no validation; change may
				return a  reference to old_tree after changing it in place */
	UPDATE_FROM_PUT = 4, /* arg is a tree that names the version it was made from; a missing one is judged
				by the strategy */
};
int object_update(struct write *w, const char *name, struct update *u, struct err *err) MUST_CHECK;
void update_release(struct update *u);

/* rest/pipeline.c: the rules between decoding and storing, on trees of the stored kind. */
int pipeline_create(struct write *w, js *new, struct err *err) MUST_CHECK;
int pipeline_update(struct write *w, js *new, const js *old, struct err *err) MUST_CHECK;
/* A draft of the tree; REASON_TOO_LARGE. */
int object_draft(struct write *w, const js *o, struct obj **ret, struct err *err) MUST_CHECK;

/* rest/meta_rules.c */
int meta_check_namespace(const struct write *w, js *o, struct err *err) MUST_CHECK;
void meta_prepare_create(const struct write *w, js *o);
void meta_prepare_update(const struct write *w, js *new, const js *old);
void meta_validate(const struct write *w, const js *new, const js *old, struct field_errors *errs);

/* True when the draft says what is stored already: such a write is none. */
bool object_unchanged(const struct obj *old, const struct obj *draft);
/* Lease renewals and the like: only the kind's heartbeat field differs. */
bool object_is_heartbeat(const struct kind *k, js *new, const js *old);

#endif
