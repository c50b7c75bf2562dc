/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second front end of drafts: a structural OpenAPI v3 schema, as a CustomResourceDefinition carries it, becomes types
 * like those of a kind file, and is linked with them.
 *
 * What has a form of its own (objects, maps, lists, scalars) is a type; what only asks something of a value (pattern,
 * anyOf …) is in the type's constraint. Branches of anyOf, oneOf, allOf and not are types, too, which ask only. The
 * rules are upstream's for structural schemas (kubernetes/apiextensions-apiserver pkg/apiserver/schema): every value has
 * a type, no $ref, properties and additionalProperties exclude each other.
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/regex.h"
#include "object/schema/schema_internal.h"

#define DEPTH_MAX 64
#define NODES_MAX 20000 /* of one schema; the largest CRDs in use have some 5,000 */
#define NAMES_MAX 1024	/* properties of one object, keys of one list */
#define PLAIN_FORMS 4

struct openapi_reader {
	struct schema_builder *b;
	struct err *err;
	int depth;
	size_t nodes, resources;
	const struct type
		*plain[PLAIN_FORMS][2]; /* by place in scalars[], nullable: of which nothing is asked */
};

static const struct type *read_node(struct openapi_reader *r, const js *s, bool branch);

static void *fail(struct openapi_reader *r, const char *why)
{
	err_set(r->err, REASON_INVALID, "%s", why);
	return NULL;
}

static const char *intern(struct openapi_reader *r, const char *s)
{
	return builder_intern(r->b, s, strlen(s));
}

static void *room(struct openapi_reader *r, size_t n)
{
	return arena_alloc(&r->b->part->arena, n);
}

/* ---- constraints ---- */

static int read_pattern(struct openapi_reader *r, const js *s, struct structural *k)
{
	const char *pattern = js_str(s, "pattern", NULL);
	if (!pattern)
		return 0;
	k->pattern_text = intern(r, pattern);
	k->pattern = regex_compile(&r->b->part->arena, pattern, strlen(pattern), r->err);
	return k->pattern ? 0 : err_wrap(r->err, "pattern: must be a valid regular expression");
}

static int read_enum(struct openapi_reader *r, const js *s, struct structural *k)
{
	const js *values = js_arr(s, "enum", NULL);
	if (values)
		k->values = part_keep(r->b->part, js_dup(values));
	return 0;
}

static const char **read_names(struct openapi_reader *r, const js *list)
{
	if (!js_len(list))
		return NULL;
	const char **v = room(r, (js_len(list) + 1) * sizeof(*v));
	size_t n = 0;
	js_array_for_each (name, list)
		if (js_is_str(name))
			v[n++] = intern(r, json_object_get_string(name));
	return v;
}

static int read_branches(struct openapi_reader *r, const js *s, const char *key, const struct type ***ret)
{
	const js *list = js_arr(s, key, NULL);
	if (!js_len(list))
		return 0;
	const struct type **v = room(r, (js_len(list) + 1) * sizeof(*v));
	js_array_for_each (branch, list) {
		v[branch_i] = read_node(r, branch, true);
		if (!v[branch_i])
			return err_wrap(r->err, "%s[%zu]", key, branch_i);
	}
	*ret = v;
	return 0;
}

static int read_not(struct openapi_reader *r, const js *s, struct structural *k)
{
	const js *branch = js_obj(s, "not", NULL);
	if (!branch)
		return 0;
	k->not_ = read_node(r, branch, true);
	return k->not_ ? 0 : err_wrap(r->err, "not");
}

static int read_list_type(struct openapi_reader *r, const js *s, struct structural *k)
{
	const char *type = js_str0(s, "x-kubernetes-list-type", NULL);
	k->keys = read_names(r, js_arr(s, "x-kubernetes-list-map-keys", NULL));
	k->list = !strcmp(type, "set") ? LIST_SET : !strcmp(type, "map") ? LIST_MAP : LIST_ATOMIC;
	if (k->list == LIST_MAP && !k->keys)
		return err_set(
			r->err, REASON_INVALID,
			"x-kubernetes-list-map-keys: must not be empty if x-kubernetes-list-type is map");
	return 0;
}

