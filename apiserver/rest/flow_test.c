/* SPDX-License-Identifier: Apache-2.0 */
/* Which FlowSchema a request falls under: the rules of kubernetes/apiserver pkg/util/flowcontrol/rule.go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "object/json_test.h"
#include "rest/flow.h"
#include "rest/rig_test.h"

#define FLOWS "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"
#define LEVELS "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations"

static void post(const char *path, const char *body, char uid[64])
{
	autofree char *text = mem_strdup(JSON(body));
	autoreply struct rig_reply r = rig_call(&rig, "POST", path, text);
	if (r.status != 201)
		fail_msg("%s", buf_str(&r.text));
	snprintf(uid, 64, "%s", js_str0(r.body, "metadata", "uid", NULL));
}

static void post_schema(const char *name, int precedence, const char *level, const char *subject,
			const char *rules, char uid[64])
{
	autofree char *body =
		mem_printf("{'metadata':{'name':'%s'},'spec':{'priorityLevelConfiguration':{'name':'%s'},"
			   "'matchingPrecedence':%d,'rules':[{'subjects':[%s],%s}]}}",
			   name, level, precedence, subject, rules);
	post(FLOWS, body, uid);
}

#define USER(n) "{'kind':'User','user':{'name':'" n "'}}"
#define GROUP(n) "{'kind':'Group','group':{'name':'" n "'}}"
#define ACCOUNT(ns, n) "{'kind':'ServiceAccount','serviceAccount':{'namespace':'" ns "','name':'" n "'}}"
#define RESOURCES(verbs, groups, resources, where)                                                           \
	"'resourceRules':[{'verbs':[" verbs "],'apiGroups':[" groups "],'resources':[" resources "]," where  \
	"}]"
#define PATHS(verbs, urls) "'nonResourceRules':[{'verbs':[" verbs "],'nonResourceURLs':[" urls "]}]"

enum { WRITES, LEASES, STATUS, HEALTH, ALL, N_SCHEMAS };
static char uids[N_SCHEMAS][64], level_uid[64];

static void fill(void)
{
	char ignored[64];
	post(LEVELS,
	     "{'metadata':{'name':'l'},'spec':{'type':'Limited','limited':{'limitResponse':{'type':'Reject'}}}}",
	     level_uid);
	post_schema("nowhere", 5, "absent", USER("*"), RESOURCES("'*'", "'*'", "'*'", "'namespaces':['*']"),
		    ignored);
	post_schema("writes", 10, "l", USER("eve") "," GROUP("crew"),
		    RESOURCES("'create','patch'", "'apps'", "'deployments'", "'namespaces':['a','b']"),
		    uids[WRITES]);
	post_schema("leases", 20, "l", ACCOUNT("kube-system", "*"),
		    RESOURCES("'*'", "'*'", "'leases'", "'clusterScope':true"), uids[LEASES]);
	post_schema("status", 30, "l", ACCOUNT("kube-system", "job"),
		    RESOURCES("'*'", "''", "'pods/status'", "'namespaces':['*']"), uids[STATUS]);
	post_schema("health", 40, "l", GROUP("*"), PATHS("'get'", "'/healthz','/metrics/*'"), uids[HEALTH]);
	post_schema("all", 50, "l", USER("bob"),
		    RESOURCES("'*'", "'*'", "'*'", "'namespaces':['*'],'clusterScope':true"), uids[ALL]);
}

static const struct {
	const char *user, *user_group;
	const char *verb, *group, *resource, *subresource, *ns; /* resource "": ns is a path */
	int want;						/* -1: none */
} rows[] = {
	{"eve", "x", "create", "apps", "deployments", "", "a", WRITES},
	{"joe", "crew", "patch", "apps", "deployments", "", "b", WRITES},
	{"joe", "x", "patch", "apps", "deployments", "", "b", -1},
	{"eve", "x", "get", "apps", "deployments", "", "a", -1},
	{"eve", "x", "create", "batch", "deployments", "", "a", -1},
	{"eve", "x", "create", "apps", "deployments", "scale", "a", -1},
	{"eve", "x", "create", "apps", "deployments", "", "c", -1},
	{"eve", "x", "create", "apps", "deployments", "", "", -1},
	{"system:serviceaccount:kube-system:x", "x", "get", "g", "leases", "", "", LEASES},
	{"system:serviceaccount:kube-system:x", "x", "get", "g", "leases", "", "a", -1},
	{"system:serviceaccount:kube-systems:x", "x", "get", "g", "leases", "", "", -1},
	{"system:serviceaccount:kube-system:job", "x", "update", "", "pods", "status", "z", STATUS},
	{"system:serviceaccount:kube-system:jobs", "x", "update", "", "pods", "status", "z", -1},
	{"anybody", "x", "get", "", "", "", "/healthz", HEALTH},
	{"anybody", "x", "get", "", "", "", "/healthz/ping", HEALTH},
	{"anybody", "x", "get", "", "", "", "/healthzz", -1},
	{"anybody", "x", "get", "", "", "", "/metrics/slis", HEALTH},
	{"anybody", "x", "post", "", "", "", "/healthz", -1},
	{"bob", "x", "post", "", "", "", "/healthz", -1},
	{"bob", "x", "list", "any", "thing", "", "", ALL},
	{"bob", "crew", "create", "apps", "deployments", "", "a", WRITES}, /* of two, what is asked first */
};

