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
#include <stdlib.h>
#include <string.h>
#include "object/schema_internal.h"
#include "object/yaml.h"

#define SPLIT_MAX 64

const char *loader_intern(struct loader *l, const char *s, size_t n)
{
	char *old = map_getn(&l->strings, s, n);
	if (old)
		return old;
	char *copy = arena_strndup(&l->s->arena, s, n);
	map_setn(&l->strings, s, n, copy);
	return copy;
}

const char **loader_split(struct loader *l, const char *s, size_t n, char separator)
{
	const char *part[SPLIT_MAX];
	size_t n_parts = 0;
	for (const char *end = s + n;; s++) {
		const char *sep = s < end ? memchr(s, separator, (size_t)(end - s)) : NULL;
		size_t len = (size_t)((sep ? sep : end) - s);
		if (n_parts == SPLIT_MAX)
			return NULL;
		part[n_parts++] = loader_intern(l, s, len);
		if (!sep)
			break;
		s = sep;
	}
	const char **v = arena_alloc(&l->s->arena, (n_parts + 1) * sizeof(*v));
	memcpy(v, part, n_parts * sizeof(*v));
	return v;
}

/* ---- types ---- */
static struct type *new_type(struct loader *l, const char *name)
{
	struct type *t = arena_alloc(&l->s->arena, sizeof(*t));
	t->index = arena_alloc(&l->s->arena, sizeof(*t->index));
	t->name = name;
	return t;
}

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
	{"quantity", "resource.Quantity", TYPE_QUANTITY},
	{"intstr", "intstr.IntOrString", TYPE_INT_OR_STRING},
	{"fieldsv1", "v1.FieldsV1", TYPE_FIELDS_V1},
	{"raw", "runtime.RawExtension", TYPE_RAW},
};

static void add_builtins(struct loader *l)
{
	for (size_t i = 0; i < ARRAY_LEN(builtins); i++) {
		struct type *t = new_type(l, builtins[i].name);
		t->go = builtins[i].go;
		t->form = builtins[i].form;
		map_set(&l->s->types, t->name, t);
	}
}

struct type *loader_type(struct loader *l, const char *expr, struct err *err)
{
	struct type *t = map_get(&l->s->types, expr);
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
	const struct type *elem = loader_type(l, loader_intern(l, expr + 1, n - 2), err);
	if (!elem)
		return NULL;
	t = new_type(l, NULL);
	t->form = list ? TYPE_LIST : TYPE_MAP;
	t->elem = elem;
	t->pb_nested = elem->form == TYPE_LIST || elem->form == TYPE_MAP;
	autofree char *go = mem_printf("%s%s", list ? "[]" : "map[string]", elem->go ? elem->go : "?");
	t->go = loader_intern(l, go, strlen(go));
	map_set(&l->s->types, expr, t);
	return t;
}

/* "v1.PodSpec" of package "core/v1" and type "PodSpec" or "core.PodSpec". */
static const char *go_name(struct loader *l, const char *name)
{
	const char *slash = strrchr(l->package, '/'), *dot = strrchr(name, '.');
	autofree char *s = mem_printf("%s.%s", slash ? slash + 1 : l->package, dot ? dot + 1 : name);
	return loader_intern(l, s, strlen(s));
}

static int load_alias(struct loader *l, struct type *t, const char *line, struct err *err)
{
	const char *expr;
	if (line_type(l, line, t, &expr, err) < 0)
		return -1;
	const struct type *base = loader_type(l, expr, err);
	if (!base)
		return -1;
	if (base->form == TYPE_OBJECT)
		return err_set(err, REASON_INVALID, "only scalars, lists and maps may get another name");
	t->form = base->form;
	t->elem = base->elem;
	t->pb_nested = base->pb_nested;
	t->milli |= base->milli;
	if (t->milli && t->form != TYPE_QUANTITY)
		return err_set(err, REASON_INVALID, "only quantities are rounded");
	if (!t->enums)
		t->enums = base->enums;
	return 0;
}