static double number(const js *s, const char *key)
{
	const js *v = js_field(s, key);
	return js_is_num(v) ? js_num(v) : NAN;
}

static int64_t length(const js *s, const char *a, const char *b, const char *c)
{
	int64_t n = js_int(s, -1, a, NULL);
	n = n < 0 ? js_int(s, -1, b, NULL) : n;
	return n < 0 ? js_int(s, -1, c, NULL) : n;
}

/* The constraint of a node; *ret stays NULL when it asks nothing. */
static int read_constraint(struct openapi_reader *r, const js *s, bool branch, const struct type *says,
			   const struct constraint **ret)
{
	struct constraint c = unconstrained;
	struct structural k = {.resource =
				       js_bool(s, false, "x-kubernetes-embedded-resource", NULL) && !branch,
			       .says = says,
			       .unique = js_bool(s, false, "uniqueItems", NULL),
			       .min_out = js_bool(s, false, "exclusiveMinimum", NULL),
			       .max_out = js_bool(s, false, "exclusiveMaximum", NULL),
			       .multiple_of = number(s, "multipleOf"),
			       .required = read_names(r, js_arr(s, "required", NULL))};
	const char *format = js_str(s, "format", NULL);
	k.format = format ? openapi_format(format) : NULL;
	k.format_name = format ? intern(r, format) : NULL;
	r->resources += k.resource;
	c.min = number(s, "minimum");
	c.max = number(s, "maximum");
	c.min_len = length(s, "minLength", "minItems", "minProperties");
	c.max_len = length(s, "maxLength", "maxItems", "maxProperties");
	if (k.multiple_of <= 0)
		return err_set(r->err, REASON_INVALID, "multipleOf: must be greater than 0");
	if (read_pattern(r, s, &k) < 0 || read_enum(r, s, &k) < 0 || read_list_type(r, s, &k) < 0 ||
	    read_branches(r, s, "allOf", &k.all_of) < 0 || read_branches(r, s, "anyOf", &k.any_of) < 0 ||
	    read_branches(r, s, "oneOf", &k.one_of) < 0 || read_not(r, s, &k) < 0)
		return -1;
	bool more = k.resource || k.says || k.unique || !isnan(k.multiple_of) || k.required || k.format ||
		    k.pattern || k.values || k.format_name || k.list != LIST_ATOMIC || k.all_of || k.any_of ||
		    k.one_of || k.not_ || k.min_out || k.max_out;
	if (!more && isnan(c.min) && isnan(c.max) && c.min_len < 0 && c.max_len < 0)
		return 0;
	if (more) {
		struct structural *kept = room(r, sizeof(*kept));
		*kept = k;
		c.structural = kept;
	}
	struct constraint *made = room(r, sizeof(*made));
	*made = c;
	*ret = made;
	return 0;
}

/* ---- forms ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct draft_field *)a)->f.name, ((const struct draft_field *)b)->f.name);
}

static struct draft_field field_of(const char *name, const struct type *t)
{
	return (struct draft_field){.f = {.name = name, .type = t, .pb_optional = true}, .c = unconstrained};
}

static struct doc doc_of(struct openapi_reader *r, const js *s)
{
	const char *text = js_str0(s, "description", NULL);
	return *text ? (struct doc){intern(r, text), (uint32_t)strlen(text)} : (struct doc){NULL, 0};
}

/*
 * A resource within a resource has what every object has, whether the schema says so or not. What it says is asked beside the
 * types that all have; one that is within another keeps its own apiVersion and kind, which may have defaults.
 */
static size_t add_envelope(struct openapi_reader *r, struct draft_field *v, size_t n, bool root,
			   const struct type **ret_says)
{
	static const char *const names[][2] = {
		{"apiVersion", "string"}, {"kind", "string"}, {"metadata", "ObjectMeta"}};
	struct draft_field *said = mem_array(ARRAY_LEN(names), sizeof(*said));
	size_t n_said = 0;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct type *t = part_type(r->b->part, names[i][1], strlen(names[i][1]));
		size_t at = 0;
		while (at < n && strcmp(v[at].f.name, names[i][0]))
			at++;
		if (!t || (at < n && !root && strcmp(names[i][0], "metadata")))
			continue;
		if (at < n)
			said[n_said++] = field_of(v[at].f.name, v[at].f.type);
		v[at] = field_of(intern(r, names[i][0]), t);
		n += at == n;
	}
	if (!n_said) {
		free(said);
		return n;
	}
	struct type *says = builder_new_type(r->b, NULL);
	says->structural = true;
	says->form = TYPE_OBJECT;
	builder_add_draft(r->b, says, said, n_said);
	*ret_says = says;
	return n;
}