static struct response_flow *classify(struct flow *f, size_t i)
{
	const char *groups[] = {rows[i].user_group, NULL};
	struct user user = {.name = rows[i].user, .groups = groups};
	struct attributes a = ATTRIBUTES_INIT;
	a.user = &user;
	a.verb = rows[i].verb;
	a.group = rows[i].group;
	a.resource = rows[i].resource;
	a.subresource = rows[i].subresource;
	a.resource_request = *rows[i].resource;
	*(a.resource_request ? &a.ns : &a.path) = rows[i].ns;
	return flow_classify(f, &a);
}

static void test_rules(void **state)
{
	struct flow *f = flow_new(rig.api.schema, rig.api.storage);
	struct response_flow *none = classify(f, 0);
	assert_null(none);
	fill();					   /* what was not there is seen */
	for (size_t round = 0; round < 2; round++) /* matched, then remembered */
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			struct response_flow *flow = classify(f, i);
			const char *want = rows[i].want < 0 ? NULL : uids[rows[i].want];
			if (!flow != !want || (flow && strcmp(flow->schema_uid, want)))
				fail_msg("row %zu, round %zu", i, round);
			if (flow)
				assert_string_equal(flow->level_uid, level_uid);
			response_flow_unref(flow);
		}
	flow_free(f);
}

/* Requests that are under way keep what they were told. */
static void test_change(void **state)
{
	struct flow *f = flow_new(rig.api.schema, rig.api.storage);
	fill();
	struct response_flow *before = classify(f, 0);
	autoreply struct rig_reply r = rig_call(&rig, "DELETE", FLOWS "/writes", NULL);
	assert_int_equal(r.status, 200);
	struct response_flow *after = classify(f, 0);
	assert_null(after);
	assert_string_equal(before->schema_uid, uids[WRITES]);
	response_flow_unref(before);
	flow_free(f);
}

/* The response of a whole request says it. */
static void test_response(void **state)
{
	char uid[64];
	post(LEVELS,
	     "{'metadata':{'name':'l'},'spec':{'type':'Limited','limited':{'limitResponse':{'type':'Reject'}}}}",
	     level_uid);
	post_schema("mine", 10, "l", GROUP("system:masters"), PATHS("'get'", "'/version'"), uid);
	struct rig_exchange *e = MEM_NEW(struct rig_exchange);
	rig.api.flow = flow_new(rig.api.schema, rig.api.storage);
	e->x.rq = (struct request){.accept = "", .user_agent = "", .content_type = ""};
	rig_run(&rig, e, "GET", "/version");
	assert_int_equal(e->x.rs.status, 200);
	assert_string_equal(e->x.rs.flow->schema_uid, uid);
	rig_exchange_free(e);
	flow_free(STEAL(rig.api.flow));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_rules), TEST(test_change), TEST(test_response)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
