/* SPDX-License-Identifier: Apache-2.0 */
/* The Accept header, and indentation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "rest/negotiate.h"
#include "rest/pretty.h"

#define PB "application/vnd.kubernetes.protobuf"
#define TABLE "application/json;as=Table;v=v1;g=meta.k8s.io"
struct row {
	const char *accept;
	int as; /* -1: 406 */
	enum media media;
	const char *version;
};
static const struct row rows[] = {
	{"", PRESENT_OBJECT, MEDIA_JSON, "v1"},
	{"*/*", PRESENT_OBJECT, MEDIA_JSON, "v1"},
	{"application/*", -1, MEDIA_JSON, NULL},
	{"application/*;q=0.5, text/html", -1, MEDIA_JSON, NULL},
	{PB ";q=0.1, application/*", PRESENT_OBJECT, MEDIA_JSON, "v1"},
	{"application/json", PRESENT_OBJECT, MEDIA_JSON, "v1"},
	{"Application/JSON; charset=utf-8", PRESENT_OBJECT, MEDIA_JSON, "v1"},
	{"application/yaml", PRESENT_OBJECT, MEDIA_YAML, "v1"},
	{"application/vnd.kubernetes.protobuf,application/json", PRESENT_OBJECT, MEDIA_JSON, "v1"},
	{PB, PRESENT_OBJECT, MEDIA_PROTOBUF, "v1"},
	{PB ",text/html", PRESENT_OBJECT, MEDIA_PROTOBUF, "v1"},
	{PB ",application/yaml;q=0.1", PRESENT_OBJECT, MEDIA_YAML, "v1"},
	{PB ";as=Table;v=v1;g=meta.k8s.io", -1, MEDIA_JSON, NULL},
	{PB ";as=Table;v=v1;g=meta.k8s.io," PB, PRESENT_OBJECT, MEDIA_PROTOBUF, "v1"},
	{PB ";as=PartialObjectMetadata;v=v1;g=meta.k8s.io", PRESENT_PARTIAL, MEDIA_PROTOBUF, "v1"},
	{"*/*, application/yaml", PRESENT_OBJECT, MEDIA_YAML, "v1"},
	{"application/json;g=meta.k8s.io;v=v1", -1, MEDIA_JSON, NULL},
	{"application/json;stream=watch", PRESENT_OBJECT, MEDIA_JSON, "v1"},
	{"application/json;stream=tail", -1, MEDIA_JSON, NULL},
	{"application/json;stream=tail,application/yaml", PRESENT_OBJECT, MEDIA_YAML, "v1"},
	{"application/yaml;stream=watch", -1, MEDIA_JSON, NULL},
	{PB ";stream=watch", PRESENT_OBJECT, MEDIA_PROTOBUF, "v1"},
	{"application/json;sv=v1", PRESENT_OBJECT, MEDIA_JSON, "v1"},
	{"application/json;sv=v2", -1, MEDIA_JSON, NULL},
	{"application/cbor", -1, MEDIA_JSON, NULL},
	{"application/cbor, application/json;q=0.9", PRESENT_OBJECT, MEDIA_JSON, "v1"},
	{"application/yaml;as=Table;v=v1;g=meta.k8s.io", PRESENT_TABLE, MEDIA_YAML, "v1"},
	{"text/html", -1, MEDIA_JSON, NULL},
	{"text/html,application/xhtml+xml,*/*;q=0.8", PRESENT_OBJECT, MEDIA_JSON, "v1"},
	{TABLE ",application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", PRESENT_TABLE,
	 MEDIA_JSON, "v1"},
	{"application/json;as=Table;v=v1beta1;g=meta.k8s.io", PRESENT_TABLE, MEDIA_JSON, "v1beta1"},
	{"application/json;as=Table;v=v2;g=meta.k8s.io,application/json", PRESENT_OBJECT, MEDIA_JSON, "v1"},
	{"application/json;as=Table;v=v1;g=other", -1, MEDIA_JSON, NULL},
	{"application/json;as=Widget;v=v1;g=meta.k8s.io", -1, MEDIA_JSON, NULL},
	{"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", PRESENT_PARTIAL, MEDIA_JSON, "v1"},
	{"application/json;as=PartialObjectMetadataList;g=\"meta.k8s.io\";v=v1", PRESENT_PARTIAL, MEDIA_JSON,
	 "v1"},
	{"application/json;q=0.1, application/yaml;q=0.9", PRESENT_OBJECT, MEDIA_YAML, "v1"},
	{"application/yaml;q=0, application/json;q=0.01", PRESENT_OBJECT, MEDIA_JSON, "v1"},
	{"application/json;q=0", PRESENT_OBJECT, MEDIA_JSON, "v1"},
	{",,;;=,", -1, MEDIA_JSON, NULL},
};

static struct request request(const char *accept, const char *agent)
{
	return (struct request){.accept = accept, .user_agent = agent};
}

static void test_accept(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct request rq = request(rows[i].accept, "x");
		struct err err = ERR_INIT;
		struct accept a;
		int rc = negotiate(&rq, &a, &err);
		if ((rc < 0) != (rows[i].as < 0))
			fail_msg("%s: %d", rows[i].accept, rc);
		if (rc < 0) {
			assert_int_equal(err.reason, REASON_NOT_ACCEPTABLE);
			continue;
		}
		assert_int_equal(a.as, rows[i].as);
		assert_int_equal(a.media, rows[i].media);
		assert_string_equal(a.version, rows[i].version);
	}
}

