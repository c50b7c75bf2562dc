/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds as data: the interpreter of kind files (apiserver/kinds/NAME.yaml).
 *
 * A kind file names one kind (or only shared types) and describes its fields: type, protobuf number, default,
 * requiredness, bounds, enum, named format, immutability, list-map keys, merge key, documentation; and for
 * the kind: names, scope, verbs, subresources, selectable fields and table columns. From that one description
 * come strict decoding, defaulting, validation, canonical key order, JSON <-> protobuf, strategic merge,
 * tables and discovery (and later OpenAPI and apply). kinds/README.md documents the file format.
 *
 * A struct schema is shared by all threads. What was loaded at the start stays; kinds may be added and removed while
 * others read (see «kinds that come and go»). Types and kinds never change. Trees passed in belong to the caller.
 */
#ifndef OBJECT_SCHEMA_H
#define OBJECT_SCHEMA_H

#include "object/json.h"
#include "object/jsonpath.h"
#include "object/name.h"

enum type_form {
	TYPE_STRING,
	TYPE_INT32,
	TYPE_INT64,
	TYPE_BOOL,
	TYPE_DOUBLE,
	TYPE_BYTES, /* base64 text in JSON */
	TYPE_TIME,  /* RFC 3339, seconds */
	TYPE_MICRO_TIME,
	TYPE_DURATION, /* "1m30s"; a string that only protobuf takes for more */
	TYPE_QUANTITY, /* canonicalised while decoding */
	TYPE_INT_OR_STRING,
	TYPE_FIELDS_V1, /* raw JSON kept as it is */
	TYPE_RAW,	/* any JSON (RawExtension, CRD preserve-unknown) */
	TYPE_OBJECT,
	TYPE_MAP,  /* string -> elem */
	TYPE_LIST, /* of elem */
	/* The value of one of its fields, whichever takes that type of JSON: «a schema or a boolean». The fields' names are
	   protobuf's only. */
	TYPE_EITHER,
};

enum list_kind { LIST_ATOMIC, LIST_SET, LIST_MAP };

/* A line of documentation; not terminated, because most of them stand in the kind file itself. */
struct doc {
	const char *p; /* NULL = none */
	uint32_t n;
};

/* What a value must satisfy beyond its form. */
struct format; /* a named check (name.h), e.g. "dns1123-label" */
struct constraint {
	double min, max;		 /* numbers, inclusive; NAN = no bound */
	int64_t min_len, max_len;	 /* strings (bytes), lists (items), maps (members); -1 = no bound */
	const char **enums;		 /* of a string; NULL-terminated, NULL = any */
	const char **known;		 /* what documents name instead of these; nobody is held to it */
	const struct format *format;	 /* of a string; NULL = none */
	const struct format *key_format; /* of the keys of a map */
	const char
		*unique; /* of a list: field of the elements that must differ; "" = the elements themselves */
	const char *detail;		     /* replaces the text of a failed bound */
	const char *above;		     /* the same, when the upper bound is the one that failed */
	const struct structural *structural; /* inside: what only an OpenAPI schema can say; NULL = nothing */
};

struct field;
struct type {
	const char *name; /* "PodSpec", "events.Event"; NULL for an inline list or map */
	const char *go;	  /* as encoding/json names it in errors: "v1.PodSpec", "string", "[]v1.Container" */
	const char *package; /* "core/v1", from the file; NULL for built-in types */
	enum type_form form;
	const struct type *elem;	/* LIST, MAP */
	const struct constraint *check; /* NULL = none */
	/* OBJECT, EITHER: inlined messages are already expanded here. Look up with schema_field. */
	const struct field *fields; /* in canonical (upstream struct) order */
	unsigned n_fields;
	bool preserve_unknown;
	/* Of an OpenAPI schema: values keep what they are (zeroes, nulls, wrong types until validation). */
	bool structural;
	bool nullable;		   /* ... and may be null */
	bool untyped;		   /* ... and of any type; what is asked is asked of values that it suits */
	bool resources;		   /* ... and is a resource of its own, or has some within */
	bool pb_nested;		   /* protobuf wraps it: a list or map inside a map or list */
	bool milli;		   /* quantities are rounded up to thousandths */
	const char *union_of;	   /* "volume type": exactly one of the fields marked `member` must be set */
	bool union_optional;	   /* ... or none */
	const char *union_default; /* the member that is made, empty, when none is set; NULL = none */
	bool atomic;		   /* server-side apply: all of the object belongs to one manager */
	struct doc doc;
	struct type_index *index; /* inside: look-up tables and what the subtree needs */
};

