/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share; nobody else includes it. */
#ifndef OBJECT_FIELDSET_FIELDSET_INTERNAL_H
#define OBJECT_FIELDSET_FIELDSET_INTERNAL_H

#include "object/fieldset/fieldset.h"

/* ---- fieldset_element.c ---- */
/* Upstream's order: fields before keys before values before indices, each among themselves. */
int fieldset_element_compare(const struct fieldset_element *x, const struct fieldset_element *y);
/* "f:name", "k:{...}" and the like. 1: an element; 0: of a kind that is not known; -1: REASON_BAD_REQUEST. text outlives
   the arena's contents. */
int fieldset_element_parse(struct arena *a, const char *text, size_t n, struct fieldset_element *ret,
			   struct err *err) MUST_CHECK;
/* `.name`, `[name="x"]`, `[="x"]`, `[3]` */
void fieldset_element_path(struct buf *out, const struct fieldset_element *e);
/* Canonical JSON. */
void fieldset_element_value(struct buf *out, const js *v);

/* ---- fieldset.c ---- */
/* A set of n nodes in any order, which it sorts in place; NULL when there is none. Nodes of the same element become one,
   with what is below the last. */
const struct fieldset *fieldset_make(struct arena *a, struct fieldset_node *v, size_t n);

const struct fieldset_node *fieldset_find(const struct fieldset *s, const struct fieldset_element *e);

/* ---- fieldset_compare.c ---- */
/* What Go leaves out of a field that it always writes. */
bool fieldset_is_zero(const js *v);

/* ---- shape.c: the type of a value as apply sees it ---- */
struct shape {
	const struct type *type; /* NULL: whatever the value says */
	enum list_kind list;
	const char *const *keys; /* of LIST_MAP */
	bool atomic;
	unsigned char depth; /* members of members: below SHAPE_DEPTH_MAX everything is one field */
};
/* Threads have small stacks, and a value that may be anything nests as deep as JSON may. */
#define SHAPE_DEPTH_MAX 150
enum shape_form { SHAPE_LEAF, SHAPE_STRUCT, SHAPE_MAP, SHAPE_LIST };
struct shape shape_of(const struct type *t);
struct shape shape_of_field(const struct field *f);
/* Of a list's items. */
struct shape shape_elem(const struct shape *list);
/* What v, NULL being JSON's null, is to be taken for. */
enum shape_form shape_form(const struct shape *s, const js *v);
/* The shape of a member of a struct or map; *ret_named: the type knows it by name. */
struct shape shape_member(const struct shape *s, const char *key, bool *ret_named);
/* How an item of a set or map list is called. NULL, or why it has no name, static or in `why`. */
const char *shape_item(struct arena *a, const struct shape *list, const js *item,
		       struct fieldset_element *ret, char why[256]);

/* Items of a list with their elements. */
struct shape_entry {
	struct fieldset_element e;
	const js *item; /* NULL: JSON's null */
	size_t at;
};
/* Those of the list that can be called anything, sorted by element, then by place. */
struct shape_entry *shape_entries(struct arena *a, const struct shape *list, const js *items, size_t *ret_n);

#endif
