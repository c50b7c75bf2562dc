/* SPDX-License-Identifier: Apache-2.0 */
/* ListOptions: what may be combined, and the words for what may not; continue tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base64.h"
#include "base/mem.h"
#include "object/status_reason.h"
#include "rest/options.h"
#include "object/json_test.h"

static struct selectable pod_fields[] = {{.field = "spec.nodeName", .path = "spec.nodeName", .dflt = ""}};
static const struct kind pod = {.group = "",
				.version = "v1",
				.kind = "Pod",
				.resource = "pods",
				.namespaced = true,
				.selectable = pod_fields,
				.n_selectable = 1};
static const struct kind deployment = {
	.group = "apps", .version = "v1", .kind = "Deployment", .resource = "deployments"};

struct row {
	const char *query;
	bool watch;
	enum reason reason; /* REASON_NONE: fine */
	const char *message;
};
#define EXACT "resourceVersionMatch=Exact"
#define NOT_OLDER "resourceVersionMatch=NotOlderThan"
static const struct row rows[] = {
	{"", false, REASON_NONE, NULL},
	{"resourceVersion=0", false, REASON_NONE, NULL},
	{"resourceVersion=18446744073709551615&" NOT_OLDER, false, REASON_NONE, NULL},
	{"labelSelector=a%3Db,!c&fieldSelector=spec.nodeName%3Dn,metadata.name!%3Dx&limit=5", false,
	 REASON_NONE, NULL},
	{"limit=-1", false, REASON_NONE, NULL},
	{"limit=x", false, REASON_BAD_REQUEST, "strconv.ParseInt: parsing \"x\": invalid syntax"},
	{"limit=", false, REASON_BAD_REQUEST, "strconv.ParseInt: parsing \"\": invalid syntax"},
	{"limit", false, REASON_BAD_REQUEST, "strconv.ParseInt: parsing \"\": invalid syntax"},
	{"limit=%095", false, REASON_BAD_REQUEST, "invalid syntax"},
	{"timeoutSeconds=", true, REASON_BAD_REQUEST, "strconv.ParseInt: parsing \"\": invalid syntax"},
	{"limit=99999999999999999999", false, REASON_BAD_REQUEST, "value out of range"},
	{"timeoutSeconds=1s", true, REASON_BAD_REQUEST, "invalid syntax"},
	{"resourceVersion=x", false, REASON_BAD_REQUEST,
	 "invalid resource version: resourceVersion: Invalid value: \"x\""},
	{"resourceVersion=-1", true, REASON_UNKNOWN, "resourceVersion: Invalid value: \"-1\""},
	{"resourceVersion=18446744073709551616", true, REASON_UNKNOWN, "value out of range"},
	{"resourceVersion=18446744073709551616x", true, REASON_UNKNOWN, "invalid syntax"},
	{"resourceVersion=18446744073709551616x", false, REASON_BAD_REQUEST, "invalid syntax"},
	{"labelSelector=a%20b&limit=x", false, REASON_BAD_REQUEST, "strconv.ParseInt: parsing \"x\""},
	{"labelSelector=a%20b", false, REASON_BAD_REQUEST, "unable to parse requirement: "},
	{"fieldSelector=spec.foo%3D1", false, REASON_BAD_REQUEST, "field label not supported: spec.foo"},
	{EXACT, false, REASON_INVALID,
	 "resourceVersionMatch is forbidden unless resourceVersion is provided"},
	{EXACT "&resourceVersion=0", false, REASON_INVALID,
	 "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""},
	{"resourceVersionMatch=Some&resourceVersion=1", false, REASON_INVALID,
	 "Unsupported value: \"Some\": supported values: \"Exact\", \"NotOlderThan\", \"\""},
	{EXACT "&resourceVersion=1&continue=x", false, REASON_INVALID,
	 "resourceVersionMatch is forbidden when continue is provided"},
	{"sendInitialEvents=true", false, REASON_INVALID, "sendInitialEvents is forbidden for list"},
	{"sendInitialEvents=true", true, REASON_INVALID,
	 "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"},
	{"sendInitialEvents=true&" NOT_OLDER, true, REASON_NONE, NULL},
	{NOT_OLDER, true, REASON_INVALID,
	 "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"},
	{EXACT "&sendInitialEvents=true", true, REASON_INVALID,
	 "Unsupported value: \"Exact\": supported values: \"NotOlderThan\""},
	{"sendInitialEvents=false", true, REASON_INVALID,
	 "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"},
	{"resourceVersionMatch=Foo&resourceVersion=x", false, REASON_INVALID, "Unsupported value: \"Foo\""},
	{"labelSelector=a%20b&resourceVersionMatch=Foo", false, REASON_BAD_REQUEST,
	 "unable to parse requirement: "},
	{EXACT "&continue=x", false, REASON_INVALID,
	 "[resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided, resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided]"},
	{NOT_OLDER "&sendInitialEvents=true&continue=x", true, REASON_INVALID,
	 "resourceVersionMatch is forbidden when continue is provided"},
	{"continue=x&resourceVersion=5", false, REASON_BAD_REQUEST, "continue key is not valid"},
	{"continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0&resourceVersion=5", false,
	 REASON_BAD_REQUEST, "specifying resource version is not allowed when using continue"},
	{"continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0&resourceVersion=0", false,
	 REASON_NONE, NULL},
	{"fieldSelector=spec.host%3D1,metadata.namespace%3Dx", false, REASON_NONE, NULL},
	{"continue=x", false, REASON_BAD_REQUEST, "invalid continue token: continue key is not valid: "},
};

static void test_rows(void **state)
{
	struct request *rq = MEM_NEW(struct request);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		char target[512], scratch[2048];
		struct err err = ERR_INIT;
		struct field_errors errs = {.n = 0};
		struct list_options o;
		struct response rs = {0};
		snprintf(target, sizeof(target), "/?%s%s", r->query, r->watch ? "&watch=1" : "");
		assert_int_equal(request_parse_target(rq, target, scratch, &err), 0);
		rq->attr = (struct attributes)ATTRIBUTES_INIT;
		rq->attr.kind = &pod;
		rq->is_watch = r->watch;
		int rc = options_parse(rq, &o, NULL, &errs, &err);
		if ((rc == 0) != (r->reason == REASON_NONE))
			fail_msg("%s: rc %d %s", r->query, rc, err.msg);
		if (rc == 0) {
			options_release(&o);
			continue;
		}
		assert_int_equal(err.reason, r->reason);
		options_fail(rq, &rs, &err, &errs);
		assert_int_equal(rs.status, status_reason_code(r->reason));
		autofree char *want = mem_strdup(r->message);
		autobuf struct buf escaped = BUF_INIT;
		buf_add_json_string(&escaped, want, strlen(want));
		escaped.p[escaped.len - 1] = 0;
		if (!strstr(buf_str(&rs.body), escaped.p + 1))
			fail_msg("%s: %s", r->query, buf_str(&rs.body));
		response_release(&rs);
	}
	free(rq);
}

