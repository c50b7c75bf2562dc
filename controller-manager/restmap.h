/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which resource a kind is, asked of the API's discovery (client-go restmapper). Kinds come and go, so what was learnt is
 * asked again when it is used half a minute later; nothing is asked of groups that nobody wants to know of. Any thread;
 * the rest is the caller's.
 */
#ifndef RESTMAP_H
#define RESTMAP_H

#include "client/rest.h"

struct restmap_row {
	char kind[64], resource[64];
	bool namespaced, scale; /* has a subresource scale of autoscaling/v1 */
	bool watched, deleted;	/* can be listed and watched; can be deleted */
};
struct restmap;
struct restmap *restmap_new(void);
void restmap_free(struct restmap *m);
/* api_version: "v1", "apps/v1". REASON_NOT_FOUND when nothing of that kind is served there. */
int restmap_of_kind(struct restmap *m, struct rest *r, const char *api_version, const char *kind,
		    struct restmap_row *ret, struct err *err) MUST_CHECK;
int restmap_of_resource(struct restmap *m, struct rest *r, const char *api_version, const char *resource,
			struct restmap_row *ret, struct err *err) MUST_CHECK;
/* All resources of that version, an array to free(). REASON_NOT_FOUND when it is not served. */
int restmap_list(struct restmap *m, struct rest *r, const char *api_version, struct restmap_row **ret,
		 size_t *ret_n, struct err *err) MUST_CHECK;
/* Every group in its preferred version, to be freed one by one and as a whole: "v1" first. */
int restmap_versions(struct rest *r, char ***ret, size_t *ret_n, struct err *err) MUST_CHECK;

#endif