/* What few fields have: most share one that is empty. */
struct field_more {
	const js *def; /* default, complete in itself, when the field is absent; NULL = none. Frozen: js_dup
			  it */
	const js *def_members;	/* of an object field: defaults of its members that hold only here */
	const char *def_from;	/* sibling whose value is the default, or NULL */
	const char *when_field; /* the default applies only while this sibling has one of these values */
	const char **when_values;
	const char **keys;  /* LIST_MAP: key field names, NULL-terminated */
	const char *detail; /* replaces the text of a failed required check or of one of immutability */
	unsigned up;	    /* how many levels above the field its errors are reported: where upstream does */
	const char *path;   /* the whole path under which upstream reports its errors; NULL = where it is */
	unsigned skip;	    /* how many levels above the field the paths below it leave out */
	const char *as;	    /* the field's name in the paths of errors below it; NULL = its own */
	bool unchecked;	    /* what is below it is the strategy's to check */
	bool check_absent;  /* the format is checked on "" when the field is absent */
	const char *merge_key; /* strategic merge of a list of objects; NULL = replace */
	const char *stored;    /* name of the field in the storage form, NULL = the same */
};
extern const struct field_more schema_nothing_more;

struct field {
	const char *name; /* JSON name */
	const struct type *type;
	int pb; /* protobuf field number; 0 = none */
	int pb_in; /* which embedded message holds it: its number (Volume.volumeSource) times 1024, plus the number
		      of one embedded in that; 0 = the message itself */
	bool required, immutable;
	bool pb_optional;   /* Go pointer: zero values are kept */
	bool keep_empty;    /* Go serialises the zero value too (no omitempty, or a struct by value) */
	bool patch_merge;   /* strategic merge: lists merge instead of being replaced */
	bool retain_keys;   /* strategic merge: retainKeys strategy */
	bool member;	    /* of the type's union */
	bool listed;	    /* OpenAPI lists it as required: clients without any doubt send it */
	bool atomic;	    /* server-side apply: all of the map or object belongs to one manager */
	bool patch_replace; /* strategic merge: an object is replaced, not merged */
	bool pb_wrapped;    /* protobuf: a list or map is a message of its own, {1: repeated} */
	enum list_kind list;
	const struct field_more *more; /* never NULL */
	struct doc doc;
};

enum { /* verbs */
       VERB_GET = 1,
       VERB_LIST = 2,
       VERB_WATCH = 4,
       VERB_CREATE = 8,
       VERB_UPDATE = 16,
       VERB_PATCH = 32,
       VERB_DELETE = 64,
       VERB_DELETECOLLECTION = 128,
};

struct column {
	const char *name, *type, *format, *description;
	int priority;
	const char
		*cell; /* a path such as .spec.replicas, @NAME of a function in rest/table, or {JSON PATH} */
};

struct selectable {
	const char *field;     /* "spec.nodeName", as clients write it */
	const char *path;      /* where the value is in the storage form, usually the same */
	const char *dflt;      /* value when absent, usually "" */
	const char *otherwise; /* the selectable field that stands for an empty value; NULL = none */
	bool bucket;	       /* watchers of a single value of this field are woken by bucket */
};

struct subresource {
	const char *name;		    /* "status", "scale", "log", "binding" */
	const char *group, *version, *kind; /* of its body; group NULL = the parent's */
	const char *also;		    /* another version of the body that is taken; NULL = none */
	unsigned verbs;
	bool connect; /* another server answers; `kind` names its parameters */
	/* scale: where the parent's numbers and its selector (a LabelSelector, a map of labels, or text) are */
	const char *replicas, *status_replicas, *selector; /* dotted paths */
};

