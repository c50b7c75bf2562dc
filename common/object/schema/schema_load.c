/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads kind files into a schema.
 *
 * Three steps, because types may refer to each other across files: every file is parsed and its types become
 * drafts (the fields with the names of their types), its YAML tree is dropped; then schema_link.c turns all
 * drafts into types; then kinds find their types. Strings are interned into the schema's arena (field names
 * repeat a lot), arrays are exact, so a loaded schema is a few hundred KB that is never written again and
 * shared by all threads.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "object/schema/schema_internal.h"
#include "object/yaml.h"

#define SPLIT_MAX 72 /* a container may end by one of 65 signals */

const char *builder_intern(struct schema_builder *b, const char *s, size_t n)
{
	char *old = map_getn(&b->strings, s, n);
	if (old)
		return old;
	char *copy = arena_strndup(&b->part->arena, s, n);
	map_setn(&b->strings, s, n, copy);
	return copy;
}

const char **builder_split(struct schema_builder *b, const char *s, size_t n, char separator)
{
	const char *part[SPLIT_MAX];
	size_t n_parts = 0;
	for (const char *end = s + n;; s++) {
		const char *sep = s < end ? memchr(s, separator, (size_t)(end - s)) : NULL;
		size_t len = (size_t)((sep ? sep : end) - s);
		if (n_parts == SPLIT_MAX)
			return NULL;
		part[n_parts++] = builder_intern(b, s, len);
		if (!sep)
			break;
		s = sep;
	}
	const char **v = arena_alloc(&b->part->arena, (n_parts + 1) * sizeof(*v));
	memcpy(v, part, n_parts * sizeof(*v));
	return v;
}

/* ---- types ---- */
struct type *builder_new_type(struct schema_builder *b, const char *name)
{
	struct type *t = arena_alloc(&b->part->arena, sizeof(*t));
	t->index = arena_alloc(&b->part->arena, sizeof(*t->index));
	t->name = name;
	if ((b->n_types & (b->n_types - 1)) == 0) /* the room doubles */
		b->types = mem_realloc_array(b->types, b->n_types ? b->n_types * 2 : 1, sizeof(*b->types));
	b->types[b->n_types++] = t;
	return t;
}

/* ---- constraints ---- */
const struct constraint unconstrained = {.min = NAN, .max = NAN, .min_len = -1, .max_len = -1};

static const struct constraint *merge(struct schema_builder *b, const struct constraint *was,
				      const struct constraint *c)
{
	struct constraint *m = arena_alloc(&b->part->arena, sizeof(*m));
	*m = was ? *was : unconstrained;
	m->min = isnan(c->min) ? m->min : c->min;
	m->max = isnan(c->max) ? m->max : c->max;
	m->min_len = c->min_len < 0 ? m->min_len : c->min_len;
	m->max_len = c->max_len < 0 ? m->max_len : c->max_len;
	m->enums = c->enums ? c->enums : m->enums;
	m->known = c->known ? c->known : m->known;
	m->format = c->format ? c->format : m->format;
	m->key_format = c->key_format ? c->key_format : m->key_format;
	m->unique = c->unique ? c->unique : m->unique;
	m->detail = c->detail ? c->detail : m->detail;
	m->above = c->above ? c->above : m->above;
	m->structural = c->structural ? c->structural : m->structural;
	return m;
}

const struct type *builder_constrain(struct schema_builder *b, const struct type *t,
				     const struct constraint *c)
{
	struct constraint own = *c;
	struct type *made = builder_new_type(b, NULL);
	struct type_index *index = made->index;
	*made = *t;
	made->index = index;
	bool of_elements = t->elem && (!isnan(c->min) || !isnan(c->max) || c->enums || c->known || c->format);
	if (of_elements) {
		struct constraint inner = unconstrained;
		inner.min = c->min;
		inner.max = c->max;
		inner.enums = c->enums;
		inner.known = c->known;
		inner.format = c->format;
		inner.detail = c->detail;
		inner.above = c->above;
		made->elem = builder_constrain(b, t->elem, &inner);
		own.min = own.max = NAN;
		own.enums = own.known = NULL;
		own.format = NULL;
	}
	bool left = own.min_len >= 0 || own.max_len >= 0 || own.unique || own.key_format || own.structural;
	if (!t->elem || left)
		made->check = merge(b, t->check, &own);
	return made;
}

/* ---- names ---- */

