/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubectl 1.29 and newer reads /openapi/v3 before create, apply and replace: it looks up the PATCH operation
 * of the object's kind and asks whether that takes `fieldValidation`; if so, validation is left to the
 * server. `dryRun` is detected the same way. So each group-version's document lists the item paths with their
 * PATCH operation and its query parameters. Object schemas, and with them `kubectl explain`, are not
 * described yet; the request bodies name no content types either, which makes `apply` take its list keys from
 * its own types instead of looking for them here.
 *
 * A group-version's document is made when its kinds change; the index of all of them when somebody asks.
 */
#include "rest/discovery/openapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "object/version.h"
#include "rest/api.h"
#include "rest/discovery/document.h"

#define INDEX "/openapi/v3"
#define PREFIX INDEX "/"

struct openapi {
	const struct schema *schema;
	pthread_mutex_t lock; /* one change or index at a time; before that of the documents */
	struct documents documents;
};

static void add_parameters(struct buf *b)
{
	static const char *const names[][2] = {{"dryRun", "string"},
					       {"fieldManager", "string"},
					       {"fieldValidation", "string"},
					       {"force", "boolean"},
					       {"pretty", "string"}};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		buf_addf(
			b,
			"%s{\"name\":\"%s\",\"in\":\"query\",\"schema\":{\"type\":\"%s\",\"uniqueItems\":true}}",
			i ? "," : "", names[i][0], names[i][1]);
}

static void add_path(struct buf *b, const struct kind *k, const char *prefix)
{
	buf_adds(
		b,
		b->len ? ","
		       : "{\"openapi\":\"3.0.0\",\"info\":{\"title\":\"Kubernetes\",\"version\":\"" KUBERNETES_VERSION
			 "\"},\"paths\":{");
	buf_addf(
		b,
		"\"/%s%s/%s/{name}\":{\"patch\":{\"description\":\"partially update the specified %s\",\"parameters\":[",
		prefix, k->namespaced ? "/namespaces/{namespace}" : "", k->resource, k->kind);
	add_parameters(b);
	buf_addf(
		b,
		"],\"responses\":{\"200\":{\"description\":\"OK\"},\"201\":{\"description\":\"Created\"},\"401\":{\"description\":"
		"\"Unauthorized\"}},\"x-kubernetes-action\":\"patch\",\"x-kubernetes-group-version-kind\":{\"group\":\"%s\",\"version\":\"%s\",\"kind\":\"%s\"}}}",
		k->group, k->version, k->kind);
}

static void update(struct openapi *o, const char *group, const char *version)
{
	const struct kind *const *all;
	size_t n = schema_kinds(o->schema, &all);
	autobuf struct buf b = BUF_INIT;
	char gv[256], path[300];
	snprintf(gv, sizeof(gv), *group ? "apis/%s/%s" : "api%s/%s", group, version);
	snprintf(path, sizeof(path), PREFIX "%s", gv);
	for (size_t i = 0; i < n; i++)
		if (all[i]->resource && (all[i]->verbs & VERB_PATCH) && !strcmp(all[i]->group, group) &&
		    !strcmp(all[i]->version, version))
			add_path(&b, all[i], gv);
	documents_drop(&o->documents, INDEX);
	if (!b.len) {
		documents_drop(&o->documents, path);
		return;
	}
	buf_adds(&b, "},\"components\":{}}\n");
	documents_put(&o->documents, path, &b);
}

void openapi_update(struct openapi *o, const char *group, const char *version)
{
	struct schema_pin pin = schema_pin(o->schema);
	pthread_mutex_lock(&o->lock);
	update(o, group, version);
	pthread_mutex_unlock(&o->lock);
	schema_unpin(o->schema, &pin);
}

/* The list of documents; the hash lets clients keep what they have. */
static void add_to_index(void *arg, const char *path, const struct document *d)
{
	struct buf *b = arg;
	buf_addf(b, "%s\"%s\":{\"serverRelativeURL\":\"%s?hash=%s\"}", b->len ? "," : "{\"paths\":{",
		 path + strlen(PREFIX), path, document_hash(d));
}

static struct document *find(struct openapi *o, const char *path)
{
	struct document *d = documents_get(&o->documents, path);
	if (d || strcmp(path, INDEX))
		return d;
	autobuf struct buf b = BUF_INIT;
	pthread_mutex_lock(&o->lock);
	documents_drop(&o->documents, INDEX); /* it does not list itself */
	documents_each(&o->documents, add_to_index, &b);
	buf_adds(&b, b.len ? "}}\n" : "{\"paths\":{}}\n");
	documents_put(&o->documents, INDEX, &b);
	d = documents_get(&o->documents, INDEX);
	pthread_mutex_unlock(&o->lock);
	return d;
}

struct openapi *openapi_new(const struct schema *schema)
{
	struct openapi *o = MEM_NEW(struct openapi);
	struct schema_pin pin = schema_pin(schema);
	automap struct map seen = MAP_INIT;
	const struct kind *const *all;
	size_t n = schema_kinds(schema, &all);
	o->schema = schema;
	documents_init(&o->documents);
	pthread_mutex_init(&o->lock, NULL);
	for (size_t i = 0; i < n; i++) {
		autofree char *gv = mem_printf("%s/%s", all[i]->group, all[i]->version);
		if (!map_set(&seen, gv, o))
			update(o, all[i]->group, all[i]->version);
	}
	schema_unpin(schema, &pin);
	return o;
}

void openapi_free(struct openapi *o)
{
	if (!o)
		return;
	documents_release(&o->documents);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

void handle_openapi(struct request *rq, struct response *rs)
{
	struct document *d = find(rq->api->openapi, rq->path);
	if (!d) {
		rs->status = 404;
		rs->content_type = "text/plain; charset=utf-8";
		buf_adds(&rs->body, "404 page not found\n");
		return;
	}
	document_respond(d, rq, rs, true);
}
