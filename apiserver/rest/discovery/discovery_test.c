/* SPDX-License-Identifier: Apache-2.0 */
/* The discovery documents of the built-in kinds, in all three forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "client/tls.h"
#include "kinds/kinds.h"
#include "object/pb.h"
#include "rest/api.h"
#include "rest/discovery/discovery.h"

#define V2 "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
#define V2BETA1 "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"

static struct api api;

static void call(const char *path, const char *accept, const char *etag, struct response *rs)
{
	struct request rq = {
		.path = path, .accept = accept, .user_agent = "test", .if_none_match = etag, .api = &api};
	memset(rs, 0, sizeof(*rs));
	handle_discovery(&rq, rs);
}

static js *document(const char *path, const char *accept, const char *want_type)
{
	struct response rs;
	struct err err = ERR_INIT;
	call(path, accept, "", &rs);
	assert_int_equal(rs.status, 200);
	assert_string_equal(rs.content_type, want_type);
	js *o = js_parse(rs.shared.p, rs.shared.n, NULL, &err);
	assert_non_null(o);
	response_release(&rs);
	return o;
}

static js *find(js *list, const char *key, const char *value)
{
	js_array_for_each (o, list)
		if (!strcmp(js_str0(o, key, NULL), value))
			return o;
	fail_msg("no %s %s", key, value);
	return NULL;
}

static void assert_text(const js *o, const char *want)
{
	autobuf struct buf b = BUF_INIT;
	js_write(&b, o);
	assert_string_equal(buf_str(&b), want);
}

static void test_legacy(void **state)
{
	autojson js *versions = document("/api", "application/json", "application/json");
	assert_text(
		versions,
		"{\"kind\":\"APIVersions\",\"versions\":[\"v1\"],\"serverAddressByClientCIDRs\":[{\"clientCIDR\":\"0.0.0.0/0\","
		"\"serverAddress\":\"1.2.3.4:6443\"}]}");
	autojson js *core = document("/api/v1/", "*/*", "application/json");
	js *list = js_arr(core, "resources", NULL);
	assert_text(
		find(list, "name", "pods"),
		"{\"name\":\"pods\",\"singularName\":\"pod\",\"namespaced\":true,\"kind\":\"Pod\",\"verbs\":[\"create\",\"delete\","
		"\"deletecollection\",\"get\",\"list\",\"patch\",\"update\",\"watch\"],\"shortNames\":[\"po\"],\"categories\":[\"all\"],\"storageVersionHash\":\"xPOwRZ+Yhw8=\"}");
	assert_text(
		find(list, "name", "pods/exec"),
		"{\"name\":\"pods/exec\",\"singularName\":\"\",\"namespaced\":true,\"kind\":\"PodExecOptions\",\"verbs\":[\"create\",\"get\"]}");
	assert_text(
		find(list, "name", "pods/log"),
		"{\"name\":\"pods/log\",\"singularName\":\"\",\"namespaced\":true,\"kind\":\"Pod\",\"verbs\":[\"get\"]}");
	assert_text(
		find(list, "name", "bindings"),
		"{\"name\":\"bindings\",\"singularName\":\"binding\",\"namespaced\":true,\"kind\":\"Binding\",\"verbs\":[\"create\"]}");
	autojson js *apps = document("/apis/apps/v1", "application/json", "application/json");
	assert_string_equal(js_str0(apps, "groupVersion", NULL), "apps/v1");
	js *scale = find(js_arr(apps, "resources", NULL), "name", "deployments/scale");
	assert_string_equal(js_str0(scale, "group", NULL), "autoscaling");
	assert_string_equal(js_str0(scale, "kind", NULL), "Scale");
	autojson js *groups = document("/apis", "application/json", "application/json");
	js *g = find(js_arr(groups, "groups", NULL), "name", "apps");
	assert_string_equal(js_str0(g, "preferredVersion", "groupVersion", NULL), "apps/v1");
	assert_string_equal(js_str0(js_at(js_arr(groups, "groups", NULL), 0), "name", NULL),
			    "apiregistration.k8s.io");
	js *policy = find(js_arr(groups, "groups", NULL), "name", "policy");
	assert_string_equal(js_str0(policy, "preferredVersion", "version", NULL), "v1");
	js *scaling = find(js_arr(groups, "groups", NULL), "name", "autoscaling");
	assert_string_equal(js_str0(scaling, "preferredVersion", "version", NULL), "v2");
	autojson js *one = document("/apis/apps", "application/json", "application/json");
	assert_string_equal(js_str0(one, "kind", NULL), "APIGroup");
	autojson js *index = document("/", "application/json", "application/json");
	assert_true(js_len(js_arr(index, "paths", NULL)) > 8);
}

