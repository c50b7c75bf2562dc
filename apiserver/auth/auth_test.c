/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, the order of authenticators, and what is refused in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "auth/auth.h"

static void test_tokens(void **state)
{
	static const char text[] =
		"t1,ann,1,\"system:masters,dev\"\r\nt2,bob,2\n\n,nobody,3\nt3,\"a \"\"b\"\"\",4,x\nt1,carl,5\n";
	struct err err = ERR_INIT;
	struct tokens *t = tokens_parse(text, sizeof(text) - 1, &err);
	assert_non_null(t);
	assert_string_equal(tokens_find(t, "t1")->name, "carl");
	assert_string_equal(tokens_find(t, "t2")->groups[0], "system:authenticated");
	assert_null(tokens_find(t, "t2")->groups[1]);
	assert_string_equal(tokens_find(t, "t3")->name, "a \"b\"");
	assert_string_equal(tokens_find(t, "t3")->groups[0], "x");
	assert_null(tokens_find(t, ""));
	assert_null(tokens_find(t, "t"));
	tokens_free(t);
}

static void test_bad_tokens(void **state)
{
	static const char *const v[] = {"t1,ann", "t1,\"ann,1", "t1,an\"n,1", "t1,\"a\"b,1",
					"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct err err = ERR_INIT;
		assert_null(tokens_parse(v[i], strlen(v[i]), &err));
		assert_int_equal(err.reason, REASON_INVALID);
	}
}

struct row {
	const char *cn, *cert_error, *authorization;
	const char *user; /* NULL: 401 */
};
static const struct row rows[] = {
	{NULL, NULL, "", "system:anonymous"},
	{NULL, NULL, "Bearer t1", "ann"},
	{NULL, NULL, "bearer   t1", "ann"},
	{NULL, NULL, "Bearer nope", NULL},
	{NULL, NULL, "Basic dTpw", "system:anonymous"},
	{"crt", NULL, "", "crt"},
	{"crt", NULL, "Bearer t1", "crt"},
	{NULL, "expired", "", NULL},
	{NULL, "expired", "Bearer t1", "ann"},
};

static void test_identify(void **state)
{
	static char *orgs[] = {(char *)"o", (char *)"system:authenticated", NULL};
	struct err err = ERR_INIT;
	char path[] = "/tmp/auth-test-XXXXXX";
	int fd = mkstemp(path);
	assert_int_equal(write(fd, "t1,ann,1\n", 9), 9);
	close(fd);
	struct auth *a = auth_new(path, &err);
	assert_non_null(a);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		struct peer peer = {.name = (char *)r->cn, .groups = orgs, .error = (char *)r->cert_error};
		struct request rq = {.authorization = r->authorization, .peer = &peer};
		int rc = auth_identify(a, &rq, &err);
		if (!r->user) {
			assert_int_equal(rc, -1);
			assert_int_equal(err.reason, REASON_UNAUTHORIZED);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_string_equal(rq.user.name, r->user);
	}
	auth_free(a);
	unlink(path);
	assert_null(auth_new(path, &err));
}

