/* SPDX-License-Identifier: Apache-2.0 */
/* The gates and the choice of thread, without a socket: who gets how far, and what runs where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/clock.h"
#include <string.h>
#include "rest/dispatch.h"
#include "rest/discovery/discovery.h"
#include "rest/discovery/openapi.h"
#include "rest/rig_test.h"

static struct auth *auth;

struct trip {
	struct request *rq;
	struct peer peer;
	struct response rs;
	enum dispatch how;
	char scratch[2048], segments[512];
};

static const char *accepted = "", *impersonates;

/* user: NULL anonymous, "admin" a master, else somebody. */
static void begin(struct trip *t, const char *user, const char *method, const char *target)
{
	static char *masters[] = {(char *)"system:masters", NULL},
		    *others[] = {(char *)"system:authenticated", NULL};
	struct err err = ERR_INIT;
	memset(t, 0, sizeof(*t));
	t->rq = MEM_NEW(struct request);
	*t->rq = (struct request){.method = request_method(method),
				  .method_name = method,
				  .accept = accepted,
				  .user_agent = "test",
				  .authorization = "",
				  .content_type = "",
				  .if_none_match = "",
				  .peer = &t->peer};
	t->peer = (struct peer){.name = (char *)user,
				.groups = user && !strcmp(user, "admin") ? masters : others};
	assert_int_equal(request_parse_target(t->rq, target, t->scratch, &err), 0);
	if (impersonates)
		request_take_impersonation(t->rq, "Impersonate-Group", impersonates);
	t->how = dispatch_begin(&rig.api, auth, t->rq, &t->rs, t->segments);
}

static void end(struct trip *t)
{
	response_release(&t->rs);
	auth_forget(t->rq);
	free(t->rq);
}

