/* SPDX-License-Identifier: Apache-2.0 */
/* GET, LIST and WATCH over the real store: pages, revisions, selectors, presentations, events. Streams are
 * read by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "object/pb.h"
#include "rest/dispatch.h"
#include "rest/negotiate.h"
#include "rest/rig_test.h"
#include "serve/metric.h"
#include "storage/storage_rig.h"

#define CMS "/api/v1/namespaces/default/configmaps"
#define TABLE "application/json;as=Table;v=v1;g=meta.k8s.io"
#define PARTIAL "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
#define ONE_PARTIAL "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"

struct reading {
	struct rig_exchange *e;
	struct response *rs;
	struct buf text;
};

static void reading_end(struct reading *r)
{
	rig_exchange_free(r->e);
	buf_release(&r->text);
}
#define autoreading __attribute__((cleanup(reading_end)))

/* Everything the stream has now. */
static void drain(struct reading *r)
{
	static char p[16 * 1024];
	long n;
	while (r->rs->stream && (n = r->rs->stream->read(r->rs->stream->arg, p, sizeof(p))) > 0)
		buf_add(&r->text, p, (size_t)n);
}

static struct reading reading(const char *target, const char *accept, const char *agent)
{
	struct reading r = {.e = MEM_NEW(struct rig_exchange)};
	r.rs = &r.e->x.rs;
	r.e->x.rq = (struct request){.accept = accept, .user_agent = agent, .content_type = ""};
	rig_run(&rig, r.e, "GET", target);
	size_t n;
	const char *p = response_bytes(r.rs, &n);
	buf_add(&r.text, p, n);
	drain(&r);
	return r;
}

static js *tree(const struct reading *r)
{
	struct err err = ERR_INIT;
	js *o = js_parse(buf_str(&r->text), r->text.len, NULL, &err);
	if (!o)
		fail_msg("%s: %.300s", err.msg, buf_str(&r->text));
	return o;
}

static js *read_json(const char *target, const char *accept, int status)
{
	autoreading struct reading r = reading(target, accept, "test");
	if (r.rs->status != status)
		fail_msg("%s: %d %s", target, r.rs->status, buf_str(&r.text));
	return tree(&r);
}

static uint64_t put(const char *name, const char *label)
{
	char body[256], path[256];
	snprintf(body, sizeof(body),
		 "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"l\":\"%s\"}},\"data\":{\"k\":\"%s\"}}", name,
		 label, label);
	snprintf(path, sizeof(path), CMS "/%s", name);
	autoreply struct rig_reply r = rig_call(&rig, "PUT", path, body);
	if (r.status == 404) {
		rig_reply_release(&r);
		r = rig_call(&rig, "POST", CMS, body);
	}
	assert_in_range(r.status, 200, 201);
	return strtoull(js_str0(r.body, "metadata", "resourceVersion", NULL), NULL, 10);
}

static void delete (const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), CMS "/%s", name);
	autoreply struct rig_reply r = rig_call(&rig, "DELETE", path, NULL);
	assert_int_equal(r.status, 200);
}

static void fill(void)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	for (size_t i = 0; i < 5; i++)
		put(names[i], i % 2 ? "odd" : "even");
}

static void names_are(js *list, const char *want)
{
	autobuf struct buf b = BUF_INIT;
	js_array_for_each (o, js_arr(list, "items", NULL))
		buf_adds(&b, js_str0(o, "metadata", "name", NULL));
	assert_string_equal(buf_str(&b), want);
}

