/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Informers of resources that are known by name only, made while others run: for who must see objects of kinds that come
 * and go, and of those that few clusters use. Nobody waits for them at start, and what they find or do not find
 * concerns no health check. Their handlers are those of informer_set_on_any.
 */
#ifndef CONTROLLER_INFORMER_LATE_H
#define CONTROLLER_INFORMER_LATE_H

#include "controller/informer.h"

struct informer_late {
	const char *group, *version, *resource, *kind;
};
/* The informer that sees all objects of that resource: one that the set has, of whatever type and version, or NULL. */
struct informer *informer_late_find(struct informer_set *s, const char *group, const char *resource);
/* The same, made when there is none, of a type like `like` (rows and indexes are its; names are copied). One that was
   stopped begins anew. After informer_set_start; any thread but a handler's. */
struct informer *informer_late_add(struct informer_set *s, const struct informer_type *like,
				   const struct informer_late *what);
/* Only of such a one: it stops to watch and forgets its objects; handlers are told that they are gone. */
void informer_late_stop(struct informer *i);
bool informer_late_is(const struct informer *i); /* made here */
bool informer_late_asleep(struct informer *i);	 /* and stopped */

#endif
