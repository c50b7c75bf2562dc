/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Legacy clients read /api, /apis and one list per group-version; kubectl 1.26 and newer asks /api and /apis for the
 * aggregated form and is told so by the Content-Type, which must repeat group, version and kind.
 *
 * When the kinds of a group-version change, what was made of them is dropped: its own list, its piece of the aggregated
 * form, and what is put together from all of them (/, /api, /apis, /apis/GROUP and the aggregated forms). Each is made again
 * when somebody asks, so that a thousand CRDs in a row, of one group too, cost next to nothing until then.
 */
#include "rest/discovery/discovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "client/tls.h"
#include "object/name.h"
#include "object/yaml.h"
#include "rest/api.h"
#include "rest/discovery/discovery_internal.h"
#include "rest/discovery/document.h"
#include "rest/negotiate.h"
#include "rest/present.h"
#include "rest/pretty.h"
#include "serve/health.h"

enum form { FORM_LEGACY, FORM_V2, FORM_V2BETA1, N_FORMS };
static const struct {
	const char *version;
	const char *suffix; /* of the document's path */
} forms[] = {
	[FORM_LEGACY] = {"", ""},
	[FORM_V2] = {"v2", " v2"},
	[FORM_V2BETA1] = {"v2beta1", " v2beta1"},
};

#define PATH_LEN 512

struct gv {
	char *group, *version;
	struct buf piece; /* of the aggregated form; empty: to be made */
};
struct discovery {
	const struct schema *schema;
	char *server_address;
	struct documents documents;
	pthread_mutex_t lock; /* of the pieces; before that of the documents */
	uint64_t written;     /* pieces */
	struct gv *v;	      /* in the order in which clients get them */
	size_t n;
};

/* ---- group-versions ---- */

static int by_resource(const void *a, const void *b)
{
	return strcmp((*(const struct kind *const *)a)->resource, (*(const struct kind *const *)b)->resource);
}

/* Whether clients see it, and in this group-version. */
static bool is_of(const struct kind *k, const char *group, const char *version)
{
	return k->resource && *k->resource && k->verbs && !strcmp(k->group, group) &&
	       !strcmp(k->version, version);
}

static bool has_kinds(const struct schema *schema, const char *group, const char *version)
{
	const struct kind *const *all;
	size_t n = schema_kinds(schema, &all), i = 0;

	while (i < n && !is_of(all[i], group, version))
		i++;
	return i < n;
}

/* The kinds that clients see of one group-version, by resource; the caller frees the array. */
static const struct kind **kinds_of(const struct schema *schema, const struct gv *gv, size_t *ret_n)
{
	const struct kind *const *all;
	size_t n = schema_kinds(schema, &all), found = 0;
	const struct kind **v = mem_array(n + 1, sizeof(*v));
	for (size_t i = 0; i < n; i++)
		if (is_of(all[i], gv->group, gv->version))
			v[found++] = all[i];
	qsort(v, found, sizeof(*v), by_resource);
	*ret_n = found;
	return v;
}

/* In the order in which clients that are told a resource without its group look for it (kubernetes
   pkg/controlplane/apiserver, APIService priorities); all others come behind, by name. */
static const char *const group_order[] = {
	"",
	"apiregistration.k8s.io",
	"apps",
	"events.k8s.io",
	"authentication.k8s.io",
	"authorization.k8s.io",
	"autoscaling",
	"batch",
	"certificates.k8s.io",
	"networking.k8s.io",
	"policy",
	"rbac.authorization.k8s.io",
	"storage.k8s.io",
	"admissionregistration.k8s.io",
	"apiextensions.k8s.io",
	"scheduling.k8s.io",
	"coordination.k8s.io",
	"node.k8s.io",
	"discovery.k8s.io",
	"flowcontrol.apiserver.k8s.io",
	"resource.k8s.io",
};

static size_t rank_of(const char *group)
{
	size_t i = 0;
	while (i < ARRAY_LEN(group_order) && strcmp(group_order[i], group))
		i++;
	return i;
}