static int load_fields(struct loader *l, struct type *t, const js *fields, struct err *err)
{
	size_t n = (size_t)json_object_object_length(fields);
	if (n > SCHEMA_MAX_FIELDS)
		return err_set(err, REASON_INVALID, "more than %d fields", SCHEMA_MAX_FIELDS);
	if (l->n_drafts == l->cap_drafts) {
		l->cap_drafts = l->cap_drafts ? l->cap_drafts * 2 : 256;
		l->drafts = mem_realloc_array(l->drafts, l->cap_drafts, sizeof(*l->drafts));
	}
	struct draft *d = &l->drafts[l->n_drafts++];
	t->index->draft = (unsigned)l->n_drafts;
	*d = (struct draft){.type = t, .v = mem_array(n, sizeof(*d->v)), .cap = n};
	t->form = TYPE_OBJECT;
	json_object_object_foreach (fields, key, value) {
		if (!js_is_str(value))
			return err_set(err, REASON_INVALID, "%s: not a text", key);
		const char *text = json_object_get_string(value);
		if (strcmp(key, "$union") == 0) {
			t->union_of = loader_intern(l, text, strlen(text));
		} else if (strcmp(key, "$union_optional") == 0) {
			t->union_of = loader_intern(l, text, strlen(text));
			t->union_optional = true;
		} else if (strcmp(key, "$union_default") == 0) {
			t->union_default = loader_intern(l, text, strlen(text));
		} else if (strcmp(key, "$unknown") == 0) {
			t->preserve_unknown = strcmp(text, "keep") == 0;
		} else {
			if (line_field(l, text, &d->v[d->n], err) < 0)
				return err_wrap(err, "%s", key);
			d->v[d->n++].f.name = loader_intern(l, key, strlen(key));
		}
	}
	return 0;
}

static int load_type(struct loader *l, const char *key, const js *def, struct err *err)
{
	const char *name = loader_intern(l, key, strlen(key));
	if (map_has(&l->s->types, name))
		return err_set(err, REASON_INVALID, "the type exists already");
	struct type *t = new_type(l, name);
	t->package = l->package;
	t->go = go_name(l, name);
	int r;
	if (js_is_str(def))
		r = load_alias(l, t, json_object_get_string((js *)def), err);
	else if (js_is_obj(def))
		r = load_fields(l, t, def, err);
	else
		r = err_set(err, REASON_INVALID, "neither fields nor a text");
	map_set(&l->s->types, name, t);
	return r;
}

/* ---- files ---- */
static int load_types(struct loader *l, const js *types, struct err *err)
{
	if (!js_is_obj(types))
		return 0;
	json_object_object_foreach (types, key, def)
		if (load_type(l, key, def, err) < 0)
			return err_wrap(err, "type %s", key);
	return 0;
}

static int load_docs(struct loader *l, const js *docs, struct err *err)
{
	if (!js_is_obj(docs))
		return 0;
	json_object_object_foreach (docs, key, text) {
		if (!js_is_str(text))
			return err_set(err, REASON_INVALID, "docs: %s: not a text", key);
		const char *doc = loader_intern(l, json_object_get_string(text),
						(size_t)json_object_get_string_len(text));
		const char *dot = strrchr(key, '.');
		struct type *t = map_get(&l->s->types, key);
		if (t) {
			t->doc = doc;
			continue;
		}
		t = dot ? map_getn(&l->s->types, key, (size_t)(dot - key)) : NULL;
		struct draft_field *found = NULL;
		struct draft *d = t && t->index->draft ? &l->drafts[t->index->draft - 1] : NULL;
		for (size_t k = 0; d && k < d->n; k++)
			if (strcmp(d->v[k].f.name, dot + 1) == 0)
				found = &d->v[k];
		if (!found)
			return err_set(err, REASON_INVALID, "docs: %s: no such type or field in this file",
				       key);
		found->f.doc = doc;
	}
	return 0;
}

static int load_file(struct loader *l, const struct schema_file *f, struct err *err)
{
	autojson js *tree = yaml_parse(f->p, f->n, NULL, err);
	if (!tree)
		return -1;
	const char *package = js_str(tree, "package", NULL);
	if (!package)
		return err_set(err, REASON_INVALID, "no package");
	l->package = loader_intern(l, package, strlen(package));
	if (load_types(l, js_obj(tree, "types", NULL), err) < 0)
		return -1;
	if (load_docs(l, js_obj(tree, "docs", NULL), err) < 0)
		return -1;
	js_array_for_each (item, js_arr(tree, "kinds", NULL))
		if (kind_load(l, item, err) < 0)
			return -1;
	return 0;
}

static int load_all(struct loader *l, const struct schema_file *files, size_t n, struct err *err)
{
	add_builtins(l);
	for (size_t i = 0; i < n; i++)
		if (load_file(l, &files[i], err) < 0)
			return err_wrap(err, "%s", files[i].name);
	if (link_types(l, err) < 0)
		return -1;
	struct schema *s = l->s;
	for (size_t i = 0; i < s->n_kinds; i++)
		if (kind_resolve(l, (struct kind *)s->kind_list[i], err) < 0)
			return err_wrap(err, "kind %s", s->kind_list[i]->kind);
	return 0;
}

struct schema *schema_load(const struct schema_file *files, size_t n, struct err *err)
{
	struct loader l = {.s = MEM_NEW(struct schema)};
	int r = load_all(&l, files, n, err);
	for (size_t i = 0; i < l.n_drafts; i++)
		free(l.drafts[i].v);
	free(l.drafts);
	map_release(&l.strings);
	if (r == 0)
		return l.s;
	schema_free(l.s);
	return NULL;
}