static const struct builtin {
	const char *name, *go;
	enum type_form form;
} builtins[] = {
	{"string", "string", TYPE_STRING},
	{"int32", "int32", TYPE_INT32},
	{"int64", "int64", TYPE_INT64},
	{"bool", "bool", TYPE_BOOL},
	{"double", "float64", TYPE_DOUBLE},
	{"bytes", "[]uint8", TYPE_BYTES},
	{"time", "v1.Time", TYPE_TIME},
	{"microtime", "v1.MicroTime", TYPE_MICRO_TIME},
	{"duration", "v1.Duration", TYPE_DURATION},
	{"quantity", "resource.Quantity", TYPE_QUANTITY},
	{"intstr", "intstr.IntOrString", TYPE_INT_OR_STRING},
	{"fieldsv1", "v1.FieldsV1", TYPE_FIELDS_V1},
	{"raw", "runtime.RawExtension", TYPE_RAW},
};

static void add_builtins(struct schema_builder *b)
{
	for (size_t i = 0; i < ARRAY_LEN(builtins); i++) {
		struct type *t = builder_new_type(b, builtins[i].name);
		t->go = builtins[i].go;
		t->form = builtins[i].form;
		map_set(&b->part->types, t->name, t);
	}
}

struct type *builder_type(struct schema_builder *b, const char *expr, struct err *err)
{
	struct type *t = part_type(b->part, expr, strlen(expr));
	if (t)
		return t;
	size_t n = strlen(expr);
	bool list = n > 2 && expr[0] == '[' && expr[n - 1] == ']';
	bool map = n > 2 && expr[0] == '{' && expr[n - 1] == '}';
	if (!list && !map) {
		err_set(err, REASON_INVALID, "unknown type `%s`", expr);
		return NULL;
	}
	if (n > 200) {
		err_set(err, REASON_INVALID, "the type `%.40s…` is too long", expr);
		return NULL;
	}
	const struct type *elem = builder_type(b, builder_intern(b, expr + 1, n - 2), err);
	if (!elem)
		return NULL;
	t = builder_new_type(b, NULL);
	t->form = list ? TYPE_LIST : TYPE_MAP;
	t->elem = elem;
	t->pb_nested = elem->form == TYPE_LIST || elem->form == TYPE_MAP;
	autofree char *go = mem_printf("%s%s", list ? "[]" : "map[string]", elem->go ? elem->go : "?");
	t->go = builder_intern(b, go, strlen(go));
	map_set(&b->part->types, expr, t);
	return t;
}

/* "v1.PodSpec" of package "core/v1" and type "PodSpec" or "core.PodSpec". */
static const char *go_name(struct schema_builder *b, const char *name)
{
	const char *slash = strrchr(b->package, '/'), *dot = strrchr(name, '.');
	autofree char *s = mem_printf("%s.%s", slash ? slash + 1 : b->package, dot ? dot + 1 : name);
	return builder_intern(b, s, strlen(s));
}

static int load_alias(struct schema_builder *b, struct type *t, const char *line, struct err *err)
{
	const char *expr;
	struct constraint check;
	int constrained = line_type(b, line, t, &expr, &check, err);
	if (constrained < 0)
		return -1;
	const struct type *base = builder_type(b, expr, err);
	if (!base)
		return -1;
	if (base->form == TYPE_OBJECT)
		return err_set(err, REASON_INVALID, "only scalars, lists and maps may get another name");
	if (constrained)
		base = builder_constrain(b, base, &check);
	t->form = base->form;
	t->elem = base->elem;
	t->pb_nested = base->pb_nested;
	t->milli |= base->milli;
	if (t->milli && t->form != TYPE_QUANTITY)
		return err_set(err, REASON_INVALID, "only quantities are rounded");
	t->check = base->check;
	return 0;
}

void builder_add_draft(struct schema_builder *b, struct type *t, struct draft_field *v, size_t n)
{
	if (b->n_drafts == b->cap_drafts) {
		b->cap_drafts = b->cap_drafts ? b->cap_drafts * 2 : b->part->base ? 16 : 256;
		b->drafts = mem_realloc_array(b->drafts, b->cap_drafts, sizeof(*b->drafts));
	}
	b->drafts[b->n_drafts++] = (struct draft){.type = t, .v = v, .n = n};
	t->index->draft = (unsigned)b->n_drafts;
	t->form = TYPE_OBJECT;
}

