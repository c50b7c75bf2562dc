/* SPDX-License-Identifier: Apache-2.0 */
/* What kubectl looks for: the index, hashed addresses, every kind's schema, and PATCH operations with fieldValidation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "kinds/kinds.h"
#include "object/json_test.h"
#include "rest/api.h"
#include "rest/discovery/document.h"
#include "rest/discovery/openapi.h"
#include "rest/discovery/openapi_internal.h"

static struct api api;

struct question {
	const char *path, *accept, *etag, *hash; /* NULL: none */
};

static void ask(const struct question *q, struct response *rs)
{
	struct query_param hash = {"hash", q->hash};
	struct request rq = {.path = q->path,
			     .accept = q->accept ? q->accept : "",
			     .if_none_match = q->etag ? q->etag : "",
			     .params = &hash,
			     .n_params = q->hash ? 1 : 0,
			     .api = &api};
	*rs = (struct response){0};
	assert_true(openapi_has_path(&rq));
	handle_openapi(&rq, rs);
}

/* All of a body, be it a stream. */
static struct buf body_of(struct response *rs)
{
	struct buf b = BUF_INIT;
	size_t n;
	const char *p = rs->stream ? NULL : response_bytes(rs, &n);
	if (p)
		buf_add(&b, p, n);
	for (long got = 0; rs->stream && got >= 0;) {
		buf_reserve(&b, 32768);
		got = rs->stream->read(rs->stream->arg, b.p + b.len, 32768);
		b.len += got > 0 ? (size_t)got : 0;
	}
	buf_adds(&b, "");
	return b;
}

static js *fetch(const char *path)
{
	struct response rs, again;
	struct err err = ERR_INIT;
	ask(&(struct question){.path = path}, &rs);
	assert_int_equal(rs.status, 200);
	ask(&(struct question){.path = path, .etag = rs.etag}, &again);
	assert_int_equal(again.status, 304);
	response_release(&again);
	autobuf struct buf b = body_of(&rs);
	js *o = js_parse(b.p, b.len, NULL, &err);
	if (!o)
		print_error("%s: %s\n", path, err.msg);
	assert_non_null(o);
	response_release(&rs);
	return o;
}

static bool has_parameter(const js *op, const char *name)
{
	js_array_for_each (p, js_arr(op, "parameters", NULL))
		if (!strcmp(js_str0(p, "name", NULL), name) && !strcmp(js_str0(p, "in", NULL), "query"))
			return true;
	return false;
}

static bool is_of_kind(const js *definition, const struct kind *k)
{
	js_array_for_each (x, js_arr(definition, "x-kubernetes-group-version-kind", NULL))
		if (!strcmp(js_str0(x, "group", NULL), k->group) &&
		    !strcmp(js_str0(x, "version", NULL), k->version) &&
		    !strcmp(js_str0(x, "kind", NULL), k->kind))
			return true;
	return false;
}

/* The definition of that kind, as clients find it. */
static const js *definition_of(const js *definitions, const struct kind *k)
{
	for (struct js_iter it = js_iter(definitions); js_next(&it);)
		if (is_of_kind(it.value, k))
			return it.value;
	return NULL;
}

/* Every reference leads somewhere. */
static void check_refs(const js *doc, const js *at, const char *prefix, const js *definitions)
{
	const char *ref = js_is_obj(at) ? js_str(at, "$ref", NULL) : NULL;
	if (ref && !strncmp(ref, prefix, strlen(prefix)) && !js_field(definitions, ref + strlen(prefix)))
		fail_msg("%s leads nowhere", ref);
	else if (ref)
		assert_int_equal(strncmp(ref, "#/", 2), 0);
	for (struct js_iter it = js_iter(at); js_is_obj(at) && js_next(&it);)
		check_refs(doc, it.value, prefix, definitions);
	for (size_t i = 0; js_is_arr(at) && i < js_len(at); i++)
		check_refs(doc, js_at(at, i), prefix, definitions);
}