static int by_name_of_field(const void *name, const void *field)
{
	return strcmp(name, ((const struct draft_field *)field)->f.name);
}

static void mark_required(struct draft_field *v, size_t n, const js *names)
{
	qsort(v, n, sizeof(*v), by_name);
	js_array_for_each (name, names) {
		struct draft_field *d = bsearch(js_str0(name, NULL), v, n, sizeof(*v), by_name_of_field);
		if (d)
			d->f.listed = true;
	}
}

/* resource: what every object has is added; what the schema says of it goes to *ret_says. */
static int read_properties(struct openapi_reader *r, struct type *t, const js *s, bool branch,
			   const struct type **ret_says)
{
	const js *properties = js_obj(s, "properties", NULL);
	if (js_len(properties) > NAMES_MAX)
		return err_set(r->err, REASON_INVALID, "more than %d properties", NAMES_MAX);
	struct draft_field *v = mem_array(js_len(properties) + 3, sizeof(*v));
	size_t n = 0;
	for (struct js_iter it = js_iter(properties); js_next(&it);) {
		const struct type *of = it.value ? read_node(r, it.value, branch) : fail(r, "null");
		if (!of) {
			free(v);
			return err_wrap(r->err, "properties[%s]", it.key);
		}
		v[n] = field_of(intern(r, it.key), of);
		if (!branch)
			v[n].f.doc = doc_of(r, it.value);
		v[n++].tree = branch ? NULL : js_field(it.value, "default");
	}
	mark_required(v, n, branch ? NULL : js_arr(s, "required", NULL));
	if (ret_says)
		n = add_envelope(r, v, n, t->name != NULL, ret_says);
	qsort(v, n, sizeof(*v), by_name);
	builder_add_draft(r->b, t, v, n);
	return 0;
}

static int read_object(struct openapi_reader *r, struct type *t, const js *s, bool branch,
		       const struct type **ret_says)
{
	const js *more = js_field(s, "additionalProperties");
	bool resource = js_bool(s, false, "x-kubernetes-embedded-resource", NULL);
	t->preserve_unknown = branch || js_bool(s, false, "x-kubernetes-preserve-unknown-fields", NULL);
	if (js_is_obj(more) && js_len(js_obj(s, "properties", NULL)))
		return err_set(r->err, REASON_INVALID,
			       "additionalProperties and properties are mutual exclusive");
	if (!js_is_obj(more)) {
		t->preserve_unknown |= js_is_bool(more) && json_object_get_boolean(more);
		t->form = TYPE_OBJECT;
		return read_properties(r, t, s, branch, resource ? ret_says : NULL);
	}
	t->form = TYPE_MAP;
	t->elem = read_node(r, more, branch);
	return t->elem ? 0 : err_wrap(r->err, "additionalProperties");
}

static int read_list(struct openapi_reader *r, struct type *t, const js *s, bool branch)
{
	const js *items = js_obj(s, "items", NULL);
	t->form = TYPE_LIST;
	if (!items && !branch)
		return err_set(r->err, REASON_INVALID, "items: must be specified");
	t->elem = items ? read_node(r, items, branch) : part_type(r->b->part, "raw", 3);
	return t->elem ? 0 : err_wrap(r->err, "items");
}

static const struct {
	const char *name;
	enum type_form form;
} scalars[PLAIN_FORMS] = {
	{"string", TYPE_STRING}, {"integer", TYPE_INT64}, {"number", TYPE_DOUBLE}, {"boolean", TYPE_BOOL}};

