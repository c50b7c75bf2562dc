/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states that a controller can go back to: ControllerRevisions of one owner (kubernetes/kubernetes
 * pkg/controller/history). Each holds a template; the newest has the highest number. Going back means that an old one gets the
 * next number, which is what `kubectl rollout undo` counts on. What is written is seen at once. A worker's thread.
 */
#ifndef HISTORY_HISTORY_H
#define HISTORY_HISTORY_H

#include "base/map.h"
#include "claim.h"
#include "decode/revision.h"

#define HISTORY_HASH_MAX 16 /* of a hash's text, its NUL included */

struct history {
	/* ---- set by the caller; borrowed ---- */
	struct controller_ctx *ctx;
	struct informer *informer;
	const struct informer_object *owner; /* with annotations, which a new one gets */
	const struct selector *selector;
	const char *data; /* cm_revision_data of the owner's template */
	uint64_t data_hash;
	const char *hash_label; /* label of a revision that has its hash */
	/* How often a name was taken, which goes into the hash; -1: never, and nothing goes. In and out. */
	int32_t collisions;

	/* ---- found ---- */
	struct claimed
		all; /* struct cm_controllerrevision, lowest number first; without `current` when that is new */
	const struct cm_controllerrevision *current; /* that of the owner's template; a reference */
};
/* Claims the owner's revisions; makes the one of its template, or gives it the highest number. */
int history_sync(struct history *h, struct err *err) MUST_CHECK;
void history_release(struct history *h);

/* The revision of that name, or NULL; `current` included. Borrowed. */
const struct cm_controllerrevision *history_find(const struct history *h, const char *name);
/* Reads its template from the API: the caller's; NULL and REASON_NOT_FOUND when it is gone. */
js *history_template(const struct history *h, const struct cm_controllerrevision *r,
		     struct err *err) MUST_CHECK;
/* Deletes this one and no other of its name. */
int history_delete(struct history *h, const struct cm_controllerrevision *r, struct err *err) MUST_CHECK;
/*
 * Deletes old ones, lowest number first, until no more than limit are left, but none whose key (by `key_of`) is in `live`, and not
 * the current one. counted: live ones are counted, too. limit < 0: all are kept.
 */
int history_truncate(struct history *h, const struct map *live,
		     const char *(*key_of)(const struct cm_controllerrevision *r), int32_t limit,
		     bool counted, struct err *err) MUST_CHECK;

/* Upstream's: FNV-1 of the data and the number of collisions (none: -1), in letters that make no words. */
void history_hash(const char *data, int32_t collisions, char ret[HISTORY_HASH_MAX]); /* for tests */

#endif