static int load_fields(struct schema_builder *b, struct type *t, const js *fields, struct err *err)
{
	size_t n = (size_t)json_object_object_length(fields);
	if (n > SCHEMA_MAX_FIELDS)
		return err_set(err, REASON_INVALID, "more than %d fields", SCHEMA_MAX_FIELDS);
	builder_add_draft(b, t, mem_array(n, sizeof(struct draft_field)), 0);
	struct draft *d = &b->drafts[b->n_drafts - 1];
	json_object_object_foreach (fields, key, value) {
		if (!js_is_str(value))
			return err_set(err, REASON_INVALID, "%s: not a text", key);
		const char *text = json_object_get_string(value);
		if (strcmp(key, "$union") == 0) {
			t->union_of = builder_intern(b, text, strlen(text));
		} else if (strcmp(key, "$union_optional") == 0) {
			t->union_of = builder_intern(b, text, strlen(text));
			t->union_optional = true;
		} else if (strcmp(key, "$union_default") == 0) {
			t->union_default = builder_intern(b, text, strlen(text));
		} else if (strcmp(key, "$union_order") == 0) {
			t->index->order = builder_split(b, text, strlen(text), ' ');
			if (!t->index->order)
				return err_set(err, REASON_INVALID, "$union_order: too many names");
		} else if (strcmp(key, "$looked_at") == 0) {
			t->index->looked_at = builder_split(b, text, strlen(text), ' ');
			if (!t->index->looked_at)
				return err_set(err, REASON_INVALID, "$looked_at: too many names");
		} else if (strcmp(key, "$either") == 0) {
			t->index->either = builder_intern(b, text, strlen(text));
			t->form = TYPE_EITHER;
		} else if (strcmp(key, "$unknown") == 0) {
			t->preserve_unknown = strcmp(text, "keep") == 0;
		} else if (strcmp(key, "$go") == 0) {
			t->go = go_name(b, text);
		} else if (strcmp(key, "$map") == 0) {
			t->atomic = strcmp(text, "atomic") == 0;
		} else {
			if (line_field(b, text, &d->v[d->n], err) < 0)
				return err_wrap(err, "%s", key);
			d->v[d->n++].f.name = builder_intern(b, key, strlen(key));
		}
	}
	return 0;
}

static int load_type(struct schema_builder *b, const char *key, const js *def, struct err *err)
{
	const char *name = builder_intern(b, key, strlen(key));
	if (part_type(b->part, name, strlen(name)))
		return err_set(err, REASON_INVALID, "the type exists already");
	struct type *t = builder_new_type(b, name);
	t->package = b->package;
	t->go = go_name(b, name);
	int r;
	if (js_is_str(def))
		r = load_alias(b, t, json_object_get_string((js *)def), err);
	else if (js_is_obj(def))
		r = load_fields(b, t, def, err);
	else
		r = err_set(err, REASON_INVALID, "neither fields nor a text");
	map_set(&b->part->types, name, t);
	return r;
}

/* ---- files ---- */
static int load_types(struct schema_builder *b, const js *types, struct err *err)
{
	if (!js_is_obj(types))
		return 0;
	json_object_object_foreach (types, key, def)
		if (load_type(b, key, def, err) < 0)
			return err_wrap(err, "type %s", key);
	return 0;
}

/*
 * Documentation that stands in a file for ever is not copied: nearly all of it is plain text on one line, which is
 * found again in the file's bytes, behind the one before it. The rest (folded, escaped) is copied.
 */
static struct doc make_doc(struct schema_builder *b, const js *text)
{
	const struct schema_file *f = b->file;
	size_t n = (size_t)json_object_get_string_len(text);
	const char *s = json_object_get_string((js *)text);
	const char *p = f && f->lasting ? memmem(f->p + b->doc_at, f->n - b->doc_at, s, n) : NULL;
	if (!p)
		return (struct doc){builder_intern(b, s, n), (uint32_t)n};
	b->doc_at = (size_t)(p - f->p) + n;
	return (struct doc){p, (uint32_t)n};
}

static struct doc *doc_of(struct schema_builder *b, const char *key)
{
	const char *dot = strrchr(key, '.');
	struct type *t = map_get(&b->part->types, key);
	if (t)
		return &t->doc;
	t = dot ? map_getn(&b->part->types, key, (size_t)(dot - key)) : NULL;
	struct draft *d = t && t->index->draft ? &b->drafts[t->index->draft - 1] : NULL;
	for (size_t k = 0; d && k < d->n; k++)
		if (strcmp(d->v[k].f.name, dot + 1) == 0)
			return &d->v[k].f.doc;
	return NULL;
}