static int read_typed(struct openapi_reader *r, struct type *t, const js *s, const char *type, bool branch,
		      const struct type **ret_says)
{
	if (!strcmp(type, "object"))
		return read_object(r, t, s, branch, ret_says);
	if (!strcmp(type, "array"))
		return read_list(r, t, s, branch);
	for (size_t i = 0; i < ARRAY_LEN(scalars); i++)
		if (!strcmp(scalars[i].name, type)) {
			t->form = scalars[i].form;
			return 0;
		}
	return err_set(r->err, REASON_INVALID,
		       "type: `%.40s` is none of array, boolean, integer, number, object, string", type);
}

/* No type: what may be anything, or a branch that says what it means by what it asks. */
static int read_untyped(struct openapi_reader *r, struct type *t, const js *s, bool branch,
			const struct type **ret_says)
{
	t->untyped = true;
	t->form = TYPE_RAW;
	if (js_bool(s, false, "x-kubernetes-int-or-string", NULL)) {
		t->form = TYPE_INT_OR_STRING;
		t->untyped = false;
	} else if (js_obj(s, "properties", NULL) || js_field(s, "additionalProperties")) {
		return read_object(r, t, s, branch, ret_says);
	} else if (js_obj(s, "items", NULL)) {
		return read_list(r, t, s, branch);
	} else if (!branch && !js_bool(s, false, "x-kubernetes-preserve-unknown-fields", NULL)) {
		return err_set(r->err, REASON_INVALID, "type: must not be empty for specified object fields");
	}
	return 0;
}

static int fill(struct openapi_reader *r, struct type *t, const js *s, bool branch)
{
	const char *type = js_str(s, "type", NULL);
	if (!js_is_obj(s))
		return err_set(r->err, REASON_INVALID, "not an object");
	if (js_field(s, "$ref"))
		return err_set(r->err, REASON_INVALID, "$ref: is not supported");
	t->structural = true;
	t->nullable = js_bool(s, false, "nullable", NULL);
	t->atomic = !strcmp(js_str0(s, "x-kubernetes-map-type", NULL), "atomic");
	if (!branch)
		t->doc = doc_of(r, s);
	const struct type *says = NULL;
	if ((type ? read_typed(r, t, s, type, branch, &says) : read_untyped(r, t, s, branch, &says)) < 0)
		return -1;
	return read_constraint(r, s, branch, says, &t->check);
}

/* Most nodes are scalars of which nothing is asked: one type serves all of a kind. NULL: this is none. */
static const struct type **plain_slot(struct openapi_reader *r, const js *s)
{
	static const char *const harmless[] = {"type",	  "description", "title",	"nullable",
					       "default", "example",	 "externalDocs"};
	const char *type = js_str0(s, "type", NULL);
	for (struct js_iter it = js_iter(s); js_next(&it);) {
		size_t i = 0;
		while (i < ARRAY_LEN(harmless) && strcmp(it.key, harmless[i]))
			i++;
		if (i == ARRAY_LEN(harmless))
			return NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(scalars); i++)
		if (!strcmp(scalars[i].name, type))
			return &r->plain[i][js_bool(s, false, "nullable", NULL)];
	return NULL;
}

static const struct type *read_node(struct openapi_reader *r, const js *s, bool branch)
{
	if (r->depth >= DEPTH_MAX)
		return fail(r, "the schema nests too deeply");
	if (++r->nodes > NODES_MAX)
		return fail(r, "the schema is too large");
	const struct type **plain = plain_slot(r, s);
	const struct type *shared = plain ? *plain : NULL;
	if (shared)
		return shared;
	struct type *t = builder_new_type(r->b, NULL);
	size_t resources = r->resources;
	r->depth++;
	int rc = fill(r, t, s, branch);
	r->depth--;
	t->resources = r->resources > resources;
	if (plain && rc == 0)
		*plain = t;
	return rc == 0 ? t : NULL;
}

enum list_kind schema_list_kind(const struct type *t, const char *const **ret_keys)
{
	const struct structural *k = t->check ? t->check->structural : NULL;
	if (!k)
		return LIST_ATOMIC;
	*ret_keys = (const char *const *)k->keys;
	return k->list;
}