static void gv_of(char out[128], const struct kind *k)
{
	snprintf(out, 128, "%s%s%s/%s", *k->group ? "apis" : "api", *k->group ? "/" : "", k->group,
		 k->version);
}

static void path_of(char out[256], const struct kind *k)
{
	char gv[128];
	gv_of(gv, k);
	snprintf(out, 256, "/%s%s/%s/{name}", gv, k->namespaced ? "/namespaces/{namespace}" : "",
		 k->resource);
}

static void every_kind_in_v3(void **state)
{
	const struct kind *const *all;
	size_t n = schema_kinds(api.schema, &all), seen = 0;
	autojson js *index = fetch("/openapi/v3");
	for (size_t i = 0; i < n; i++) {
		const struct kind *k = all[i];
		char gv[128], path[256];
		if (!k->resource || !(k->verbs & VERB_PATCH))
			continue;
		gv_of(gv, k);
		const char *url = js_str0(index, "paths", gv, "serverRelativeURL", NULL);
		snprintf(path, sizeof(path), "/openapi/v3/%s", gv);
		assert_int_equal(strncmp(url, path, strlen(path)), 0);
		assert_int_equal(strncmp(url + strlen(path), "?hash=", 6), 0);
		autojson js *doc = fetch(path);
		path_of(path, k);
		const js *op = js_obj(doc, "paths", path, "patch", NULL);
		assert_true(has_parameter(op, "fieldValidation"));
		assert_true(has_parameter(op, "dryRun"));
		assert_string_equal(js_str0(op, "x-kubernetes-group-version-kind", "kind", NULL), k->kind);
		assert_non_null(
			js_field(js_obj(op, "requestBody", "content", NULL), "application/apply-patch+yaml"));
		const js *schemas = js_obj(doc, "components", "schemas", NULL);
		assert_non_null(js_obj(definition_of(schemas, k), "properties", "metadata", NULL));
		check_refs(doc, doc, "#/components/schemas/", schemas);
		seen++;
	}
	assert_true(seen > 10);
}

static void every_kind_in_v2(void **state)
{
	const struct kind *const *all;
	size_t n = schema_kinds(api.schema, &all);
	autojson js *doc = fetch("/openapi/v2");
	const js *definitions = js_obj(doc, "definitions", NULL);
	assert_string_equal(js_str0(doc, "swagger", NULL), "2.0");
	check_refs(doc, doc, "#/definitions/", definitions);
	check_refs(doc, js_obj(doc, "paths", NULL), "#/parameters/", js_obj(doc, "parameters", NULL));
	for (size_t i = 0; i < n; i++) {
		char path[256];
		path_of(path, all[i]);
		if (!all[i]->resource || !(all[i]->verbs & VERB_PATCH))
			continue;
		const js *op = js_obj(doc, "paths", path, "patch", NULL);
		assert_true(has_parameter(op, "fieldValidation"));
		assert_true(has_parameter(op, "dryRun"));
		assert_string_equal(js_str0(js_at(js_arr(op, "consumes", NULL), 0), NULL),
				    "application/json-patch+json");
		if (!definition_of(definitions, all[i]))
			fail_msg("no definition of %s %s", path, all[i]->kind);
	}
}

