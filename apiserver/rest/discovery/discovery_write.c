/* SPDX-License-Identifier: Apache-2.0 */
/* How the kinds of one group-version read in discovery: the list of legacy clients, and the piece of the aggregated
 * form. */
#include <stdlib.h>
#include <string.h>
#include "base/base64.h"
#include "base/mem.h"
#include "client/tls.h"
#include "rest/discovery/discovery_internal.h"

/* In the order of their names; those of the users' own kinds as upstream lists these. */
static void add_verbs(struct buf *b, unsigned verbs, bool custom)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{VERB_CREATE, "create"}, {VERB_DELETE, "delete"}, {VERB_DELETECOLLECTION, "deletecollection"},
		{VERB_GET, "get"},	 {VERB_LIST, "list"},	  {VERB_PATCH, "patch"},
		{VERB_CREATE, "create"}, {VERB_UPDATE, "update"}, {VERB_WATCH, "watch"}};
	const size_t customs_create = 6;
	const char *sep = "";
	buf_adds(b, "\"verbs\":[");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!(verbs & names[i].bit) || i == (custom ? 0 : customs_create))
			continue;
		buf_addf(b, "%s\"%s\"", sep, names[i].name);
		sep = ",";
	}
	buf_addc(b, ']');
}

static void add_list(struct buf *b, const char *key, const char *const *v)
{
	if (!v || !*v)
		return;
	buf_addf(b, ",\"%s\":[", key);
	for (size_t i = 0; v[i]; i++)
		buf_addf(b, "%s\"%s\"", i ? "," : "", v[i]);
	buf_addc(b, ']');
}

static const char * or (const char *s, const char *other)
{
	return s && *s ? s : other;
}

static int by_sub_name(const void *a, const void *b)
{
	return strcmp((*(const struct subresource *const *)a)->name,
		      (*(const struct subresource *const *)b)->name);
}

#define MAX_SUBRESOURCES 16
static size_t sorted_subresources(const struct kind *k, const struct subresource *v[MAX_SUBRESOURCES])
{
	size_t n = k->n_subresources < MAX_SUBRESOURCES ? k->n_subresources : MAX_SUBRESOURCES;
	for (size_t i = 0; i < n; i++)
		v[i] = &k->subresources[i];
	qsort(v, n, sizeof(*v), by_sub_name);
	return n;
}

/* ---- legacy ---- */

static void legacy_subresource(struct buf *b, const struct kind *k, const struct subresource *s)
{
	buf_addf(b, ",{\"name\":\"%s/%s\",\"singularName\":\"\",\"namespaced\":%s,", k->resource, s->name,
		 k->namespaced ? "true" : "false");
	if (s->group && (strcmp(s->group, k->group) || strcmp(or (s->version, k->version), k->version)))
		buf_addf(b, "\"group\":\"%s\",\"version\":\"%s\",", s->group, or (s->version, k->version));
	buf_addf(b, "\"kind\":\"%s\",", or (s->kind, k->kind));
	add_verbs(b, s->verbs, false);
	buf_addc(b, '}');
}

/* Changes when objects are stored as another version (kubernetes/apiserver pkg/endpoints/discovery/storageversionhash.go). */
static void add_storage_hash(struct buf *b, const struct kind *k)
{
	const struct kind *sk = k->storage_kind;
	autofree char *gvk = mem_printf("%s/%s/%s", sk->group, sk->version, sk->kind);
	unsigned char bytes[8];
	char hex[65];
	if (k->virtual)
		return;
	struct tls_sha256 *s = tls_sha256_new();
	tls_sha256_add(s, gvk, strlen(gvk));
	tls_sha256_end(s, hex);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		const char pair[3] = {hex[2 * i], hex[2 * i + 1]};
		bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	buf_adds(b, ",\"storageVersionHash\":\"");
	base64_encode(b, bytes, sizeof(bytes));
	buf_addc(b, '"');
}

static void legacy_resource(struct buf *b, const struct kind *k)
{
	const struct subresource *subs[MAX_SUBRESOURCES] = {NULL};
	buf_addf(b, "{\"name\":\"%s\",\"singularName\":\"%s\",\"namespaced\":%s,\"kind\":\"%s\",",
		 k->resource, or (k->singular, ""), k->namespaced ? "true" : "false", k->kind);
	add_verbs(b, k->verbs, k->type && k->type->structural);
	add_list(b, "shortNames", k->short_names);
	add_list(b, "categories", k->categories);
	add_storage_hash(b, k);
	buf_addc(b, '}');
	size_t n = sorted_subresources(k, subs);
	for (size_t i = 0; i < n; i++)
		legacy_subresource(b, k, subs[i]);
}

void discovery_write_legacy(struct buf *b, const struct kind *const *v, size_t n)
{
	buf_adds(b, "{\"kind\":\"APIResourceList\",");
	if (*v[0]->group)
		buf_addf(b, "\"apiVersion\":\"v1\",\"groupVersion\":\"%s/%s\",", v[0]->group, v[0]->version);
	else
		buf_addf(b, "\"groupVersion\":\"%s\",", v[0]->version);
	buf_adds(b, "\"resources\":[");
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(b, ',');
		legacy_resource(b, v[i]);
	}
	buf_adds(b, "]}\n");
}

/* ---- aggregated ---- */

static void response_kind(struct buf *b, const char *group, const char *version, const char *kind)
{
	buf_addf(b, "\"responseKind\":{\"group\":\"%s\",\"version\":\"%s\",\"kind\":\"%s\"},", group, version,
		 kind);
}

static void aggregated_resource(struct buf *b, const struct kind *k)
{
	const struct subresource *subs[MAX_SUBRESOURCES] = {NULL};
	buf_addf(b, "{\"resource\":\"%s\",", k->resource);
	response_kind(b, k->group, k->version, k->kind);
	buf_addf(b, "\"scope\":\"%s\",\"singularResource\":\"%s\",", k->namespaced ? "Namespaced" : "Cluster",
		 or (k->singular, ""));
	add_verbs(b, k->verbs, k->type && k->type->structural);
	add_list(b, "shortNames", k->short_names);
	add_list(b, "categories", k->categories);
	size_t n = sorted_subresources(k, subs);
	for (size_t i = 0; i < n; i++) {
		const struct subresource *s = subs[i];
		buf_addf(b, "%s{\"subresource\":\"%s\",", i ? "," : ",\"subresources\":[", s->name);
		response_kind(b, s->group ? s->group : k->group, or (s->version, k->version),
			      or (s->kind, k->kind));
		add_verbs(b, s->verbs, false);
		buf_adds(b, i + 1 == n ? "}]" : "}");
	}
	buf_addc(b, '}');
}

void discovery_write_aggregated(struct buf *b, const struct kind *const *v, size_t n)
{
	buf_addf(b, "{\"version\":\"%s\",\"resources\":[", v[0]->version);
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(b, ',');
		aggregated_resource(b, v[i]);
	}
	buf_adds(b, "],\"freshness\":\"Current\"}");
}
