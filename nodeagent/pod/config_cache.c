/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/config_cache.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/map.h"

static const char *const resources[CONFIG_KINDS] = {[CONFIG_MAP] = "configmaps", [CONFIG_SECRET] = "secrets"};

struct config_cache {
	struct api *api;
	struct map objects; /* "RESOURCE/NS/NAME" -> struct config_object * */
};

struct config_object {
	struct config_cache *cache;
	size_t refs; /* the fetch under way has one */
	enum config_kind kind;
	char *key, *name;
	bool fetching;
	js *object;	/* NULL: there is none, or see err */
	struct err err; /* of the latest fetch */
	struct list waiting;
};

/* A set's place for one object. */
struct config_link {
	struct config_object *o;
	struct config_set *set;
	struct list waiting; /* in o->waiting */
};

struct config_cache *config_cache_new(struct api *api)
{
	struct config_cache *c = MEM_NEW(struct config_cache);
	c->api = api;
	return c;
}

void config_cache_free(struct config_cache *c)
{
	if (!c)
		return;
	map_release(&c->objects);
	free(c);
}

size_t config_cache_len(const struct config_cache *c)
{
	return map_len(&c->objects);
}

/* ---- objects ---- */

static struct config_object *object_ref(struct config_cache *c, enum config_kind kind, const char *ns,
					const char *name)
{
	autofree char *key = mem_printf("%s/%s/%s", resources[kind], ns, name);
	struct config_object *o = map_get(&c->objects, key);
	if (!o) {
		o = MEM_NEW(struct config_object);
		*o = (struct config_object){
			.cache = c, .kind = kind, .key = STEAL(key), .name = mem_strdup(name)};
		list_init(&o->waiting);
		map_set(&c->objects, o->key, o);
	}
	o->refs++;
	return o;
}

static void object_unref(struct config_object *o)
{
	if (--o->refs)
		return;
	map_del(&o->cache->objects, o->key);
	js_autoput(&o->object);
	free(o->key);
	free(o->name);
	free(o);
}

static void arrived(struct config_set *s)
{
	if (--s->left == 0)
		s->fn(s->arg);
}

static void fetched(void *arg, const js *reply, const struct err *err)
{
	struct config_object *o = arg;
	struct list *n;
	o->fetching = false;
	o->err = *err;
	js_autoput(&o->object);
	o->object = err->reason == REASON_NONE ? js_dup(reply) : NULL;
	while ((n = list_pop_front(&o->waiting)))
		arrived(list_entry(n, struct config_link, waiting)->set);
	object_unref(o);
}

/* "/api/v1/namespaces/NS/RESOURCE/NAME" out of the key. */
static char *path_of(const struct config_object *o)
{
	autobuf struct buf b = BUF_INIT;
	const char *ns = strchr(o->key, '/') + 1;
	autofree char *bare = mem_strndup(ns, strcspn(ns, "/"));
	rest_path(&b, "", "v1", bare, resources[o->kind], o->name, NULL);
	return buf_take(&b, NULL);
}

static void fetch(struct config_object *o)
{
	o->fetching = true;
	o->refs++;
	api_call(o->cache->api, REST_GET, path_of(o), NULL, true, fetched, o);
}

/* ---- sets ---- */

void config_set_add(struct config_set *s, struct config_cache *c, enum config_kind kind, const char *ns,
		    const char *name)
{
	struct config_object *o = object_ref(c, kind, ns, name);
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].o == o) {
			o->refs--;
			return;
		}
	s->v = mem_realloc_array(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n++] = (struct config_link){.o = o, .set = s};
}

void config_set_wait(struct config_set *s, void (*fn)(void *arg), void *arg)
{
	s->fn = fn;
	s->arg = arg;
	s->left = s->n + 1;
	for (size_t i = 0; i < s->n; i++) {
		struct config_object *o = s->v[i].o;
		list_push_back(&o->waiting, &s->v[i].waiting);
		if (!o->fetching)
			fetch(o);
	}
	arrived(s);
}

static const struct config_object *find(const struct config_set *s, enum config_kind kind, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].o->kind == kind && !strcmp(s->v[i].o->name, name))
			return s->v[i].o;
	return NULL;
}

const js *config_set_get(const struct config_set *s, enum config_kind kind, const char *name, struct err *err)
{
	const struct config_object *o = find(s, kind, name);
	if (o && o->object)
		return o->object;
	if (o && o->err.reason != REASON_NONE)
		*err = o->err;
	else
		(void)err_set(err, REASON_NOT_FOUND, "%s \"%s\" not found", resources[kind], name);
	return NULL;
}

int config_set_check(const struct config_set *s, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct err *e = &s->v[i].o->err;
		if (e->reason == REASON_NONE || e->reason == REASON_NOT_FOUND)
			continue;
		*err = *e;
		return -1;
	}
	return 0;
}

void config_set_release(struct config_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		object_unref(s->v[i].o);
	free(s->v);
	*s = (struct config_set){0};
}