/* A Status is nothing else, whatever form objects were asked for in. */
static void test_plain(void **state)
{
	static const struct {
		const char *accept;
		int media; /* -1: 406 */
	} v[] = {{TABLE ",application/yaml", MEDIA_YAML},
		 {TABLE, -1},
		 {"text/html", -1},
		 {"", MEDIA_JSON},
		 {PB, MEDIA_PROTOBUF}};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct request rq = request(v[i].accept, "x");
		struct err err = ERR_INIT;
		struct accept a;
		int rc = negotiate_plain(&rq, &a, &err);
		assert_int_equal(rc < 0 ? -1 : (int)a.media, v[i].media);
	}
}

/* Of what is only answered there are no columns; a kind that is made up when it is read has some. */
static void test_table_of(void **state)
{
	struct column columns[] = {{.name = "Name"}};
	const struct kind stored = {.kind = "ConfigMap"}, review = {.kind = "TokenReview", .virtual = true},
			  made_up = {.kind = "ComponentStatus",
				     .virtual = true,
				     .columns = columns,
				     .n_columns = 1};
	const struct {
		const struct kind *kind;
		const char *accept;
		int as; /* -1: 406 */
	} v[] = {{&stored, TABLE, PRESENT_TABLE},
		 {&made_up, TABLE, PRESENT_TABLE},
		 {&review, TABLE, -1},
		 {&review, TABLE ",application/json", PRESENT_OBJECT}};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct request rq = request(v[i].accept, "x");
		struct err err = ERR_INIT;
		struct accept a;
		rq.attr.kind = v[i].kind;
		int rc = negotiate(&rq, &a, &err);
		assert_int_equal(rc < 0 ? -1 : (int)a.as, v[i].as);
	}
}

static void test_fits(void **state)
{
	static const struct kind pod = {.group = "", .kind = "Pod", .list_kind = "PodList"},
				 deployment = {.group = "apps", .kind = "Deployment"},
				 event = {.group = "events.k8s.io", .kind = "Event"},
				 role = {.group = "rbac.authorization.k8s.io", .kind = "Role"};
	static const struct {
		const struct kind *kind;
		bool asked_list, list;
		const char *text;
	} v[] = {{&pod, false, false, NULL},
		 {&pod, true, true, NULL},
		 {&pod, false, true,
		  "PartialObjectMetadata, but the requested object is a list (*core.PodList)"},
		 {&deployment, true, false,
		  "PartialObjectMetadataList, but the requested object is not a list (*apps.Deployment)"},
		 {&event, true, false, "(*core.Event)"},
		 {&role, true, false, "(*rbac.Role)"}};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct accept a = {.as = PRESENT_PARTIAL, .partial_list = v[i].asked_list};
		struct err err = ERR_INIT;
		int rc = negotiate_fits(&a, v[i].kind, v[i].list, &err);
		assert_int_equal(rc, v[i].text ? -1 : 0);
		if (v[i].text)
			assert_non_null(strstr(err.msg, v[i].text));
		a.as = PRESENT_TABLE;
		assert_int_equal(negotiate_fits(&a, v[i].kind, v[i].list, &err), 0);
	}
}

static void test_pretty_wanted(void **state)
{
	static const struct {
		const char *agent, *param;
		bool pretty;
	} v[] = {{"curl/7.88", NULL, true},
		 {"Wget/1.2", NULL, true},
		 {"Mozilla/5.0 (X11)", NULL, true},
		 {"kubectl/v1.30", NULL, false},
		 {"curl/7.88", "false", false},
		 {"kubectl", "true", true},
		 {"kubectl", "1", true}};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct request rq = request("", v[i].agent);
		struct err err = ERR_INIT;
		struct accept a;
		struct query_param pretty = {"pretty", v[i].param};
		rq.params = &pretty;
		rq.n_params = v[i].param != NULL;
		assert_int_equal(negotiate(&rq, &a, &err), 0);
		assert_int_equal(a.pretty, v[i].pretty);
	}
}

static void test_include_object(void **state)
{
	struct request rq = request(TABLE, "x");
	struct err err = ERR_INIT;
	struct accept a;
	struct query_param include = {"includeObject", "Object"};
	rq.params = &include;
	rq.n_params = 1;
	assert_int_equal(negotiate(&rq, &a, &err), 0);
	assert_int_equal(a.include, INCLUDE_OBJECT);
	rq.params[0].value = "Some";
	assert_int_equal(negotiate(&rq, &a, &err), 0);
	assert_int_equal(negotiate_options(&rq, &a, &err), -1);
	assert_int_equal(err.reason, REASON_BAD_REQUEST);
	assert_string_equal(
		err.msg,
		"Unable to convert to Table as requested: includeObject: Invalid value: \"Some\": must be 'Metadata', 'Object', 'None', or empty");
}

static void test_indent(void **state)
{
	static const char compact[] = "{\"a\":{},\"b\":[],\"c\":[1,{\"d\":\"x,{}[]:\\\"\\\\\"}],\"e\":null}";
	static const char indented[] =
		"{\n  \"a\": {},\n  \"b\": [],\n  \"c\": [\n    1,\n    {\n      \"d\": \"x,{}[]:\\\"\\\\\"\n    }\n  ],\n"
		"  \"e\": null\n}";
	for (size_t step = 1; step < sizeof(compact); step++) { /* however it is cut */
		autobuf struct buf out = BUF_INIT;
		struct pretty s = {0};
		for (size_t at = 0; at < sizeof(compact) - 1; at += step)
			pretty_feed(&s, &out, compact + at,
				    at + step < sizeof(compact) ? step : sizeof(compact) - 1 - at);
		assert_string_equal(buf_str(&out), indented);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept),	      cmocka_unit_test(test_plain),
		cmocka_unit_test(test_table_of),      cmocka_unit_test(test_fits),
		cmocka_unit_test(test_pretty_wanted), cmocka_unit_test(test_include_object),
		cmocka_unit_test(test_indent)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