/* The newest stable version is the one that clients take. */
static void test_preferred(void **state)
{
	static const char *const groups[][2] = {{"autoscaling", "autoscaling/v2"},
						{"policy", "policy/v1"},
						{"authentication.k8s.io", "authentication.k8s.io/v1"}};

	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		autofree char *path = mem_printf("/apis/%s", groups[i][0]);
		autojson js *o = document(path, "application/json", "application/json");
		assert_string_equal(js_str0(o, "preferredVersion", "groupVersion", NULL), groups[i][1]);
		assert_int_equal(js_len(js_arr(o, "versions", NULL)), 2);
	}
}

static void test_aggregated(void **state)
{
	static const char *const forms[][2] = {{V2, "apidiscovery.k8s.io/v2"},
					       {V2BETA1, "apidiscovery.k8s.io/v2beta1"}};
	for (size_t i = 0; i < 2; i++) {
		autojson js *core = document("/api", forms[i][0], forms[i][0]);
		assert_string_equal(js_str0(core, "apiVersion", NULL), forms[i][1]);
		assert_int_equal(js_len(js_arr(core, "items", NULL)), 1);
		autojson js *all = document("/apis", forms[i][0], forms[i][0]);
		bool found = false;
		js_array_for_each (item, js_arr(all, "items", NULL)) {
			if (strcmp(js_str0(item, "metadata", "name", NULL), "apps"))
				continue;
			found = true;
			js *version = js_at(js_arr(item, "versions", NULL), 0);
			assert_string_equal(js_str0(version, "freshness", NULL), "Current");
			js *d = find(js_arr(version, "resources", NULL), "resource", "deployments");
			assert_string_equal(js_str0(d, "scope", NULL), "Namespaced");
			js *s = find(js_arr(d, "subresources", NULL), "subresource", "scale");
			assert_text(js_obj(s, "responseKind", NULL),
				    "{\"group\":\"autoscaling\",\"version\":\"v1\",\"kind\":\"Scale\"}");
		}
		assert_true(found);
	}
}

/* The short names that kubectl's users type, of every resource that has one upstream. */
static void test_short_names(void **state)
{
	static const char *const v[][3] = {
		{"/api/v1", "configmaps", "cm"},
		{"/api/v1", "endpoints", "ep"},
		{"/api/v1", "events", "ev"},
		{"/api/v1", "namespaces", "ns"},
		{"/api/v1", "nodes", "no"},
		{"/api/v1", "pods", "po"},
		{"/api/v1", "serviceaccounts", "sa"},
		{"/api/v1", "services", "svc"},
		{"/apis/apps/v1", "deployments", "deploy"},
		{"/apis/apps/v1", "replicasets", "rs"},
		{"/apis/events.k8s.io/v1", "events", "ev"},
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		autojson js *list = document(v[i][0], "application/json", "application/json");
		js *r = find(js_arr(list, "resources", NULL), "name", v[i][1]);
		const js *name = js_at(js_arr(r, "shortNames", NULL), 0);
		if (!name || strcmp(json_object_get_string((js *)name), v[i][2]))
			fail_msg("%s has no short name %s", v[i][1], v[i][2]);
	}
}