/* Of a group, the newest stable version first: what clients without a preference use. */
static int compare(const struct gv *gv, const char *group, const char *version)
{
	size_t a = rank_of(gv->group), b = rank_of(group);
	int c = a != b ? (a > b) - (a < b) : strcmp(gv->group, group);
	return c ? c : name_compare_versions(version, gv->version);
}

/* The place of the group-version, or the one where it would be. */
static size_t place_of(const struct discovery *d, const char *group, const char *version, bool *ret_there)
{
	size_t i = 0;
	int c = 1;
	for (; i < d->n; i++) {
		c = compare(&d->v[i], group, version);
		if (c >= 0)
			break;
	}
	*ret_there = i < d->n && c == 0;
	return i;
}

static void remove_gv(struct discovery *d, size_t i)
{
	free(d->v[i].group);
	free(d->v[i].version);
	buf_release(&d->v[i].piece);
	memmove(&d->v[i], &d->v[i + 1], (--d->n - i) * sizeof(*d->v));
}

static void insert_gv(struct discovery *d, size_t i, const char *group, const char *version)
{
	d->v = mem_realloc_array(d->v, d->n + 1, sizeof(*d->v));
	memmove(&d->v[i + 1], &d->v[i], (d->n++ - i) * sizeof(*d->v));
	d->v[i] = (struct gv){.group = mem_strdup(group), .version = mem_strdup(version)};
}

static void gv_path(char out[PATH_LEN], const char *group, const char *version)
{
	snprintf(out, PATH_LEN, *group ? "/apis/%s/%s" : "/api%s/%s", group, version);
}

static void drop_assembled(struct discovery *d, const char *group)
{
	static const char *const paths[] = {"/", "/api", "/apis"};
	char path[PATH_LEN];
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		for (enum form f = 0; f < N_FORMS; f++) {
			snprintf(path, sizeof(path), "%s%s", paths[i], forms[f].suffix);
			documents_drop(&d->documents, path);
		}
	snprintf(path, sizeof(path), "/apis/%s", group);
	documents_drop(&d->documents, path);
}

static void update(struct discovery *d, const char *group, const char *version)
{
	bool there;
	char path[PATH_LEN];
	size_t at = place_of(d, group, version, &there);

	gv_path(path, group, version);
	documents_drop(&d->documents, path);
	if (!has_kinds(d->schema, group, version)) {
		if (there)
			remove_gv(d, at);
	} else if (there) {
		buf_clear(&d->v[at].piece);
	} else {
		insert_gv(d, at, group, version);
	}
	drop_assembled(d, group);
}

void discovery_update(struct discovery *d, const char *group, const char *version)
{
	struct schema_pin pin = schema_pin(d->schema);
	pthread_mutex_lock(&d->lock);
	update(d, group, version);
	pthread_mutex_unlock(&d->lock);
	schema_unpin(d->schema, &pin);
}

uint64_t discovery_written(struct discovery *d)
{
	pthread_mutex_lock(&d->lock);
	uint64_t n = d->written;
	pthread_mutex_unlock(&d->lock);
	return n;
}

/* False when there is no group-version of that path. */
static bool write_list(struct buf *b, const struct discovery *d, const char *path)
{
	for (size_t i = 0; i < d->n; i++) {
		char own[PATH_LEN];
		size_t n;

		gv_path(own, d->v[i].group, d->v[i].version);
		if (strcmp(own, path))
			continue;
		autofree const struct kind **v = kinds_of(d->schema, &d->v[i], &n);
		if (n) /* else its last kind has gone, and whoever took it is about to say so */
			discovery_write_legacy(b, v, n);
		return n;
	}
	return false;
}

/* ---- what is put together from all of them ---- */

static size_t group_end(const struct discovery *d, size_t i)
{
	size_t j = i;
	while (j < d->n && !strcmp(d->v[i].group, d->v[j].group))
		j++;
	return j;
}

