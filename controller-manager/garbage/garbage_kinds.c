/* SPDX-License-Identifier: Apache-2.0 */
/* See garbage_kinds.h. */
#include "garbage/garbage_kinds.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "controller/informer_late.h"
#include "decode/plain.h"

#define PATIENCE_NS (30 * NS_PER_S)  /* upstream's, for a kind to list */
#define DISCOVERY_NS (30 * NS_PER_S) /* and for kinds to be discovered */
#define SILENCE_NS (5 * NS_PER_S)    /* an API server that says nothing is asked twice */
#define ABSENT_MAX 500		     /* upstream's */

struct garbage_kinds {
	pthread_mutex_t lock;	   /* guards all below */
	struct restmap *resources; /* its own lock */
	struct map parked;
	struct map absent;
	char *absent_ring[ABSENT_MAX]; /* keys, the oldest at absent_next */
	size_t absent_next;
	int64_t added_ns; /* when the last informer was, monotonic */
	bool silent;	  /* the ConfigMap was not there at the last look */
};

struct garbage_kinds *garbage_kinds_new(void)
{
	struct garbage_kinds *k = MEM_NEW(struct garbage_kinds);

	pthread_mutex_init(&k->lock, NULL);
	k->resources = restmap_new();
	return k;
}

void garbage_kinds_free(struct garbage_kinds *k)
{
	map_release(&k->parked);
	map_release(&k->absent);
	for (size_t i = 0; i < ABSENT_MAX; i++)
		free(k->absent_ring[i]);
	restmap_free(k->resources);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

/* ---- what is watched ---- */

static void split_version(const char *api_version, char group[256], const char **ret_version)
{
	const char *slash = strchr(api_version, '/');

	snprintf(group, 256, "%.*s", slash ? (int)(slash - api_version) : 0, api_version);
	*ret_version = slash ? slash + 1 : api_version;
}

static struct informer *watch(struct garbage_kinds *k, struct controller_ctx *ctx, const char *api_version,
			      const struct restmap_row *row)
{
	char group[256];
	const char *version;

	split_version(api_version, group, &version);
	if (!row->watched ||
	    (!strcmp(row->resource, "events") &&
	     (!*group || !strcmp(group, "events.k8s.io")))) /* upstream leaves them out, too */
		return informer_late_find(ctx->set, group, row->resource);
	const struct informer_late what = {group, version, row->resource, row->kind};
	struct informer *i = informer_late_add(ctx->set, &cm_metadata_type, &what);

	if (!informer_synced(i, 0)) {
		pthread_mutex_lock(&k->lock);
		k->added_ns = clock_mono_ns();
		pthread_mutex_unlock(&k->lock);
	}
	return i;
}

static int watch_version(struct garbage_kinds *k, struct controller_ctx *ctx, const char *api_version,
			 struct err *err)
{
	autofree struct restmap_row *rows = NULL;
	size_t n;

	if (restmap_list(k->resources, ctx->rest, api_version, &rows, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (rows[i].deleted)
			(void)watch(k, ctx, api_version, &rows[i]);
	return 0;
}

int garbage_kinds_watch_all(struct garbage_kinds *k, struct controller_ctx *ctx, struct err *err)
{
	char **versions = NULL;
	size_t n = 0;
	int rc = restmap_versions(ctx->rest, &versions, &n, err);

	for (size_t i = 0; i < n; i++) {
		struct err e = ERR_INIT;

		/* A group whose server is away keeps no other. */
		if (watch_version(k, ctx, versions[i], &e) < 0 && rc == 0) {
			*err = e;
			rc = -1;
		}
		free(versions[i]);
	}
	free(versions);
	return rc;
}

/* "widgets.example.com" and "v1" */
static int watch_told(struct garbage_kinds *k, struct controller_ctx *ctx, const char *name,
		      const char *version, struct err *err)
{
	const char *dot = strchr(name, '.');
	autofree char *resource = dot ? mem_strndup(name, (size_t)(dot - name)) : mem_strdup(name);
	autofree char *api_version = dot ? mem_printf("%s/%s", dot + 1, version) : mem_strdup(version);
	struct restmap_row row;
	struct err e = ERR_INIT;

	if (restmap_of_resource(k->resources, ctx->rest, api_version, resource, &row, &e) == 0) {
		(void)watch(k, ctx, api_version, &row);
		return 0;
	}
	if (e.reason == REASON_NOT_FOUND)
		return 0; /* it has gone again */
	*err = e;
	return -1;
}

/* What is served no more. Its objects are gone, and its dependants are judged when they are told to be. */
static void stop_gone(struct garbage_kinds *k, struct controller_ctx *ctx, const js *told)
{
	struct informer **all;
	size_t n = informer_set_list(ctx->set, &all);

	for (size_t i = 0; i < n; i++) {
		const struct informer_type *t = informer_get_type(all[i]);
		autofree char *key = mem_printf("%s%s%s", t->resource, *t->group ? "." : "", t->group);
		autofree char *version = mem_printf("%s%s%s", t->group, *t->group ? "/" : "", t->version);
		struct restmap_row row;
		struct err e = ERR_INIT;

		if (informer_late_is(all[i]) && !js_str(told, key, NULL) &&
		    restmap_of_resource(k->resources, ctx->rest, version, t->resource, &row, &e) < 0 &&
		    e.reason == REASON_NOT_FOUND)
			informer_late_stop(all[i]);
	}
	free(all);
}

static int read_told(struct controller_ctx *ctx, js **ret, struct err *err)
{
	struct err e = ERR_INIT;
	const char *path = "/api/v1/namespaces/kube-system/configmaps/coracle-dependants";

	if (rest_do(ctx->rest, REST_GET, path, NULL, ret, &e) == 0 || e.reason == REASON_NOT_FOUND)
		return 0;
	*err = e;
	return -1;
}

/* Twice nothing: it is not one of ours. */
static int without_help(struct garbage_kinds *k, struct controller_ctx *ctx, struct err *err)
{
	bool again = k->silent;

	k->silent = true;
	ctx->requeue_after_ns = again ? DISCOVERY_NS : SILENCE_NS;
	if (!again)
		return 0;
	stop_gone(k, ctx, NULL);
	return garbage_kinds_watch_all(k, ctx, err);
}

int garbage_kinds_update(struct garbage_kinds *k, struct controller_ctx *ctx, struct err *err)
{
	autojson js *told = NULL;
	int rc = 0;

	if (read_told(ctx, &told, err) < 0)
		return -1;
	if (!told)
		return without_help(k, ctx, err);
	k->silent = false;
	const js *data = js_obj(told, "data", NULL);

	for (struct js_iter it = js_iter(data); js_next(&it);)
		if (js_is_str(it.value))
			rc |= watch_told(k, ctx, it.key, json_object_get_string(it.value), err);
	stop_gone(k, ctx, data);
	return rc;
}

/* ---- owners ---- */

/* By what is watched already, which needs no request; a kind's name is one resource's in a group. */
static struct informer *watched_kind(struct controller_ctx *ctx, const struct owner_ref *r)
{
	char group[256];
	const char *version;
	struct informer **all, *ret = NULL;
	size_t n = informer_set_list(ctx->set, &all);

	split_version(r->api_version, group, &version);
	for (size_t i = 0; i < n && !ret; i++) {
		const struct informer_type *t = informer_get_type(all[i]);

		if (!strcmp(t->kind, r->kind) && !strcmp(t->group, group) && informer_synced(all[i], 0))
			ret = all[i];
	}
	free(all);
	return ret;
}

int garbage_kinds_of_owner(struct garbage_kinds *k, struct controller_ctx *ctx, const struct owner_ref *r,
			   struct garbage_owner_kind *ret, struct err *err)
{
	struct restmap_row row;

	if (restmap_of_kind(k->resources, ctx->rest, r->api_version, r->kind, &row, err) < 0)
		return -1;
	snprintf(ret->api_version, sizeof(ret->api_version), "%s", r->api_version);
	memcpy(ret->resource, row.resource, sizeof(row.resource));
	ret->namespaced = row.namespaced;
	ret->informer = watched_kind(ctx, r);
	if (!ret->informer)
		ret->informer = watch(k, ctx, r->api_version, &row);
	ret->listed = ret->informer && informer_synced(ret->informer, 0);
	return 0;
}

/* ---- waiting for what is not listed yet ---- */

void garbage_kinds_park(struct garbage_kinds *k, const char *key)
{
	pthread_mutex_lock(&k->lock);
	map_set(&k->parked, key, k);
	pthread_mutex_unlock(&k->lock);
}

void garbage_kinds_unpark(struct garbage_kinds *k, struct workqueue *q)
{
	pthread_mutex_lock(&k->lock);
	for (struct map_iter it = {0}; map_next(&k->parked, &it);)
		workqueue_add(q, it.key);
	map_release(&k->parked);
	k->parked = (struct map)MAP_INIT;
	pthread_mutex_unlock(&k->lock);
}

bool garbage_kinds_settled(struct garbage_kinds *k, struct controller_ctx *ctx)
{
	struct informer **all;
	size_t n = informer_set_list(ctx->set, &all);
	bool ret = true;

	pthread_mutex_lock(&k->lock);
	int64_t until_ns = k->added_ns + PATIENCE_NS;
	pthread_mutex_unlock(&k->lock);
	for (size_t i = 0; i < n && ret; i++)
		ret = informer_synced(all[i], 0) || informer_late_asleep(all[i]);
	free(all);
	return ret || clock_mono_ns() >= until_ns;
}

/* ---- owners that are not there ---- */

static char *absent_key(const char *ns, const struct owner_ref *r)
{
	return mem_printf("%s|%s|%s|%s|%s", ns, r->api_version, r->kind, r->name, r->uid);
}

static bool is_noted(struct garbage_kinds *k, const char *key)
{
	pthread_mutex_lock(&k->lock);
	bool ret = map_has(&k->absent, key);
	pthread_mutex_unlock(&k->lock);
	return ret;
}

/* Takes the key. */
static void note(struct garbage_kinds *k, char *key)
{
	pthread_mutex_lock(&k->lock);
	if (map_set(&k->absent, key, k)) {
		free(key); /* it was there */
	} else {
		char **place = &k->absent_ring[k->absent_next];

		k->absent_next = (k->absent_next + 1) % ABSENT_MAX;
		if (*place)
			map_del(&k->absent, *place);
		free(*place);
		*place = key;
	}
	pthread_mutex_unlock(&k->lock);
}

bool garbage_kinds_is_absent(struct garbage_kinds *k, const char *ns, const struct owner_ref *r)
{
	autofree char *key = absent_key(ns, r);

	return is_noted(k, key);
}

void garbage_kinds_set_absent(struct garbage_kinds *k, const char *ns, const struct owner_ref *r)
{
	note(k, absent_key(ns, r));
}

bool garbage_kinds_is_gone(struct garbage_kinds *k, const char *uid)
{
	return is_noted(k, uid);
}

void garbage_kinds_set_gone(struct garbage_kinds *k, const char *uid)
{
	note(k, mem_strdup(uid));
}
