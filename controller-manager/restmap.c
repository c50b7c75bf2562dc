/* SPDX-License-Identifier: Apache-2.0 */
/* See restmap.h. */
#include "restmap.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"

#define FRESH_NS (30 * NS_PER_S) /* upstream discovers that often */
#define VERSIONS_MAX 2000

struct version {
	int64_t asked_ns;
	size_t n;
	struct restmap_row rows[];
};

struct restmap {
	pthread_mutex_t lock;
	struct map versions; /* api version -> struct version */
};

struct restmap *restmap_new(void)
{
	struct restmap *m = MEM_NEW(struct restmap);

	pthread_mutex_init(&m->lock, NULL);
	return m;
}

static void clear(struct restmap *m)
{
	for (struct map_iter it = {0}; map_next(&m->versions, &it);)
		free(it.value);
	map_release(&m->versions);
	m->versions = (struct map)MAP_INIT;
}

void restmap_free(struct restmap *m)
{
	if (!m)
		return;
	clear(m);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

/* ---- from discovery ---- */

static bool has_verb(const js *resource, const char *verb)
{
	js_array_for_each (v, js_arr(resource, "verbs", NULL))
		if (js_is_str(v) && !strcmp(json_object_get_string(v), verb))
			return true;
	return false;
}

static struct restmap_row *find(struct version *v, const char *resource, size_t len)
{
	for (size_t i = 0; i < v->n; i++)
		if (strlen(v->rows[i].resource) == len && !memcmp(v->rows[i].resource, resource, len))
			return &v->rows[i];
	return NULL;
}

static void add_resource(struct version *v, const js *r, const char *name)
{
	const char *kind = js_str0(r, "kind", NULL);
	struct restmap_row *row = &v->rows[v->n];

	if (strlen(name) >= sizeof(row->resource) || strlen(kind) >= sizeof(row->kind))
		return;
	*row = (struct restmap_row){.namespaced = js_bool(r, false, "namespaced", NULL),
				    .watched = has_verb(r, "list") && has_verb(r, "watch"),
				    .deleted = has_verb(r, "delete")};
	memcpy(row->resource, name, strlen(name));
	memcpy(row->kind, kind, strlen(kind));
	v->n++;
}

static void add_scale(struct version *v, const js *r, const char *name)
{
	const char *slash = strchr(name, '/');
	struct restmap_row *row = find(v, name, (size_t)(slash - name));

	if (row && !strcmp(slash, "/scale") && !strcmp(js_str0(r, "kind", NULL), "Scale"))
		row->scale = true;
}

static struct version *read_version(const js *list)
{
	const js *resources = js_arr(list, "resources", NULL);
	struct version *v = mem_zalloc(sizeof(*v) + js_len(resources) * sizeof(v->rows[0]));

	v->asked_ns = clock_mono_ns();
	for (int subs = 0; subs < 2; subs++)
		js_array_for_each (r, resources) {
			const char *name = js_str0(r, "name", NULL);

			if (!subs && !strchr(name, '/'))
				add_resource(v, r, name);
			else if (subs && strchr(name, '/'))
				add_scale(v, r, name);
		}
	return v;
}

static int ask(struct rest *r, const char *api_version, struct version **ret, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *list = NULL;
	const char *slash = strchr(api_version, '/');
	autofree char *group = slash ? mem_strndup(api_version, (size_t)(slash - api_version)) : NULL;

	buf_adds(&path, slash ? "/apis/" : "/api/");
	if (slash) {
		http_escape(&path, group);
		buf_addc(&path, '/');
	}
	http_escape(&path, slash ? slash + 1 : api_version);
	if (rest_do(r, REST_GET, buf_str(&path), NULL, &list, err) < 0)
		return -1;
	*ret = read_version(list);
	return 0;
}

/* ---- what was learnt ---- */

/* Under the lock. */
static void keep(struct restmap *m, const char *api_version, struct version *v)
{
	if (map_len(&m->versions) >= VERSIONS_MAX)
		clear(m); /* somebody names versions without end */
	free(map_set(&m->versions, api_version, v));
}

/* Leaves the lock held on success. */
static int look(struct restmap *m, struct rest *r, const char *api_version, struct version **ret,
		struct err *err)
{
	pthread_mutex_lock(&m->lock);
	*ret = map_get(&m->versions, api_version);
	if (*ret && clock_mono_ns() - (*ret)->asked_ns < FRESH_NS)
		return 0;
	pthread_mutex_unlock(&m->lock);
	if (ask(r, api_version, ret, err) < 0)
		return -1;
	pthread_mutex_lock(&m->lock);
	keep(m, api_version, *ret);
	return 0;
}

static int forget(struct restmap *m, const char *api_version)
{
	pthread_mutex_lock(&m->lock);
	struct version *v = map_del(&m->versions, api_version);
	bool old = v && v->asked_ns != clock_mono_ns();

	pthread_mutex_unlock(&m->lock);
	free(v);
	return old;
}

/* By one of the two. */
static bool take(const struct version *v, const char *kind, const char *resource, struct restmap_row *ret)
{
	for (size_t i = 0; i < v->n; i++)
		if (kind ? !strcmp(v->rows[i].kind, kind) : !strcmp(v->rows[i].resource, resource)) {
			*ret = v->rows[i];
			return true;
		}
	return false;
}

static int find_row(struct restmap *m, struct rest *r, const char *api_version, const char *kind,
		    const char *resource, struct restmap_row *ret, struct err *err)
{
	for (int tries = 0; tries < 2; tries++) {
		struct version *v;

		if (look(m, r, api_version, &v, err) < 0)
			return -1;
		bool found = take(v, kind, resource, ret);

		pthread_mutex_unlock(&m->lock);
		if (found)
			return 0;
		if (!forget(m, api_version)) /* it was asked just now */
			break;
	}
	return err_set(err, REASON_NOT_FOUND, "no matches for kind \"%s\" in version \"%s\"",
		       kind ? kind : resource, api_version);
}

int restmap_of_kind(struct restmap *m, struct rest *r, const char *api_version, const char *kind,
		    struct restmap_row *ret, struct err *err)
{
	return find_row(m, r, api_version, kind, NULL, ret, err);
}

int restmap_of_resource(struct restmap *m, struct rest *r, const char *api_version, const char *resource,
			struct restmap_row *ret, struct err *err)
{
	return find_row(m, r, api_version, NULL, resource, ret, err);
}

int restmap_list(struct restmap *m, struct rest *r, const char *api_version, struct restmap_row **ret,
		 size_t *ret_n, struct err *err)
{
	struct version *v;

	if (look(m, r, api_version, &v, err) < 0)
		return -1;
	*ret = mem_array(v->n + 1, sizeof(**ret));
	memcpy(*ret, v->rows, v->n * sizeof(**ret));
	*ret_n = v->n;
	pthread_mutex_unlock(&m->lock);
	return 0;
}

int restmap_versions(struct rest *r, char ***ret, size_t *ret_n, struct err *err)
{
	autojson js *list = NULL;

	if (rest_do(r, REST_GET, "/apis", NULL, &list, err) < 0)
		return -1;
	const js *groups = js_arr(list, "groups", NULL);

	*ret = mem_array(js_len(groups) + 1, sizeof(char *));
	*ret_n = 0;
	(*ret)[(*ret_n)++] = mem_strdup("v1");
	js_array_for_each (g, groups)
		(*ret)[(*ret_n)++] = mem_strdup(js_str0(g, "preferredVersion", "groupVersion", NULL));
	return 0;
}