/* Among a WebSocket's subprotocols: «t1» is dDE, «nope» bm9wZQ. */
static void test_identify_by_subprotocol(void **state)
{
#define T "base64url.bearer.authorization.k8s.io."
	static const struct {
		const char *authorization, *upgrade, *offers, *user, *left;
	} v[] = {
		{"", "websocket", T "dDE,x", "ann", "x"},
		{"", "WebSocket", "x, " T "dDE , y", "ann", "x"},
		{"", "websocket", T "dDE", NULL, NULL},
		{"", "websocket", T "bm9wZQ,x", NULL, NULL},
		{"", "websocket", T "dDE," T "dDE,x", NULL, NULL},
		{"", "websocket", T "dDE=,x", NULL, NULL},
		{"", "websocket", T ",x", "system:anonymous", T},
		{"", "websocket", "x", "system:anonymous", "x"},
		{"", "SPDY/3.1", T "dDE,x", "system:anonymous", T "dDE"},
		{"Bearer t1", "websocket", T "bm9wZQ,x", "ann", T "bm9wZQ"},
		{"Bearer nope", "websocket", T "dDE,x", "ann", "x"},
	};
	struct err err = ERR_INIT;
	char path[] = "/tmp/auth-test-XXXXXX";
	int fd = mkstemp(path);
	assert_int_equal(write(fd, "t1,ann,1\n", 9), 9);
	close(fd);
	struct auth *a = auth_new(path, &err);
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct upgrade *u = upgrade_new();
		struct upgrade_place at = {0};
		struct request rq = {.authorization = v[i].authorization, .upgrade = u};
		const char *p;
		size_t n;
		upgrade_take(u, "Upgrade", v[i].upgrade);
		upgrade_take(u, "Connection", "keep-alive, Upgrade");
		upgrade_take(u, "Sec-WebSocket-Protocol", v[i].offers);
		int rc = auth_identify(a, &rq, &err);
		if ((rc == 0) != (v[i].user != NULL))
			fail_msg("row %zu: %d", i, rc);
		if (v[i].user) {
			assert_string_equal(rq.user.name, v[i].user);
			assert_true(upgrade_next_offer(u, &at, &p, &n));
			assert_int_equal(n, strlen(v[i].left));
			assert_memory_equal(p, v[i].left, n);
		}
		free(u);
	}
	auth_free(a);
	unlink(path);
}

struct gate {
	int who; /* 0 anonymous, 1 authenticated, 2 master */
	bool resource_request;
	const char *path, *verb, *group, *resource, *ns, *name, *sub;
	const char *refusal; /* NULL: allowed */
};
static const struct gate gates[] = {
	{0, false, "/healthz", "get", "", "", "", "", "", NULL},
	{0, false, "/version", "get", "", "", "", "", "", NULL},
	{0, false, "/api", "get", "", "", "", "", "", "forbidden: User \"u\" cannot get path \"/api\""},
	{0, false, "/healthz", "post", "", "", "", "", "",
	 "forbidden: User \"u\" cannot post path \"/healthz\""},
	{1, false, "/apis/apps/v1", "get", "", "", "", "", "", NULL},
	{1, false, "/openapi/v3", "get", "", "", "", "", "", NULL},
	{1, false, "/metrics", "get", "", "", "", "", "",
	 "forbidden: User \"u\" cannot get path \"/metrics\""},
	{2, false, "/metrics", "get", "", "", "", "", "", NULL},
	{2, true, "/x", "list", "", "pods", "default", "", "", NULL},
	{1, true, "/x", "list", "", "pods", "default", "", "",
	 "pods is forbidden: User \"u\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\""},
	{1, true, "/x", "list", "", "nodes", "", "", "",
	 "nodes is forbidden: User \"u\" cannot list resource \"nodes\" in API group \"\" at the cluster scope"},
	{1, true, "/x", "get", "apps", "deployments", "d", "a", "scale",
	 "deployments.apps \"a\" is forbidden: User \"u\" cannot get resource \"deployments/scale\" in API group \"apps\" in the namespace \"d\""},
	{0, true, "/x", "list", "", "foos", "", "", "",
	 "foos is forbidden: User \"u\" cannot list resource \"foos\" in API group \"\" at the cluster scope"},
};

static void test_permit(void **state)
{
	static const char *const groups[][3] = {
		{"system:unauthenticated"}, {"dev", "system:authenticated"}, {"system:masters"}};
	for (size_t i = 0; i < sizeof(gates) / sizeof(*gates); i++) {
		const struct gate *g = &gates[i];
		struct err err = ERR_INIT;
		struct user user = {.name = "u", .uid = "", .groups = groups[g->who]};
		struct attributes a = {.user = &user,
				       .resource_request = g->resource_request,
				       .path = g->path,
				       .verb = g->verb,
				       .group = g->group,
				       .resource = g->resource,
				       .ns = g->ns,
				       .name = g->name,
				       .subresource = g->sub};
		assert_int_equal(auth_permit(&a, &err), g->refusal ? -1 : 0);
		if (g->refusal) {
			assert_string_equal(err.msg, g->refusal);
			assert_int_equal(err.reason, REASON_FORBIDDEN);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_tokens), cmocka_unit_test(test_bad_tokens),
					   cmocka_unit_test(test_identify),
					   cmocka_unit_test(test_identify_by_subprotocol),
					   cmocka_unit_test(test_permit)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