/* One of each thing that a field may say. */
static void fields(void **state)
{
	static const struct {
		const char *type, *field, *want; /* "" field: the type itself; what must be part of it */
	} rows[] = {
		{"api.core.v1.PodSpec", "containers", "\"x-kubernetes-patch-merge-key\":\"name\""},
		{"api.core.v1.PodSpec", "containers", "\"x-kubernetes-patch-strategy\":\"merge\""},
		{"api.core.v1.PodSpec", "containers", "\"x-kubernetes-list-map-keys\":[\"name\"]"},
		{"api.core.v1.PodSpec", "containers",
		 "\"items\":{\"allOf\":[{\"$ref\":\"#/components/schemas/io.k8s.api.core.v1.Container\"}],\"default\":{}}"},
		{"api.core.v1.PodSpec", "volumes", "\"x-kubernetes-patch-strategy\":\"merge,retainKeys\""},
		{"api.core.v1.PodSpec", "tolerations", "\"x-kubernetes-list-type\":\"atomic\""},
		{"api.core.v1.PodSpec", "nodeSelector", "\"x-kubernetes-map-type\":\"atomic\""},
		{"api.core.v1.PodSpec", "nodeSelector",
		 "\"additionalProperties\":{\"type\":\"string\",\"default\":\"\"}"},
		{"api.core.v1.PodSpec", "restartPolicy", "\"enum\":[\"Always\",\"Never\",\"OnFailure\"]"},
		{"api.core.v1.PodStatus", "phase",
		 "\"enum\":[\"Failed\",\"Pending\",\"Running\",\"Succeeded\",\"Unknown\"]"},
		{"api.core.v1.ServiceSpec", "ipFamilies", "\"enum\":[\"\",\"IPv4\",\"IPv6\"]"},
		{"api.core.v1.PersistentVolumeSpec", "accessModes",
		 "\"enum\":[\"ReadOnlyMany\",\"ReadWriteMany\",\"ReadWriteOnce\",\"ReadWriteOncePod\"]"},
		{"api.core.v1.PodSpec", "restartPolicy", "Possible enum values:\\n - `\\\"Always\\\"`"},
		{"api.core.v1.PodSpec", "terminationGracePeriodSeconds",
		 "\"format\":\"int64\",\"default\":30"},
		{"api.core.v1.PodSpec", "", "\"required\":[\"containers\"]"},
		{"api.core.v1.ContainerPort", "containerPort", "\"format\":\"int32\",\"default\":0"},
		{"api.core.v1.LocalObjectReference", "", "\"x-kubernetes-map-type\":\"atomic\""},
		{"api.core.v1.SeccompProfile", "",
		 "\"x-kubernetes-unions\":[{\"discriminator\":\"type\",\"fields-to-discriminateBy\":{\"localhostProfile\":"
		 "\"LocalhostProfile\"}}]"},
		{"apimachinery.pkg.util.intstr.IntOrString", "",
		 "\"format\":\"int-or-string\",\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]"},
		{"apimachinery.pkg.api.resource.Quantity", "",
		 "\"oneOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]"},
		{"apimachinery.pkg.apis.meta.v1.Time", "", "\"format\":\"date-time\""},
		{"api.core.v1.PodList", "", "\"required\":[\"items\"]"},
		{"api.core.v1.PodList", "", "{\"group\":\"\",\"version\":\"v1\",\"kind\":\"PodList\"}"},
		{"api.policy.v1.Eviction", "",
		 "{\"group\":\"policy\",\"version\":\"v1\",\"kind\":\"Eviction\"}"},
		{"api.core.v1.Secret", "data", "\"format\":\"byte\""},
	};
	autojson js *doc = fetch("/openapi/v3/api/v1");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *name = mem_printf("io.k8s.%s", rows[i].type);
		const js *at = js_obj(doc, "components", "schemas", name, NULL);
		autobuf struct buf b = BUF_INIT;
		if (*rows[i].field)
			at = js_obj(at, "properties", rows[i].field, NULL);
		js_write(&b, at);
		if (!strstr(buf_str(&b), rows[i].want))
			fail_msg("row %zu: %s", i, buf_str(&b));
	}
	autojson js *v2 = fetch("/openapi/v2");
	autobuf struct buf b = BUF_INIT;
	js_write(&b, js_obj(v2, "definitions", NULL));
	assert_null(strstr(buf_str(&b), "\"default\":{}"));
	assert_null(strstr(buf_str(&b), "\"default\":\"\""));
	assert_null(strstr(buf_str(&b), "\"oneOf\":["));
}

