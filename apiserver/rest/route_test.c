/* SPDX-License-Identifier: Apache-2.0 */
/* From method and path to handler, with the built-in kinds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "rest/route.h"
#include "rest/verb/verb.h"
#include "kinds/kinds.h"

static struct api api;

struct row {
	const char *method, *target;
	enum route_result result;
	const char *verb, *resource, *ns, *name, *sub;
	handler_fn *handler;
	const struct verb *write;
};
static const struct row rows[] = {
	{"GET", "/api/v1/pods", ROUTE_OK, "list", "pods", "", "", "", handle_list, NULL},
	{"HEAD", "/api/v1/pods", ROUTE_NOT_ALLOWED, "list", "pods", "", "", "", NULL, NULL},
	{"GET", "/api/v1/pods?watch=foo", ROUTE_OK, "watch", "pods", "", "", "", handle_watch, NULL},
	{"GET", "/api/v1/pods?watch=", ROUTE_OK, "watch", "pods", "", "", "", handle_watch, NULL},
	{"GET", "/api/v1/pods?watch=FALSE", ROUTE_OK, "list", "pods", "", "", "", handle_list, NULL},
	{"GET", "/api/v1/pods?watch=0&watch=1", ROUTE_OK, "list", "pods", "", "", "", handle_list, NULL},
	{"GET", "/api/v1/namespaces//pods", ROUTE_OK, "list", "pods", "", "", "", handle_list, NULL},
	{"GET", "/api/v1/namespaces//pods?watch=1", ROUTE_OK, "watch", "pods", "", "", "", handle_watch,
	 NULL},
	{"POST", "/api/v1/namespaces//pods", ROUTE_NOT_ALLOWED, "create", "pods", "", "", "", NULL, NULL},
	{"GET", "/api/v1//pods", ROUTE_UNKNOWN, NULL, "", "", "pods", "", NULL, NULL},
	{"GET", "/api/v1/namespaces/a//b", ROUTE_UNKNOWN, NULL, "namespaces", "a", "a", "", NULL, NULL},
	{"GET", "/api//v1/pods", ROUTE_UNKNOWN, NULL, "v1", "", "pods", "", NULL, NULL},
	{"GET", "//api/v1/pods", ROUTE_OTHER_PATH, "get", "", "", "", "", NULL, NULL},
	{"POST", "/api/v1/pods", ROUTE_NOT_ALLOWED, "create", "pods", "", "", "", NULL, NULL},
	{"DELETE", "/api/v1/pods", ROUTE_NOT_ALLOWED, "deletecollection", "pods", "", "", "", NULL, NULL},
	{"POST", "/api/v1/nodes", ROUTE_OK, "create", "nodes", "", "", "", NULL, &verb_create},
	{"DELETE", "/api/v1/nodes", ROUTE_OK, "deletecollection", "nodes", "", "", "", NULL,
	 &verb_deletecollection},
	{"GET", "/api/v1/pods?watch=1", ROUTE_OK, "watch", "pods", "", "", "", handle_watch, NULL},
	{"GET", "/api/v1/pods?watch=0", ROUTE_OK, "list", "pods", "", "", "", handle_list, NULL},
	{"GET", "/api/v1/watch/pods", ROUTE_OK, "watch", "pods", "", "", "", handle_watch, NULL},
	{"GET", "/api/v1/watch/namespaces/a/pods/b", ROUTE_OK, "watch", "pods", "a", "b", "", handle_watch,
	 NULL},
	{"GET", "/api/v1/watch/namespaces/a/pods", ROUTE_OK, "watch", "pods", "a", "", "", handle_watch,
	 NULL},
	{"GET", "/api/v1/watch/namespaces", ROUTE_OK, "watch", "namespaces", "", "", "", handle_watch, NULL},
	{"GET", "/api/v1/watch/namespaces/a", ROUTE_OK, "watch", "namespaces", "a", "a", "", handle_watch,
	 NULL},
	{"GET", "/api/v1/watch/nodes/n?watch=0", ROUTE_OK, "watch", "nodes", "", "n", "", handle_watch, NULL},
	{"GET", "/apis/apps/v1/watch/namespaces/a/deployments/b", ROUTE_OK, "watch", "deployments", "a", "b",
	 "", handle_watch, NULL},
	{"GET", "/api/v1/watch/namespaces/a/pods/b/status", ROUTE_UNKNOWN, "watch", "pods", "a", "b",
	 "status", NULL, NULL},
	{"GET", "/api/v1/watch/foos", ROUTE_UNKNOWN, "watch", "foos", "", "", "", NULL, NULL},
	{"POST", "/api/v1/watch/pods", ROUTE_NOT_ALLOWED, "watch", "pods", "", "", "", NULL, NULL},
	{"POST", "/api/v1/watch/namespaces/a/bindings", ROUTE_NOT_ALLOWED, "watch", "bindings", "a", "", "",
	 NULL, NULL},
	{"DELETE", "/api/v1/watch/namespaces/a/pods/b", ROUTE_NOT_ALLOWED, "watch", "pods", "a", "b", "",
	 NULL, NULL},
	{"GET", "/api/v1/namespaces/a/pods", ROUTE_OK, "list", "pods", "a", "", "", handle_list, NULL},
	{"GET", "/api/v1/namespaces/a/pods/", ROUTE_OK, "list", "pods", "a", "", "", handle_list, NULL},
	{"GET", "/api/v1/namespaces/a/pods/b", ROUTE_OK, "get", "pods", "a", "b", "", handle_get, NULL},
	{"GET", "/api/v1/namespaces/a/pods/b?watch=1", ROUTE_OK, "get", "pods", "a", "b", "", handle_get,
	 NULL},
	{"GET", "/api/v1/namespaces/a/pods/b/status", ROUTE_OK, "get", "pods", "a", "b", "status", handle_get,
	 NULL},
	{"GET", "/api/v1/namespaces/a/pods/b/log", ROUTE_OK, "get", "pods", "a", "b", "log", NULL, NULL},
	{"POST", "/api/v1/namespaces/a/pods/b/binding", ROUTE_OK, "create", "pods", "a", "b", "binding", NULL,
	 &verb_bind},
	{"POST", "/api/v1/namespaces/a/bindings", ROUTE_OK, "create", "bindings", "a", "", "", NULL,
	 &verb_bind},
	{"POST", "/api/v1/namespaces/a/pods", ROUTE_OK, "create", "pods", "a", "", "", NULL, &verb_create},
	{"PUT", "/api/v1/namespaces/a/pods/b/status", ROUTE_OK, "update", "pods", "a", "b", "status", NULL,
	 &verb_update},
	{"PATCH", "/apis/apps/v1/namespaces/a/deployments/b/scale", ROUTE_OK, "patch", "deployments", "a",
	 "b", "scale", NULL, &verb_scale_patch},
	{"DELETE", "/apis/apps/v1/namespaces/a/deployments", ROUTE_OK, "deletecollection", "deployments", "a",
	 "", "", NULL, &verb_deletecollection},
	{"DELETE", "/apis/apps/v1/namespaces/a/deployments/b", ROUTE_OK, "delete", "deployments", "a", "b",
	 "", NULL, &verb_delete},
	{"GET", "/api/v1/namespaces", ROUTE_OK, "list", "namespaces", "", "", "", handle_list, NULL},
	{"GET", "/api/v1/namespaces/a", ROUTE_OK, "get", "namespaces", "a", "a", "", handle_get, NULL},
	{"PUT", "/api/v1/namespaces/a/finalize", ROUTE_OK, "update", "namespaces", "a", "a", "finalize", NULL,
	 &verb_update},
	{"PUT", "/api/v1/namespaces/a/status", ROUTE_OK, "update", "namespaces", "a", "a", "status", NULL,
	 &verb_update},
	{"PATCH", "/api/v1/namespaces/a/finalize", ROUTE_NOT_ALLOWED, "patch", "namespaces", "a", "a",
	 "finalize", NULL, NULL},
	{"PUT", "/api/v1/namespaces/a/pods/b/binding", ROUTE_NOT_ALLOWED, "update", "pods", "a", "b",
	 "binding", NULL, NULL},
	{"POST", "/api/v1/bindings", ROUTE_NOT_ALLOWED, "create", "bindings", "", "", "", NULL, NULL},
	{"GET", "/api/v1/namespaces/a/bindings", ROUTE_NOT_ALLOWED, "list", "bindings", "a", "", "", NULL,
	 NULL},
	{"GET", "/api/v1/nodes/n", ROUTE_OK, "get", "nodes", "", "n", "", handle_get, NULL},
	{"GET", "/apis/events.k8s.io/v1/events", ROUTE_OK, "list", "events", "", "", "", handle_list, NULL},
	{"GET", "/api", ROUTE_API_PATH, "get", "", "", "", "", NULL, NULL},
	{"GET", "/api/v1", ROUTE_API_PATH, "get", "", "", "", "", NULL, NULL},
	{"GET", "/apis/apps", ROUTE_API_PATH, "get", "", "", "", "", NULL, NULL},
	{"GET", "/apis/apps/v1/", ROUTE_API_PATH, "get", "", "", "", "", NULL, NULL},
	{"GET", "/", ROUTE_OTHER_PATH, "get", "", "", "", "", NULL, NULL},
	{"POST", "/version", ROUTE_OTHER_PATH, "post", "", "", "", "", NULL, NULL},
	{"GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s", ROUTE_OTHER_PATH, "get", "", "", "", "", NULL,
	 NULL},
	{"GET", "/api/v1/foos", ROUTE_UNKNOWN, "list", "foos", "", "", "", NULL, NULL},
	{"GET", "/api/v2/pods", ROUTE_UNKNOWN, "list", "pods", "", "", "", NULL, NULL},
	{"GET", "/apis/apps/v1/pods", ROUTE_UNKNOWN, "list", "pods", "", "", "", NULL, NULL},
	{"GET", "/api/v1/pods/b", ROUTE_UNKNOWN, "get", "pods", "", "b", "", NULL, NULL},
	{"GET", "/api/v1/namespaces/a/nodes/n", ROUTE_UNKNOWN, "get", "nodes", "a", "n", "", NULL, NULL},
	{"GET", "/api/v1/namespaces/a/pods/b/foo", ROUTE_UNKNOWN, "get", "pods", "a", "b", "foo", NULL, NULL},
	{"GET", "/api/v1/namespaces/a/pods/b/status/x", ROUTE_UNKNOWN, NULL, "pods", "a", "b", "status", NULL,
	 NULL},
	{"PUT", "/api/v1/pods", ROUTE_NOT_ALLOWED, "update", "pods", "", "", "", NULL, NULL},
	{"POST", "/api/v1/namespaces/a/pods/b", ROUTE_NOT_ALLOWED, "create", "pods", "a", "b", "", NULL,
	 NULL},
	{"DELETE", "/api/v1/namespaces/a/pods/b/log", ROUTE_NOT_ALLOWED, "delete", "pods", "a", "b", "log",
	 NULL, NULL},
	{"OPTIONS", "/api/v1/pods", ROUTE_NOT_ALLOWED, "", "pods", "", "", "", NULL, NULL},
};

static enum route_result find(struct request *rq, const char *method, const char *target, char scratch[256],
			      char segments[256])
{
	struct err err = ERR_INIT;
	memset(rq, 0, sizeof(*rq));
	rq->api = &api;
	rq->method = request_method(method);
	assert_int_equal(request_parse_target(rq, target, scratch, &err), 0);
	return route_find(rq, segments);
}

static void test_rows(void **state)
{
	struct request *rq = MEM_NEW(struct request);
	char scratch[256], segments[256];
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		enum route_result got = find(rq, r->method, r->target, scratch, segments);
		if (got != r->result)
			fail_msg("%s %s: result %d, not %d", r->method, r->target, got, r->result);
		if (r->verb && strcmp(rq->attr.verb, r->verb))
			fail_msg("%s %s: verb %s, not %s", r->method, r->target, rq->attr.verb, r->verb);
		assert_string_equal(rq->attr.resource, r->resource);
		assert_string_equal(rq->attr.ns, r->ns);
		assert_string_equal(rq->attr.name, r->name);
		assert_string_equal(rq->attr.subresource, r->sub);
		if (r->handler)
			assert_ptr_equal(rq->route->handler, r->handler);
		if (r->write)
			assert_ptr_equal(rq->route->write, r->write);
	}
	free(rq);
}

static void test_allow(void **state)
{
	static const char *const v[][2] = {
		{"/api/v1/pods", "GET"},
		{"/api/v1/watch/pods", "GET"},
		{"/api/v1/watch/namespaces/a/pods/b", "GET"},
		{"/api/v1/namespaces/a/pods", "DELETE, GET, POST"},
		{"/api/v1/namespaces/a/pods/b", "DELETE, GET, PATCH, PUT"},
		{"/api/v1/namespaces/a/pods/b/log", "GET"},
		{"/api/v1/namespaces/a/pods/b/binding", "POST"},
		{"/api/v1/namespaces/a/pods/b/eviction", "POST"},
	};
	struct request *rq = MEM_NEW(struct request);
	char scratch[256], segments[256], allow[ROUTE_ALLOW_MAX];
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		assert_int_equal(find(rq, "OPTIONS", v[i][0], scratch, segments), ROUTE_NOT_ALLOWED);
		route_allowed(rq, allow);
		assert_string_equal(allow, v[i][1]);
	}
	free(rq);
}

/* What holds for one kind holds for every one. */
static void test_every_kind(void **state)
{
	struct request *rq = MEM_NEW(struct request);
	char scratch[256], segments[256], path[200];
	const struct kind *const *kinds;
	size_t n = schema_kinds(api.schema, &kinds);
	for (size_t i = 0; i < n; i++) {
		const struct kind *k = kinds[i];
		if (!k->resource || !*k->resource || !k->verbs)
			continue;
		snprintf(path, sizeof(path), *k->group ? "/apis/%s/%s/%s" : "/api%s/%s/%s", k->group,
			 k->version, k->resource);
		enum route_result want = k->namespaced ? ROUTE_NOT_ALLOWED : ROUTE_OK;
		if (k->verbs & VERB_CREATE)
			assert_int_equal(find(rq, "POST", path, scratch, segments), want);
		if (k->verbs & VERB_DELETECOLLECTION)
			assert_int_equal(find(rq, "DELETE", path, scratch, segments), want);
		if (k->verbs & VERB_LIST)
			assert_int_equal(find(rq, "GET", path, scratch, segments), ROUTE_OK);
		assert_int_equal(find(rq, "HEAD", path, scratch, segments), ROUTE_NOT_ALLOWED);
	}
	free(rq);
}

static int load(void **state)
{
	struct err err = ERR_INIT;
	api.schema = kinds_load(NULL, &err);
	return api.schema ? 0 : -1;
}

static int unload(void **state)
{
	schema_free((struct schema *)(uintptr_t)api.schema);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_allow),
					   cmocka_unit_test(test_every_kind)};
	return cmocka_run_group_tests(tests, load, unload);
}