static void test_get(void **state)
{
	put("a", "x");
	autojson js *o = read_json(CMS "/a", "application/json", 200);
	assert_string_equal(js_str0(o, "kind", NULL), "ConfigMap");
	assert_string_equal(js_str0(o, "data", "k", NULL), "x");
	autojson js *none = read_json(CMS "/nope", "application/json", 404);
	static const char *const refused[] = {"", "?resourceVersion=x", "?export=1"};
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) { /* the form comes first */
		autofree char *target = mem_printf(CMS "/nope%s", refused[i]);
		autojson js *no_form = read_json(target, "text/html", 406);
		assert_non_null(no_form);
	}
	autojson js *absent_rows = read_json(CMS "/nope?includeObject=Some", TABLE, 404); /* and rows last */
	assert_non_null(absent_rows);
	assert_string_equal(js_str0(none, "message", NULL), "configmaps \"nope\" not found");
	assert_string_equal(js_str0(none, "details", "kind", NULL), "configmaps");
	autojson js *html = read_json(CMS "/a", "text/html", 406);
	assert_string_equal(js_str0(html, "reason", NULL), "NotAcceptable");
	autojson js *meta = read_json(CMS "/a", ONE_PARTIAL, 200);
	assert_string_equal(js_str0(meta, "kind", NULL), "PartialObjectMetadata");
	assert_null(js_get(meta, "data", NULL));
	autojson js *no_list = read_json(CMS "/a", PARTIAL, 406);
	autojson js *no_object = read_json(CMS, ONE_PARTIAL, 406);
	assert_non_null(strstr(js_str0(no_list, "message", NULL), "is not a list (*core.ConfigMap)"));
	assert_non_null(strstr(js_str0(no_object, "message", NULL), "is a list (*core.ConfigMapList)"));
	autojson js *table = read_json(CMS "/a", TABLE, 200);
	assert_string_equal(
		js_str0(js_at(js_arr(table, "rows", NULL), 0), "object", "metadata", "name", NULL), "a");
	assert_int_equal(js_len(js_arr(table, "columnDefinitions", NULL)), 3);
	autoreading struct reading yaml = reading(CMS "/a", "application/yaml", "test");
	assert_string_equal(yaml.rs->content_type, "application/yaml");
	assert_non_null(strstr(buf_str(&yaml.text), "data:\n  k: x\n"));
	autoreading struct reading pretty = reading(CMS "/a", "", "curl/8");
	assert_non_null(strstr(buf_str(&pretty.text), "\n  \"data\": {\n    \"k\": \"x\"\n  }"));
	autojson js *exported = read_json(CMS "/a?export=true", "", 400);
	assert_string_equal(js_str0(exported, "message", NULL),
			    "the export parameter, deprecated since v1.14, is no longer supported");
	autojson js *not_exported = read_json(CMS "/a?export=false", "", 200);
	assert_non_null(not_exported);
	autojson js *bad = read_json(CMS "/a?resourceVersion=x", "", 500);
	assert_null(js_field(bad, "reason"));
	assert_string_equal(
		js_str0(bad, "message", NULL),
		"resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax");
}

static void test_list(void **state)
{
	fill();
	autojson js *all = read_json(CMS, "", 200);
	assert_string_equal(js_str0(all, "kind", NULL), "ConfigMapList");
	assert_string_equal(js_str0(all, "apiVersion", NULL), "v1");
	names_are(all, "abcde");
	assert_string_equal(js_str0(js_at(js_arr(all, "items", NULL), 0), "data", "k", NULL), "even");
	assert_null(js_field(js_at(js_arr(all, "items", NULL), 0), "kind"));
	assert_null(js_field(js_at(js_arr(all, "items", NULL), 0), "apiVersion"));
	assert_null(js_get(all, "metadata", "continue", NULL));
	autojson js *odd = read_json(CMS "?labelSelector=l%3Dodd", "", 200);
	names_are(odd, "bd");
	autojson js *one = read_json(CMS "?fieldSelector=metadata.name%3Dc", "", 200);
	names_are(one, "c");
	autojson js *empty = read_json("/api/v1/namespaces/other/configmaps", "", 200);
	names_are(empty, "");
	assert_int_equal(js_len(js_arr(empty, "items", NULL)), 0);
}

/* Pages show one revision even when objects come and go in between. */
static void test_pages(void **state)
{
	fill();
	autojson js *p1 = read_json(CMS "?limit=2", "", 200);
	names_are(p1, "ab");
	assert_int_equal(js_int(p1, 0, "metadata", "remainingItemCount", NULL), 3);
	put("bb", "new");
	delete ("d");
	char target[512];
	snprintf(target, sizeof(target), CMS "?limit=2&continue=%s",
		 js_str0(p1, "metadata", "continue", NULL));
	autojson js *p2 = read_json(target, "", 200);
	names_are(p2, "cd");
	assert_string_equal(js_str0(p2, "metadata", "resourceVersion", NULL),
			    js_str0(p1, "metadata", "resourceVersion", NULL));
	snprintf(target, sizeof(target), CMS "?limit=2&continue=%s",
		 js_str0(p2, "metadata", "continue", NULL));
	autojson js *p3 = read_json(target, "", 200);
	names_are(p3, "e");
	assert_null(js_get(p3, "metadata", "continue", NULL));
	autojson js *selected = read_json(CMS "?limit=1&labelSelector=l", "", 200);
	assert_non_null(js_str(selected, "metadata", "continue", NULL));
	assert_null(js_get(selected, "metadata", "remainingItemCount", NULL));
}

