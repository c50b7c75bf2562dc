/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the schema interpreter share; nobody else includes it. */
#ifndef OBJECT_SCHEMA_INTERNAL_H
#define OBJECT_SCHEMA_INTERNAL_H

#include "base/arena.h"
#include <pthread.h>
#include <stdatomic.h>
#include "base/map.h"
#include "object/name.h"
#include "object/schema.h"

#define SCHEMA_MAX_FIELDS 1024 /* of one type; PodSpec has 42 */
#define SCHEMA_PB_IN 1024      /* see pb_in of a field */
#define SCHEMA_SMALL 64	       /* types up to this size are worked on without allocation */

/* What is worked out once, at load. */
struct type_index {
	uint16_t *slots; /* hash table of field numbers + 1, 0 = empty */
	unsigned mask;
	uint16_t *by_pb; /* field numbers by (pb_in, pb), those with a number only */
	unsigned n_by_pb;
	uint16_t *checked; /* fields with anything to check, absent ones included */
	unsigned n_checked;
	/* Whether anything in the subtree has one, so that whole subtrees are skipped. */
	bool defaults, immutables;
	bool checks;  /* below the value itself, whose own are type->check */
	bool escapes; /* some field's own name is written with escapes, as a custom resource may have it */
	bool zeroes;  /* an absent field may have to be written with its zero value */
	/* Members of the union in the order in which upstream looks at them, and their names in errors about them. */
	struct union_member {
		uint16_t field;
		bool beside; /* may be there when another is, too */
		const char *as;
	} * members;
	unsigned n_members;
	const char *either; /* of an EITHER: what is said of a value that no field takes */
	const char **order; /* while loading: NAME, NAME+ or NAME:NAME; NULL = as written */
	/* Steps of paths in the order in which upstream looks at them, "." the value itself; NULL = as written. */
	const char **looked_at;
	unsigned char colour; /* of the cycle search */
	unsigned draft;	      /* while loading: number of its draft + 1 */
};

/* Of the message that the field is in, in the message `in` that it may be embedded in: 0 when it is elsewhere. */
static inline int pb_embedded(const struct field *f, int in)
{
	if (!in)
		return f->pb_in / SCHEMA_PB_IN;
	return f->pb_in != in && f->pb_in / SCHEMA_PB_IN * SCHEMA_PB_IN == in ? f->pb_in % SCHEMA_PB_IN : 0;
}
/* The pb_in of what the message of that number in the message `in` holds. */
static inline int pb_place(int in, int number)
{
	return in ? in + number : number * SCHEMA_PB_IN;
}

struct format {
	const char *name;
	name_check *check;
	bool map_errors_at_map, list_errors_at_list; /* instead of at the key or item: as upstream has it */
};
const struct format *format_find(const char *name);
/* schema_structural_value.c: "integer"; a double that may stand for one; one text for equal values. */
const char *structural_word(const js *v);
#define STRUCTURAL_WHOLE_MAX 9007199254740991. /* of which a double holds each neighbour */
bool structural_is_whole(double d);
void structural_text(struct buf *out, const js *v);
/* field_error.c: a float64 as Go prints it. */
const char *field_error_number(char out[40], double d);
/* schema_openapi_format.c: the formats that upstream checks in custom resources; NULL for any other name. */
typedef bool openapi_format_fn(const char *s, size_t n);
openapi_format_fn *openapi_format(const char *name);

/* What only an OpenAPI schema asks (schema_openapi.c), beside its type's constraint. */
struct regex;
struct structural {
	bool unique, min_out, max_out; /* the bounds themselves are out */
	double multiple_of;	       /* NAN = any */
	const char *pattern_text;
	const struct regex *pattern;
	const js *values; /* enum; an array */
	openapi_format_fn *format;
	const char *format_name;
	const char **required; /* names, NULL-terminated; NULL = none, as the next */
	const struct type **all_of, **any_of, **one_of;
	const struct type *not_;
	bool resource; /* an object of its own, with apiVersion and kind */
	const struct type *
		says; /* what is asked of apiVersion, kind and metadata, which have types of their own; NULL: nothing */
	enum list_kind list;
	const char **keys; /* of a LIST_MAP */
};