struct row {
	const char *user, *method, *target;
	enum dispatch how;
	int status;
	const char *text;
};
#define PODS "/api/v1/namespaces/default/pods"
/* Continue tokens: {"v":"meta.k8s.io/v1","rv":-1,"start":"default/a"}, and the same with rv 99999999. */
#define ANY_REVISION "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiZGVmYXVsdC9hIn0"
#define FUTURE "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6OTk5OTk5OTksInN0YXJ0IjoiZGVmYXVsdC9hIn0"
static const struct row rows[] = {
	{NULL, "GET", "/readyz", DISPATCH_INLINE, 0, NULL},
	{NULL, "GET", PODS, DISPATCH_DONE, 403, "cannot list resource"},
	{"bob", "POST", PODS, DISPATCH_DONE, 403, "cannot create resource"},
	{"bob", "GET", "/api", DISPATCH_INLINE, 0, NULL},
	{"admin", "GET", PODS, DISPATCH_INLINE, 0, NULL},
	{"admin", "GET", PODS "?watch=1", DISPATCH_INLINE, 0, NULL},
	{"admin", "GET", PODS "/a", DISPATCH_INLINE, 0, NULL},
	{"admin", "GET", "/openapi/v2", DISPATCH_READ, 0, NULL},  /* it has to be written first */
	{"admin", "HEAD", "/openapi/v2", DISPATCH_READ, 0, NULL}, /* of whoever serves documents */
	{"admin", "HEAD", "/openapi/v9", DISPATCH_DONE, 404, NULL},
	{"admin", "GET", "/openapi/v3/nope", DISPATCH_DONE, 404, NULL},
	{"admin", "GET", "/swagger-2.0.0.pb-v1", DISPATCH_INLINE, 0, NULL},
	{"admin", "GET", PODS "/a?resourceVersion=99999999", DISPATCH_READ, 0, NULL},
	{"admin", "GET", PODS "?resourceVersion=99999999", DISPATCH_READ, 0, NULL},
	{"admin", "GET", PODS "?resourceVersion=99999999&watch=1", DISPATCH_INLINE, 0, NULL},
	{"admin", "GET", PODS "?resourceVersion=nonsense", DISPATCH_INLINE, 0, NULL},
	{"admin", "GET", PODS "?continue=x", DISPATCH_INLINE, 0, NULL},
	{"admin", "GET", PODS "?continue=" ANY_REVISION, DISPATCH_INLINE, 0, NULL},
	{"admin", "GET", PODS "?continue=" FUTURE, DISPATCH_READ, 0, NULL},
	{"admin", "GET", PODS "/a/log", DISPATCH_RELAY, 0, NULL},
	{"admin", "POST", PODS, DISPATCH_WRITE, 0, NULL},
	{"admin", "DELETE", PODS, DISPATCH_WRITE, 0, NULL},
	{"admin", "PUT", PODS, DISPATCH_DONE, 405, "does not allow this method"},
	{"admin", "PUT", PODS, DISPATCH_DONE, 405, "\"details\":{},"},
	{"admin", "GET", "/api/v1/componentstatuses?watch=1", DISPATCH_DONE, 405,
	 "watch is not supported on resources of kind \\\"componentstatuses\\\""},
	{"admin", "GET", "/api/v1/componentstatuses?watch=1", DISPATCH_DONE, 405,
	 "\"details\":{\"kind\":\"componentstatuses\"}"},
	{"admin", "PUT", "/version", DISPATCH_DONE, 405, "does not allow this method"},
	{"admin", "PUT", "/api", DISPATCH_DONE, 405, "does not allow this method"},
	{"admin", "HEAD", "/apis/apps/v1", DISPATCH_DONE, 405, "does not allow this method"},
	{"admin", "POST", "/healthz", DISPATCH_INLINE, 0, NULL},
	{"admin", "PUT", "/apis/none", DISPATCH_DONE, 404, "404 page not found\n"},
	{"admin", "GET", "/apis/none/v1/foos", DISPATCH_DONE, 404, "404 page not found\n"},
	{"admin", "GET", "/apis/apps/v9/foos", DISPATCH_DONE, 404, "could not find the requested resource"},
	{"admin", "GET", "/apis/apps/v9", DISPATCH_DONE, 404, "could not find the requested resource"},
	{"admin", "GET", "/apis/app/v1", DISPATCH_DONE, 404, "404 page not found\n"},
	{"admin", "GET", "/apis/apps/v1/foos", DISPATCH_DONE, 404, "could not find the requested resource"},
	{"admin", "GET", "/api/v2/pods", DISPATCH_DONE, 404, "could not find the requested resource"},
	{"admin", "GET", "/api/v1//pods", DISPATCH_DONE, 404, "could not find the requested resource"},
	{"admin", "GET", "/api/v1/namespaces//pods", DISPATCH_INLINE, 0, NULL},
	{"admin", "HEAD", PODS "/a", DISPATCH_DONE, 405, "does not allow this method"},
	{"admin", "POST", "/api/v1/pods", DISPATCH_DONE, 405, "does not allow this method"},
	{"admin", "DELETE", "/api/v1/pods", DISPATCH_DONE, 405, "does not allow this method"},
	{"admin", "GET", PODS "?resourceVersion=99999999&resourceVersionMatch=Foo", DISPATCH_INLINE, 0, NULL},
	{"admin", "GET", PODS "?resourceVersion=99999999&limit=", DISPATCH_INLINE, 0, NULL},
	{"bob", "GET", PODS "?fieldSelector=metadata.name%3Dx", DISPATCH_DONE, 403,
	 "pods \\\"x\\\" is forbidden: User \\\"bob\\\" cannot list resource \\\"pods\\\" in API group"},
	{"bob", "GET", PODS "?fieldSelector=metadata.name%3Dx", DISPATCH_DONE, 403, "\"name\":\"x\""},
	{"bob", "GET", PODS "?fieldSelector=metadata.name!%3Dx", DISPATCH_DONE, 403, "pods is forbidden"},
	{"<b>", "GET", "/metrics", DISPATCH_DONE, 403,
	 "User \\\"&lt;b&gt;\\\" cannot get path \\\"/metrics\\\""},
	{"admin", "GET", "/api/v1/nothing", DISPATCH_DONE, 404, "could not find the requested resource"},
	/* what the client would not wait for, whoever it is; but streams have no such end */
	{"bob", "GET", PODS "?timeout=abc", DISPATCH_DONE, 400,
	 "invalid timeout specified in the request URL - time: invalid duration \\\"abc\\\""},
	{"admin", "GET", "/version?timeout=1", DISPATCH_DONE, 400, "missing unit in duration"},
	{"admin", "POST", PODS "?timeout=1ns", DISPATCH_DONE, 504,
	 "\"message\":\"Timeout: request did not complete within the allotted timeout\",\"reason\":\"Timeout\",\"details\":{},"},
	{"admin", "POST", PODS "?timeout=", DISPATCH_WRITE, 0, NULL},
	{"admin", "POST", PODS "?timeout=0", DISPATCH_WRITE, 0, NULL},
	{"admin", "POST", PODS "?timeout=-1ns", DISPATCH_WRITE, 0, NULL},
	{"admin", "POST", PODS "?timeout=100h", DISPATCH_WRITE, 0, NULL},
	{"admin", "GET", PODS "?watch=1&timeout=abc", DISPATCH_INLINE, 0, NULL},
	{"admin", "GET", PODS "/a/log?timeout=1ns", DISPATCH_RELAY, 0, NULL},
};

