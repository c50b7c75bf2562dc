/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kinds of resource.k8s.io have in common (kubernetes/kubernetes pkg/apis/resource/validation). CEL expressions are
 * taken as they are: there is nothing here that understands them yet. Pure, any thread.
 */
#ifndef RESOURCE_DEVICE_H
#define RESOURCE_DEVICE_H

#include "base/unique.h"
#include "kinds/strategy.h"

#define DEVICE_LIST_MAX 32 /* requests, constraints, settings, selectors, results */
/* A device's identity in errors, as encoding/json writes a struct whose fields hide what they are. */
#define DEVICE_UNSHOWN "{\"Driver\":{},\"Pool\":{},\"Device\":{},\"ShareID\":{}}"

/* Takes away what belongs to features that upstream has off by default; o is a DeviceClaim, NULL is fine. */
void device_drop(js *claim);
/* Fields of o, NULL is fine; the list ends with NULL. */
void device_drop_fields(js *o, const char *const *fields);

/*
 * That a list is not too long, and that no item is there twice: upstream says so behind what it finds in the items, so each
 * has a letter by which its type's `$looked_at` knows it. Lists in items of lists have letters of their own.
 */
enum device_look {
	DEVICE_SIZE = 't',
	DEVICE_REPEATED = 'r',
	DEVICE_SIZE_WITHIN = 'T',
	DEVICE_REPEATED_WITHIN = 'R',
	DEVICE_SIZE_SELECTORS = 's'
};
void device_check_size(const js *list, size_t max, enum device_look look, const char *path,
		       struct field_errors *errs);
/* value: a text; NULL stands for a key that Go cannot show. */
void device_check_repeated(struct unique *seen, const char *key, const char *value, enum device_look look,
			   const char *path, struct field_errors *errs);
/* The names that requests of a DeviceClaim go by: REQUEST and REQUEST/ALTERNATIVE. */
void device_request_names(const js *claim, struct unique *ret);
void device_check_request_ref(const char *name, const struct unique *names, const char *path,
			      struct field_errors *errs);
/* A list of such references. */
void device_check_request_refs(const js *refs, const struct unique *names, const char *path,
			       struct field_errors *errs);
void device_check_pool(const char *s, const char *path, struct field_errors *errs);
/* NAME or DOMAIN/NAME, of attributes and capacities. */
void device_check_attribute(const char *s, const char *path, struct field_errors *errs);
/* A JSON object of at most 10 KiB; one that was stored before may be larger. */
void device_check_raw(const js *raw, bool stored, const char *path, struct field_errors *errs);
/* A DeviceConfiguration. */
void device_check_config(const js *config, bool stored, const char *path, struct field_errors *errs);
/* The first of these requests (`exactly` has the word) or results that wants to look after devices which others use: its
   namespace must allow that. */
void device_check_admin(const struct strategy_ctx *ctx, const js *o, const js *list, const char *path,
			struct field_errors *errs);
/* A DeviceClaim; stored: it cannot have changed. */
void device_check_claim(const js *claim, bool stored, const char *path, struct field_errors *errs);

#endif
