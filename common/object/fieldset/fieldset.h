/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of fields, and what a kind's type makes of them: the arithmetic of server-side apply
 * (sigs.k8s.io/structured-merge-diff v6, packages fieldpath and typed).
 *
 * A set is a tree of path elements: a field's name, the keys of a list's item, an item itself, an index. A node that is
 * a member stands for the value at that path; what is below it are members deeper down. Sets are frozen once made, live
 * in an arena together with everything that they point to, and share parts with one another; NULL is the empty set.
 * Elements of keys and items are kept in one canonical text, so that equal ones read alike, and every level is sorted as
 * upstream sorts; all operations are linear in what they look at.
 *
 * Objects are trees that conform to the type, also where C code calls them «conformed» below; a configuration that is
 * applied is not, so it is checked first. Pure functions; any thread, with an arena and trees of its own.
 */
#ifndef OBJECT_FIELDSET_FIELDSET_H
#define OBJECT_FIELDSET_FIELDSET_H

#include "base/arena.h"
#include "object/schema.h"

enum fieldset_by { FIELDSET_FIELD, FIELDSET_KEY, FIELDSET_VALUE, FIELDSET_INDEX };

struct fieldset_element {
	enum fieldset_by by;
	uint32_t n;
	const char
		*p; /* FIELD: the name; else canonical JSON: an object with sorted keys, a value, a number */
};

struct fieldset;
struct fieldset_node {
	struct fieldset_element e;
	bool member;
	const struct fieldset *below; /* NULL: nothing */
};
struct fieldset {
	size_t n; /* not 0 */
	const struct fieldset_node *v;
};

/* ---- FieldsV1 ---- */
/* The set that JSON text like {"f:spec":{"f:replicas":{}}} stands for. p is UTF-8; names may point into it, so it outlives the set.
   REASON_BAD_REQUEST says what is wrong; kinds of elements that are not known are left out. */
int fieldset_parse(struct arena *a, const char *p, size_t n, const struct fieldset **ret,
		   struct err *err) MUST_CHECK;
void fieldset_write(struct buf *out, const struct fieldset *s);

/* ---- arithmetic ---- */
const struct fieldset *fieldset_union(struct arena *a, const struct fieldset *x, const struct fieldset *y);
const struct fieldset *fieldset_intersection(struct arena *a, const struct fieldset *x,
					     const struct fieldset *y);
/* Members of x that are none of y. What is below a member of y stays. */
const struct fieldset *fieldset_difference(struct arena *a, const struct fieldset *x,
					   const struct fieldset *y);
/* The same without what is below the members of y. */
const struct fieldset *fieldset_without(struct arena *a, const struct fieldset *x, const struct fieldset *y);
/* Members of x that are members of y or on the way to one, and all that is below one. A field of y called "*" is any. */
const struct fieldset *fieldset_within(struct arena *a, const struct fieldset *x, const struct fieldset *y);
bool fieldset_equal(const struct fieldset *x, const struct fieldset *y); /* for tests */
size_t fieldset_size(const struct fieldset *s);				 /* for tests: members */
/* The set of the one path made of field names, NULL-terminated. */
const struct fieldset *fieldset_path(struct arena *a, const char *const *names);
bool fieldset_has(const struct fieldset *s, const char *const *names); /* for tests */
/* Every member as text, `.spec.ports[port=80,protocol="TCP"]`, those of a level before what is below them. */
typedef void fieldset_each_fn(void *arg, const char *path);
void fieldset_each(const struct fieldset *s, fieldset_each_fn *each, void *arg);

/* ---- objects of a type ---- */
/* Every leaf that o mentions, and every item of its lists and maps. */
const struct fieldset *fieldset_of(struct arena *a, const struct type *type, const js *o);
struct fieldset_changes { /* no field is in two of them */
	const struct fieldset *added, *modified, *removed;
};
/* What distinguishes new from old; old NULL: from an object of which nothing is set. */
void fieldset_compare(struct arena *a, const struct type *type, const js *old, const js *new,
		      struct fieldset_changes *ret);
/* Bytes that, if two objects of one type have the same, say that fieldset_compare with no old object finds the same in both.
   False: not for this one. */
bool fieldset_digest(struct buf *out, const struct type *type, const js *o) MUST_CHECK;
/* The set with all named fields on the way to its members. */
const struct fieldset *fieldset_named(struct arena *a, const struct type *type, const struct fieldset *s);
/* The set as the present type has it: what has become atomic since is owned as a whole. */
const struct fieldset *fieldset_reconcile(struct arena *a, const struct type *type, const struct fieldset *s);
/* What fits the type and what does not, in upstream's words, `.spec.x: field not declared in schema`; 0 when it does,
   else -1 with the text in *ret. o is any tree. */
int fieldset_check(const struct type *type, const js *o, struct buf *ret) MUST_CHECK;
/* The object with the configuration merged in, and the object without the items of the set. New trees that share parts
   with their sources, which so stay with one thread and are not changed any more; not conformed. */
js *fieldset_merge(const struct type *type, const js *live, const js *config) MUST_CHECK;
js *fieldset_remove(const struct type *type, const js *o, const struct fieldset *s) MUST_CHECK;

#endif