static void test_presented(void **state)
{
	static const char *const paths[] = {"/api", "/apis", "/apis/apps", "/apis/apps/v1", "/api/v1"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct response rs;
		call(paths[i], "application/yaml", "", &rs);
		assert_int_equal(rs.status, 200);
		assert_string_equal(rs.content_type, "application/yaml");
		assert_int_not_equal(buf_str(&rs.body)[0], '{');
		response_release(&rs);
		call(paths[i], "text/html", "", &rs);
		assert_int_equal(rs.status, 406);
		response_release(&rs);
	}
}

/* The index has one form. */
static void test_index(void **state)
{
	static const char *const v[] = {"application/yaml", "text/html", ""};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct response rs;
		call("/", v[i], "", &rs);
		assert_int_equal(rs.status, 200);
		assert_string_equal(rs.content_type, "application/json");
		assert_memory_equal(rs.shared.p, "{\n  \"paths\": [\n", 14);
		response_release(&rs);
	}
}

static void test_which_form(void **state)
{
	static const char *const v[][2] = {
		{V2 "," V2BETA1 ",application/json", V2},
		{V2BETA1 ",application/json", V2BETA1},
		{V2 ";profile=nopeer," V2BETA1 ",application/json", V2},
		{V2 ";profile=nopeer", V2},
		{"application/json," V2, V2},
		{V2 ";q=0.1," V2BETA1, V2BETA1},
		{"application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList,application/json",
		 "application/json"},
		{"", "application/json"},
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		autojson js *o = document("/apis", v[i][0], v[i][1]);
		assert_non_null(o);
	}
	autojson js *o = document("/apis/apps", V2 ",application/json",
				  "application/json"); /* has no aggregated form */
	assert_non_null(o);
}

#define PB "application/vnd.kubernetes.protobuf"
#define AGGREGATED ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

static js *decoded(const char *path, const char *accept, const char *type, const char *kind)
{
	struct response rs;
	struct pb_envelope e;
	struct err err = ERR_INIT;
	call(path, accept, "", &rs);
	assert_int_equal(rs.status, 200);
	assert_string_equal(rs.content_type, type);
	assert_int_equal(pb_open(rs.body.p, rs.body.len, &e, &err), 0);
	assert_string_equal(e.kind, kind);
	js *o = pb_decode(schema_type(api.schema, kind), e.raw, e.raw_len, &err);
	assert_non_null(o);
	response_release(&rs);
	return o;
}

/* Everything that the JSON says, but what the envelope says. */
static void test_protobuf(void **state)
{
	static const struct {
		const char *path, *accept, *kind;
	} v[] = {{"/api", PB, "APIVersions"},
		 {"/apis", PB, "APIGroupList"},
		 {"/apis/apps", PB, "APIGroup"},
		 {"/apis/apps/v1", PB, "APIResourceList"},
		 {"/api/v1", PB, "APIResourceList"},
		 {"/api", PB AGGREGATED, "APIGroupDiscoveryList"},
		 {"/apis", PB AGGREGATED, "APIGroupDiscoveryList"}};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		autofree char *type = mem_printf("application/json%s", v[i].accept + strlen(PB));
		autojson js *pb = decoded(v[i].path, v[i].accept, v[i].accept, v[i].kind);
		autojson js *json = document(v[i].path, type, type);
		autobuf struct buf want = BUF_INIT, got = BUF_INIT;
		js_del(json, "kind");
		js_del(json, "apiVersion");
		js_del(pb, "kind");
		js_del(pb, "apiVersion");
		schema_write(&want, schema_type(api.schema, v[i].kind), json);
		schema_write(&got, schema_type(api.schema, v[i].kind), pb);
		assert_string_equal(buf_str(&got), buf_str(&want));
		assert_true(want.len > 60);
	}
	/* verbs of the older form are a message of their own: field 4, field 1 in it, "create" */
	struct response rs;
	call("/apis/apps/v1", PB, "", &rs);
	assert_non_null(memmem(rs.body.p, rs.body.len,
			       "\x22\x43\x0a\x06"
			       "create",
			       10));
	response_release(&rs);
}