static void test_revisions(void **state)
{
	fill();
	uint64_t before = put("a", "x");
	put("f", "x");
	char target[256];
	snprintf(target, sizeof(target), CMS "?resourceVersion=%llu&resourceVersionMatch=Exact",
		 (unsigned long long)before);
	autojson js *exact = read_json(target, "", 200);
	names_are(exact, "abcde");
	snprintf(target, sizeof(target), CMS "?resourceVersion=%llu", (unsigned long long)before);
	autojson js *newer = read_json(target, "", 200);
	names_are(newer, "abcdef");
	autojson js *any = read_json(CMS "?resourceVersion=0", "", 200);
	names_are(any, "abcdef");
}

static void test_presentations(void **state)
{
	fill();
	autojson js *table = read_json(CMS "?limit=2", TABLE, 200);
	assert_int_equal(js_len(js_arr(table, "rows", NULL)), 2);
	assert_int_equal(js_int(table, 0, "metadata", "remainingItemCount", NULL), 3);
	autojson js *meta = read_json(CMS, PARTIAL, 200);
	assert_string_equal(js_str0(meta, "kind", NULL), "PartialObjectMetadataList");
	names_are(meta, "abcde");
	autoreading struct reading yaml = reading(CMS, "application/yaml", "test");
	assert_non_null(strstr(buf_str(&yaml.text), "\nitems:\n- data:\n    k: even\n  metadata:\n"));
	autoreading struct reading none =
		reading("/api/v1/namespaces/other/configmaps", "application/yaml", "test");
	assert_non_null(strstr(buf_str(&none.text), "\nitems: []\n"));
	autoreading struct reading pretty = reading(CMS, "", "curl/8");
	autoreading struct reading plain = reading(CMS, "", "test");
	autojson js *a = tree(&pretty), *b = tree(&plain);
	assert_true(js_equal(a, b));
	assert_non_null(strstr(buf_str(&pretty.text), "\n  \"items\": [\n    {\n      \"metadata\": {\n"));
}

/* Enough to leave as a stream, in every presentation; the same objects as in pieces. */
static void test_long_lists(void **state)
{
	char name[32];
	static char label[64];
	for (int i = 0; i < 1200; i++) {
		snprintf(name, sizeof(name), "long-%04d", i);
		memset(label, 'a' + i % 26, 60);
		put(name, label);
	}
	static const char *const accepts[] = {"application/json", TABLE, PARTIAL};
	for (size_t i = 0; i < 3; i++) {
		autoreading struct reading r = reading(CMS "?limit=1200", accepts[i], "test");
		assert_non_null(r.rs->stream);
		autojson js *o = tree(&r);
		assert_int_equal(js_len(js_arr(o, i == 1 ? "rows" : "items", NULL)), 1200);
	}
	autoreading struct reading r = reading(CMS, "", "curl/8");
	autoreading struct reading plain = reading(CMS, "", "test");
	autojson js *a = tree(&r), *b = tree(&plain);
	assert_true(js_equal(a, b));
}

#define FLOWS "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"

/* Rows that people read from the top: what is matched first. */
static void test_order_of_rows(void **state)
{
	static const struct {
		const char *name;
		int precedence;
	} made[] = {{"a", 30}, {"b", 10}, {"c", 20}, {"d", 20}};
	autobuf struct buf names = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(made); i++) {
		autofree char *body = mem_printf(
			"{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"priorityLevelConfiguration\":{\"name\":\"l\"},"
			"\"matchingPrecedence\":%d}}",
			made[i].name, made[i].precedence);
		autoreply struct rig_reply r = rig_call(&rig, "POST", FLOWS, body);
		assert_int_equal(r.status, 201);
	}
	autojson js *table = read_json(FLOWS, TABLE, 200);
	js_array_for_each (row, js_arr(table, "rows", NULL))
		buf_adds(&names, js_str0(js_at(js_arr(row, "cells", NULL), 0), NULL));
	assert_string_equal(buf_str(&names), "bcda");
	autojson js *list = read_json(FLOWS, "application/json", 200);
	assert_string_equal(js_str0(js_at(js_arr(list, "items", NULL), 0), "metadata", "name", NULL), "a");
}