struct schema_part {
	struct schema *schema;
	const struct schema_part *base; /* whose types it may use, too; NULL: it is the base */
	atomic_uint refs;
	bool has_ids;
	struct arena arena;
	struct map types; /* name or expression ("[Container]") -> struct type *; only the base keeps it */
	struct kind **kinds;
	size_t n_kinds;
	js **trees; /* default values, to be put */
	size_t n_trees;
};
struct schema_part *part_new(struct schema *s);
struct type *part_type(const struct schema_part *p, const char *name, size_t n); /* NULL when unknown */
js *part_keep(struct schema_part *p, js *tree); /* takes it over; returns it */
void part_take_ids(struct schema_part *p);

struct generation;
struct retired;
struct schema {
	_Atomic(struct generation *) now;
	atomic_uint_fast64_t epoch;
	atomic_long pins[3];  /* by epoch modulo 3 */
	atomic_bool waiting;  /* something is retired */
	pthread_mutex_t lock; /* of what follows; readers never take it */
	struct retired *retired;
	struct schema_part *base;
	const struct strategy *(*find_strategy)(const struct kind *k);
	atomic_uint n_ids;
	unsigned *free_ids;
	size_t n_free_ids;
};
struct schema *schema_new(void);

/* ---- loading (schema_load.c drives; a struct schema_builder lives only meanwhile) ---- */
struct draft_field {
	struct field f;
	struct field_more more; /* f's, once it is finished */
	struct constraint c; /* of its values, or of the elements where a list or map cannot have it itself */
	bool constrained;
	const char *expr;	   /* type expression, interned; NULL: f.type is set */
	const char *def, *members; /* default values as text, interned */
	const js *tree;		   /* or as a tree, borrowed until the linking */
	bool inlined;
	bool always;   /* Go tag without omitempty */
	bool omitzero; /* ... with omitzero */
	bool unlisted;
};
struct draft {
	struct type *type;
	struct draft_field *v;
	size_t n;
};
struct schema_builder {
	struct schema_part *part;
	struct map strings;		/* interned text -> itself in the arena */
	const struct schema_file *file; /* being read */
	size_t doc_at;			/* in it, behind the last doc that was found */
	const char *package;
	struct draft *drafts;
	size_t n_drafts, cap_drafts;
	struct type **types; /* all that were made, named or not */
	size_t n_types;
	size_t made; /* values that defaults of structural types have brought into others */
};
const char *builder_intern(struct schema_builder *b, const char *s, size_t n);
/* "a|b|c" (or another separator) as a NULL-terminated array; NULL when there are too many. */
const char **builder_split(struct schema_builder *b, const char *s, size_t n, char separator);
/* The type an expression stands for ([T], {T} and named types); types must be known already. */
struct type *builder_type(struct schema_builder *b, const char *expr, struct err *err);

/* The fields of an object type; takes over the array. */
void builder_add_draft(struct schema_builder *b, struct type *t, struct draft_field *v, size_t n);
struct type *builder_new_type(struct schema_builder *b, const char *name); /* name NULL: none */
/* The same type with more to satisfy. Of a list or map, what is about numbers and strings is asked of the elements. */
const struct type *builder_constrain(struct schema_builder *b, const struct type *t,
				     const struct constraint *c);
extern const struct constraint unconstrained;

/* schema_line.c: `NUMBER TYPE ATTRIBUTE...` and `TYPE ATTRIBUTE...` */
int line_field(struct schema_builder *b, const char *text, struct draft_field *ret,
	       struct err *err) MUST_CHECK;
/* 1: *ret_check says something. */
int line_type(struct schema_builder *b, const char *text, struct type *ret, const char **ret_expr,
	      struct constraint *ret_check, struct err *err) MUST_CHECK;

/* schema_link.c: from drafts to types that can be used. */
int link_types(struct schema_builder *b, struct err *err) MUST_CHECK;