static void test_etag(void **state)
{
	struct response rs;
	char etag[140], hash[129];
	call("/apis", V2, "", &rs);
	assert_true(rs.vary_accept && rs.caching == CACHING_PUBLIC);
	tls_sha512(rs.shared.p, rs.shared.n, hash);
	snprintf(etag, sizeof(etag), "\"%s\"", hash);
	assert_string_equal(rs.etag, etag);
	response_release(&rs);
	call("/apis", V2, etag, &rs);
	assert_int_equal(rs.status, 304);
	assert_true(rs.caching == CACHING_PUBLIC);
	response_release(&rs);
	call("/apis", V2BETA1, etag, &rs); /* both have one: the Content-Type is another */
	assert_int_equal(rs.status, 304);
	response_release(&rs);
	call("/api", V2, etag, &rs);
	assert_int_equal(rs.status, 200);
	response_release(&rs);
}

static void test_unknown(void **state)
{
	static const char *const v[] = {"/apis/nope", "/apis/apps/v2", "/api/v2", "/apix"};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct response rs;
		call(v[i], "", "", &rs);
		assert_int_equal(rs.status, 404);
		assert_non_null(
			strstr(buf_str(&rs.body), "the server could not find the requested resource"));
		response_release(&rs);
	}
}

/* Of sea/v1. */
static struct schema_part *add_kind(struct schema *s, const char *package, const char *kind,
				    const char *resource)
{
	autofree char *yaml = mem_printf(
		"package: %s\n"
		"kinds:\n"
		"  - {kind: %s, group: sea, version: v1, resource: %s, singular: x, scope: Cluster}\n"
		"types: {%s: {kind: 0 string, apiVersion: 0 string, metadata: 1 ObjectMeta}}\n",
		package, kind, resource, kind);
	struct schema_file f = {.name = "f", .p = yaml, .n = strlen(yaml)};
	struct err err = ERR_INIT;
	struct schema_builder *b = schema_builder_new(s);

	assert_int_equal(schema_builder_file(b, &f, &err), 0);
	struct schema_part *part = schema_builder_finish(b, &err);

	assert_non_null(part);
	assert_int_equal(schema_change(s, part, NULL, &err), 0);
	return part;
}