static void operations(void **state)
{
	static const struct {
		const char *path, *method, *id, *action;
	} rows[] = {
		{"/apis/apps/v1/namespaces/{namespace}/deployments", "get", "listAppsV1NamespacedDeployment",
		 "list"},
		{"/apis/apps/v1/namespaces/{namespace}/deployments", "post",
		 "createAppsV1NamespacedDeployment", "post"},
		{"/apis/apps/v1/namespaces/{namespace}/deployments", "delete",
		 "deleteAppsV1CollectionNamespacedDeployment", "deletecollection"},
		{"/apis/apps/v1/namespaces/{namespace}/deployments/{name}", "put",
		 "replaceAppsV1NamespacedDeployment", "put"},
		{"/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale", "get",
		 "readAppsV1NamespacedDeploymentScale", "get"},
		{"/apis/apps/v1/namespaces/{namespace}/deployments/{name}/status", "patch",
		 "patchAppsV1NamespacedDeploymentStatus", "patch"},
		{"/apis/apps/v1/deployments", "get", "listAppsV1DeploymentForAllNamespaces", "list"},
		{"/apis/apps/v1/watch/deployments", "get", "watchAppsV1DeploymentListForAllNamespaces",
		 "watchlist"},
		{"/apis/apps/v1/watch/namespaces/{namespace}/deployments", "get",
		 "watchAppsV1NamespacedDeploymentList", "watchlist"},
		{"/apis/apps/v1/watch/namespaces/{namespace}/deployments/{name}", "get",
		 "watchAppsV1NamespacedDeployment", "watch"},
		{"/api/v1/nodes/{name}", "get", "readCoreV1Node", "get"},
		{"/api/v1/watch/nodes", "get", "watchCoreV1NodeList", "watchlist"},
		{"/api/v1/namespaces/{namespace}/pods/{name}/log", "get", "readCoreV1NamespacedPodLog",
		 "get"},
		{"/api/v1/namespaces/{namespace}/pods/{name}/eviction", "post",
		 "createCoreV1NamespacedPodEviction", "post"},
		{"/api/v1/namespaces/{namespace}/pods/{name}/exec", "get",
		 "connectCoreV1GetNamespacedPodExec", "connect"},
		{"/api/v1/namespaces/{namespace}/pods/{name}/portforward", "post",
		 "connectCoreV1PostNamespacedPodPortforward", "connect"},
		{"/api/v1/namespaces/{namespace}/services/{name}/proxy", "options",
		 "connectCoreV1OptionsNamespacedServiceProxy", "connect"},
		{"/api/v1/nodes/{name}/proxy/{path}", "head", "connectCoreV1HeadNodeProxyWithPath",
		 "connect"},
		{"/apis/apps/v1/", "get", "getAppsV1APIResources", NULL},
		{"/apis/coordination.k8s.io/", "get", "getCoordinationAPIGroup", NULL},
		{"/api/", "get", "getCoreAPIVersions", NULL},
		{"/apis/", "get", "getAPIVersions", NULL},
		{"/version/", "get", "getCodeVersion", NULL},
	};
	autojson js *doc = fetch("/openapi/v2");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const js *op = js_obj(doc, "paths", rows[i].path, rows[i].method, NULL);
		if (!op)
			fail_msg("%s %s", rows[i].method, rows[i].path);
		assert_string_equal(js_str0(op, "operationId", NULL), rows[i].id);
		assert_string_equal(js_str0(op, "x-kubernetes-action", NULL),
				    rows[i].action ? rows[i].action : "");
	}
	const js *scale = js_obj(doc, "paths", rows[4].path, "get", NULL);
	assert_string_equal(js_str0(scale, "x-kubernetes-group-version-kind", "kind", NULL), "Scale");
	assert_string_equal(js_str0(scale, "responses", "200", "schema", "$ref", NULL),
			    "#/definitions/io.k8s.api.autoscaling.v1.Scale");
	const js *log = js_obj(doc, "paths", rows[12].path, "get", NULL);
	assert_string_equal(js_str0(log, "responses", "200", "schema", "type", NULL), "string");
}

