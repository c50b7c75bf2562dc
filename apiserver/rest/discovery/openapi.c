/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubectl asks for OpenAPI before nearly every command, and then for nothing but whether it has changed: what it has, it
 * keeps. So what an idle server keeps is the hashes. A document is written when somebody asks for its bytes (a few
 * milliseconds; on a worker), shared by all who ask within the next minute, and given back then; its hash stays until the
 * kinds of its group-version change. The index of the third version names all hashes, so the first who asks for it has
 * every document written once. The second version is one document, which is kept and sent as its parts (openapi_v2.c).
 *
 * Hashes are of the bytes in JSON (of v2: of its parts' hashes), and serve both forms (kubernetes/kube-openapi pkg/handler,
 * pkg/handler3).
 */
#include "rest/discovery/openapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/mem.h"
#include "rest/api.h"
#include "rest/discovery/document.h"
#include "rest/discovery/openapi_v2_internal.h"
#include "rest/negotiate.h"

#define V2 "/openapi/v2"
#define V3 "/openapi/v3"
#define PART_LEN 512

enum openapi_form { FORM_JSON, FORM_PROTOBUF, N_FORMS };

struct openapi {
	const struct schema *schema;
	struct storage *storage;
	pthread_mutex_t writing; /* one at a time; before the other lock */
	uint64_t written;	 /* under it */
	pthread_mutex_t lock;	 /* of what follows */
	struct map hashes;	 /* by part; char[DOCUMENT_HASH_LEN] */
	uint64_t changes;
	struct shelf *shelf;
	struct openapi_v2 *v2;
};

/* ---- documents: "" is all of v2, else what v3's paths say ---- */

static bool is_served(const struct kind *k)
{
	return k->resource && *k->resource && k->verbs;
}

static void part_of(char out[PART_LEN], const char *group, const char *version)
{
	snprintf(out, PART_LEN, *group ? "apis/%s/%s" : "api%s/%s", group, version);
}

static bool is_group(const char *part, const struct kind *k)
{
	return !strncmp(part, "apis/", 5) && *k->group && !strcmp(part + 5, k->group);
}

static bool exists(const struct schema *s, const char *part)
{
	static const char *const always[] = {"", "api", "apis", "version"};
	const struct kind *const *all;
	struct schema_pin pin = schema_pin(s);
	size_t n = schema_kinds(s, &all);
	char gv[PART_LEN];
	bool found = false;
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		found |= !strcmp(always[i], part);
	for (size_t i = 0; i < n && !found; i++) {
		part_of(gv, all[i]->group, all[i]->version);
		found = is_served(all[i]) && (!strcmp(gv, part) || is_group(part, all[i]));
	}
	schema_unpin(s, &pin);
	return found;
}

/* ---- hashes ---- */

static bool hash_known(struct openapi *o, const char *part, char out[DOCUMENT_HASH_LEN])
{
	pthread_mutex_lock(&o->lock);
	const char *hash = map_get(&o->hashes, part);
	if (hash)
		memcpy(out, hash, DOCUMENT_HASH_LEN);
	pthread_mutex_unlock(&o->lock);
	return hash;
}

static uint64_t changes(struct openapi *o)
{
	pthread_mutex_lock(&o->lock);
	uint64_t n = o->changes;
	pthread_mutex_unlock(&o->lock);
	return n;
}

static void key_of(char out[PART_LEN + 4], const char *part, enum openapi_form f)
{
	snprintf(out, PART_LEN + 4, "%s%s", part, f == FORM_PROTOBUF ? " pb" : "");
}

/* Under the lock. */
static void drop(struct openapi *o, const char *part)
{
	char key[PART_LEN + 4];
	free(map_del(&o->hashes, part));
	for (enum openapi_form f = 0; f < N_FORMS; f++) {
		key_of(key, part, f);
		shelf_drop(o->shelf, key);
	}
}