/* A kind that comes is in every document, and in none when it is gone; who still sends old bytes keeps them. */
static void test_change(void **state)
{
	static const char *const paths[][2] = {{"/", ""}, {"/apis", ""}, {"/apis", V2}, {"/apis", V2BETA1}};
	struct schema *s = (struct schema *)(uintptr_t)api.schema;
	struct response before[4], rs;
	struct err err = ERR_INIT;
	for (size_t i = 0; i < 4; i++)
		call(paths[i][0], paths[i][1], "", &before[i]);
	struct schema_part *part = add_kind(s, "sea/v1", "Boat", "boats");
	discovery_update(api.discovery, "sea", "v1");
	for (size_t i = 0; i < 4; i++) {
		call(paths[i][0], paths[i][1], "", &rs);
		assert_non_null(memmem(rs.shared.p, rs.shared.n, "sea", 3));
		assert_null(memmem(before[i].shared.p, before[i].shared.n, "sea", 3));
		response_release(&rs);
	}
	autojson js *list = document("/apis/sea/v1", "", "application/json");
	assert_string_equal(js_str0(js_at(js_arr(list, "resources", NULL), 0), "name", NULL), "boats");
	autojson js *group = document("/apis/sea", "", "application/json");
	assert_string_equal(js_str0(group, "name", NULL), "sea");
	struct schema_part *second = add_kind(s, "sea/v1-second", "Raft", "rafts");
	discovery_update(api.discovery, "sea", "v1");
	call("/apis", V2, "", &rs);
	assert_non_null(memmem(rs.shared.p, rs.shared.n, "boats", 5));
	assert_non_null(memmem(rs.shared.p, rs.shared.n, "rafts", 5));
	response_release(&rs);
	autojson js *both = document("/apis/sea/v1", "", "application/json");
	assert_int_equal(js_len(js_arr(both, "resources", NULL)), 2);
	assert_int_equal(schema_change(s, NULL, second, &err), 0);
	schema_retire(s, second);
	discovery_update(api.discovery, "sea", "v1");
	assert_int_equal(schema_change(s, NULL, part, &err), 0);
	schema_retire(s, part);
	/* who asks before it was told of that finds nothing of the group-version, and no harm */
	call("/apis", V2, "", &rs);
	assert_null(memmem(rs.shared.p, rs.shared.n, "boats", 5));
	response_release(&rs);
	call("/apis/sea/v1", "", "", &rs);
	assert_int_equal(rs.status, 404);
	response_release(&rs);
	discovery_update(api.discovery, "sea", "v1");
	for (size_t i = 0; i < 4; i++) {
		call(paths[i][0], paths[i][1], "", &rs);
		assert_int_equal(rs.shared.n, before[i].shared.n);
		assert_memory_equal(rs.shared.p, before[i].shared.p, rs.shared.n);
		assert_string_equal(rs.etag ? rs.etag : "", before[i].etag ? before[i].etag : "");
		response_release(&rs);
		response_release(&before[i]);
	}
	call("/apis/sea", "", "", &rs);
	assert_int_equal(rs.status, 404);
	response_release(&rs);
}

/* Whatever there is already, a kind that comes or goes costs its own group-version, and who asks again nothing. */
static void test_own_part(void **state)
{
	struct schema *s = (struct schema *)(uintptr_t)api.schema;
	struct response rs;
	struct err err = ERR_INIT;
	call("/apis", V2, "", &rs);
	response_release(&rs);
	uint64_t before = discovery_written(api.discovery);
	assert_true(before > 15);
	struct schema_part *part = add_kind(s, "sea/v1", "Boat", "boats");
	for (uint64_t i = 1; i <= 3; i++) {
		discovery_update(api.discovery, "sea", "v1");
		for (size_t form = 0; form < 4; form++) {
			call("/apis", form % 2 ? V2 : V2BETA1, "", &rs);
			assert_non_null(memmem(rs.shared.p, rs.shared.n, "boats", 5));
			response_release(&rs);
		}
		assert_int_equal(discovery_written(api.discovery), before + i);
	}
	assert_int_equal(schema_change(s, NULL, part, &err), 0);
	schema_retire(s, part);
	discovery_update(api.discovery, "sea", "v1");
	call("/apis", V2, "", &rs);
	response_release(&rs);
	assert_int_equal(discovery_written(api.discovery), before + 3);
}

static int load(void **state)
{
	struct err err = ERR_INIT;
	api.schema = kinds_load(NULL, &err);
	if (api.schema)
		api.discovery = discovery_new(api.schema, "1.2.3.4:6443");
	return api.schema ? 0 : -1;
}

static int unload(void **state)
{
	discovery_free(api.discovery);
	schema_free((struct schema *)(uintptr_t)api.schema);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_legacy),	   cmocka_unit_test(test_preferred),
		cmocka_unit_test(test_aggregated), cmocka_unit_test(test_short_names),
		cmocka_unit_test(test_presented),  cmocka_unit_test(test_which_form),
		cmocka_unit_test(test_etag),	   cmocka_unit_test(test_protobuf),
		cmocka_unit_test(test_index),	   cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_change),	   cmocka_unit_test(test_own_part)};
	return cmocka_run_group_tests(tests, load, unload);
}
