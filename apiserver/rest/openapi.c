/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubectl 1.29 and newer reads /openapi/v3 before create, apply and replace: it looks up the PATCH operation
 * of the object's kind and asks whether that takes `fieldValidation`; if so, validation is left to the
 * server. `dryRun` is detected the same way. So each group-version's document lists the item paths with their
 * PATCH operation and its query parameters. Object schemas, and with them `kubectl explain`, are not
 * described yet; the request bodies name no content types either, which makes `apply` take its list keys from
 * its own types instead of looking for them here.
 */
#include "rest/openapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/flags.h"
#include "base/map.h"
#include "base/mem.h"
#include "client/tls.h"
#include "rest/api.h"

struct document {
	struct buf body;
	bool begun; /* has a path already */
	char etag[68];
};
struct openapi {
	struct map by_path; /* "/openapi/v3", "/openapi/v3/api/v1" … -> struct document */
};

static struct document *document(struct openapi *o, const char *path)
{
	struct document *d = map_get(&o->by_path, path);
	if (!d) {
		d = MEM_NEW(struct document);
		map_set(&o->by_path, path, d);
	}
	return d;
}

static void gv_path(const struct kind *k, char out[256])
{
	snprintf(out, 256, *k->group ? "apis/%s/%s" : "api%s/%s", k->group, k->version);
}

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

static void add_path(struct document *d, const struct kind *k, const char *prefix)
{
	struct buf *b = &d->body;
	if (!d->begun)
		buf_adds(
			b,
			"{\"openapi\":\"3.0.0\",\"info\":{\"title\":\"Kubernetes\",\"version\":\"" KUBERNETES_VERSION
			"\"},\"paths\":{");
	buf_addf(
		b,
		"%s\"/%s%s/%s/{name}\":{\"patch\":{\"description\":\"partially update the specified %s\",\"parameters\":[",
		d->begun ? "," : "", prefix, k->namespaced ? "/namespaces/{namespace}" : "", k->resource,
		k->kind);
	add_parameters(b);
	buf_addf(
		b,
		"],\"responses\":{\"200\":{\"description\":\"OK\"},\"201\":{\"description\":\"Created\"},\"401\":{\"description\":"
		"\"Unauthorized\"}},\"x-kubernetes-action\":\"patch\",\"x-kubernetes-group-version-kind\":{\"group\":\"%s\",\"version\":\"%s\",\"kind\":\"%s\"}}}",
		k->group, k->version, k->kind);
	d->begun = true;
}

static void set_etag(struct document *d)
{
	char hex[65];
	struct tls_sha256 *s = tls_sha256_new();
	tls_sha256_add(s, d->body.p, d->body.len);
	tls_sha256_end(s, hex);
	snprintf(d->etag, sizeof(d->etag), "\"%s\"", hex);
}

/* The list of documents; the hash lets clients keep what they have. */
static void build_index(struct openapi *o)
{
	struct document *index = MEM_NEW(struct document);
	const char *sep = "";
	buf_adds(&index->body, "{\"paths\":{");
	for (struct map_iter it = {0}; map_next(&o->by_path, &it); sep = ",") {
		struct document *d = it.value;
		buf_adds(&d->body, "},\"components\":{}}\n");
		set_etag(d);
		buf_addf(&index->body, "%s\"%s\":{\"serverRelativeURL\":\"%s?hash=%.64s\"}", sep,
			 it.key + strlen("/openapi/v3/"), it.key, d->etag + 1);
	}
	buf_adds(&index->body, "}}\n");
	set_etag(index);
	map_set(&o->by_path, "/openapi/v3", index);
}

struct openapi *openapi_new(const struct schema *schema)
{
	struct openapi *o = MEM_NEW(struct openapi);
	const struct kind *const *all;
	size_t n = schema_kinds(schema, &all);
	for (size_t i = 0; i < n; i++) {
		char gv[256], path[300];
		if (!all[i]->resource || !(all[i]->verbs & VERB_PATCH))
			continue;
		gv_path(all[i], gv);
		snprintf(path, sizeof(path), "/openapi/v3/%s", gv);
		add_path(document(o, path), all[i], gv);
	}
	build_index(o);
	return o;
}

void openapi_free(struct openapi *o)
{
	if (!o)
		return;
	for (struct map_iter it = {0}; map_next(&o->by_path, &it);) {
		struct document *d = it.value;
		buf_release(&d->body);
		free(d);
	}
	map_release(&o->by_path);
	free(o);
}

void rest_openapi(struct request *rq, struct response *rs)
{
	const struct document *d = map_get(&rq->api->openapi->by_path, rq->path);
	if (!d) {
		rs->status = 404;
		rs->content_type = "text/plain; charset=utf-8";
		buf_adds(&rs->body, "404 page not found\n");
		return;
	}
	snprintf(rs->etag, sizeof(rs->etag), "%s", d->etag);
	if (!strcmp(rq->if_none_match, d->etag)) {
		rs->status = 304;
		return;
	}
	rs->status = 200;
	response_static(rs, d->body.p, d->body.len);
}