void openapi_update(struct openapi *o, const char *group, const char *version)
{
	char part[PART_LEN];
	part_of(part, group, version);
	openapi_v2_update(o->v2, group, version);
	pthread_mutex_lock(&o->lock);
	o->changes++; /* when parts that are old are found no more */
	drop(o, part);
	snprintf(part, sizeof(part), "apis/%s", group);
	drop(o, part);
	drop(o, "");
	pthread_mutex_unlock(&o->lock);
}

void openapi_forget(struct openapi *o, const struct kind *k)
{
	openapi_v2_forget(o->v2, k);
	pthread_mutex_lock(&o->lock);
	o->changes++;
	drop(o, "");
	pthread_mutex_unlock(&o->lock);
}

/* ---- documents ---- */

static js *read_crd(void *arg, const struct kind *k)
{
	struct openapi *o = arg;
	const struct kind *crds =
		schema_kind(o->schema, "apiextensions.k8s.io", "v1", "CustomResourceDefinition");
	struct resource *r = crds && o->storage ? storage_resource(o->storage, crds) : NULL;
	autofree char *name = mem_printf("%s.%s", k->resource, k->group);
	struct err ignored = ERR_INIT;
	autoobj struct obj *crd = r ? storage_get(r, "", name) : NULL;
	return crd ? obj_tree(crd, &ignored) : NULL;
}

/* Of the kinds as they are now; *ret_since: for keep. */
static struct document *write_json(struct openapi *o, const char *part, uint64_t *ret_since)
{
	autobuf struct buf b = BUF_INIT;
	struct schema_pin pin;
	*ret_since = changes(o);
	o->written++;
	pin = schema_pin(o->schema);
	openapi_document_write(&b, o->schema, part, read_crd, o);
	schema_unpin(o->schema, &pin);
	return document_new(&b, NULL);
}

uint64_t openapi_written(struct openapi *o)
{
	pthread_mutex_lock(&o->writing);
	uint64_t n = o->written;
	pthread_mutex_unlock(&o->writing);
	return n + openapi_v2_written(o->v2);
}

/* Remembers the hash and, for others who ask soon, the bytes; unless the kinds have changed meanwhile. */
static void keep(struct openapi *o, const char *part, enum openapi_form f, struct document *d, uint64_t since)
{
	char key[PART_LEN + 4];
	key_of(key, part, f);
	pthread_mutex_lock(&o->lock);
	if (o->changes == since) {
		free(map_set(&o->hashes, part, mem_strdup(document_hash(d))));
		if (f < N_FORMS)
			shelf_put(o->shelf, key, d);
	}
	pthread_mutex_unlock(&o->lock);
}

/* The same document in protobuf; takes the reference over. The hash stays that of the JSON. */
static struct document *to_protobuf(struct document *json)
{
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	size_t n;
	const char *p = document_bytes(json, &n);
	if (openapi_pb_write(&b, true, p, n, &err) < 0)
		log_err(&err, "OpenAPI cannot be written as protobuf", NULL);
	struct document *d = document_new(&b, document_hash(json));
	document_unref(json);
	return d;
}

static struct document *write_form(struct openapi *o, const char *part, enum openapi_form f)
{
	uint64_t since;
	struct document *d = write_json(o, part, &since);
	if (f == FORM_PROTOBUF)
		d = to_protobuf(d);
	keep(o, part, f, d, since);
	return d;
}

static struct document *find(struct openapi *o, const char *part, enum openapi_form f)
{
	char key[PART_LEN + 4];
	key_of(key, part, f);
	struct document *d = shelf_get(o->shelf, key);
	if (d)
		return d;
	pthread_mutex_lock(&o->writing);
	d = shelf_get(o->shelf, key);
	if (!d)
		d = write_form(o, part, f);
	pthread_mutex_unlock(&o->writing);
	return d;
}

static void find_hash(struct openapi *o, const char *part, char out[DOCUMENT_HASH_LEN])
{
	uint64_t since;
	if (hash_known(o, part, out))
		return;
	pthread_mutex_lock(&o->writing);
	if (!hash_known(o, part, out)) {
		struct document *d = write_json(o, part, &since);
		memcpy(out, document_hash(d), DOCUMENT_HASH_LEN);
		keep(o, part, N_FORMS, d, since);
		document_unref(d);
	}
	pthread_mutex_unlock(&o->writing);
}