/* ---- watch ---- */

/* The next line of a watch, without the newline; "" when there is none now. */
static char *next_line(struct reading *r)
{
	if (!memchr(buf_str(&r->text), '\n', r->text.len))
		drain(r);
	size_t n = strcspn(buf_str(&r->text), "\n");
	if (n == r->text.len)
		return mem_strdup("");
	char *line = mem_strndup(r->text.p, n);
	buf_consume(&r->text, n + 1);
	return line;
}

static void expect(struct reading *r, const char *type, const char *name)
{
	struct err err = ERR_INIT;
	autofree char *line = next_line(r);
	autojson js *o = js_parse(line, strlen(line), NULL, &err);
	if (!o)
		fail_msg("wanted %s %s, got \"%s\"", type, name, line);
	assert_string_equal(js_str0(o, "type", NULL), type);
	if (name)
		assert_string_equal(js_str0(o, "object", "metadata", "name", NULL), name);
}

static void expect_nothing(struct reading *r)
{
	autofree char *line = next_line(r);
	assert_string_equal(line, "");
}

static struct reading watching(const char *target, const char *accept)
{
	return reading(target, accept, "test");
}

static void test_watch_events(void **state)
{
	fill();
	uint64_t from = put("a", "x");
	char target[256];
	snprintf(target, sizeof(target), CMS "?watch=1&resourceVersion=%llu", (unsigned long long)from);
	put("z", "1");
	put("z", "2");
	delete ("z");
	autoreading struct reading r = watching(target, "");
	assert_int_equal(r.rs->status, 200);
	expect(&r, "ADDED", "z");
	expect(&r, "MODIFIED", "z");
	expect(&r, "DELETED", "z");
	assert_int_equal(r.text.len, 0);
	autobuf struct buf metrics = BUF_INIT;
	metric_write(&metrics);
	assert_non_null(strstr(
		buf_str(&metrics),
		"apiserver_watch_events_sizes_bucket{group=\"\",version=\"v1\",resource=\"configmaps\",le=\"1024\"} 3\n"));
	assert_non_null(
		strstr(buf_str(&metrics),
		       "\netcd_requests_total{operation=\"delete\",group=\"\",resource=\"configmaps\"} "));
}

static void test_watch_initial(void **state)
{
	fill();
	autoreading struct reading r = watching(
		CMS
		"?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=3600",
		"");
	for (const char *n = "a\0b\0c\0d\0e\0"; *n; n += 2)
		expect(&r, "ADDED", n);
	autofree char *line = next_line(&r);
	assert_non_null(strstr(
		line,
		"{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{"
		"\"resourceVersion\":\""));
	assert_non_null(strstr(line, "\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}"));
}

static void test_watch_selected(void **state)
{
	fill();
	uint64_t from = put("a", "x");
	char target[256];
	snprintf(target, sizeof(target), CMS "?watch=1&resourceVersion=%llu&labelSelector=l%%3Dw",
		 (unsigned long long)from);
	put("a", "w"); /* comes into view */
	put("a", "x"); /* leaves it */
	put("b", "x");
	autoreading struct reading r = watching(target, "");
	expect(&r, "ADDED", "a");
	expect(&r, "DELETED", "a");
	assert_int_equal(r.text.len, 0);
	autoreading struct reading one = watching("/api/v1/watch/namespaces/default/configmaps/c", "");
	expect(&one, "ADDED", "c");
	assert_int_equal(one.text.len, 0);
}

/* A watch from nowhere says where the present state ends, too, when it may. */
static void test_watch_present_end(void **state)
{
	static const char *const targets[] = {
		CMS "?watch=1&allowWatchBookmarks=1", CMS "?watch=1&allowWatchBookmarks=1&resourceVersion=0",
		"/api/v1/watch/namespaces/default/configmaps/a?allowWatchBookmarks=1&watch=1"};
	put("a", "x");
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		autoreading struct reading r = watching(targets[i], "");
		expect(&r, "ADDED", "a");
		autofree char *line = next_line(&r);
		assert_non_null(strstr(line, "\"k8s.io/initial-events-end\":\"true\""));
		expect_nothing(&r);
	}
	static const char *const silent[] = {
		CMS "?watch=1", "/api/v1/watch/namespaces/default/configmaps?allowWatchBookmarks=1"};
	for (size_t i = 0; i < ARRAY_LEN(silent); i++) {
		autoreading struct reading r = watching(silent[i], "");
		expect(&r, "ADDED", "a");
		expect_nothing(&r);
	}
}