/* schema_kind.c */
int kind_load(struct schema_builder *b, const js *item, struct err *err) MUST_CHECK;
int kind_resolve(struct schema_builder *b, struct kind *k, struct err *err) MUST_CHECK;

/* ---- while interpreting ---- */
/* Where we are, as a chain on the stack; text is made only for errors. */
struct at {
	const struct at *up;
	const char *name; /* field name or map key; NULL = list item */
	size_t index;
	bool key;	  /* of a map */
	const char *path; /* what a field error calls all of it; NULL = by its names */
};
/* prefix, then "spec.containers[0].name", map keys in brackets or after a dot. */
enum at_style { AT_FIELD_ERROR, AT_STRICT, AT_GO };
void schema_at_write(struct buf *out, const struct at *at, enum at_style style);

struct conform {
	struct strict_errors *strict; /* may be NULL */
	bool defaults;
	bool nulls;   /* of structural types: those that nothing allows stay, and validation refuses them */
	bool restore; /* is told of in the words of what restores structs from maps */
	bool take; /* what is read is ours and nobody else's: its lists, maps and objects are used for the result */
	const js *members;	   /* defaults that the field above gives the members of the next object */
	const struct type *holder; /* innermost object type, for messages */
	const struct at *
		metadata; /* of a user's object, which is decoded by itself: paths of messages begin there; or NULL */
	int depth;
	size_t made; /* values that defaults of structural types have added */
	struct err *err;
};
/* Defaults within defaults within lists multiply: what they make is bounded, of a document as of a definition. */
#define DEFAULTS_MAX 200000
js *conform_value(struct conform *c, const struct type *t, const struct at *at, const js *in);
void conform_unknown(struct conform *c, const struct at *up, const char *name);
/* schema_structural.c, schema_structural_check.c */
js *structural_conform(struct conform *c, const struct type *t, const struct at *at, const js *in);
/* old: what has not changed since is not judged again; NULL: there is none. */
void structural_validate(const struct type *t, const js *o, const js *old, const char *path,
			 struct field_errors *errs);
void structural_validate_status(const struct type *t, const js *o, const js *old, struct field_errors *errs);
/* schema_structural_before.c: items of the list `old`, as they were. */
struct before {
	const js *list;
	size_t n;
	const char **keys; /* NULL: of a list in which nobody can tell which is which */
	struct map by_key; /* the first of equals; of more than a few */
};
void before_init(struct before *b, const struct type *t, const js *old);
const js *before_item(const struct before *b, const js *item); /* NULL: it is new */
void before_release(struct before *b);
bool structural_unchanged(const struct type *t, const js *v, const js *old);
/* The type of a member, going through them; NULL: the schema does not say. *next is 0 at the first of them. */
const struct type *structural_member(const struct type *t, const char *key, unsigned *next);

/* Builds the hash of field names; -1 and the name when one occurs twice. */
int schema_index_fields(struct arena *arena, struct type *t, const char **ret_duplicate);
int schema_field_index(const struct type *t, const char *name); /* -1 when unknown */
/* The same, going through the members of an object; *next is 0 at the first of them. */
int member_index(const struct type *t, const char *key, unsigned *next);
static inline bool type_is_time(const struct type *t)
{
	return t->form == TYPE_TIME || t->form == TYPE_MICRO_TIME;
}
/* Whether nothing is written as null where the field is always written. */
static inline bool type_zero_is_null(const struct type *t)
{
	return type_is_time(t) || t->form == TYPE_LIST || t->form == TYPE_MAP || t->form == TYPE_BYTES;
}
bool schema_value_is_zero(const struct type *t, const js *v); /* the Go zero value; NULL is */
/* What Go writes for a field that nobody set; NULL stands for null. */
js *schema_zero_value(const struct type *t);
/* Whether the condition of f's default holds; get returns a sibling of o. */
bool default_applies(const struct field *f, const js *when);
/* Fills the members that f gives its object value. */
void default_fill(const struct type *t, js *o);
/* Keys are the schema's own strings: no copy, and known to be new. */
void schema_object_add(js *o, const char *key, js *v);

#endif