/* All of v2. */
static struct pieces *compose(struct openapi *o, enum openapi_form f, char hash[DOCUMENT_HASH_LEN])
{
	uint64_t since = changes(o);
	struct pieces *p = openapi_v2_compose(o->v2, f == FORM_PROTOBUF, hash);
	pthread_mutex_lock(&o->lock);
	if (o->changes == since)
		free(map_set(&o->hashes, "", mem_strdup(hash)));
	pthread_mutex_unlock(&o->lock);
	return p;
}

/* ---- the index ---- */

static void add_part(struct map *parts, const char *part)
{
	map_set(parts, part, parts);
}

static void all_parts(const struct schema *s, struct map *ret)
{
	const struct kind *const *all;
	struct schema_pin pin = schema_pin(s);
	size_t n = schema_kinds(s, &all);
	char part[PART_LEN];
	add_part(ret, "api");
	add_part(ret, "apis");
	add_part(ret, "version");
	for (size_t i = 0; i < n; i++) {
		if (!is_served(all[i]))
			continue;
		part_of(part, all[i]->group, all[i]->version);
		add_part(ret, part);
		snprintf(part, sizeof(part), "apis/%s", all[i]->group);
		if (*all[i]->group)
			add_part(ret, part);
	}
	schema_unpin(s, &pin);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_index(struct openapi *o, struct buf *b)
{
	automap struct map parts = MAP_INIT;
	all_parts(o->schema, &parts);
	autofree const char **names = mem_array(map_len(&parts), sizeof(*names));
	size_t n = 0;
	for (struct map_iter it = {0}; map_next(&parts, &it);)
		names[n++] = it.key;
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		char hash[DOCUMENT_HASH_LEN];
		find_hash(o, names[i], hash);
		buf_addf(b, "%s\"%s\":{\"serverRelativeURL\":\"" V3 "/%s?hash=%s\"}",
			 i ? "," : "{\"paths\":{", names[i], names[i], hash);
	}
	buf_adds(b, "}}\n");
}

/* ---- the whole ---- */

struct openapi *openapi_new(const struct schema *schema, struct storage *storage)
{
	struct openapi *o = MEM_NEW(struct openapi);
	o->schema = schema;
	o->storage = storage;
	o->shelf = shelf_new();
	o->v2 = openapi_v2_new(schema, o->shelf, read_crd, o);
	pthread_mutex_init(&o->lock, NULL);
	pthread_mutex_init(&o->writing, NULL);
	return o;
}

void openapi_free(struct openapi *o)
{
	if (!o)
		return;
	openapi_v2_free(o->v2);
	shelf_free(o->shelf);
	for (struct map_iter it = {0}; map_next(&o->hashes, &it);)
		free(it.value);
	map_release(&o->hashes);
	pthread_mutex_destroy(&o->lock);
	pthread_mutex_destroy(&o->writing);
	free(o);
}

/* ---- serving ---- */

/* What a path is: the index, or a part; NULL: nothing. */
static const char *part_in(const char *path)
{
	if (!strcmp(path, V2))
		return "";
	return !strncmp(path, V3 "/", strlen(V3) + 1) && path[strlen(V3) + 1] ? path + strlen(V3) + 1 : NULL;
}

static bool is_index(const char *path)
{
	return !strcmp(path, V3);
}

bool openapi_has_path(const struct request *rq)
{
	const char *part = part_in(rq->path);
	return is_index(rq->path) || (part && strlen(part) < PART_LEN && exists(rq->api->schema, part));
}

static bool index_ready(struct openapi *o)
{
	automap struct map parts = MAP_INIT;
	char hash[DOCUMENT_HASH_LEN];
	all_parts(o->schema, &parts);
	for (struct map_iter it = {0}; map_next(&parts, &it);)
		if (!hash_known(o, it.key, hash))
			return false;
	return true;
}

