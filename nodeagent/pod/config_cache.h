/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ConfigMaps, Secrets and RuntimeClasses that the Pods of this process refer to (environment, volumes, registry
 * credentials), once, however many Pods share them.
 *
 * An object is known as long as a set holds it: a Pod's worker has one set of all that the Pod names, and each job a set
 * of what it reads, which it waits for. A failure to fetch is not kept: the next who waits tries again. Loop thread.
 */
#ifndef POD_CONFIG_CACHE_H
#define POD_CONFIG_CACHE_H

#include "client/rest.h"

enum config_kind { CONFIG_MAP, CONFIG_SECRET, CONFIG_RUNTIME_CLASS, CONFIG_KINDS };

struct config_cache;
/* r: the daemon's client on its loop; borrowed. watch: keep what is known up to date; else every wait fetches. */
struct config_cache *config_cache_new(struct rest *r, bool watch);
/* fn is called when an object that was known has become another one, or comes, or goes. It may not add or release sets. */
struct config_object;
void config_cache_on_change(struct config_cache *c, void (*fn)(void *arg, const struct config_object *o),
			    void *arg);
void config_cache_free(struct config_cache *c);	       /* for tests; after the last set */
size_t config_cache_len(const struct config_cache *c); /* for tests */

struct config_link;
struct config_set { /* zeroed, then added to */
	struct config_link *v;
	size_t n, left;
	void (*fn)(void *arg);
	void *arg;
};
/* ns: ignored for kinds that have none. The place of an object, whether or not there is such an object; the same twice is one. Not while waiting. */
void config_set_add(struct config_set *s, struct config_cache *c, enum config_kind kind, const char *ns,
		    const char *name);
bool config_set_has(const struct config_set *s, const struct config_object *o);
/* fn is called once each object is known or cannot be; before this returns when that is so already. */
void config_set_wait(struct config_set *s, void (*fn)(void *arg), void *arg);
/* Borrowed until the next turn of the loop. NULL with REASON_NOT_FOUND when there is none, with another reason when it
   could not be fetched. */
const js *config_set_get(const struct config_set *s, enum config_kind kind, const char *name,
			 struct err *err);
/* 0 when every object was fetched or does not exist; else why not. */
int config_set_check(const struct config_set *s, struct err *err) MUST_CHECK;
void config_set_release(struct config_set *s); /* not while waiting */

#endif
