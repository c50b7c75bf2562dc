/* SPDX-License-Identifier: Apache-2.0 */
/* What selector.c, selector_groups.c and selector_parse.c share; nobody else includes this. */
#ifndef OBJECT_SELECTOR_INTERNAL_H
#define OBJECT_SELECTOR_INTERNAL_H

#include <stdatomic.h>
#include "object/labels.h"

struct entry {
	struct requirement r;
	const char *symbol; /* static: how the operator is written */
	void *memory;	    /* key, values and their array */
};

struct selector {
	atomic_int more_refs; /* than one */
	bool nothing;
	size_t bytes; /* of its requirements */
	size_t n, cap;
	struct entry *v;
	struct selector_groups *groups; /* of many requirements; NULL: each is looked at */
};

/* Values while a requirement is being made; who adds a text keeps it. */
struct values {
	const char **v;
	size_t n, cap;
};

void selector_values_add(struct values *vs, const char *s);
void selector_values_sort(struct values *vs); /* into a set */
int selector_validate(const char *key, enum selector_op op, const struct values *vs,
		      struct err *err) MUST_CHECK;
/* Copies key and values; symbol is static. */
void selector_append(struct selector *s, const char *key, enum selector_op op, const char *symbol,
		     const struct values *vs);
void selector_sort(struct selector *s); /* when it is complete */
bool selector_to_int(const char *s, int64_t *ret);

/* ---- selector_groups.c ---- */
struct selector_groups *selector_groups_new(const struct selector *s); /* s is sorted, and stays */
void selector_groups_free(struct selector_groups *all);		       /* NULL is fine */
bool selector_groups_match(const struct selector_groups *all, const struct labels *l);

#endif