/* Kinds with fields of their own name all of them, some in words of their own. */
static void test_unknown_fields(void **state)
{
	static struct selectable fields[] = {{.field = "status.x", .path = "status.x", .dflt = ""}};
	static const struct {
		const char *group, *kind, *field, *message; /* NULL: known */
		bool namespaced;
	} v[] = {
		{"", "Node", "metadata.name", NULL, false},
		{"", "Node", "status.x", NULL, false},
		{"", "Node", "metadata.namespace", "field label not supported: metadata.namespace", false},
		{"", "Secret", "metadata.namespace", NULL, true},
		{"", "Secret", "spec.host", "field label not supported: spec.host", true},
		{"batch", "Job", "a.b", "field label \"a.b\" not supported for Job", true},
		{"resource.k8s.io", "ResourceSlice", "a",
		 "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: a", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		const struct kind k = {.group = v[i].group,
				       .kind = v[i].kind,
				       .version = "v1",
				       .namespaced = v[i].namespaced,
				       .selectable = fields,
				       .n_selectable = 1};
		char text[64];
		snprintf(text, sizeof(text), "%s=1", v[i].field);
		struct query_param selector = {"fieldSelector", text};
		struct request rq = {.attr = {.kind = &k, .name = ""}, .n_params = 1, .params = &selector};
		struct err err = ERR_INIT;
		struct field_errors errs = {.n = 0};
		struct list_options o;
		int rc = options_parse(&rq, &o, NULL, &errs, &err);
		assert_int_equal(rc, v[i].message ? -1 : 0);
		assert_string_equal(err.msg, v[i].message ? v[i].message : "");
		if (rc == 0)
			options_release(&o);
	}
}

static void parsed(const char *query, const struct kind *k, const char *name, bool watch,
		   struct list_options *ret)
{
	struct request rq = {.attr = ATTRIBUTES_INIT};
	char target[256], scratch[1024];
	struct err err = ERR_INIT;
	struct field_errors errs = {.n = 0};
	snprintf(target, sizeof(target), "/?%s%s", query, watch ? "&watch=1" : "");
	assert_int_equal(request_parse_target(&rq, target, scratch, &err), 0);
	rq.attr.kind = k;
	rq.attr.name = name;
	rq.is_watch = watch;
	if (options_parse(&rq, ret, NULL, &errs, &err) < 0)
		fail_msg("%s: %s", query, err.msg);
}

/* A list of whatever the cache has is whole; a watch from nowhere begins with the present state. */
static void test_defaults(void **state)
{
	static const struct {
		const char *query;
		bool watch;
		size_t limit;
		bool initial;
	} v[] = {
		{"limit=5", false, 5, false},
		{"limit=5&resourceVersion=", false, 5, false},
		{"limit=5&resourceVersion=1", false, 5, false},
		{"limit=5&resourceVersion=0", false, 0, false},
		{"limit=5&resourceVersion=0&" NOT_OLDER, false, 0, false},
		{"limit=5&resourceVersion=0&continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0",
		 false, 5, false},
		{"", true, 0, true},
		{"resourceVersion=0", true, 0, true},
		{"resourceVersion=1", true, 0, false},
		{"sendInitialEvents=false&" NOT_OLDER, true, 0, false},
		{"sendInitialEvents=0&resourceVersion=0&" NOT_OLDER, true, 0, false},
		{"sendInitialEvents=&resourceVersion=1&" NOT_OLDER, true, 0, true},
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct list_options o;
		parsed(v[i].query, &pod, "", v[i].watch, &o);
		if (o.limit != v[i].limit || o.initial != v[i].initial)
			fail_msg("%s: limit %zu, initial %d", v[i].query, o.limit, o.initial);
		options_release(&o);
	}
}

/* A page is one of a revision, but not where one object is meant. */
static void pages_of_a_revision(void **state)
{
	static const struct {
		const char *query;
		uint64_t exact;
	} v[] = {
		{"resourceVersion=7", 0},
		{"resourceVersion=7&limit=5", 7},
		{"resourceVersion=7&limit=5&" NOT_OLDER, 0},
		{"resourceVersion=7&limit=5&fieldSelector=metadata.name%3Dx", 0},
		{"resourceVersion=7&limit=5&fieldSelector=metadata.name!%3Dx", 7},
		{"resourceVersion=7&resourceVersionMatch=Exact&fieldSelector=metadata.name%3Dx", 7},
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct list_options o;
		parsed(v[i].query, &pod, "", false, &o);
		if (options_exact(&o) != v[i].exact)
			fail_msg("%s: %llu", v[i].query, (unsigned long long)options_exact(&o));
		options_release(&o);
	}
}

/* By a legacy path, without watch=1: the options are those of a list, and nothing says where the present state ends. */
static void test_legacy_watch(void **state)
{
	struct request rq = {.attr = ATTRIBUTES_INIT, .is_watch = true};
	struct query_param initial = {"sendInitialEvents", "true"};
	struct err err = ERR_INIT;
	struct field_errors errs = {.n = 0};
	struct list_options o;

	rq.attr.kind = &pod;
	assert_int_equal(options_parse(&rq, &o, NULL, &errs, &err), 0);
	assert_true(o.initial && !o.has_initial);
	options_release(&o);
	rq.params = &initial;
	rq.n_params = 1;
	assert_int_equal(options_parse(&rq, &o, NULL, &errs, &err), -1);
	assert_string_equal(errs.v[0].field, "sendInitialEvents");
	assert_string_equal(errs.v[0].message, "Forbidden: sendInitialEvents is forbidden for list");
	field_errors_release(&errs);
}

/* The form of the reply is judged behind what the options say together, and before what a selector names. */
static void test_order(void **state)
{
	static const struct {
		const char *key, *value;
		enum reason reason;
	} v[] = {{"limit", "x", REASON_BAD_REQUEST},
		 {"sendInitialEvents", "1", REASON_INVALID},
		 {"fieldSelector", "a.b=1", REASON_NOT_ACCEPTABLE},
		 {"resourceVersion", "x", REASON_NOT_ACCEPTABLE},
		 {"continue", "x", REASON_NOT_ACCEPTABLE}};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct query_param param = {v[i].key, v[i].value};
		struct request rq = {.attr = {.kind = &pod, .name = ""},
				     .accept = "text/html",
				     .user_agent = "",
				     .n_params = 1,
				     .params = &param};
		struct err err = ERR_INIT;
		struct field_errors errs = {.n = 0};
		struct list_options o;
		struct accept a;
		assert_int_equal(options_parse(&rq, &o, &a, &errs, &err), -1);
		assert_int_equal(err.reason, v[i].reason);
		field_errors_release(&errs);
	}
}