struct strategy; /* the apiserver's, see there; opaque here */
struct kind {
	unsigned id;			    /* dense, for arrays by kind: below schema_kind_count */
	const struct strategy *strategy;    /* bound by who loads the schema; NULL: none */
	const char *group, *version, *kind; /* group "" is core */
	const char *resource, *singular, *list_kind;
	const char *table_order; /* path of the number by which lists of rows are sorted; NULL: by key */
	const char *deprecated;	 /* a warning for whoever uses this version; NULL: it is not */
	const char **short_names, **categories; /* NULL-terminated */
	bool namespaced;
	unsigned verbs;
	const struct type *type;
	struct subresource *subresources;
	size_t n_subresources;
	struct selectable *selectable; /* metadata.name and metadata.namespace are implied for every kind */
	size_t n_selectable;
	struct column *columns;
	size_t n_columns;
	const struct jsonpath **paths; /* of the columns that are {JSON PATH}, else NULL, by column */
	const char *storage; /* resource directory in the store, "GROUP/RESOURCE" ("pods" for core); kinds
				with the same value share objects (events in v1 and events.k8s.io/v1) */
	const struct kind
		*storage_kind;	 /* whose form is stored; usually this kind itself. See schema_convert */
	const char *name_format; /* check of metadata.name */
	bool has_status, has_generation;
	bool virtual; /* objects are answers: nothing of it is stored, and there is no storage resource */
	const char *type_name, *stored_as; /* as the file names them; use type and storage_kind */
	bool heartbeat; /* writes that change only heartbeat_field may be acknowledged before they are durable
			 */
	const char *heartbeat_field;
	int64_t ttl_s; /* objects are removed this many seconds after their last write (events); 0 = never */
	struct schema_part *part; /* inside */
};

struct schema;

/* Loads every *.yaml given as (name, bytes) pairs; types may refer to each other across files. */
struct schema_file {
	const char *name;
	const char *p;
	size_t n;
	bool lasting; /* p stays as long as the schema, so what is text in it need not be copied */
};
struct schema *schema_load(const struct schema_file *files, size_t n, struct err *err) MUST_CHECK;
void schema_free(struct schema *s);
const struct kind *schema_kind(const struct schema *s, const char *group, const char *version,
			       const char *kind);
const struct kind *schema_resource(const struct schema *s, const char *group, const char *version,
				   const char *resource);
/* Of an EITHER: the field that takes that value; NULL when none does. */
const struct field *schema_either(const struct type *type, const js *v);
const struct type *schema_type(const struct schema *s, const char *name);
const struct field *schema_field(const struct type *type, const char *name); /* NULL when unknown */
size_t schema_kinds(const struct schema *s,
		    const struct kind *const **ret); /* in load order; borrowed array */
/* Above every kind's id: the size of an array by kind->id. Grows only. Ids of kinds that are gone are given again. */
unsigned schema_kind_count(const struct schema *s); /* for tests */
/* Gives every kind the behaviour that find knows for it, and those that come later, too; before other threads see the
   schema. */
void schema_bind(struct schema *s, const struct strategy *(*find)(const struct kind *k));

/*
 * ---- kinds that come and go ----
 * The look-ups above read the present generation without a lock. As long as a caller holds a pin, whatever they return
 * stays valid, on any thread, also if it is removed meanwhile; a request holds one from routing to its reply. Pins are
 * for things that end soon: nothing that is removed is freed before the oldest pin is gone. What may last (a watch, a
 * storage resource) refers to its kind instead, which keeps only that kind's part. Callers that only ever ask for kinds
 * of the start, or that run before the first change, need neither.
 */
struct schema_pin {
	unsigned slot; /* 0 = none */
};
struct schema_pin schema_pin(const struct schema *s);		   /* any thread, never blocks */
void schema_unpin(const struct schema *s, struct schema_pin *pin); /* on any thread; none: no-op */
/* For what others take out together with kinds: what was so at schema_epoch() is held by no pin of before once
   schema_passed(that) is true. Any thread. */
uint64_t schema_epoch(const struct schema *s);
bool schema_passed(const struct schema *s, uint64_t epoch);
const struct kind *
schema_kind_ref(const struct kind *k); /* the caller holds a pin or a reference; NULL gives NULL */
void schema_kind_unref(const struct kind *k);

/*
 * What comes and goes together: kinds and the types they need. A builder may use the types of the start, but not those
 * of other parts; a part that was built but never published is freed by schema_part_free, one that was published by
 * schema_retire. Every reference to a kind is gone before the schema is freed.
 */
struct schema_builder;
struct field_errors;
struct schema_builder *schema_builder_new(struct schema *s); /* one thread */
void schema_builder_free(struct schema_builder *b);
int schema_builder_file(struct schema_builder *b, const struct schema_file *f, struct err *err) MUST_CHECK;
/*
 * A structural OpenAPI v3 schema (a CRD's, with its x-kubernetes extensions) as an object type of that name; apiVersion,
 * kind and metadata are added. REASON_INVALID says where and what when it is not structural, not understood (patterns
 * that RE2 knows and regex.h does not) or too large. The tree is borrowed until the builder is finished.
 */