/* Bookmarks look like the other objects of their stream. */
static void test_watch_bookmarks(void **state)
{
	static const struct {
		const char *accept, *include, *want[3];
	} v[] = {
		{PARTIAL,
		 "",
		 {"\"object\":{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{\"resourceVersion\":\""}},
		{TABLE,
		 "",
		 {"\"columnDefinitions\":[{",
		  "\"rows\":[{\"cells\":[\"\",0,\"<unknown>\"],\"object\":{\"kind\":\"PartialObjectMetadata\","}},
		{TABLE, "&includeObject=None", {"\"object\":{\"kind\":\"PartialObjectMetadata\","}},
		{TABLE,
		 "&includeObject=Object",
		 {"\"object\":{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\""}},
	};
	put("a", "x");
	delete ("a");
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		char target[256];
		snprintf(target, sizeof(target), CMS "?watch=1&allowWatchBookmarks=1%s", v[i].include);
		autoreading struct reading r = watching(target, v[i].accept);
		autofree char *line = next_line(&r);
		assert_non_null(strstr(line, "{\"type\":\"BOOKMARK\""));
		assert_non_null(strstr(line, "\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}"));
		for (size_t w = 0; w < ARRAY_LEN(v[i].want) && v[i].want[w]; w++)
			if (!strstr(line, v[i].want[w]))
				fail_msg("%s is not in %s", v[i].want[w], line);
		put("b", "x");
		autofree char *next = next_line(&r);
		assert_true(strncmp(v[i].accept, TABLE, 25) || strstr(next, "\"columnDefinitions\":null"));
		delete ("b");
	}
}

static void test_watch_table(void **state)
{
	put("a", "x");
	put("b", "x");
	autoreading struct reading r = watching(CMS "?watch=1", TABLE);
	autofree char *first = next_line(&r), *second = next_line(&r);
	assert_non_null(strstr(first, "\"columnDefinitions\":[{"));
	assert_non_null(strstr(second, "\"columnDefinitions\":null"));
	assert_non_null(strstr(second, "\"cells\":[\"b\",1,"));
}

/* ---- protobuf ---- */
#define PB "application/vnd.kubernetes.protobuf"

