/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every document is rendered at start and served as static bytes with an ETag. Legacy clients read /api,
 * /apis and one list per group-version; kubectl 1.26 and newer asks /api and /apis for the aggregated form
 * and is told so by the Content-Type, which must repeat group, version and kind. An idle client that comes
 * back with If-None-Match gets 304.
 */
#include "rest/discovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/map.h"
#include "base/mem.h"
#include "client/tls.h"
#include "rest/api.h"
#include "rest/negotiate.h"
#include "rest/pretty.h"

enum form { FORM_LEGACY, FORM_V2, FORM_V2BETA1, N_FORMS };
static const char *const form_types[] = {
	[FORM_LEGACY] = "application/json",
	[FORM_V2] = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
	[FORM_V2BETA1] = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
};

struct document {
	struct buf body[N_FORMS]; /* aggregated forms only where they exist */
	char etag[N_FORMS][68];
};
struct discovery {
	struct map by_path;	   /* struct document */
	const struct kind **kinds; /* by group, version, resource */
	size_t n;
};

/* ---- the kinds, in order ---- */

static int by_place(const void *a, const void *b)
{
	const struct kind *x = *(const struct kind *const *)a, *y = *(const struct kind *const *)b;
	int c = strcmp(x->group, y->group);
	if (!c)
		c = strcmp(x->version, y->version);
	return c ? c : strcmp(x->resource, y->resource);
}

static void collect(struct discovery *d, const struct schema *schema)
{
	const struct kind *const *all;
	size_t n = schema_kinds(schema, &all);
	d->kinds = mem_array(n + 1, sizeof(*d->kinds));
	for (size_t i = 0; i < n; i++)
		if (all[i]->resource && *all[i]->resource && all[i]->verbs)
			d->kinds[d->n++] = all[i];
	qsort(d->kinds, d->n, sizeof(*d->kinds), by_place);
}

static bool same_group(const struct kind *a, const struct kind *b)
{
	return !strcmp(a->group, b->group);
}

static bool same_version(const struct kind *a, const struct kind *b)
{
	return same_group(a, b) && !strcmp(a->version, b->version);
}

/* First kind behind those of the same group (or group-version). */
static size_t run_end(const struct discovery *d, size_t i,
		      bool (*same)(const struct kind *, const struct kind *))
{
	size_t j = i;
	while (j < d->n && same(d->kinds[i], d->kinds[j]))
		j++;
	return j;
}

/* ---- pieces ---- */

static void add_verbs(struct buf *b, unsigned verbs)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{VERB_CREATE, "create"}, {VERB_DELETE, "delete"}, {VERB_DELETECOLLECTION, "deletecollection"},
		{VERB_GET, "get"},	 {VERB_LIST, "list"},	  {VERB_PATCH, "patch"},
		{VERB_UPDATE, "update"}, {VERB_WATCH, "watch"}};
	const char *sep = "";
	buf_adds(b, "\"verbs\":[");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (verbs & names[i].bit) {
			buf_addf(b, "%s\"%s\"", sep, names[i].name);
			sep = ",";
		}
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
	add_verbs(b, s->verbs);
	buf_addc(b, '}');
}

static void legacy_resource(struct buf *b, const struct kind *k)
{
	const struct subresource *subs[MAX_SUBRESOURCES] = {NULL};
	buf_addf(b, "{\"name\":\"%s\",\"singularName\":\"%s\",\"namespaced\":%s,\"kind\":\"%s\",",
		 k->resource, or (k->singular, ""), k->namespaced ? "true" : "false", k->kind);
	add_verbs(b, k->verbs);
	add_list(b, "shortNames", k->short_names);
	add_list(b, "categories", k->categories);
	buf_addc(b, '}');
	size_t n = sorted_subresources(k, subs);
	for (size_t i = 0; i < n; i++)
		legacy_subresource(b, k, subs[i]);
}

static void legacy_resources(struct buf *b, const struct discovery *d, size_t from, size_t to)
{
	const struct kind *k = d->kinds[from];
	buf_adds(b, "{\"kind\":\"APIResourceList\",");
	if (*k->group)
		buf_addf(b, "\"apiVersion\":\"v1\",\"groupVersion\":\"%s/%s\",", k->group, k->version);
	else
		buf_addf(b, "\"groupVersion\":\"%s\",", k->version);
	buf_adds(b, "\"resources\":[");
	for (size_t i = from; i < to; i++) {
		if (i > from)
			buf_addc(b, ',');
		legacy_resource(b, d->kinds[i]);
	}
	buf_adds(b, "]}\n");
}