static void test_renamed_field(void **state)
{
	struct list_options o;
	parsed("fieldSelector=spec.host%3Dn", &pod, "", false, &o);
	assert_string_equal(o.fields.v[0].field, "spec.nodeName");
	options_release(&o);
}

static void test_watch_of_one(void **state)
{
	struct list_options o;
	parsed("", &pod, "a", true, &o);
	assert_int_equal(o.fields.n, 1);
	assert_string_equal(o.fields.v[0].field, "metadata.name");
	assert_string_equal(o.fields.v[0].value, "a");
	options_release(&o);
	parsed("fieldSelector=spec.nodeName%3Dn,metadata.name%3Da", &pod, "a", true, &o);
	assert_int_equal(o.fields.n, 2);
	options_release(&o);
	static const char *const bad[] = {"metadata.name=b", "metadata.name!=a", "spec.nodeName=n"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct query_param selector = {"fieldSelector", bad[i]};
		struct request rq = {.attr = {.kind = &pod, .name = "a"},
				     .is_watch = true,
				     .n_params = 1,
				     .params = &selector};
		struct err err = ERR_INIT;
		struct field_errors errs = {.n = 0};
		assert_int_equal(options_parse(&rq, &o, NULL, &errs, &err), -1);
		assert_string_equal(err.msg, "fieldSelector metadata.name doesn't match requested name");
	}
}

