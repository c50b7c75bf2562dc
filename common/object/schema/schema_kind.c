/* SPDX-License-Identifier: Apache-2.0 */
/* The `kinds` section of a kind file: names, scope, verbs, subresources, selectable fields, table columns. */
#include <stdlib.h>
#include <string.h>
#include "object/schema/schema_internal.h"

static const struct {
	const char *word;
	unsigned verb;
} verbs[] = {
	{"get", VERB_GET},	 {"list", VERB_LIST},
	{"watch", VERB_WATCH},	 {"create", VERB_CREATE},
	{"update", VERB_UPDATE}, {"patch", VERB_PATCH},
	{"delete", VERB_DELETE}, {"deletecollection", VERB_DELETECOLLECTION},
};
#define VERBS_ALL 255u

static const char *text_of(struct schema_builder *b, const js *o, const char *key, const char *dflt)
{
	js *v = js_field(o, key);
	if (!js_is_str(v))
		return dflt;
	return builder_intern(b, json_object_get_string(v), (size_t)json_object_get_string_len(v));
}

static int verbs_of(const js *o, unsigned dflt, unsigned *ret, struct err *err)
{
	const char *s = js_str(o, "verbs", NULL);
	*ret = s ? 0 : dflt;
	while (s && *(s += strspn(s, " "))) {
		size_t n = strcspn(s, " ");
		unsigned was = *ret;
		for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
			if (strlen(verbs[i].word) == n && memcmp(s, verbs[i].word, n) == 0)
				*ret |= verbs[i].verb;
		if (*ret == was)
			return err_set(err, REASON_INVALID, "unknown or repeated verb `%.*s`", (int)n, s);
		s += n;
	}
	return 0;
}

static const char **texts_of(struct schema_builder *b, const js *o, const char *key)
{
	js *a = js_arr(o, key, NULL);
	const char **v = arena_alloc(&b->part->arena, (js_len(a) + 1) * sizeof(*v));
	size_t n = 0;
	js_array_for_each (item, a)
		if (js_is_str(item))
			v[n++] = builder_intern(b, json_object_get_string(item),
						strlen(json_object_get_string(item)));
	return v;
}

static int load_subresources(struct schema_builder *b, struct kind *k, const js *o, struct err *err)
{
	js *subs = js_obj(o, "subresources", NULL);
	k->subresources = arena_alloc(&b->part->arena, js_len(subs) * sizeof(*k->subresources));
	if (!subs)
		return 0;
	json_object_object_foreach (subs, name, def) {
		struct subresource *sub = &k->subresources[k->n_subresources++];
		sub->name = builder_intern(b, name, strlen(name));
		sub->group = text_of(b, def, "group", NULL);
		sub->version = text_of(b, def, "version", k->version);
		sub->kind = text_of(b, def, "kind", k->kind);
		sub->also = text_of(b, def, "also", NULL);
		sub->replicas = text_of(b, def, "replicas", "spec.replicas");
		sub->status_replicas = text_of(b, def, "status_replicas", "status.replicas");
		sub->selector = text_of(b, def, "selector", "spec.selector");
		sub->connect = js_bool(def, false, "connect", NULL);
		if (verbs_of(def, 0, &sub->verbs, err) < 0)
			return err_wrap(err, "subresource %s", name);
	}
	return 0;
}

static void load_selectable(struct schema_builder *b, struct kind *k, const js *o)
{
	js *fields = js_obj(o, "selectable", NULL);
	k->selectable = arena_alloc(&b->part->arena, js_len(fields) * sizeof(*k->selectable));
	if (!fields)
		return;
	json_object_object_foreach (fields, name, def) {
		struct selectable *sel = &k->selectable[k->n_selectable++];
		sel->field = builder_intern(b, name, strlen(name));
		sel->path = text_of(b, def, "path", NULL);
		sel->dflt = text_of(b, def, "default", "");
		sel->otherwise = text_of(b, def, "otherwise", NULL);
		sel->bucket = js_bool(def, false, "bucket", NULL);
	}
}

/* [name, type, format, priority, cell, description] */
static int load_columns(struct schema_builder *b, struct kind *k, const js *o, struct err *err)
{
	js *columns = js_arr(o, "columns", NULL);
	k->columns = arena_alloc(&b->part->arena, js_len(columns) * sizeof(*k->columns));
	k->paths = arena_alloc(&b->part->arena, js_len(columns) * sizeof(*k->paths));
	js_array_for_each (c, columns) {
		const char *word[6] = {0};
		for (size_t i = 0; i < ARRAY_LEN(word); i++) {
			js *v = js_at(c, i);
			if (js_is_str(v))
				word[i] = builder_intern(b, json_object_get_string(v),
							 strlen(json_object_get_string(v)));
			if (i == 3 ? !js_is_int(v) : !word[i])
				return err_set(
					err, REASON_INVALID,
					"a column is [name, type, format, priority, cell, description]");
		}
		k->columns[k->n_columns++] = (struct column){
			.name = word[0],
			.type = word[1],
			.format = word[2],
			.priority = (int)json_object_get_int64(js_at(c, 3)),
			.cell = word[4],
			.description = word[5],
		};
		const char *cell = word[4];
		size_t len = strlen(cell), at = k->n_columns - 1;
		bool path = len >= 2 && cell[0] == '{' && cell[len - 1] == '}';
		if (path && !(k->paths[at] = jsonpath_compile(&b->part->arena, cell + 1, len - 2, err)))
			return err_wrap(err, "column %s", word[0]);
	}
	return 0;
}