static const struct heavy_row {
	const char *accept, *target;
	enum dispatch how;
} heavy_rows[] = {
	{"application/vnd.kubernetes.protobuf", PODS, DISPATCH_READ},
	{"application/vnd.kubernetes.protobuf", PODS "?limit=x", DISPATCH_INLINE},
	{"application/vnd.kubernetes.protobuf", PODS "?watch=1", DISPATCH_INLINE},
	{"application/vnd.kubernetes.protobuf", PODS "/a", DISPATCH_INLINE},
	{"application/vnd.kubernetes.protobuf,application/json", PODS, DISPATCH_INLINE}, /* it is JSON */
	{"application/json", PODS, DISPATCH_INLINE},
};

/* What has to be encoded as a whole does not hold up a network thread. */
static void test_heavy_lists(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(heavy_rows); i++) {
		const struct heavy_row *r = &heavy_rows[i];
		struct trip t;
		accepted = r->accept;
		begin(&t, "admin", "GET", r->target);
		accepted = "";
		if (t.how != r->how)
			fail_msg("%s %s: %d", r->accept, r->target, t.how);
		end(&t);
	}
}

/* Not a Status. */
static void test_impersonates_nobody(void **state)
{
	struct trip t;
	impersonates = "<a>";
	begin(&t, "admin", "GET", PODS "?limit=1&labelSelector=a%3Db");
	impersonates = NULL;
	assert_int_equal(t.how, DISPATCH_DONE);
	assert_int_equal(t.rs.status, 500);
	assert_false(t.rs.is_status);
	assert_string_equal(t.rs.content_type, "text/plain; charset=utf-8");
	assert_string_equal(
		buf_str(&t.rs.body),
		"Internal Server Error: \"" PODS
		"?limit=1&amp;labelSelector=a%3Db\": requested [{Group  &lt;a&gt;    }] without impersonating a user\n");
	end(&t);
}

static void test_begin(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct trip t;
		begin(&t, rows[i].user, rows[i].method, rows[i].target);
		if (t.how != rows[i].how || t.rs.status != rows[i].status)
			fail_msg("%s %s: %d, status %d", rows[i].method, rows[i].target, t.how, t.rs.status);
		if (rows[i].text && !strstr(buf_str(&t.rs.body), rows[i].text))
			fail_msg("%s: %s", rows[i].target, buf_str(&t.rs.body));
		if (t.rs.status == 405)
			assert_true(*t.rs.allow);
		end(&t);
	}
}

