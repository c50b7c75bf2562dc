/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metadata of an object tree, and the small structs that daemons keep of it.
 *
 * Readers borrow from the tree. struct meta is the decoded form that an informer's struct begins with; it
 * owns its strings. Any thread, a tree belongs to one.
 */
#ifndef OBJECT_META_H
#define OBJECT_META_H

#include "object/json.h"
#include "object/labels.h"

const char *meta_name(const js *o);
const char *meta_namespace(const js *o); /* "" for cluster-scoped objects */
const char *meta_uid(const js *o);
const char *meta_annotation(const js *o, const char *key);   /* for tests; NULL when absent */
const char *meta_label(const js *o, const char *key);	     /* for tests */
bool meta_deleting(const js *o);			     /* deletionTimestamp is set */
bool meta_has_finalizer(const js *o, const char *finalizer); /* for tests */
js *meta_controller_ref(const js *o); /* the ownerReference with controller: true, or NULL */
void meta_set_label(js *o, const char *key, const char *value); /* for tests */
void meta_set_annotation(js *o, const char *key, const char *value);
/* An ownerReference to `owner` with controller and blockOwnerDeletion set. */
js *meta_new_controller_ref(const char *api_version, const char *kind, const char *name, const char *uid);

/* Its strings stand in the object's own block, though thousands of Pods have the same apiVersion and kind: that is some 20
   bytes of about 500, and a shared copy would cost every event a table under a lock. */
struct owner_ref {
	char *api_version, *kind, *name, *uid;
	bool controller, block_owner_deletion;
};

struct meta {
	char *name, *namespace; /* namespace is "" for cluster scope */
	char *uid;
	uint64_t rv; /* resourceVersion */
	int64_t generation;
	int64_t created_ns; /* wall; 0 when absent */
	int64_t deleted_ns; /* deletionTimestamp, wall; 0 = not being deleted */
	struct labels *labels;
	struct labels *annotations; /* NULL unless META_ANNOTATIONS */
	struct owner_ref *owners;
	size_t n_owners;
	char **finalizers;
	size_t n_finalizers;
};
struct decode_spec;
/* For DECODE_STRUCT at "metadata", in a block of decode_new(): not to be released. Empty label sets are NULL. */
extern const struct decode_spec meta_spec, meta_annotated_spec;
extern const struct decode_spec meta_owner_spec; /* for DECODE_ARRAY at "metadata.ownerReferences" */
enum { META_ANNOTATIONS = 1 };
void meta_decode(struct meta *m, const js *o, int flags);
void meta_release(struct meta *m);
const struct owner_ref *meta_controller(const struct meta *m); /* NULL when none */

/* "namespace/name", or "name" for cluster scope: the key of work queues and informer stores. */
void meta_key(struct buf *out, const char *namespace, const char *name);
/* Splits a key in place (the slash becomes NUL); *ns is "" for cluster scope. */
void meta_key_split(char *key, const char **ns, const char **name); /* for tests */

#endif
