/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Label sets and the selectors over them.
 *
 * A struct labels is a frozen sorted array in one allocation. A selector is a parsed conjunction of
 * requirements, from the query form (`a=b,c in (d,e),!f`) or from a metav1.LabelSelector. Both are immutable
 * after creation and may be shared between threads. Error wording as kubernetes/apimachinery pkg/labels.
 */
#ifndef OBJECT_LABELS_H
#define OBJECT_LABELS_H

#include <stdbool.h>
#include "object/json.h"

struct label {
	const char *key, *value;
};
struct labels {
	size_t n;
	struct label v[]; /* sorted by key */
};

struct labels *labels_new(const js *map); /* NULL or not an object: the empty set. One free() releases all. */
struct labels *labels_dup(const struct labels *l);
void labels_autofree(struct labels **l);			 /* for tests */
const char *labels_get(const struct labels *l, const char *key); /* NULL when absent; l may be NULL */
bool labels_equal(const struct labels *a, const struct labels *b);
js *labels_json(const struct labels *l); /* for tests */

struct selector;
/* Query form; "" selects everything. NULL and REASON_BAD_REQUEST on failure. */
struct selector *selector_parse(const char *s, struct err *err) MUST_CHECK;
/* metav1.LabelSelector; NULL selects nothing, {} everything. */
struct selector *selector_from_json(const js *label_selector, struct err *err) MUST_CHECK;
/* An equality map such as spec.selector of a Service or nodeSelector. */
struct selector *selector_from_map(const js *map);
void selector_free(struct selector *s); /* by everybody who made it or took a reference */
struct selector *selector_ref(const struct selector *s);
size_t selector_size(const struct selector *s); /* about as many bytes as it takes */
void selector_autofree(struct selector **s);	/* for tests */
bool selector_matches(const struct selector *s, const struct labels *l);
bool selector_empty(const struct selector *s);			/* selects everything */
void selector_write(struct buf *out, const struct selector *s); /* canonical query form */

/* One requirement, also used for node selector expressions (Gt and Lt included). */
enum selector_op {
	SELECTOR_IN,
	SELECTOR_NOT_IN,
	SELECTOR_EXISTS,
	SELECTOR_NOT_EXISTS,
	SELECTOR_GT,
	SELECTOR_LT
};
struct requirement {
	const char *key;
	enum selector_op op;
	size_t n;
	const char *const *values;
	bool sorted; /* the values are */
};
bool selector_requirement_matches(const struct requirement *r, const struct labels *l);
extern const char *const selector_op_names[SELECTOR_LT + 1]; /* as objects have them: In, NotIn … */
/* -1 when the word is none of In, NotIn, Exists, DoesNotExist, Gt, Lt. */
int selector_op_parse(const char *word);

/* Field selectors: `metadata.name=x,status.phase!=Running`. */
struct field_term {
	char *field, *value;
	bool negate;
};
struct field_selector {
	size_t n;
	struct field_term *v;
};
int field_selector_parse(const char *s, struct field_selector *ret, struct err *err) MUST_CHECK;
void field_selector_release(struct field_selector *f);

#endif