static void test_paths(void **state)
{
	static const struct {
		const char *path;
		int status;
		const char *text;
	} v[] = {
		{"/", 200, "{\n  \"paths\": [\n    \"/api\",\n"},
		{"/", 200, "\n    \"/apis/apps/v1\",\n"},
		{"/", 200, "\n    \"/readyz/ping\",\n"},
		{"/index.html", 200, "{\n  \"paths\": [\n"},
		{"/healthz/", 404, "404 page not found"},
		{"/livez/none", 404, "404 page not found"},
		{"/version", 200, "gitVersion"},
		{"/version", 200,
		 "\"gitCommit\": \"0000000000000000000000000000000000000000\""}, /* [0-9a-f]+ */
		{"/apis", 200, "APIGroupList"},
		{"/api/v9", 404, "could not find"},
		{"/healthz", 200, "ok"},
		{"/readyz?verbose", 200, "ping ok"},
		{"/openapi/v3", 200, "serverRelativeURL"},
		{"/metrics", 200, "# "},
		{"/nope", 404, "404 page not found"},
		{"/swagger-2.0.0.pb-v1", 404, "404 page not found"},
		{"/apis/none", 404, "404 page not found"},
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct trip t;
		begin(&t, "admin", "GET", v[i].path);
		if (t.how != DISPATCH_DONE)
			dispatch_run(t.rq, &t.rs);
		size_t n;
		const char *text = response_bytes(&t.rs, &n);
		if (t.rs.status != v[i].status || !strstr(text, v[i].text))
			fail_msg("%s: %d %.200s", v[i].path, t.rs.status, text);
		end(&t);
	}
}

/* A revision that nobody has seen yet is waited for, then refused in the way clients know to retry. */
static void is_refused_in_time(const char *target, int retry_after_s)
{
	struct rig_exchange *e = MEM_NEW(struct rig_exchange);
	const struct response *rs = &e->x.rs;
	e->x.rq = (struct request){.accept = "", .user_agent = "test", .content_type = ""};
	rig_run(&rig, e, "GET", target);
	assert_int_equal(rs->status, 504);
	assert_int_equal(rs->retry_after_s, retry_after_s);
	assert_non_null(strstr(buf_str(&rs->body),
			       "\"message\":\"Timeout: Too large resource version: 99999999, current: "));
	assert_non_null(strstr(buf_str(&rs->body), "\"causes\":[{\"reason\":\"ResourceVersionTooLarge\","));
	rig_exchange_free(e);
}

static void test_future_revision(void **state)
{
	is_refused_in_time(PODS "?resourceVersion=99999999", 1);
	is_refused_in_time(PODS "?resourceVersion=99999999&resourceVersionMatch=Exact", 0);
	/* the next page of a list that another server began, which has seen more: not from an older state */
	is_refused_in_time(PODS "?limit=1&continue=" FUTURE, 1);
}

/* Its client does not wait so long. */
static void test_deadline(void **state)
{
	struct rig_exchange *e = MEM_NEW(struct rig_exchange);
	const struct response *rs = &e->x.rs;
	e->x.rq = (struct request){.accept = "", .user_agent = "test", .content_type = ""};
	rig_run(&rig, e, "GET", PODS "?resourceVersion=99999999&timeout=20ms");
	assert_int_equal(rs->status, 504);
	assert_int_equal(rs->retry_after_s, 0);
	assert_non_null(strstr(buf_str(&rs->body), "did not complete within the allotted timeout"));
	rig_exchange_free(e);
}

static int set_up(void **state)
{
	struct err err = ERR_INIT;
	clock_hasten(20); /* one test waits for seconds */
	rig_open(&rig);
	rig.api.discovery = discovery_new(rig.api.schema, "127.0.0.1:1");
	rig.api.openapi = openapi_new(rig.api.schema, NULL);
	auth = auth_new(NULL, &err);
	return auth ? 0 : -1;
}

static int tear_down(void **state)
{
	auth_free(auth);
	openapi_free(rig.api.openapi);
	discovery_free(rig.api.discovery);
	rig_close(&rig);
	clock_real();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begin),		cmocka_unit_test(test_impersonates_nobody),
		cmocka_unit_test(test_heavy_lists),	cmocka_unit_test(test_paths),
		cmocka_unit_test(test_future_revision), cmocka_unit_test(test_deadline)};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