/* An address with a hash is for ever; one with another leads to the present one. */
static void hashed_addresses(void **state)
{
	struct response rs, again;
	ask(&(struct question){.path = "/openapi/v3/apis/apps/v1"}, &rs);
	assert_true(rs.caching == CACHING_NONE);
	char hash[DOCUMENT_HASH_LEN];
	assert_int_equal(sscanf(rs.etag, "\"%128[0-9A-F]\"", hash), 1);
	assert_int_equal(strlen(hash), 128);
	response_release(&rs);
	ask(&(struct question){.path = "/openapi/v3/apis/apps/v1", .hash = hash}, &rs);
	assert_int_equal(rs.status, 200);
	assert_true(rs.caching == CACHING_IMMUTABLE && rs.vary_accept);
	ask(&(struct question){.path = "/openapi/v3/apis/apps/v1", .hash = hash, .etag = rs.etag}, &again);
	assert_int_equal(again.status, 304);
	response_release(&again);
	response_release(&rs);
	ask(&(struct question){.path = "/openapi/v3/apis/apps/v1", .hash = "0000"}, &rs);
	assert_int_equal(rs.status, 301);
	assert_string_equal(strchr(rs.location, '=') + 1, hash);
	response_release(&rs);
}

#define PROTOBUF "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
#define PROTOBUF3 "application/com.github.proto-openapi.spec.v3.v1.0+protobuf"