/* `"name":…,"versions":[…],"preferredVersion":…` of the group that begins at `from`. */
static void legacy_group(struct buf *b, const struct discovery *d, size_t from, size_t to)
{
	const char *group = d->kinds[from]->group;
	buf_addf(b, "\"name\":\"%s\",\"versions\":[", group);
	for (size_t i = from; i < to; i = run_end(d, i, same_version))
		buf_addf(b, "%s{\"groupVersion\":\"%s/%s\",\"version\":\"%s\"}", i > from ? "," : "", group,
			 d->kinds[i]->version, d->kinds[i]->version);
	buf_addf(b, "],\"preferredVersion\":{\"groupVersion\":\"%s/%s\",\"version\":\"%s\"}", group,
		 d->kinds[from]->version, d->kinds[from]->version);
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
	add_verbs(b, k->verbs);
	add_list(b, "shortNames", k->short_names);
	add_list(b, "categories", k->categories);
	size_t n = sorted_subresources(k, subs);
	for (size_t i = 0; i < n; i++) {
		const struct subresource *s = subs[i];
		buf_addf(b, "%s{\"subresource\":\"%s\",", i ? "," : ",\"subresources\":[", s->name);
		response_kind(b, s->group ? s->group : k->group, or (s->version, k->version),
			      or (s->kind, k->kind));
		add_verbs(b, s->verbs);
		buf_adds(b, i + 1 == n ? "}]" : "}");
	}
	buf_addc(b, '}');
}

static void aggregated_group(struct buf *b, const struct discovery *d, size_t from, size_t to)
{
	const char *group = d->kinds[from]->group;
	if (*group)
		buf_addf(b, "{\"metadata\":{\"name\":\"%s\",\"creationTimestamp\":null},\"versions\":[",
			 group);
	else
		buf_adds(b, "{\"metadata\":{\"creationTimestamp\":null},\"versions\":[");
	for (size_t i = from; i < to;) {
		size_t end = run_end(d, i, same_version);
		buf_addf(b, "%s{\"version\":\"%s\",\"resources\":[", i > from ? "," : "",
			 d->kinds[i]->version);
		for (size_t j = i; j < end; j++) {
			if (j > i)
				buf_addc(b, ',');
			aggregated_resource(b, d->kinds[j]);
		}
		buf_adds(b, "],\"freshness\":\"Current\"}");
		i = end;
	}
	buf_adds(b, "]}");
}

static void aggregated(struct buf *b, const struct discovery *d, bool core, enum form f)
{
	const char *sep = "";
	buf_addf(
		b,
		"{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":\"apidiscovery.k8s.io/%s\",\"metadata\":{},\"items\":[",
		f == FORM_V2 ? "v2" : "v2beta1");
	for (size_t i = 0; i < d->n;) {
		size_t end = run_end(d, i, same_group);
		if (core == !*d->kinds[i]->group) {
			buf_adds(b, sep);
			aggregated_group(b, d, i, end);
			sep = ",";
		}
		i = end;
	}
	buf_adds(b, "]}\n");
}

/* ---- the set of documents ---- */

static struct buf *document(struct discovery *d, const char *path)
{
	struct document *doc = map_get(&d->by_path, path);
	if (!doc) {
		doc = MEM_NEW(struct document);
		map_set(&d->by_path, path, doc);
	}
	return doc->body;
}