static js *decode_pb(const char *p, size_t n, const char *type)
{
	struct pb_envelope e;
	struct err err = ERR_INIT;
	if (pb_open(p, n, &e, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(e.kind, type);
	js *o = pb_decode(schema_type(rig.api.schema, type), e.raw, e.raw_len, &err);
	if (!o)
		fail_msg("%s: %s", type, err.msg);
	return o;
}

static js *read_pb(const char *target, const char *accept, int status, const char *type)
{
	autoreading struct reading r = reading(target, accept, "test");
	assert_int_equal(r.rs->status, status);
	assert_string_equal(r.rs->content_type, PB);
	return decode_pb(r.text.p, r.text.len, type);
}

static void test_protobuf(void **state)
{
	fill();
	autojson js *o = read_pb(CMS "/a", PB, 200, "ConfigMap");
	assert_string_equal(js_str0(o, "data", "k", NULL), "even");
	autojson js *meta = read_pb(CMS "/a", PB ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1", 200,
				    "PartialObjectMetadata");
	assert_string_equal(js_str0(meta, "metadata", "name", NULL), "a");
	autojson js *none = read_pb(CMS "/none", PB, 404, "Status");
	assert_string_equal(js_str0(none, "reason", NULL), "NotFound");
	assert_string_equal(js_str0(none, "details", "name", NULL), "none");
	autojson js *json = read_json(CMS "/a", PB ",application/json", 200); /* as it is stored */
	assert_non_null(json);
}

/* A list is ListMeta as field 1 and each object as field 2. */
static void test_protobuf_list(void **state)
{
	struct pb_envelope e;
	struct err err = ERR_INIT;
	fill();
	autoreading struct reading r = reading(CMS "?limit=2", PB, "test");
	assert_int_equal(pb_open(r.text.p, r.text.len, &e, &err), 0);
	assert_string_equal(e.kind, "ConfigMapList");
	assert_string_equal(e.api_version, "v1");
	size_t at = 0, items = 0;
	for (size_t n; at < e.raw_len; at += n) {
		char field = e.raw[at++];
		n = 0;
		for (int shift = 0, more = 1; more && shift < 63; shift += 7) {
			n |= (size_t)(e.raw[at] & 0x7f) << shift;
			more = e.raw[at++] & 0x80;
		}
		autojson js *o =
			pb_decode(schema_type(rig.api.schema, field == 10 ? "ListMeta" : "ConfigMap"),
				  e.raw + at, n, &err);
		assert_non_null(o);
		assert_int_equal(field, items || js_field(o, "metadata") ? 18 : 10);
		if (field == 10)
			assert_int_equal(js_int(o, 0, "remainingItemCount", NULL), 3);
		else
			assert_string_equal(js_str0(o, "metadata", "name", NULL), items++ ? "b" : "a");
	}
	assert_int_equal(items, 2);
}

/* As somebody else might have put it into the store. */
static void put_bare(void)
{
	static const char text[] =
		"{\"metadata\":{\"name\":\"bare\",\"namespace\":\"default\",\"uid\":\"u\"}}";
	const struct kind *k = schema_kind(rig.api.schema, "", "v1", "ConfigMap");
	struct err err = ERR_INIT;
	autoobj struct obj *draft = obj_new(k, text, sizeof(text) - 1, &err);
	assert_int_equal(storage_create(storage_resource(rig.api.storage, k), draft, NULL, &err), 0);
}

static void test_protobuf_without_kind(void **state)
{
	put_bare();
	autojson js *refused = read_pb(CMS, PB, 406, "Status");
	assert_string_equal(js_str0(refused, "reason", NULL), "NotAcceptable");
}

/* An event without a protobuf form is none: the client is told, and lists again. */
static void test_protobuf_watch_without_kind(void **state)
{
	put_bare();
	autoreading struct reading r = watching(CMS "?watch=1", PB);
	assert_true(r.text.len > 12);
	assert_memory_equal(r.text.p + 4,
			    "\x0a\x05"
			    "ERROR\x12",
			    8);
	const char *object = memmem(r.text.p, r.text.len, "k8s", 4);
	assert_non_null(object);
	autojson js *o = decode_pb(object, (size_t)(r.text.p + r.text.len - object), "Status");
	assert_string_equal(js_str0(o, "reason", NULL), "NotAcceptable");
	char p[16 * 1024];
	assert_int_equal(r.rs->stream->read(r.rs->stream->arg, p, sizeof(p)), -1);
}

static void test_protobuf_watch(void **state)
{
	put("a", "x");
	autoreading struct reading r = watching(CMS "?watch=1&fieldSelector=metadata.name%3Da", PB);
	assert_string_equal(r.rs->content_type, PB ";stream=watch");
	const unsigned char *p = (const unsigned char *)r.text.p;
	size_t length = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	assert_int_equal(r.text.len, length + 4);
	assert_memory_equal(p + 4,
			    "\x0a\x05"
			    "ADDED\x12",
			    8);
	const char *object = memmem(r.text.p, r.text.len, "k8s", 4);
	autojson js *o = decode_pb(object, (size_t)(r.text.p + r.text.len - object), "ConfigMap");
	assert_string_equal(js_str0(o, "metadata", "name", NULL), "a");
}

/* Whatever is asked of whichever kind, a refusal comes in the form that the client takes. */
static void test_refusals_are_presented(void **state)
{
	const struct kind *const *kinds;
	size_t n = schema_kinds(rig.api.schema, &kinds);
	for (size_t i = 0; i < n; i++) {
		const struct kind *k = kinds[i];
		char path[256];
		if (!k->resource || !*k->resource || !(k->verbs & VERB_GET))
			continue;
		snprintf(path, sizeof(path), "%s%s/%s/%s%s/none", *k->group ? "/apis/" : "/api", k->group,
			 k->version, k->namespaced ? "namespaces/default/" : "", k->resource);
		autoreading struct reading yaml = reading(path, "application/yaml", "test");
		assert_int_equal(yaml.rs->status, 404);
		assert_string_equal(yaml.rs->content_type, "application/yaml");
		assert_non_null(strstr(buf_str(&yaml.text), "\nkind: Status\n"));
		autojson js *pb = read_pb(path, PB, 404, "Status");
		assert_int_equal(js_int(pb, 0, "code", NULL), 404);
		autoreading struct reading pretty = reading(path, "application/json", "curl/8");
		assert_non_null(strstr(buf_str(&pretty.text), "{\n  \"kind\": \"Status\",\n"));
		autojson js *table =
			read_json(path, TABLE, 404); /* in no form that it asked for: better than nothing */
		assert_string_equal(js_str0(table, "kind", NULL), "Status");
	}
}

static void test_watch_refused(void **state)
{
	autoreading struct reading yaml = reading(CMS "?watch=1", "application/yaml", "test");
	assert_int_equal(yaml.rs->status, 406);
	autojson js *bad_rows = read_json(CMS "?watch=1&includeObject=Some", TABLE, 400);
	assert_non_null(strstr(js_str0(bad_rows, "message", NULL), "includeObject: Invalid value"));
	autojson js *form_first = read_json(CMS "?watch=1&fieldSelector=x%3D1", "text/html", 406);
	assert_non_null(form_first);
	autojson js *invalid = read_json(CMS "?watch=1&sendInitialEvents=true", "", 422);
	assert_string_equal(js_str0(invalid, "details", "kind", NULL), "ListOptions");
	autojson js *field = read_json(CMS "?watch=1&fieldSelector=x%3D1", "", 400);
	assert_string_equal(js_str0(field, "reason", NULL), "BadRequest");
}

static void test_watch_ends(void **state)
{
	clock_fake(clock_wall_ns());
	put("a", "x");
	autoreading struct reading r =
		watching(CMS "?watch=1&timeoutSeconds=90&allowWatchBookmarks=true", "");
	expect(&r, "ADDED", "a");
	expect(&r, "BOOKMARK", NULL);
	expect_nothing(&r);
	autoreply struct rig_reply other = rig_call(&rig, "POST", "/api/v1/namespaces/default/secrets",
						    "{\"metadata\":{\"name\":\"s\"}}");
	assert_int_equal(other.status, 201);
	clock_advance(61 * NS_PER_S);
	expect(&r, "BOOKMARK", NULL);
	expect_nothing(&r);
	clock_advance(30 * NS_PER_S);
	char p[16 * 1024];
	assert_int_equal(r.rs->stream->read(r.rs->stream->arg, p, sizeof(p)), -1);
	autoreading struct reading past = watching(CMS "?watch=1&timeoutSeconds=-1", "");
	expect(&past, "ADDED", "a");
	assert_int_equal(past.rs->stream->read(past.rs->stream->arg, p, sizeof(p)), -1);
	clock_real();
}

/* What a list is told at once, a watch is told in its stream. */
static void test_watch_ahead(void **state)
{
	put("a", "x");
	clock_hasten(50);
	autoreading struct reading r = watching(
		CMS "?watch=1&sendInitialEvents=1&resourceVersionMatch=NotOlderThan&resourceVersion=9999",
		"");
	assert_int_equal(r.rs->status, 200);
	autofree char *line = next_line(&r);
	assert_non_null(strstr(line, "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\","));
	assert_non_null(strstr(line, "\"reason\":\"ResourceVersionTooLarge\""));
	assert_non_null(strstr(line, "\"retryAfterSeconds\":1},\"code\":504}}"));
	char p[64];
	assert_int_equal(r.rs->stream->read(r.rs->stream->arg, p, sizeof(p)), -1);
	autojson js *list = read_json(CMS "?resourceVersion=9999", "", 504);
	assert_int_equal(js_int(list, 0, "details", "retryAfterSeconds", NULL), 1);
	clock_real();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_order_of_rows),
					   TEST(test_get),
					   TEST(test_list),
					   TEST(test_pages),
					   TEST(test_revisions),
					   TEST(test_presentations),
					   TEST(test_long_lists),
					   TEST(test_watch_events),
					   TEST(test_watch_initial),
					   TEST(test_watch_selected),
					   TEST(test_watch_present_end),
					   TEST(test_watch_bookmarks),
					   TEST(test_watch_table),
					   TEST(test_protobuf),
					   TEST(test_protobuf_list),
					   TEST(test_protobuf_without_kind),
					   TEST(test_protobuf_watch),
					   TEST(test_protobuf_watch_without_kind),
					   TEST(test_refusals_are_presented),
					   TEST(test_watch_refused),
					   TEST(test_watch_ends),
					   TEST(test_watch_ahead)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