int schema_builder_openapi(struct schema_builder *b, const char *name, const js *schema,
			   struct err *err) MUST_CHECK;
/* Whether such a schema can become a type (*err says why not), and whether its defaults are what it asks for itself, and
   (pruned) hold nothing that it does not know: errs, below the path. Any thread. */
int schema_openapi_check(const struct schema *s, const js *schema, const char *path, bool pruned,
			 struct field_errors *errs, struct err *err) MUST_CHECK;
/* Whether strings of that format are checked. */
bool schema_knows_format(const char *name);
/* One item of a kind file's `kinds`. */
int schema_builder_kind(struct schema_builder *b, const js *kind, struct err *err) MUST_CHECK;
/* Links and checks what was read. The builder is gone in any case. */
struct schema_part *schema_builder_finish(struct schema_builder *b, struct err *err) MUST_CHECK;
void schema_part_free(struct schema_part *part);
size_t schema_part_kinds(const struct schema_part *part, struct kind *const **ret); /* borrowed */
/* Puts `in` into the place of `out`, in one step for all readers; either may be NULL. Fails, with nothing changed, when
   a kind or resource of `in` exists elsewhere. On success `in` is the schema's, and `out` is the caller's to retire.
   Any thread; changes wait for one another. */
int schema_change(struct schema *s, struct schema_part *in, struct schema_part *out,
		  struct err *err) MUST_CHECK;
/* Frees a part that was taken out, once no pin and no reference can hold it. By then nothing else may lead to its
   kinds: tables by kind->id, resources and the like have forgotten them. */
void schema_retire(struct schema *s, struct schema_part *part);
/* Tests only: generations and parts that are not freed yet. */
size_t schema_retired(const struct schema *s); /* for tests */

/* How the items of a list type are told apart that says so itself: what an OpenAPI schema makes; of all others the field
   says it. *ret_keys is set for LIST_MAP, NULL-terminated. */
enum list_kind schema_list_kind(const struct type *t, const char *const **ret_keys);

/* ---- field errors (Status.details.causes) ---- */
struct field_error {
	const char *reason; /* static: "FieldValueRequired", "FieldValueInvalid", "FieldValueNotSupported",
			       "FieldValueForbidden", "FieldValueDuplicate", "FieldValueTooLong",
			       "FieldValueTooMany", "FieldValueNotFound", "FieldValueTypeInvalid" */
	char *field;	    /* "spec.containers[0].name" */
	char *message;	    /* `Invalid value: "x": must be …`, as upstream's field.Error.ErrorBody */
	char look;
	unsigned item;
};
#define FIELD_ERRORS_MAX 256
struct field_errors {
	struct field_error *v; /* of the first `max`; further ones are counted only */
	size_t n;
	size_t max; /* 0: FIELD_ERRORS_MAX */
	/* Upstream looks at some fields more than once: the letter or digit by which the types' `$looked_at` knows the look that
	   finds what is added from now on; 0: the first. 'u' are the rows that compare with what was, '2' the repeated ones. */
	char look;
	/* 1 + which item of a list they are about whose paths do not number its items; 0: none. */
	unsigned item;
};
/* How many of them v holds. */
static inline size_t field_errors_kept(const struct field_errors *e)
{
	size_t max = e->max ? e->max : FIELD_ERRORS_MAX;

	return e->n < max ? e->n : max;
}
/* reason is static, the texts become the list's. */
void field_errors_add(struct field_errors *e, const char *reason, char *path, char *message);
/* True when something is reported for exactly this path already. */
bool field_errors_has(const struct field_errors *e, const char *path);
/* ... or for a path below it. */
bool field_errors_below(const struct field_errors *e, const char *path);
/* Takes back what is reported for the path and below it: what upstream does not look at beside another fault. */
void field_errors_drop(struct field_errors *e, const char *path);
void field_errors_release(struct field_errors *e);
void field_error_required(struct field_errors *e, const char *path, const char *detail);
/* value is written as upstream does: strings quoted, numbers bare, objects as JSON; NULL = null. */
void field_error_invalid(struct field_errors *e, const char *path, const js *value, const char *detail);
/* ... of what Go holds as a map: its members sorted. */
void field_error_invalid_map(struct field_errors *e, const char *path, const js *value, const char *detail);
void field_error_invalid_str(struct field_errors *e, const char *path, const char *value, const char *detail);
/* One cause for each text of a name check (name.h). */
void field_error_names(struct field_errors *e, const char *path, const char *value,
		       const struct name_faults *faults);