static void add_kind(struct schema_part *p, struct kind *k)
{
	size_t n = p->n_kinds;
	if ((n & (n - 1)) == 0) /* the room doubles */
		p->kinds = mem_realloc_array(p->kinds, n ? n * 2 : 1, sizeof(struct kind *));
	p->kinds[p->n_kinds++] = k;
	k->part = p;
}

static int load_one(struct schema_builder *b, struct kind *k, const js *o, struct err *err)
{
	if (!k->kind || !k->version || !k->resource || !k->singular)
		return err_set(err, REASON_INVALID, "kind, version, resource and singular are needed");
	const char *scope = js_str0(o, "scope", NULL);
	k->namespaced = strcmp(scope, "Namespaced") == 0;
	if (!k->namespaced && strcmp(scope, "Cluster") != 0)
		return err_set(err, REASON_INVALID, "scope is neither Namespaced nor Cluster");
	if (k->name_format && !format_find(k->name_format))
		return err_set(err, REASON_INVALID, "unknown name_format `%s`", k->name_format);
	if (verbs_of(o, VERBS_ALL, &k->verbs, err) < 0 || load_subresources(b, k, o, err) < 0 ||
	    load_columns(b, k, o, err) < 0)
		return -1;
	load_selectable(b, k, o);
	if (!k->list_kind) {
		autofree char *list = mem_printf("%sList", k->kind);
		k->list_kind = builder_intern(b, list, strlen(list));
	}
	add_kind(b->part, k);
	return 0;
}

int kind_load(struct schema_builder *b, const js *o, struct err *err)
{
	struct kind *k = arena_alloc(&b->part->arena, sizeof(*k));
	k->group = text_of(b, o, "group", "");
	k->version = text_of(b, o, "version", NULL);
	k->kind = text_of(b, o, "kind", NULL);
	k->resource = text_of(b, o, "resource", NULL);
	k->singular = text_of(b, o, "singular", NULL);
	k->list_kind = text_of(b, o, "list", NULL);
	k->table_order = text_of(b, o, "table_order", NULL);
	k->deprecated = text_of(b, o, "deprecated", NULL);
	k->name_format = text_of(b, o, "name_format", NULL);
	k->heartbeat_field = text_of(b, o, "heartbeat_field", NULL);
	k->heartbeat = k->heartbeat_field != NULL;
	k->ttl_s = js_int(o, 0, "ttl", NULL);
	k->has_status = js_bool(o, false, "status", NULL);
	k->has_generation = js_bool(o, false, "generation", NULL);
	k->virtual = js_bool(o, false, "virtual", NULL);
	k->short_names = texts_of(b, o, "short");
	k->categories = texts_of(b, o, "categories");
	/* Resolved by kind_resolve; until then the names wait in these. */
	k->type_name = text_of(b, o, "type", k->kind);
	k->stored_as = text_of(b, o, "stored_as", NULL);
	if (load_one(b, k, o, err) < 0)
		return err_wrap(err, "kind %s", k->kind ? k->kind : "without a name");
	return 0;
}

/* "involvedObject.kind" for "regarding.kind" of events.k8s.io. */
static const char *stored_path(struct schema_builder *b, const struct type *t, const char *path)
{
	const char *dot = strchrnul(path, '.');
	const char *first = builder_intern(b, path, (size_t)(dot - path));
	const struct field *f = schema_field(t, first);
	if (!f || !f->more->stored)
		return path;
	autofree char *s = mem_printf("%s%s", f->more->stored, dot);
	return builder_intern(b, s, strlen(s));
}

/* The kind that is meant, of this part or of those that were there before. */
static const struct kind *kind_of(const struct schema_part *p, const char *gvk)
{
	for (size_t i = 0; i < p->n_kinds; i++) {
		const struct kind *k = p->kinds[i];
		autofree char *own =
			mem_printf("%s%s%s/%s", k->group, *k->group ? "/" : "", k->version, k->kind);
		if (!strcmp(own, gvk))
			return k;
	}
	return p->base ? kind_of(p->base, gvk) : NULL;
}

static int resolve_storage(struct schema_builder *b, struct kind *k, struct err *err)
{
	if (k->stored_as) { /* GROUP/VERSION/KIND, or VERSION/KIND of the core group */
		k->storage_kind = kind_of(b->part, k->stored_as);
		if (!k->storage_kind || k->storage_kind->stored_as)
			return err_set(err, REASON_INVALID, "stored_as: `%s` is no kind that is stored",
				       k->stored_as);
	} else {
		k->storage_kind = k;
	}
	const struct kind *sk = k->storage_kind;
	autofree char *dir =
		*sk->group ? mem_printf("%s/%s", sk->group, sk->resource) : mem_strdup(sk->resource);
	k->storage = builder_intern(b, dir, strlen(dir));
	return 0;
}

int kind_resolve(struct schema_builder *b, struct kind *k, struct err *err)
{
	k->type = part_type(b->part, k->type_name, strlen(k->type_name));
	if (!k->type || k->type->form != TYPE_OBJECT)
		return err_set(err, REASON_INVALID, "there is no object type `%s`", k->type_name);
	for (size_t i = 0; i < k->n_selectable; i++)
		if (!k->selectable[i].path)
			k->selectable[i].path = stored_path(b, k->type, k->selectable[i].field);
	return resolve_storage(b, k, err);
}
