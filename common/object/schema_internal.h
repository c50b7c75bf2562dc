/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the schema interpreter share; nobody else includes it. */
#ifndef OBJECT_SCHEMA_INTERNAL_H
#define OBJECT_SCHEMA_INTERNAL_H

#include "base/arena.h"
#include "base/map.h"
#include "object/schema.h"

#define SCHEMA_MAX_FIELDS 1024 /* of one type; PodSpec has 42 */
#define SCHEMA_SMALL 64	       /* types up to this size are worked on without allocation */

/* What is worked out once, at load. */
struct type_index {
	uint16_t *slots; /* hash table of field numbers + 1, 0 = empty */
	unsigned mask;
	uint16_t *by_pb; /* field numbers by (pb_in, pb), those with a number only */
	unsigned n_by_pb;
	/* Whether anything in the subtree has one, so that whole subtrees are skipped. */
	bool defaults, checks, immutables;
	bool zeroes;	      /* an absent field may have to be written with its zero value */
	unsigned char colour; /* of the cycle search */
	unsigned draft;	      /* while loading: number of its draft + 1 */
};

struct format {
	const char *name;
	const char *(*check)(const char *s);
	bool map_errors_at_map, list_errors_at_list; /* instead of at the key or item: as upstream has it */
};
const struct format *format_find(const char *name);

struct schema {
	struct arena arena;   /* all that lives as long as the schema */
	struct map types;     /* name or expression ("[Container]") -> struct type * */
	struct map kinds;     /* "group/version/kind" -> struct kind * */
	struct map resources; /* "group/version/resource" -> struct kind * */
	const struct kind **kind_list;
	size_t n_kinds, cap_kinds;
	js **trees; /* default values, to be put */
	size_t n_trees;
};

/* ---- loading (schema_load.c drives; a struct loader lives only meanwhile) ---- */
struct draft_field {
	struct field f;
	const char *expr;	   /* type expression, interned */
	const char *def, *members; /* default values as text, interned */
	bool inlined;
	bool always; /* Go tag without omitempty */
};
struct draft {
	struct type *type;
	struct draft_field *v;
	size_t n, cap;
};
struct loader {
	struct schema *s;
	struct map strings; /* interned text -> itself in the arena */
	const char *file;
	const char *package;
	struct draft *drafts;
	size_t n_drafts, cap_drafts;
	bool linked;
};
const char *loader_intern(struct loader *l, const char *s, size_t n);
/* "a|b|c" (or another separator) as a NULL-terminated array; NULL when there are too many. */
const char **loader_split(struct loader *l, const char *s, size_t n, char separator);
/* The type an expression stands for ([T], {T} and named types); types must be known already. */
struct type *loader_type(struct loader *l, const char *expr, struct err *err);

/* schema_line.c: `NUMBER TYPE ATTRIBUTE...` and `TYPE ATTRIBUTE...` */
int line_field(struct loader *l, const char *text, struct draft_field *ret, struct err *err) MUST_CHECK;
int line_type(struct loader *l, const char *text, struct type *ret, const char **ret_expr,
	      struct err *err) MUST_CHECK;

/* schema_link.c: from drafts to types that can be used. */
int link_types(struct loader *l, struct err *err) MUST_CHECK;

/* schema_kind.c */
int kind_load(struct loader *l, const js *item, struct err *err) MUST_CHECK;
int kind_resolve(struct loader *l, struct kind *k, struct err *err) MUST_CHECK;

/* ---- while interpreting ---- */
/* Where we are, as a chain on the stack; text is made only for errors. */
struct at {
	const struct at *up;
	const char *name; /* field name or map key; NULL = list item */
	size_t index;
	bool key; /* of a map */
};
/* prefix, then "spec.containers[0].name", map keys in brackets or after a dot. */
enum at_style { AT_FIELD_ERROR, AT_STRICT, AT_GO };
void at_write(struct buf *out, const struct at *at, enum at_style style);

/* Builds the hash of field names; -1 and the name when one occurs twice. */
int index_fields(struct schema *s, struct type *t, const char **ret_duplicate);
int field_index(const struct type *t, const char *name); /* -1 when unknown */
bool value_is_zero(const struct type *t, const js *v);	 /* the Go zero value; NULL is */
/* What Go writes for a field that nobody set; NULL when it writes nothing (or null). */
js *zero_value(const struct type *t);
/* Whether the condition of f's default holds; get returns a sibling of o. */
bool default_applies(const struct field *f, const js *when);
/* Fills the members that f gives its object value. */
void default_members(const struct field *f, js *o);
void default_fill(const struct type *t, js *o);
/* Keys are the schema's own strings: no copy, and known to be new. */
void object_add(js *o, const char *key, js *v);

#endif
