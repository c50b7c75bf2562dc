/* SPDX-License-Identifier: Apache-2.0 */
/* The `kinds` section of a kind file: names, scope, verbs, subresources, selectable fields, table columns. */
#include <stdlib.h>
#include <string.h>
#include "object/schema_internal.h"

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

static const char *text_of(struct loader *l, const js *o, const char *key, const char *dflt)
{
	js *v = js_field(o, key);
	if (!js_is_str(v))
		return dflt;
	return loader_intern(l, json_object_get_string(v), (size_t)json_object_get_string_len(v));
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

static const char **texts_of(struct loader *l, const js *o, const char *key)
{
	js *a = js_arr(o, key, NULL);
	const char **v = arena_alloc(&l->s->arena, (js_len(a) + 1) * sizeof(*v));
	size_t n = 0;
	js_array_for_each (item, a)
		if (js_is_str(item))
			v[n++] = loader_intern(l, json_object_get_string(item),
					       strlen(json_object_get_string(item)));
	return v;
}

static int load_subresources(struct loader *l, struct kind *k, const js *o, struct err *err)
{
	js *subs = js_obj(o, "subresources", NULL);
	k->subresources = arena_alloc(&l->s->arena, js_len(subs) * sizeof(*k->subresources));
	if (!subs)
		return 0;
	json_object_object_foreach (subs, name, def) {
		struct subresource *sub = &k->subresources[k->n_subresources++];
		sub->name = loader_intern(l, name, strlen(name));
		sub->group = text_of(l, def, "group", NULL);
		sub->version = text_of(l, def, "version", k->version);
		sub->kind = text_of(l, def, "kind", k->kind);
		if (verbs_of(def, 0, &sub->verbs, err) < 0)
			return err_wrap(err, "subresource %s", name);
	}
	return 0;
}

static void load_selectable(struct loader *l, struct kind *k, const js *o)
{
	js *fields = js_obj(o, "selectable", NULL);
	k->selectable = arena_alloc(&l->s->arena, js_len(fields) * sizeof(*k->selectable));
	if (!fields)
		return;
	json_object_object_foreach (fields, name, def) {
		struct selectable *sel = &k->selectable[k->n_selectable++];
		sel->field = loader_intern(l, name, strlen(name));
		sel->path = text_of(l, def, "path", NULL);
		sel->dflt = text_of(l, def, "default", "");
		sel->bucket = js_bool(def, false, "bucket", NULL);
	}
}

/* [name, type, format, priority, cell, description] */
static int load_columns(struct loader *l, struct kind *k, const js *o, struct err *err)
{
	js *columns = js_arr(o, "columns", NULL);
	k->columns = arena_alloc(&l->s->arena, js_len(columns) * sizeof(*k->columns));
	js_array_for_each (c, columns) {
		const char *word[6] = {0};
		for (size_t i = 0; i < ARRAY_LEN(word); i++) {
			js *v = js_at(c, i);
			if (js_is_str(v))
				word[i] = loader_intern(l, json_object_get_string(v),
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
	}
	return 0;
}

static int register_kind(struct loader *l, struct kind *k, struct err *err)
{
	struct schema *s = l->s;
	autofree char *by_kind = mem_printf("%s/%s/%s", k->group, k->version, k->kind);
	autofree char *by_resource = mem_printf("%s/%s/%s", k->group, k->version, k->resource);
	if (map_has(&s->kinds, by_kind) || map_has(&s->resources, by_resource))
		return err_set(err, REASON_INVALID, "the kind or its resource exists already");
	map_set(&s->kinds, by_kind, k);
	map_set(&s->resources, by_resource, k);
	if (s->n_kinds == s->cap_kinds) {
		s->cap_kinds = s->cap_kinds ? s->cap_kinds * 2 : 32;
		s->kind_list = mem_realloc_array(s->kind_list, s->cap_kinds, sizeof(*s->kind_list));
	}
	k->id = (unsigned)s->n_kinds;
	s->kind_list[s->n_kinds++] = k;
	return 0;
}

static int load_one(struct loader *l, struct kind *k, const js *o, struct err *err)
{
	if (!k->kind || !k->version || !k->resource || !k->singular)
		return err_set(err, REASON_INVALID, "kind, version, resource and singular are needed");
	const char *scope = js_str0(o, "scope", NULL);
	k->namespaced = strcmp(scope, "Namespaced") == 0;
	if (!k->namespaced && strcmp(scope, "Cluster") != 0)
		return err_set(err, REASON_INVALID, "scope is neither Namespaced nor Cluster");
	if (k->name_format && !format_find(k->name_format))
		return err_set(err, REASON_INVALID, "unknown name_format `%s`", k->name_format);
	if (verbs_of(o, VERBS_ALL, &k->verbs, err) < 0 || load_subresources(l, k, o, err) < 0 ||
	    load_columns(l, k, o, err) < 0)
		return -1;
	load_selectable(l, k, o);
	return register_kind(l, k, err);
}

int kind_load(struct loader *l, const js *o, struct err *err)
{
	struct kind *k = arena_alloc(&l->s->arena, sizeof(*k));
	k->group = text_of(l, o, "group", "");
	k->version = text_of(l, o, "version", NULL);
	k->kind = text_of(l, o, "kind", NULL);
	k->resource = text_of(l, o, "resource", NULL);
	k->singular = text_of(l, o, "singular", NULL);
	k->name_format = text_of(l, o, "name_format", NULL);
	k->heartbeat_field = text_of(l, o, "heartbeat_field", NULL);
	k->heartbeat = k->heartbeat_field != NULL;
	k->ttl_s = js_int(o, 0, "ttl", NULL);
	k->has_status = js_bool(o, false, "status", NULL);
	k->has_generation = js_bool(o, false, "generation", NULL);
	k->short_names = texts_of(l, o, "short");
	k->categories = texts_of(l, o, "categories");
	/* Resolved by kind_resolve; until then the names wait in these. */
	k->type_name = text_of(l, o, "type", k->kind);
	k->stored_as = text_of(l, o, "stored_as", NULL);
	if (load_one(l, k, o, err) < 0)
		return err_wrap(err, "kind %s", k->kind ? k->kind : "without a name");
	return 0;
}

/* "involvedObject.kind" for "regarding.kind" of events.k8s.io. */
static const char *stored_path(struct loader *l, const struct type *t, const char *path)
{
	const char *dot = strchrnul(path, '.');
	const char *first = loader_intern(l, path, (size_t)(dot - path));
	const struct field *f = schema_field(t, first);
	if (!f || !f->stored)
		return path;
	autofree char *s = mem_printf("%s%s", f->stored, dot);
	return loader_intern(l, s, strlen(s));
}

static int resolve_storage(struct loader *l, struct kind *k, struct err *err)
{
	if (k->stored_as) { /* GROUP/VERSION/KIND, or VERSION/KIND of the core group */
		const char *slash = strchr(k->stored_as, '/');
		bool core = slash && !strchr(slash + 1, '/');
		autofree char *gvk = mem_printf("%s%s", core ? "/" : "", k->stored_as);
		k->storage_kind = map_get(&l->s->kinds, gvk);
		if (!k->storage_kind || k->storage_kind->stored_as)
			return err_set(err, REASON_INVALID, "stored_as: `%s` is no kind that is stored",
				       k->stored_as);
	} else {
		k->storage_kind = k;
	}
	const struct kind *sk = k->storage_kind;
	autofree char *dir =
		*sk->group ? mem_printf("%s/%s", sk->group, sk->resource) : mem_strdup(sk->resource);
	k->storage = loader_intern(l, dir, strlen(dir));
	return 0;
}

int kind_resolve(struct loader *l, struct kind *k, struct err *err)
{
	k->type = map_get(&l->s->types, k->type_name);
	if (!k->type || k->type->form != TYPE_OBJECT)
		return err_set(err, REASON_INVALID, "there is no object type `%s`", k->type_name);
	for (size_t i = 0; i < k->n_selectable; i++)
		if (!k->selectable[i].path)
			k->selectable[i].path = stored_path(l, k->type, k->selectable[i].field);
	return resolve_storage(l, k, err);
}