void field_error_not_supported(struct field_errors *e, const char *path, const char *value,
			       const char *const *supported);
void field_error_forbidden(struct field_errors *e, const char *path, const char *detail);
void field_error_duplicate(struct field_errors *e, const char *path, const char *value);
void field_error_too_long(struct field_errors *e, const char *path, int max);
void field_error_too_many(struct field_errors *e, const char *path, int got, int max);
void field_error_not_found(struct field_errors *e, const char *path, const char *value);

/* Puts errors of such an object in the order in which upstream finds them: by place, as the types' files say with
   `$looked_at`. The few that are kept. */
void schema_order_errors(const struct type *t, struct field_errors *errs);

/* ---- the pipeline of a write ---- */
/* What strict decoding objects to: `unknown field "spec.foo"`, in document order, bounded. */
struct strict_errors {
	char *v[JS_MAX_DUPLICATES];
	size_t n;
	size_t n_inner; /* of these, the last so many: of the metadata of resources within custom ones */
};
void schema_strict_errors_release(struct strict_errors *s);

/*
 * Makes a decoded tree conform to `type`: what decoding into upstream's Go struct and encoding it again would
 * give. Drops unknown fields (noted in *strict when not NULL), nulls, and zero values that Go omits; writes
 * the zero values that Go always writes (`resources: {}`, `status: {}`); checks JSON types; canonicalises
 * quantities and times; orders keys as the type does. A value of the wrong type fails with REASON_BAD_REQUEST
 * in encoding/json's wording
 * (`json: cannot unmarshal string into Go struct field …`). Returns a new tree (ownership moves), leaves `in`
 * to its owner; scalars that are right as they are belong to both, so both stay with one thread. Keys of the new tree are borrowed from the schema, which must outlive it.
 */
js *schema_conform(const struct type *type, const js *in, struct strict_errors *strict,
		   struct err *err) MUST_CHECK;
/* schema_conform and schema_default in one pass: the quick way of the write path. */
js *schema_decode(const struct type *type, const js *in, struct strict_errors *strict,
		  struct err *err) MUST_CHECK;
/* The same for what an apply has made, whose nulls nobody has looked at: those that a structural type does not allow are
   kept for its validation to refuse. */
js *schema_decode_merged(const struct type *type, const js *in, struct err *err) MUST_CHECK;
/* The same for a tree that the caller gives away, also on failure, and no list, map or object of which is in it twice
   or belongs to anybody else, as it comes from a parser: quicker, since the result is made of it. */
js *schema_take(const struct type *type, js *in, struct strict_errors *strict, struct err *err) MUST_CHECK;
/* The same for what a strategic patch has made, which upstream restores from maps and refuses in other words
   (runtime.DefaultUnstructuredConverter). */
js *schema_restore(const struct type *type, js *in, struct strict_errors *strict, struct err *err) MUST_CHECK;
/* Fills defaults in place; new keys go to the end of their object (schema_write restores the order). */
void schema_default(const struct type *type, js *o);
/* Compact JSON in the canonical key order, whatever the order in the tree; unknown keys come last. */
void schema_write(struct buf *out, const struct type *type, const js *o);
/* Required, bounds, enums, formats, unions, duplicates. `path` is the prefix ("" at the root). */
void schema_validate(const struct type *type, const js *o, const char *path, struct field_errors *errs);
/* The same of an update: what a custom resource had before and has still is not judged again (old NULL: it is new). */
void schema_validate_changed(const struct type *type, const js *old, const js *new, const char *path,
			     struct field_errors *errs);
/* A write of the status: of a custom resource only that is judged, and resources within it are not. */
void schema_validate_status(const struct type *type, const js *old, const js *new, struct field_errors *errs);
/* Immutable fields between old and new; either may be NULL. */
void schema_validate_update(const struct type *type, const js *old, const js *new, const char *path,
			    struct field_errors *errs);
/*
 * The same object as another kind that shares its storage: fields are renamed by `stored`, kind and
 * apiVersion set. To the storage form: schema_convert(k, k->storage_kind, o); from it the other way round. A
 * new tree.
 */
js *schema_convert(const struct kind *from, const struct kind *to, const js *o) MUST_CHECK;

#endif