static int load_docs(struct schema_builder *b, const js *docs, struct err *err)
{
	if (!js_is_obj(docs))
		return 0;
	json_object_object_foreach (docs, key, text) {
		struct doc *doc = doc_of(b, key);
		if (!js_is_str(text))
			return err_set(err, REASON_INVALID, "docs: %s: not a text", key);
		if (!doc)
			return err_set(err, REASON_INVALID, "docs: %s: no such type or field in this file",
				       key);
		*doc = make_doc(b, text);
	}
	return 0;
}

static int load_file(struct schema_builder *b, const struct schema_file *f, struct err *err)
{
	autojson js *tree = yaml_parse(f->p, f->n, NULL, err);
	if (!tree)
		return -1;
	const char *package = js_str(tree, "package", NULL);
	if (!package)
		return err_set(err, REASON_INVALID, "no package");
	b->package = builder_intern(b, package, strlen(package));
	if (load_types(b, js_obj(tree, "types", NULL), err) < 0)
		return -1;
	if (load_docs(b, js_obj(tree, "docs", NULL), err) < 0)
		return -1;
	js_array_for_each (item, js_arr(tree, "kinds", NULL))
		if (kind_load(b, item, err) < 0)
			return -1;
	return 0;
}

/* ---- builders ---- */
struct schema_builder *schema_builder_new(struct schema *s)
{
	struct schema_builder *b = MEM_NEW(struct schema_builder);
	b->part = part_new(s);
	return b;
}

void schema_builder_free(struct schema_builder *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n_drafts; i++)
		free(b->drafts[i].v);
	free(b->drafts);
	free(b->types);
	map_release(&b->strings);
	schema_part_free(b->part);
	free(b);
}

int schema_builder_file(struct schema_builder *b, const struct schema_file *f, struct err *err)
{
	b->file = f;
	b->doc_at = 0;
	int r = load_file(b, f, err);
	b->file = NULL;
	return r < 0 ? err_wrap(err, "%s", f->name) : 0;
}

int schema_builder_kind(struct schema_builder *b, const js *kind, struct err *err)
{
	return kind_load(b, kind, err);
}

static int link_all(struct schema_builder *b, struct err *err)
{
	if (link_types(b, err) < 0)
		return -1;
	for (size_t i = 0; i < b->part->n_kinds; i++)
		if (kind_resolve(b, b->part->kinds[i], err) < 0)
			return err_wrap(err, "kind %s", b->part->kinds[i]->kind);
	return 0;
}

/* Drafts and names are of no use any more, but for those of the base, which later parts look up. */
static void drop_scaffolding(const struct schema_builder *b, struct schema_part *p)
{
	for (size_t i = 0; i < b->n_drafts; i++)
		b->drafts[i].type->index->draft = 0;
	if (p->base)
		map_clear(&p->types);
}

struct schema_part *schema_builder_finish(struct schema_builder *b, struct err *err)
{
	struct schema_part *p = NULL;
	if (link_all(b, err) == 0) {
		p = STEAL(b->part);
		drop_scaffolding(b, p);
		part_take_ids(p);
		for (size_t i = 0; i < p->n_kinds && p->schema->find_strategy; i++)
			p->kinds[i]->strategy = p->schema->find_strategy(p->kinds[i]);
	}
	schema_builder_free(b);
	return p;
}

static int load_base(struct schema *s, const struct schema_file *files, size_t n, struct err *err)
{
	struct schema_builder *b = MEM_NEW(struct schema_builder);
	b->part = s->base;
	add_builtins(b);
	int r = 0;
	for (size_t i = 0; i < n && r == 0; i++)
		r = schema_builder_file(b, &files[i], err);
	if (r == 0 && !schema_builder_finish(b, err))
		return -1;
	if (r == 0)
		return schema_change(s, s->base, NULL, err);
	schema_builder_free(b);
	return -1;
}

struct schema *schema_load(const struct schema_file *files, size_t n, struct err *err)
{
	struct schema *s = schema_new();
	if (load_base(s, files, n, err) == 0)
		return s;
	schema_free(s);
	return NULL;
}