static void build_groups(struct discovery *d)
{
	struct buf *list = &document(d, "/apis")[FORM_LEGACY];
	const char *sep = "";
	char path[512];
	buf_adds(list, "{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":[");
	for (size_t i = 0; i < d->n;) {
		size_t end = run_end(d, i, same_group);
		const char *group = d->kinds[i]->group;
		for (size_t j = i; j < end; j = run_end(d, j, same_version)) {
			snprintf(path, sizeof(path), *group ? "/apis/%s/%s" : "/api%s/%s", group,
				 d->kinds[j]->version);
			legacy_resources(&document(d, path)[FORM_LEGACY], d, j, run_end(d, j, same_version));
		}
		if (*group) {
			snprintf(path, sizeof(path), "/apis/%s", group);
			struct buf *one = &document(d, path)[FORM_LEGACY];
			buf_adds(one, "{\"kind\":\"APIGroup\",\"apiVersion\":\"v1\",");
			legacy_group(one, d, i, end);
			buf_adds(one, "}\n");
			buf_addf(list, "%s{", sep);
			legacy_group(list, d, i, end);
			buf_addc(list, '}');
			sep = ",";
		}
		i = end;
	}
	buf_adds(list, "]}\n");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void build_index(struct discovery *d)
{
	static const char *const more[] = {"/healthz",	  "/livez",  "/metrics",
					   "/openapi/v3", "/readyz", "/version"};
	size_t n = 0, n_more = sizeof(more) / sizeof(*more);
	const char **paths = mem_array(map_len(&d->by_path) + n_more, sizeof(*paths));
	for (struct map_iter it = {0}; map_next(&d->by_path, &it);)
		paths[n++] = it.key;
	for (size_t i = 0; i < n_more; i++)
		paths[n++] = more[i];
	qsort(paths, n, sizeof(*paths), by_text);
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s\"%s\"", i ? "," : "{\"paths\":[", paths[i]);
	buf_adds(&b, "]}\n");
	free(paths);
	document(d, "/")[FORM_LEGACY] = b;
}

static void build_etags(struct discovery *d)
{
	for (struct map_iter it = {0}; map_next(&d->by_path, &it);) {
		struct document *doc = it.value;
		for (int f = 0; f < N_FORMS; f++) {
			char hex[65];
			struct tls_sha256 *s = tls_sha256_new();
			tls_sha256_add(s, buf_str(&doc->body[f]), doc->body[f].len);
			tls_sha256_end(s, hex);
			snprintf(doc->etag[f], sizeof(doc->etag[f]), "\"%s\"", hex);
		}
	}
}

struct discovery *discovery_new(const struct schema *schema, const char *server_address)
{
	struct discovery *d = MEM_NEW(struct discovery);
	collect(d, schema);
	buf_addf(
		&document(d, "/api")[FORM_LEGACY],
		"{\"kind\":\"APIVersions\",\"versions\":[\"v1\"],\"serverAddressByClientCIDRs\":[{\"clientCIDR\":\"0.0.0.0/0\",\"serverAddress\":\"%s\"}]}\n",
		server_address);
	build_groups(d);
	for (enum form f = FORM_V2; f < N_FORMS; f++) {
		aggregated(&document(d, "/api")[f], d, true, f);
		aggregated(&document(d, "/apis")[f], d, false, f);
	}
	build_index(d);
	build_etags(d);
	return d;
}

void discovery_free(struct discovery *d)
{
	if (!d)
		return;
	for (struct map_iter it = {0}; map_next(&d->by_path, &it);) {
		struct document *doc = it.value;
		for (int f = 0; f < N_FORMS; f++)
			buf_release(&doc->body[f]);
		free(doc);
	}
	map_release(&d->by_path);
	free(d->kinds);
	free(d);
}

/* ---- serving ---- */

/* The first form in the client's list that exists for this document. */
static enum form pick_form(const struct document *doc, const char *accept)
{
	while (*accept) {
		size_t n = strcspn(accept, ",");
		char clause[256] = "";
		memcpy(clause, accept, n < sizeof(clause) ? n : sizeof(clause) - 1);
		if (strstr(clause, "as=APIGroupDiscoveryList") && strstr(clause, "g=apidiscovery.k8s.io")) {
			enum form f = strstr(clause, "v=v2beta1") ? FORM_V2BETA1
				      : strstr(clause, "v=v2")	  ? FORM_V2
								  : FORM_LEGACY;
			bool plain = !strstr(clause, "profile="); /* variants that only newer servers have */
			if (f != FORM_LEGACY && plain && doc->body[f].len)
				return f;
		} else {
			return FORM_LEGACY;
		}
		accept += n + (accept[n] == ',');
	}
	return FORM_LEGACY;
}

static void not_found(struct response *rs)
{
	struct status_parts st = {.reason = REASON_NOT_FOUND,
				  .message = "the server could not find the requested resource"};
	response_status_parts(rs, &st);
}

void rest_discovery(struct request *rq, struct response *rs)
{
	char path[512];
	struct err err = ERR_INIT;
	struct accept a;
	size_t n = strlen(rq->path);
	while (n > 1 && rq->path[n - 1] == '/')
		n--;
	if (n >= sizeof(path)) {
		not_found(rs);
		return;
	}
	memcpy(path, rq->path, n);
	path[n] = 0;
	const struct document *doc = map_get(&rq->api->discovery->by_path, path);
	if (!doc) {
		not_found(rs);
		return;
	}
	enum form f = pick_form(doc, rq->accept);
	bool pretty = negotiate(rq, &a, &err) == 0 && a.pretty && f == FORM_LEGACY;
	bool aggregable = doc->body[FORM_V2].len;
	rs->content_type = form_types[f];
	rs->vary_accept = aggregable;
	if (aggregable)
		snprintf(rs->etag, sizeof(rs->etag), "%s", doc->etag[f]);
	if (aggregable && !strcmp(rq->if_none_match, doc->etag[f])) {
		rs->status = 304;
		return;
	}
	rs->status = 200;
	if (pretty) {
		struct pretty s = {0};
		pretty_feed(&s, &rs->body, doc->body[f].p, doc->body[f].len);
		buf_addc(&rs->body, '\n');
		return;
	}
	response_static(rs, doc->body[f].p, doc->body[f].len);
}
