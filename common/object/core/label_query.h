/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A metav1.LabelSelector of a decoded object: what selector_from_json compiles of a tree, in the object's own block. A pointer
 * to one is NULL when the field is absent, which selects nothing; an empty one selects everything. Frozen; any thread.
 */
#ifndef OBJECT_CORE_LABEL_QUERY_H
#define OBJECT_CORE_LABEL_QUERY_H

#include "object/decode.h"

struct label_query {
	struct labels *equal;		  /* matchLabels; NULL = none */
	struct requirement *requirements; /* matchExpressions */
	size_t n;
};
extern const struct decode_spec label_query_spec; /* for DECODE_POINTER */
/* key, operator and values: for DECODE_ARRAY */
extern const struct decode_spec label_query_requirement_spec;

bool label_query_matches(const struct label_query *q, const struct labels *l);
bool label_query_empty(const struct label_query *q); /* there, and selects everything */

#endif
