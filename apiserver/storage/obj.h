/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct obj: a published API object. Bytes are the object: the final JSON as every reader gets it, plus a
 * small index that is computed once, by one scan over those bytes. Frozen at birth, shared by reference
 * count, no tree is kept. One member is kept apart, metadata.managedFields: it is put in where the bytes are read, so who
 * only looks for something else need not pass over it (obj_managed.h).
 *
 * The store's copy of an object carries no metadata.resourceVersion (etcd knows it only after the commit);
 * obj_new scans such bytes and obj_publish splices the revision in, right behind metadata.uid. One allocation
 * holds struct, index and bytes. References: any thread.
 */
#ifndef STORAGE_OBJ_H
#define STORAGE_OBJ_H

#include <stdatomic.h>
#include "object/json.h"
#include "object/labels.h"
#include "object/schema.h"
#include "storage/obj_managed.h"

struct obj {
	atomic_uint refs;
	bool deleting; /* deletionTimestamp is set */
	bool stale; /* the store has it in the form of an older definition: written once more, it has this one */
	uint64_t rv;		     /* 0 in a draft */
	uint64_t create_rv;	     /* revision of the create, when known */
	const struct kind *kind;     /* storage version */
	const char *key;	     /* "NS/NAME" or "NAME" */
	const char *ns, *name, *uid; /* ns "" for cluster scope */
	const struct labels *labels;
	const char *const *fields; /* values of kind->selectable, in its order */
	size_t n_owners;
	const char *const *owner_uids;
	int64_t created_s;	     /* creationTimestamp, unix seconds */
	struct obj_managed *managed; /* NULL: there is none */
	size_t managed_pos;	     /* where it goes in bytes: metadata's end */
	size_t len;
	const char *bytes;     /* served JSON but for managedFields, NUL behind it */
	size_t rv_pos, rv_len; /* the member `"resourceVersion":"N",` inside bytes; rv_len 0 in a draft,
				  rv_pos where it goes */
};

/* What is stored must be readable by everybody later, also with what the server adds to it and inside a list or a
   watch event: the limits of storing are tighter than those of reading (json.h), and hold for the final bytes. */
#define OBJ_DEPTH_MAX (JS_MAX_DEPTH - 8)
#define OBJ_VALUES_MAX (JS_MAX_NODES / 10 * 9)
/* A draft (rv 0) from JSON without resourceVersion, of the kind's storage version; copies the bytes.
   REASON_INTERNAL when they are no object, have no name or carry a resourceVersion; REASON_TOO_LARGE beyond the
   limits. */
struct obj *obj_new(const struct kind *kind, const char *p, size_t n, struct err *err) MUST_CHECK;
/* The same; the JSON has no managedFields, which `managed` is: a reference to it is taken. NULL: none. */
struct obj *obj_new_managed(const struct kind *kind, const char *p, size_t n, struct obj_managed *managed,
			    struct err *err) MUST_CHECK;
/* The published object straight from the store's bytes; of a custom resource, in the form of its present schema. */
struct obj *obj_load(const struct kind *kind, const char *p, size_t n, uint64_t rv, uint64_t create_rv,
		     struct err *err) MUST_CHECK;
/* The same object with revision rv; a new allocation with one reference. Also used to give the last state of
   a deleted object the revision of its deletion. */
struct obj *obj_publish(const struct obj *draft, uint64_t rv);
/* What it costs. */
static inline size_t obj_size(const struct obj *o)
{
	return (size_t)(o->bytes - (const char *)o) + o->len + 1 +
	       (o->managed ? obj_managed_size(o->managed) : 0);
}
/* The served JSON, whole: its length; copies what of it lies behind `off`, at most max bytes, and says how many. */
size_t obj_len(const struct obj *o);
size_t obj_read(const struct obj *o, size_t off, char *p, size_t max);
void obj_write(const struct obj *o, struct buf *out);
struct obj *obj_ref(struct obj *o);
void obj_unref(struct obj *o); /* NULL is fine */
void obj_autounref(struct obj **o);
#define autoobj __attribute__((cleanup(obj_autounref)))
/* A private tree of the served JSON; of all but managedFields. NULL with REASON_INTERNAL in the one case that somebody has put what does not parse
   into the store by hand. */
js *obj_tree(const struct obj *o, struct err *err) MUST_CHECK;
js *obj_tree_unmanaged(const struct obj *o, struct err *err) MUST_CHECK;

#endif
