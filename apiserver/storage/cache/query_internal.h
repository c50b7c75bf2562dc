/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query made ready to be asked of many objects: field names are resolved to places in the object's index
 * once, and terms are put in an order in which an object's value is looked up among those of its field: a request's line
 * has room for some 50,000 of them.
 *
 * match_init borrows from the query; match_own lets go of it but for the selector, which is shared. Immutable afterwards, any
 * thread.
 */
#ifndef STORAGE_CACHE_QUERY_INTERNAL_H
#define STORAGE_CACHE_QUERY_INTERNAL_H

#include "storage/storage.h"

struct match_term {
	int field; /* place in obj->fields, or one of the FIELD_ values */
	bool negate;
	const char *value;
	/* of a field's first term: its terms end before `end`, and from `negated` on they say what it must not be */
	size_t negated, end;
};
enum { FIELD_NAME = -1, FIELD_NAMESPACE = -2, FIELD_UNKNOWN = -3 };

#define MATCH_TERMS_INLINE 4
struct match {
	const char *ns;		       /* "" = all */
	const struct selector *labels; /* NULL = all */
	size_t n_terms;
	struct match_term *terms; /* sorted by field, negate, value */
	struct match_term few[MATCH_TERMS_INLINE];
	bool owns;
};

/* stored: the kind of the objects. m must not move afterwards. */
void match_init(struct match *m, const struct kind *stored, const struct query *q);
void match_own(struct match *m);
void match_release(struct match *m);
bool match_obj(const struct match *m, const struct obj *o);
size_t match_size(const struct match *m); /* about as many bytes as what it selects by takes */
bool match_all(const struct match *m);	  /* nothing but perhaps the namespace is selected */
/* The only value that `field` may have in what matches, or NULL. */
const char *match_single(const struct match *m, int field);

#endif