static void test_default_fields(void **state)
{
	struct query_param selector = {"fieldSelector", "status.x=1"};
	struct request rq = {.attr = {.kind = &deployment, .name = ""}, .n_params = 1, .params = &selector};
	struct err err = ERR_INIT;
	struct field_errors errs = {.n = 0};
	struct list_options o;
	assert_int_equal(options_parse(&rq, &o, NULL, &errs, &err), -1);
	assert_string_equal(
		err.msg,
		"\"status.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
}

/* The users' own kinds name their fields, even when there are none. */
static void test_custom_fields(void **state)
{
	static const struct type custom = {.structural = true};
	static const struct {
		const char *selector, *message; /* NULL: known */
		bool namespaced;
	} v[] = {
		{"metadata.name=1", NULL, false},
		{"metadata.namespace=1", NULL, true},
		{"metadata.namespace=1", "field label not supported: metadata.namespace", false},
		{"spec.x=1", "field label not supported: spec.x", true},
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		const struct kind k = {
			.group = "sea.io", .kind = "Boat", .namespaced = v[i].namespaced, .type = &custom};
		struct query_param selector = {"fieldSelector", (char *)v[i].selector};
		struct request rq = {.attr = {.kind = &k, .name = ""}, .n_params = 1, .params = &selector};
		struct err err = ERR_INIT;
		struct field_errors errs = {.n = 0};
		struct list_options o;
		assert_int_equal(options_parse(&rq, &o, NULL, &errs, &err), v[i].message ? -1 : 0);
		if (v[i].message)
			assert_string_equal(err.msg, v[i].message);
		else
			options_release(&o);
	}
}

static void test_tokens(void **state)
{
	static const uint64_t revisions[] = {0, 1, 12345, INT64_MAX};
	for (size_t i = 0; i < sizeof(revisions) / sizeof(*revisions); i++) {
		autobuf struct buf b = BUF_INIT;
		autofree char *after = NULL;
		struct err err = ERR_INIT;
		uint64_t rv = 99;
		continue_encode(&b, revisions[i], "ns/a \"quoted\" name");
		assert_int_equal(continue_decode(buf_str(&b), &rv, &after, &err), 0);
		assert_int_equal(rv, revisions[i]);
		assert_string_equal(after, "ns/a \"quoted\" name");
	}
}

static void test_bad_tokens(void **state)
{
	const char *const v[] = {"",
				 "{",
				 "[]",
				 "1",
				 "{}",
				 JSON("{'v':'x','rv':1,'start':'a'}"),
				 JSON("{'v':'meta.k8s.io/v1','rv':0,'start':'a'}"),
				 JSON("{'v':'meta.k8s.io/v1','rv':1,'start':''}"),
				 JSON("{'v':'meta.k8s.io/v1','rv':1,'start':'//etc'}"),
				 JSON("{'v':'meta.k8s.io/v1','rv':1,'start':'../../x'}"),
				 JSON("{'v':'meta.k8s.io/v1','rv':1,'start':'a/..'}"),
				 JSON("{'v':'meta.k8s.io/v1','rv':1,'start':'a/./b'}"),
				 JSON("{'v':'meta.k8s.io/v1','rv':1,'start':'a//b'}"),
				 JSON("{'v':'meta.k8s.io/v1','rv':1,'start':'a/'}"),
				 "{\"v\":\"meta.k8s.io/v1\",\"rv\":1,\"start\":\"a\\u0000b\"}",
				 JSON("{'v':'meta.k8s.io/v1','rv':1,'start':'a'}x"),
				 JSON("{'v':'meta.k8s.io/v1','rv':'1','start':'a'}")};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		autobuf struct buf b = BUF_INIT;
		char *after = NULL;
		struct err err = ERR_INIT;
		uint64_t rv;
		base64url_encode(&b, v[i], strlen(v[i]));
		if (continue_decode(buf_str(&b), &rv, &after, &err) == 0)
			fail_msg("%s was taken", v[i]);
		assert_int_equal(strncmp(err.msg, "invalid continue token: continue key is not valid: ", 51),
				 0);
	}
}

