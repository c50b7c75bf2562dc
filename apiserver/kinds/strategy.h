/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kind's behaviour, where data is not enough: one const struct per kind in kinds/NAME.c, listed in
 * kinds/strategies.c.
 *
 * Order in a write: decode with the kind's defaults -> default_more -> prepare -> admission -> schema
 * validation -> validate -> allocate -> store -> kept, or release when the write has failed. All functions work on
 * private trees in the stored version, are pure apart from what `ctx` offers, and may run on several workers
 * at once.
 */
#ifndef KINDS_STRATEGY_H
#define KINDS_STRATEGY_H

#include "object/schema.h"

typedef void strategy_warn_fn(void *arg, const char *text);

struct storage;
struct service_alloc; /* kinds/service_alloc.h */
struct user;
struct strategy_ctx {
	struct storage *storage;
	struct service_alloc *alloc;
	int64_t now_ns;		     /* wall */
	const char *subresource;     /* "" or "status", … */
	const struct schema *schema; /* of kinds; NULL in tests that have none */
	const struct kind *kind;     /* in the version asked for; NULL: as it is stored */
	const struct user *user;     /* who asks (request/user.h); NULL: nobody in particular */
	bool dry_run;
	strategy_warn_fn *warn; /* for the client; NULL = nobody listens */
	void *warn_arg;
};

enum {
	STRATEGY_CREATE_ON_UPDATE = 1, /* PUT of a name that does not exist creates it */
	STRATEGY_NEEDS_VERSION = 2,    /* PUT must carry metadata.resourceVersion */
	STRATEGY_RETURNS_DELETED = 4,  /* DELETE answers with the object, not with a Status */
	STRATEGY_NO_DEPENDENTS =
		8, /* the garbage collector ignores this kind as an owner: no orphan finalizers */
	STRATEGY_FREE_FINALIZERS = 32,	 /* finalizers need no domain */
	STRATEGY_SPEC_FINALIZERS = 64,	 /* spec.finalizers hold it, too; preconditions in words of its own */
	STRATEGY_ANNOTATIONS_COUNT = 16, /* a change of annotations bumps metadata.generation, too */
	STRATEGY_LABELS_COUNT = 128,	 /* ... and one of labels */
	STRATEGY_STATUS_PARTS =
		256, /* other subresources, too, change the status: prepare keeps what is not theirs */
	STRATEGY_STATUS_KEEPS_METADATA = 512, /* a write of the status does not change metadata */
	STRATEGY_ORPHANS =
		1024, /* a deletion that says nothing of dependents leaves them, as in the first versions */
	STRATEGY_PLAIN_NAMES = 2048, /* metadata.generateName is the name: nothing is added */
};

struct strategy {
	const char *group, *kind;
	unsigned flags;
	/* Create (old is NULL): drop and set what the server owns. Update: carry over what the client may not
	 * change. */
	void (*prepare)(const struct strategy_ctx *ctx, js *new, const js *old);
	/* Defaults that data cannot express (imagePullPolicy by tag, requests from limits). */
	void (*default_more)(js *o);
	/* What data cannot check. old is NULL on create. Runs after the schema's own checks on the same errs.
	 */
	void (*validate)(const struct strategy_ctx *ctx, const js *new, const js *old,
			 struct field_errors *errs);
	/* Takes what exists once per cluster (service IPs, node ports) and writes it into `new`. */
	void (*allocate)(const struct strategy_ctx *ctx, js *new, const js *old, struct field_errors *errs);
	/* Of a write that failed: gives back what allocate took for `new` and `old` (may be NULL) does not hold. */
	void (*release)(const struct strategy_ctx *ctx, const js *new, const js *old);
	/* Whether an object that has been stored may keep what it took beyond what `old` (NULL: it is new) held: another
	   API server may have given the same to one that was stored before. On the store's thread. */
	bool (*kept)(const struct strategy_ctx *ctx, const js *stored, const js *old);
	/* Warnings for the client (`Warning: 299`), one call of ctx->warn per text. Of a write that is valid and as it will
	   be stored; old is NULL on create. Only when somebody listens. */
	void (*warn)(const struct strategy_ctx *ctx, const js *new, const js *old);
	/* Graceful deletion: the seconds that this object gets (0 = remove at once); NULL = the kind knows no
	 * grace. */
	int64_t (*grace)(const js *o, int64_t asked, bool has_asked);
	/* The same object in another version, from or to the stored one, where that takes more than schema_convert's
	   renames: a new tree. NULL: it does not. */
	js *(*convert)(const struct kind *from, const struct kind *to, const js *o);
	/* STRATEGY_ORPHANS: what a client is told whose deletion said nothing; NULL = nothing. */
	const char *orphan_warning;
	/* First step of a deletion that is done elsewhere: marks o and returns true while it may not be
	 * removed yet. */
	bool (*hold)(const struct strategy_ctx *ctx, js *o);
};
/* Never NULL: kinds without behaviour share an empty strategy. k is the stored kind. No search: bound at load. */
const struct strategy *strategy_find(const struct kind *k);

/* The same object as another kind that shares its storage: what the kind has for it, or schema_convert. A new tree. */
js *strategy_convert(const struct kind *from, const struct kind *to, const js *o) MUST_CHECK;

/* new[key] becomes a copy of old[key], absence included. */
void strategy_carry(js *new, const js *old, const char *key);
/* Only what tells the object itself from others is the client's: metav1.ResetObjectMetaForStatus. */
void strategy_keep_metadata(js *new, const js *old);

/* The fields in which two specs differ, for a person to read. */
void strategy_differences(struct buf *out, const js *a, const js *b);

/* Tells the client, if it listens. */
void strategy_warn(const struct strategy_ctx *ctx, const char *fmt, ...) PRINTF(2, 3);

/* Field paths, built only when there is something to report: PATH("%s.ports[%zu].name", base, i). */
#define FIELD_PATH_MAX 256
const char *strategy_path(char *buf, const char *fmt, ...) PRINTF(2, 3);
#define PATH(...) strategy_path((char[FIELD_PATH_MAX]){0}, __VA_ARGS__)

#endif