/* `"name":…,"versions":[…],"preferredVersion":…` of the group that begins at `from`. */
static void write_group(struct buf *b, const struct discovery *d, size_t from, size_t to)
{
	const char *group = d->v[from].group;
	buf_addf(b, "\"name\":\"%s\",\"versions\":[", group);
	for (size_t i = from; i < to; i++)
		buf_addf(b, "%s{\"groupVersion\":\"%s/%s\",\"version\":\"%s\"}", i > from ? "," : "", group,
			 d->v[i].version, d->v[i].version);
	buf_addf(b, "],\"preferredVersion\":{\"groupVersion\":\"%s/%s\",\"version\":\"%s\"}", group,
		 d->v[from].version, d->v[from].version);
}

static void write_groups(struct buf *b, const struct discovery *d)
{
	const char *sep = "";
	buf_adds(b, "{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":[");
	for (size_t i = 0, end; i < d->n; i = end) {
		end = group_end(d, i);
		if (!*d->v[i].group)
			continue;
		buf_addf(b, "%s{", sep);
		write_group(b, d, i, end);
		buf_addc(b, '}');
		sep = ",";
	}
	buf_adds(b, "]}\n");
}

static bool write_one_group(struct buf *b, const struct discovery *d, const char *group)
{
	for (size_t i = 0, end; i < d->n; i = end) {
		end = group_end(d, i);
		if (!*group || strcmp(d->v[i].group, group))
			continue;
		buf_adds(b, "{\"kind\":\"APIGroup\",\"apiVersion\":\"v1\",");
		write_group(b, d, i, end);
		buf_adds(b, "}\n");
		return true;
	}
	return false;
}

static void write_piece(struct buf *b, struct discovery *d, struct gv *gv, const char **sep)
{
	if (!gv->piece.len) {
		size_t n;
		autofree const struct kind **v = kinds_of(d->schema, gv, &n);
		if (!n)
			return;
		d->written++;
		discovery_write_aggregated(&gv->piece, v, n);
	}
	buf_adds(b, *sep);
	buf_add(b, gv->piece.p, gv->piece.len);
	*sep = ",";
}

static void write_aggregated_group(struct buf *b, struct discovery *d, size_t from, size_t to)
{
	const char *group = d->v[from].group, *sep = "";
	buf_adds(b, "{\"metadata\":{");
	if (*group)
		buf_addf(b, "\"name\":\"%s\"", group);
	buf_adds(b, "},\"versions\":[");
	for (size_t i = from; i < to; i++)
		write_piece(b, d, &d->v[i], &sep);
	buf_adds(b, "]}");
}

static void write_aggregated(struct buf *b, struct discovery *d, bool core, enum form f)
{
	const char *sep = "";
	buf_addf(
		b,
		"{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":\"apidiscovery.k8s.io/%s\",\"metadata\":{},\"items\":[",
		forms[f].version);
	for (size_t i = 0, end; i < d->n; i = end) {
		end = group_end(d, i);
		if (core != !*d->v[i].group)
			continue;
		buf_adds(b, sep);
		write_aggregated_group(b, d, i, end);
		sep = ",";
	}
	buf_adds(b, "]}\n");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct path_list {
	char **v;
	size_t n;
};

static void add_path(void *arg, const char *path)
{
	struct path_list *l = arg;
	l->v = mem_realloc_array(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = mem_strdup(path);
}

/* Indented whoever asks, as upstream's. */
static void write_index(struct buf *b, const struct discovery *d)
{
	static const char *const more[] = {"/api", "/apis", "/openapi/v3"};
	struct path_list l = {NULL, 0};
	char path[PATH_LEN];
	for (size_t i = 0; i < d->n; i++) {
		gv_path(path, d->v[i].group, d->v[i].version);
		add_path(&l, path);
		if (*d->v[i].group && (i == 0 || strcmp(d->v[i - 1].group, d->v[i].group))) {
			autofree char *group = mem_printf("/apis/%s", d->v[i].group);
			add_path(&l, group);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		add_path(&l, more[i]);
	health_paths(add_path, &l);
	qsort(l.v, l.n, sizeof(*l.v), by_text);
	for (size_t i = 0; i < l.n; i++) {
		buf_addf(b, "%s    \"%s\"", i ? ",\n" : "{\n  \"paths\": [\n", l.v[i]);
		free(l.v[i]);
	}
	buf_adds(b, "\n  ]\n}");
	free(l.v);
}

static void write_versions(struct buf *b, const struct discovery *d)
{
	buf_addf(
		b,
		"{\"kind\":\"APIVersions\",\"versions\":[\"v1\"],\"serverAddressByClientCIDRs\":[{\"clientCIDR\":\"0.0.0.0/0\",\"serverAddress\":\"%s\"}]}\n",
		d->server_address);
}

static bool aggregable(const char *path)
{
	return !strcmp(path, "/api") || !strcmp(path, "/apis");
}

/* False when there is nothing of that path. */
static bool assemble(struct buf *b, struct discovery *d, const char *path, enum form f)
{
	if (f != FORM_LEGACY)
		write_aggregated(b, d, !strcmp(path, "/api"), f);
	else if (!strcmp(path, "/"))
		write_index(b, d);
	else if (!strcmp(path, "/api"))
		write_versions(b, d);
	else if (!strcmp(path, "/apis"))
		write_groups(b, d);
	else
		return (!strncmp(path, "/apis/", 6) && write_one_group(b, d, path + 6)) ||
		       write_list(b, d, path);
	return true;
}

/* Both versions of the aggregated form have one, as upstream's: Vary tells them apart. */
static void hash_of(struct discovery *d, const char *path, enum form f, char out[DOCUMENT_HASH_LEN])
{
	autobuf struct buf b = BUF_INIT;
	assemble(&b, d, path, f);
	tls_sha512(buf_str(&b), b.len, out);
}

/* A reference, or NULL. */
static struct document *find(struct discovery *d, const char *path, enum form f)
{
	char key[PATH_LEN + 16];
	snprintf(key, sizeof(key), "%s%s", path, forms[f].suffix);
	struct document *doc = documents_get(&d->documents, key);
	if (doc)
		return doc;
	autobuf struct buf b = BUF_INIT;
	char hash[DOCUMENT_HASH_LEN];
	struct schema_pin pin = schema_pin(d->schema);
	pthread_mutex_lock(&d->lock); /* a change in between would be missed for ever */
	if (assemble(&b, d, path, f)) {
		hash_of(d, path, f == FORM_V2BETA1 ? FORM_V2 : f, hash);
		documents_put(&d->documents, key, &b, hash);
		doc = documents_get(&d->documents, key);
	}
	pthread_mutex_unlock(&d->lock);
	schema_unpin(d->schema, &pin);
	return doc;
}

/* ---- the whole ---- */

struct discovery *discovery_new(const struct schema *schema, const char *server_address)
{
	struct discovery *d = MEM_NEW(struct discovery);
	const struct kind *const *all;
	struct schema_pin pin = schema_pin(schema);
	size_t n = schema_kinds(schema, &all);
	d->schema = schema;
	d->server_address = mem_strdup(server_address);
	documents_init(&d->documents);
	pthread_mutex_init(&d->lock, NULL);
	for (size_t i = 0; i < n; i++) {
		bool there;
		place_of(d, all[i]->group, all[i]->version, &there);
		if (!there)
			update(d, all[i]->group, all[i]->version);
	}
	schema_unpin(schema, &pin);
	return d;
}

void discovery_free(struct discovery *d)
{
	if (!d)
		return;
	while (d->n)
		remove_gv(d, d->n - 1);
	free(d->v);
	documents_release(&d->documents);
	pthread_mutex_destroy(&d->lock);
	free(d->server_address);
	free(d);
}

/* ---- serving ---- */

/* Who names the aggregated form anywhere in the list gets it. */
static enum form pick_form(const struct request *rq, const char *path, enum media *ret_media)
{
	static const char *const versions[] = {"v2", "v2beta1"};
	int i = aggregable(path) ? negotiate_as(rq, "apidiscovery.k8s.io", "APIGroupDiscoveryList", versions,
						ARRAY_LEN(versions), ret_media)
				 : -1;
	return i < 0 ? FORM_LEGACY : i ? FORM_V2BETA1 : FORM_V2;
}

/* The path without slashes at its end. False: too long, or with a space, which is what tells our forms apart. */
static bool clean_path(const struct request *rq, char path[PATH_LEN])
{
	size_t n = strlen(rq->path);
	while (n > 1 && rq->path[n - 1] == '/')
		n--;
	if (n >= PATH_LEN || memchr(rq->path, ' ', n))
		return false;
	memcpy(path, rq->path, n);
	path[n] = 0;
	return true;
}

static bool has(struct discovery *d, const char *path)
{
	struct document *doc = find(d, path, FORM_LEGACY);
	document_unref(doc);
	return doc;
}

bool discovery_has_path(const struct request *rq)
{
	char path[PATH_LEN];
	return rq->api->discovery && clean_path(rq, path) && has(rq->api->discovery, path);
}

bool discovery_knows(struct discovery *d, const char *group, const char *version)
{
	char path[PATH_LEN];
	gv_path(path, group, version);
	return d && !strchr(path, ' ') && has(d, path);
}

/* Documents are kept as compact JSON. */
static void respond_rendered(const struct request *rq, const struct document *doc, struct response *rs,
			     const struct accept *a)
{
	size_t n;
	const char *p = document_bytes(doc, &n);
	struct err err = ERR_INIT;
	if (a->media == MEDIA_PROTOBUF) {
		if (present_pb(&rs->body, rq->api->schema, NULL, p, n, &err) < 0)
			response_status(rs, &err, NULL, NULL);
	} else if (a->media == MEDIA_YAML) {
		autojson js *tree = js_parse(p, n, NULL, &err);
		yaml_write(&rs->body, tree);
	} else {
		struct pretty s = {0};
		pretty_feed(&s, &rs->body, p, n);
		buf_addc(&rs->body, '\n');
	}
	response_release_shared(&rs->shared);
}

static void answer(const struct request *rq, struct response *rs, struct document *doc, enum form f,
		   const struct accept *a)
{
	rs->content_type = negotiate_content_type(a);
	rs->vary_accept = aggregable(rq->path);
	if (f != FORM_LEGACY) { /* the client is to see which */
		snprintf(rs->content_type_buf, sizeof(rs->content_type_buf),
			 "%s;g=apidiscovery.k8s.io;v=%s;as=APIGroupDiscoveryList", rs->content_type,
			 forms[f].version);
		rs->content_type = rs->content_type_buf;
		rs->caching = CACHING_PUBLIC;
		rs->vary_accept = true;
	}
	document_respond(document_ref(doc), rq, rs, rs->vary_accept);
	if (rs->status == 200 && (a->pretty || a->media != MEDIA_JSON))
		respond_rendered(rq, doc, rs, a);
}

void handle_discovery(struct request *rq, struct response *rs)
{
	char path[PATH_LEN];
	struct err err = ERR_INIT;
	struct accept a = {.media = MEDIA_JSON};
	struct status_parts absent = {.reason = REASON_NOT_FOUND,
				      .message = "the server could not find the requested resource"};
	bool clean = clean_path(rq, path);
	enum form f = clean ? pick_form(rq, path, &a.media) : FORM_LEGACY;
	struct document *doc = clean ? find(rq->api->discovery, path, f) : NULL;
	bool index = clean && !strcmp(path, "/"); /* the same whoever asks */
	if (!doc)				  /* it went away a moment ago */
		response_status_parts(rs, &absent);
	else if (f == FORM_LEGACY && !index && negotiate_plain(rq, &a, &err) < 0)
		response_status(rs, &err, NULL, NULL);
	else
		answer(rq, rs, doc, f, &a);
	document_unref(doc);
}