/* In the words of v1.34. */
static void test_words_of_tokens(void **state)
{
	static const struct {
		const char *json, *token,
			*says; /* token: as it is; NULL: of the JSON. says NULL: it is taken */
	} words[] = {
		{NULL, "x", "illegal base64 data at input byte 0"},
		{NULL, "!!!!", "illegal base64 data at input byte 0"},
		{NULL, "a b", "illegal base64 data at input byte 1"},
		{NULL, "eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ==", "illegal base64 data at input byte 30"},
		{"nojson", NULL, "invalid character 'o' in literal null (expecting 'u')"},
		{"[]", NULL, "json: cannot unmarshal array into Go value of type storage.continueToken"},
		{"'x'", NULL, "json: cannot unmarshal string into Go value of type storage.continueToken"},
		{"{'v':5}", NULL,
		 "json: cannot unmarshal number into Go struct field continueToken.v of type string"},
		{"{'v':'meta.k8s.io/v1','rv':'x','start':'a'}", NULL,
		 "json: cannot unmarshal string into Go struct field continueToken.rv of type int64"},
		{"{'v':'meta.k8s.io/v1','rv':5,'start':'a'}x", NULL,
		 "invalid character 'x' after top-level value"},
		{"{'v':'meta.k8s.io/v2','rv':5,'start':'a'}", NULL,
		 "server does not recognize this encoded version meta.k8s.io/v2"},
		{"{'v':'meta.k8s.io/v1','start':'a'}", NULL,
		 "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"},
		{"{'v':'meta.k8s.io/v1','rv':5}", NULL, "encoded start key empty (version meta.k8s.io/v1)"},
		{"{'v':'meta.k8s.io/v1','rv':5,'start':'a/../b'}", NULL, "a/../b"},
		{"{'v':'meta.k8s.io/v1','rv':5,'start':'/'}", NULL, NULL},
		{"{'v':'meta.k8s.io/v1','rv':-2,'start':'/a'}", NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		autobuf struct buf token = BUF_INIT;
		autofree char *after = NULL;
		struct err err = ERR_INIT;
		uint64_t rv = 99;
		if (words[i].token)
			buf_adds(&token, words[i].token);
		else
			base64url_encode(&token, JSON(words[i].json), strlen(JSON(words[i].json)));
		if (words[i].says) {
			assert_int_equal(continue_decode(buf_str(&token), &rv, &after, &err), -1);
			assert_int_equal(
				strncmp(err.msg, "invalid continue token: continue key is not valid: ", 51),
				0);
			assert_string_equal(err.msg + 51, words[i].says);
		} else {
			assert_int_equal(continue_decode(buf_str(&token), &rv, &after, &err), 0);
			assert_int_equal(rv, i == ARRAY_LEN(words) - 1 ? 0 : 5);
			assert_string_equal(after, i == ARRAY_LEN(words) - 1 ? "a" : "");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_of_tokens), cmocka_unit_test(test_rows),
		cmocka_unit_test(test_default_fields),	cmocka_unit_test(test_custom_fields),
		cmocka_unit_test(test_unknown_fields),	cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_legacy_watch),	cmocka_unit_test(test_order),
		cmocka_unit_test(test_renamed_field),	cmocka_unit_test(test_watch_of_one),
		cmocka_unit_test(test_tokens),		cmocka_unit_test(pages_of_a_revision),
		cmocka_unit_test(test_bad_tokens)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