#define PROTOBUF "application/com.github.proto-openapi.spec."
#define OLD_SPELLING "@v1.0+protobuf" /* is answered with the new one */
#define N_MEDIA 3
static const struct media_form {
	const char *type, *answer;
	enum openapi_form form;
} forms[][N_MEDIA] = {
	{{"application/json", "application/json", FORM_JSON},
	 {PROTOBUF "v2.v1.0+protobuf", PROTOBUF "v2.v1.0+protobuf", FORM_PROTOBUF},
	 {PROTOBUF "v2" OLD_SPELLING, PROTOBUF "v2.v1.0+protobuf", FORM_PROTOBUF}},
	{{"application/json", "application/json", FORM_JSON},
	 {PROTOBUF "v3.v1.0+protobuf", PROTOBUF "v3.v1.0+protobuf", FORM_PROTOBUF},
	 {PROTOBUF "v3" OLD_SPELLING, PROTOBUF "v3.v1.0+protobuf", FORM_PROTOBUF}},
};

/* NULL: there is none that the client takes. */
static const struct media_form *form_for(const struct request *rq)
{
	const struct media_form *of = forms[strcmp(rq->path, V2) != 0];
	const char *types[N_MEDIA];
	for (size_t i = 0; i < N_MEDIA; i++)
		types[i] = of[i].type;
	int i = negotiate_among(rq, types, N_MEDIA);
	return i < 0 ? NULL : &of[i];
}

/* The client has these bytes, or asks for those of another moment, which a hash in the query says. */
static bool answer_by_hash(const struct request *rq, struct response *rs, const char *part, const char *hash)
{
	const char *wanted = *part ? request_param(rq, "hash") : NULL;
	response_tag(rs, hash);
	if (wanted && *wanted && strcmp(wanted, hash)) {
		rs->status = 301;
		rs->location = mem_printf(V3 "/%s?hash=%s", part, hash);
		return true;
	}
	rs->caching = wanted && *wanted ? CACHING_IMMUTABLE : CACHING_NONE;
	if (document_is_known(rq->if_none_match, rs->etag))
		rs->status = 304;
	return rs->status == 304;
}

bool openapi_ready(const struct request *rq)
{
	struct openapi *o = rq->api->openapi;
	const struct media_form *m = form_for(rq);
	const char *part = part_in(rq->path);
	struct response rs = {0};
	char key[PART_LEN + 4], hash[DOCUMENT_HASH_LEN];
	if (is_index(rq->path))
		return index_ready(o);
	if (!m || !hash_known(o, part, hash))
		return !m;
	bool ready = answer_by_hash(rq, &rs, part, hash);
	response_release(&rs);
	if (!*part) /* a look at every part is too much, too */
		return ready;
	key_of(key, part, m->form);
	struct document *d = ready ? NULL : shelf_get(o->shelf, key);
	document_unref(d);
	return ready || d;
}

static void respond_index(const struct request *rq, struct response *rs)
{
	autobuf struct buf b = BUF_INIT;
	write_index(rq->api->openapi, &b);
	document_respond(document_new(&b, NULL), rq, rs, true);
}

static void respond_v2(const struct request *rq, struct response *rs, enum openapi_form f)
{
	char hash[DOCUMENT_HASH_LEN];
	struct pieces *p = compose(rq->api->openapi, f, hash);
	if (answer_by_hash(rq, rs, "", hash))
		pieces_free(p);
	else
		pieces_respond(p, rs);
}

void handle_openapi(struct request *rq, struct response *rs)
{
	struct openapi *o = rq->api->openapi;
	const char *part = part_in(rq->path);
	char hash[DOCUMENT_HASH_LEN];
	if (is_index(rq->path)) {
		respond_index(rq, rs);
		return;
	}
	const struct media_form *m = form_for(rq);
	rs->vary_accept = true;
	if (!m) {
		rs->status = 406;
		return;
	}
	rs->content_type = m->answer;
	if (hash_known(o, part, hash) && answer_by_hash(rq, rs, part, hash))
		return;
	if (!*part) {
		respond_v2(rq, rs, m->form);
		return;
	}
	struct document *d = find(o, part, m->form);
	if (answer_by_hash(rq, rs, part, document_hash(d))) {
		document_unref(d);
		return;
	}
	document_respond(d, rq, rs, true);
}
