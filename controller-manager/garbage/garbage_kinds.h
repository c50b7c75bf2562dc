/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of which kinds the collector sees the objects.
 *
 * Upstream watches everything that can be deleted. Most kinds never have anything to do with it, and a watch is a connection;
 * so our API server says, in the ConfigMap kube-system/coracle-dependants, of which resources an object has had an owner
 * or has waited for its end, and these are watched from then on, and the kinds of owners as references to them are met.
 * What other controllers watch is seen through their informers. An API server that does not say so is watched
 * completely, as discovery has it.
 *
 * Until a kind that was told of is listed, nobody may conclude from it that something has no dependants: keys are parked until
 * then, but not for longer than half a minute, for a kind that cannot be listed must not keep all others.
 */
#ifndef GARBAGE_GARBAGE_KINDS_H
#define GARBAGE_GARBAGE_KINDS_H

#include "controller/controller.h"
#include "restmap.h"

struct garbage_kinds;
struct garbage_kinds *garbage_kinds_new(void);
void garbage_kinds_free(struct garbage_kinds *k);

/* Brings what is watched up to date with what the API server says; asks for another look where it says nothing. */
int garbage_kinds_update(struct garbage_kinds *k, struct controller_ctx *ctx, struct err *err) MUST_CHECK;
/* Everything that discovery names. */
int garbage_kinds_watch_all(struct garbage_kinds *k, struct controller_ctx *ctx, struct err *err) MUST_CHECK;

struct garbage_owner_kind {
	char api_version[320], resource[64];
	bool namespaced;
	struct informer *informer; /* NULL: cannot be watched */
	bool listed;
};
/* Of a reference; from now on it is watched. REASON_NOT_FOUND when there is no such kind. */
int garbage_kinds_of_owner(struct garbage_kinds *k, struct controller_ctx *ctx, const struct owner_ref *r,
			   struct garbage_owner_kind *ret, struct err *err) MUST_CHECK;

/* The key is looked at again when one more kind has listed. */
void garbage_kinds_park(struct garbage_kinds *k, const char *key);
void garbage_kinds_unpark(struct garbage_kinds *k, struct workqueue *q);
/* Everything that is watched has listed, or had its time to do so. */
bool garbage_kinds_settled(struct garbage_kinds *k, struct controller_ctx *ctx);

/* Owners that were asked for and are not there: a uid does not come back. Bounded. */
bool garbage_kinds_is_absent(struct garbage_kinds *k, const char *ns, const struct owner_ref *r);
void garbage_kinds_set_absent(struct garbage_kinds *k, const char *ns, const struct owner_ref *r);
/* The same of who was seen to go. */
bool garbage_kinds_is_gone(struct garbage_kinds *k, const char *uid);
void garbage_kinds_set_gone(struct garbage_kinds *k, const char *uid);

#endif