static void media_types(void **state)
{
	static const struct {
		const char *path, *accept;
		int status;
		const char *type;
	} rows[] = {
		{"/openapi/v2", "application/json", 200, "application/json"},
		{"/openapi/v2", "application/*", 200, "application/json"},
		{"/openapi/v2", "text/html, */*;q=0.1", 200, "application/json"},
		{"/openapi/v2", "text/html", 406, NULL},
		{"/openapi/v2", PROTOBUF, 200, PROTOBUF},
		{"/openapi/v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf", 200, PROTOBUF},
		{"/openapi/v2", "application/json;q=0.1," PROTOBUF ";q=0.2", 200, PROTOBUF},
		{"/openapi/v3/api/v1", PROTOBUF, 406, NULL},
		{"/openapi/v2", PROTOBUF3, 406, NULL},
		{"/openapi/v3/api/v1", PROTOBUF3, 200, PROTOBUF3},
		{"/openapi/v3/api/v1", "application/com.github.proto-openapi.spec.v3@v1.0+protobuf", 200,
		 PROTOBUF3},
		{"/openapi/v3/api/v1", "application/*;q=0.5," PROTOBUF3, 200, PROTOBUF3},
		{"/openapi/v3/api/v1", "text/html", 406, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct response rs;
		ask(&(struct question){.path = rows[i].path, .accept = rows[i].accept}, &rs);
		assert_int_equal(rs.status, rows[i].status);
		if (rows[i].type)
			assert_string_equal(rs.content_type, rows[i].type);
		response_release(&rs);
	}
}

static void unknown_paths(void **state)
{
	static const char *const paths[] = {
		"/openapi/v3/apis/nope/v1", "/openapi/v3/", "/openapi/v1", "/openapi/v2/x", "/openapi/",
		"/openapi/v3/api/v9"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		assert_false(openapi_has_path(&(struct request){.path = paths[i], .api = &api}));
}

/* Whoever asks for what is at hand is answered on the spot. */
static void readiness(void **state)
{
	struct request rq = {.path = "/openapi/v3/api/v1", .accept = "", .if_none_match = "", .api = &api};
	struct response rs;
	openapi_update(api.openapi, "", "v1");
	assert_false(openapi_ready(&rq));
	ask(&(struct question){.path = rq.path}, &rs);
	assert_true(openapi_ready(&rq));
	response_release(&rs);
	rq.path = "/openapi/v2";
	assert_false(openapi_ready(&rq));
	openapi_update(api.openapi, "", "v1");
	rq.path = "/openapi/v3";
	assert_false(openapi_ready(&rq));
	ask(&(struct question){.path = rq.path}, &rs);
	assert_true(openapi_ready(&rq));
	response_release(&rs);
}

/* sought: by which of its fields it can be selected. */
static struct schema_part *build_one(const char *group, const char *kind, const char *sought)
{
	struct schema *s = (struct schema *)(uintptr_t)api.schema;
	struct err err = ERR_INIT;
	autofree char *text =
		mem_printf("{\"group\":\"%s\",\"version\":\"v1\",\"kind\":\"%s\",\"resource\":\"%ss\","
			   "\"singular\":\"x\",\"scope\":\"Cluster\",\"type\":\"%s\","
			   "\"selectable\":{\"%s\":{}}}",
			   group, kind, kind, kind, sought);
	const char *fields =
		JSON("{'type':'object','properties':{'hull':{'type':'string'},'sail':{'type':'string'}}}");
	autojson js *type = js_parse(fields, strlen(fields), NULL, &err),
		    *made = js_parse(text, strlen(text), NULL, &err);
	struct schema_builder *b = schema_builder_new(s);
	assert_int_equal(schema_builder_openapi(b, kind, type, &err), 0);
	if (schema_builder_kind(b, made, &err) < 0)
		fail_msg("%s", err.msg);
	struct schema_part *part = schema_builder_finish(b, &err);
	assert_non_null(part);
	return part;
}

/* As kinds.c does it. */
static void put(const char *group, struct schema_part *in, struct schema_part *out)
{
	struct schema *s = (struct schema *)(uintptr_t)api.schema;
	struct kind *const *gone = NULL;
	struct err err = ERR_INIT;
	assert_int_equal(schema_change(s, in, out, &err), 0);
	openapi_update(api.openapi, group, "v1");
	for (size_t i = 0, n = out ? schema_part_kinds(out, &gone) : 0; i < n; i++)
		openapi_forget(api.openapi, gone[i]);
	if (out)
		schema_retire(s, out);
}

static struct schema_part *serve_one(const char *group, const char *kind)
{
	struct schema_part *part = build_one(group, kind, "hull");
	put(group, part, NULL);
	return part;
}

static uint64_t written_as(const char *path, const char *accept)
{
	uint64_t before = openapi_written(api.openapi);
	struct response rs;
	ask(&(struct question){.path = path, .accept = accept}, &rs);
	assert_int_equal(rs.status, 200);
	response_release(&rs);
	return openapi_written(api.openapi) - before;
}

static uint64_t written_for(const char *path)
{
	return written_as(path, NULL);
}

/* Whatever there is already, a kind that comes costs its group-version and its group; of v2 its own part, and with a new
   group-version what names all of these. */
static void own_part(void **state)
{
	static const char *const groups[] = {"a.sea", "b.sea"};
	struct schema_part *parts[ARRAY_LEN(groups)];
	openapi_update(api.openapi, "apps", "v1");
	written_for("/openapi/v3");
	written_for("/openapi/v2");
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		parts[i] = serve_one(groups[i], "Boat");
		autofree char *own = mem_printf("/openapi/v3/apis/%s/v1", groups[i]);
		assert_int_equal(written_for("/openapi/v3"), 2);
		assert_int_equal(written_for("/openapi/v3"), 0);
		assert_int_equal(written_for(own), 1); /* the index keeps hashes, not bytes */
		assert_int_equal(written_for(own), 0);
		assert_int_equal(written_for("/openapi/v2"), 2);
		assert_int_equal(written_for("/openapi/v2"), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		put(groups[i], NULL, parts[i]);
		assert_int_equal(written_for("/openapi/v3"), 0);
		assert_int_equal(written_for("/openapi/v2"), 1);
	}
}

/* How often a text stands in v2. */
static size_t count_in_v2(const char *accept, const char *text)
{
	struct response rs;
	size_t n = 0;
	ask(&(struct question){.path = "/openapi/v2", .accept = accept}, &rs);
	autobuf struct buf b = body_of(&rs);
	for (const char *p = b.p; (p = memmem(p, (size_t)(b.p + b.len - p), text, strlen(text))); p++)
		n++;
	response_release(&rs);
	return n;
}

/* In both forms: a kind in a group-version that is there, one that is replaced, and one that goes, write themselves. */
static void own_part_of_v2(void **state)
{
	static const char *const forms[] = {"application/json", PROTOBUF};
	static const char field[] = "\"fieldPath\":\"sail\"";
	struct schema_part *boat = serve_one("c.sea", "Boat"), *raft, *other;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		written_as("/openapi/v2", forms[i]);
		raft = serve_one("c.sea", "Raft");
		assert_int_equal(written_as("/openapi/v2", forms[i]), 1);
		assert_true(count_in_v2(forms[i], "readC.seaV1Raft") ||
			    count_in_v2(forms[i], "sea.c.v1.Raft") > 1);
		assert_int_equal(count_in_v2(forms[i], field), 0);
		other = build_one("c.sea", "Raft", "sail");
		put("c.sea", other, raft);
		assert_int_equal(written_as("/openapi/v2", forms[i]), 1);
		assert_int_equal(count_in_v2(forms[i], field), 1);
		put("c.sea", NULL, other);
		assert_int_equal(written_as("/openapi/v2", forms[i]), 0);
		assert_int_equal(count_in_v2(forms[i], "sea.c.v1.Raft"), 0);
		assert_true(count_in_v2(forms[i], "sea.c.v1.Boat") > 1);
	}
	put("c.sea", NULL, boat);
}

static void collect(const js *o, struct map *refs)
{
	if (js_is_arr(o))
		js_array_for_each (x, o)
			collect(x, refs);
	for (struct js_iter it = js_iter(js_is_obj(o) ? o : NULL); js_next(&it);) {
		if (!strcmp(it.key, "$ref") && js_str(it.value, NULL))
			map_set(refs, js_str0(it.value, NULL), refs);
		collect(it.value, refs);
	}
}

/* Parts refer to one another, say nothing twice, and are the same document in protobuf. */
static void whole_of_parts(void **state)
{
	struct schema_part *boat = serve_one("d.sea", "Boat"), *raft = serve_one("d.sea", "Raft");
	automap struct map refs = MAP_INIT;
	struct response rs, pb;
	struct err err = ERR_INIT;
	ask(&(struct question){.path = "/openapi/v2"}, &rs);
	ask(&(struct question){.path = "/openapi/v2", .accept = PROTOBUF}, &pb);
	assert_string_equal(rs.etag, pb.etag);
	autobuf struct buf b = body_of(&rs), got = body_of(&pb), want = BUF_INIT;
	autojson js *o = js_parse(b.p, b.len, NULL, &err);
	if (!o)
		fail_msg("%s", err.msg);
	autobuf struct buf again = BUF_INIT;
	js_write(&again, o);
	assert_int_equal(again.len + 1,
			 b.len); /* and the end of the line: what stood twice would be there once */
	collect(o, &refs);
	assert_true(map_len(&refs) > 500);
	for (struct map_iter it = {0}; map_next(&refs, &it);) {
		bool parameter = !strncmp(it.key, "#/parameters/", 13);
		if (!js_obj(o, parameter ? "parameters" : "definitions", it.key + (parameter ? 13 : 14),
			    NULL))
			fail_msg("%s", it.key);
	}
	assert_int_equal(openapi_pb_write(&want, false, b.p, b.len, &err), 0);
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.p, want.p, got.len);
	response_release(&rs);
	response_release(&pb);
	put("d.sea", NULL, boat);
	put("d.sea", NULL, raft);
}

static int load(void **state)
{
	struct err err = ERR_INIT;
	api.schema = kinds_load(NULL, &err);
	if (api.schema)
		api.openapi = openapi_new(api.schema, NULL);
	return api.schema ? 0 : -1;
}

static int unload(void **state)
{
	openapi_free(api.openapi);
	schema_free((struct schema *)(uintptr_t)api.schema);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_in_v3), cmocka_unit_test(every_kind_in_v2),
		cmocka_unit_test(fields),	    cmocka_unit_test(operations),
		cmocka_unit_test(hashed_addresses), cmocka_unit_test(media_types),
		cmocka_unit_test(unknown_paths),    cmocka_unit_test(readiness),
		cmocka_unit_test(own_part),	    cmocka_unit_test(own_part_of_v2),
		cmocka_unit_test(whole_of_parts),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
