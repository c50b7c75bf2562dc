/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds that an apiserver serves: the kind files inside the binary, those of a folder that the user names, and those
 * that come and go while it runs.
 */
#ifndef KINDS_KINDS_H
#define KINDS_KINDS_H

#include "object/schema.h"

#define KINDS_EXTRA_MAX 256		 /* files in the extra folder */
#define KINDS_FILE_MAX (4 * 1024 * 1024) /* bytes of one of them */

/* Loads the built-in kind files, then every *.yaml of extra_dir (NULL: none), each in the order of names. The
   caller owns the schema, which lives as long as the daemon. */
struct schema *kinds_load(const char *extra_dir, struct err *err) MUST_CHECK;

/*
 * The internal door for kinds that come and go. What exists once per kind or per group-version (storage, discovery …)
 * registers an observer at start; a kind is added by them, in the order of registration, before anybody can find it, and
 * removed, in the opposite order, when nobody new can. Who still holds a kind has a pin or a reference (schema.h), and
 * an observer that keeps one longer than its call takes a reference.
 *
 * Any thread; changes wait for one another and run on their caller's thread, which must not hold a pin.
 */
struct kinds;
struct kinds_observer {
	/* Makes what the kind needs; may refuse, and then nothing changes. NULL: nothing to make. */
	int (*add)(void *arg, const struct kind *k, struct err *err);
	/* Readers find the kinds of that group-version as they are now. */
	void (*changed)(void *arg, const char *group, const char *version);
	/* Nobody finds the kind any more; also called for a kind whose addition was refused later on. */
	void (*remove)(void *arg, const struct kind *k);
};
struct kinds *kinds_new(struct schema *s); /* borrows it */
void kinds_free(struct kinds *k);
/* At start, before the first change. o is borrowed. */
void kinds_observe(struct kinds *k, const struct kinds_observer *o, void *arg);

/* What one addition brought; the handle for removing it. Tests only: CRDs come from builders. */
struct schema_part *kinds_add(struct kinds *k, const struct schema_file *f, struct err *err) MUST_CHECK;
/* From a builder, which is gone in any case, into the place of `old` (NULL: of nothing): how a CRD comes in. */
struct schema_part *kinds_replace_built(struct kinds *k, struct schema_part *old, struct schema_builder *b,
					struct err *err) MUST_CHECK;
/* Puts what `f` says into the place of `old` in one step: at any moment clients find the one or the other. On success
   `old` is gone, on failure nothing has changed. Its watchers are told to begin anew. Tests only: CRDs come from builders. */
struct schema_part *kinds_replace(struct kinds *k, struct schema_part *old, const struct schema_file *f,
				  struct err *err) MUST_CHECK;
void kinds_remove(struct kinds *k, struct schema_part *part);

#endif