int schema_builder_openapi(struct schema_builder *b, const char *name, const js *schema, struct err *err)
{
	struct openapi_reader r = {.b = b, .err = err};
	if (part_type(b->part, name, strlen(name)))
		return err_set(err, REASON_INVALID, "type %s: the type exists already", name);
	struct type *t = builder_new_type(b, builder_intern(b, name, strlen(name)));
	t->go = t->name;
	t->structural = true;
	t->form = TYPE_OBJECT;
	t->preserve_unknown = js_bool(schema, false, "x-kubernetes-preserve-unknown-fields", NULL);
	if (strcmp(js_str0(schema, "type", NULL), "object"))
		return err_set(err, REASON_INVALID, "type: must be object at the root");
	if (js_field(schema, "$ref") || js_field(schema, "additionalProperties"))
		return err_set(err, REASON_INVALID, "$ref and additionalProperties: not at the root");
	const struct type *says = NULL;
	if (read_properties(&r, t, schema, false, &says) < 0 ||
	    read_constraint(&r, schema, false, says, &t->check) < 0)
		return -1;
	t->resources = r.resources > 0;
	map_set(&b->part->types, name, t);
	return 0;
}

struct default_check {
	struct buf path;
	bool pruned;
	struct field_errors *errs;
};

/* Whether something but metadata of resources has fields that nobody knows: pruning leaves that alone. */
static bool is_unpruned(const struct type *t, const struct strict_errors *unknown)
{
	static const char own[] = "unknown field \"metadata.";
	bool resource = t->check && t->check->structural && t->check->structural->resource;

	for (size_t i = 0; i < unknown->n - unknown->n_inner; i++)
		if (!resource || strncmp(unknown->v[i], own, sizeof(own) - 1))
			return true;
	return false;
}

/* What is given is judged as it is: what a default below it would add does not make it complete. */
static void check_default(struct default_check *c, const struct field *f, const js *given)
{
	struct strict_errors strict = {0};
	struct err ignored = ERR_INIT;
	size_t here = c->path.len;

	buf_adds(&c->path, ".default");
	autojson js *conformed = schema_conform(f->type, given, &strict, &ignored);
	if (c->pruned && (!conformed || is_unpruned(f->type, &strict)))
		field_error_invalid_map(c->errs, buf_str(&c->path), given, "must not have unknown fields");
	schema_strict_errors_release(&strict);
	structural_validate(f->type, given, NULL, buf_str(&c->path), c->errs);
	buf_truncate(&c->path, here);
}

/* Defaults are values of the schema, too: t is what s has become. */
static void check_defaults(struct default_check *c, const struct type *t, const js *s)
{
	size_t start = c->path.len;
	if (!t->structural || !t->index->defaults)
		return;
	if (t->form == TYPE_LIST) {
		buf_adds(&c->path, ".items");
		check_defaults(c, t->elem, js_field(s, "items"));
		buf_truncate(&c->path, start);
	}
	for (unsigned i = 0; t->form == TYPE_OBJECT && i < t->n_fields; i++) {
		const struct field *f = &t->fields[i];
		const js *of = js_field(js_field(s, "properties"), f->name);
		buf_addf(&c->path, ".properties[%s]", f->name);
		if (f->more->def && f->type->structural)
			check_default(c, f, js_field(of, "default"));
		check_defaults(c, f->type, of);
		buf_truncate(&c->path, start);
	}
}

int schema_openapi_check(const struct schema *s, const js *schema, const char *path, bool pruned,
			 struct field_errors *errs, struct err *err)
{
	static const char name[] = "a schema that is checked";
	struct schema_builder *b = schema_builder_new((struct schema *)s);
	if (schema_builder_openapi(b, name, schema, err) < 0) {
		schema_builder_free(b);
		return -1;
	}
	const struct type *t = part_type(b->part, name, sizeof(name) - 1);
	struct schema_part *part = schema_builder_finish(b, err);
	if (!part)
		return -1;
	struct default_check c = {.pruned = pruned, .errs = errs};
	buf_adds(&c.path, path);
	check_defaults(&c, t, schema);
	buf_release(&c.path);
	schema_part_free(part);
	return 0;
}

bool schema_knows_format(const char *name)
{
	return openapi_format(name);
}
