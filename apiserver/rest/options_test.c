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
	{"resourceVersion=-1", true, REASON_BAD_REQUEST, "invalid resource version"},
	{"resourceVersion=18446744073709551616", true, REASON_BAD_REQUEST, "invalid resource version"},
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
		snprintf(target, sizeof(target), "/?%s", r->query);
		assert_int_equal(request_parse_target(rq, target, scratch, &err), 0);
		rq->attr.kind = &pod;
		rq->is_watch = r->watch;
		int rc = options_parse(rq, &o, &errs, &err);
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

static void test_default_fields(void **state)
{
	struct query_param selector = {"fieldSelector", "status.x=1"};
	struct request rq = {.attr.kind = &deployment, .n_params = 1, .params = &selector};
	struct err err = ERR_INIT;
	struct field_errors errs = {.n = 0};
	struct list_options o;
	assert_int_equal(options_parse(&rq, &o, &errs, &err), -1);
	assert_string_equal(
		err.msg,
		"\"status.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
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
				 JSON("{'v':'meta.k8s.io/v1','rv':-2,'start':'a'}"),
				 JSON("{'v':'meta.k8s.io/v1','rv':1,'start':''}"),
				 JSON("{'v':'meta.k8s.io/v1','rv':1,'start':'/etc'}"),
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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_default_fields),
					   cmocka_unit_test(test_tokens), cmocka_unit_test(test_bad_tokens)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
