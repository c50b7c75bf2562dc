/* SPDX-License-Identifier: Apache-2.0 */
/* Evictions over the whole way of a request: who may go, what the budget says, what is written on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/condition.h"
#include "object/json_test.h"
#include "rest/rig_test.h"

#define PODS "/api/v1/namespaces/default/pods"
#define BUDGETS "/apis/policy/v1/namespaces/default/poddisruptionbudgets"

static struct rig_reply send(const char *method, const char *path, const char *body, int status)
{
	struct rig_reply r = rig_call(&rig, method, path, body);

	if (r.status != status)
		fail_msg("%s %s: %d %s", method, path, r.status, buf_str(&r.text));
	return r;
}

static void put(const char *method, const char *path, const char *body, int status)
{
	autoreply struct rig_reply r = send(method, path, body, status);

	assert_int_equal(r.status, status);
}

/* A Pod on a node, labelled app=NAME, in that phase; `conditions` are the status'. */
static void add_pod(const char *name, const char *app, const char *phase, const char *conditions)
{
	autofree char *pod = mem_printf(
		"{\"metadata\":{\"name\":\"%s\",\"labels\":{\"app\":\"%s\"}},\"spec\":{\"nodeName\":\"n\",\"containers\":[{\"name\":\"c\","
		"\"image\":\"i\"}]}}",
		name, app);
	autofree char *status =
		mem_printf("{\"status\":{\"phase\":\"%s\",\"conditions\":[%s]}}", phase, conditions);
	autofree char *path = mem_printf(PODS "/%s/status", name);

	put("POST", PODS, pod, 201);
	put("PATCH", path, status, 200);
}

#define READY "{\"type\":\"Ready\",\"status\":\"True\"}"

static void add_budget(const char *name, const char *app, const char *spec, const char *status)
{
	autofree char *budget = mem_printf(
		"{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"%s\"}}%s}}",
		name, app, spec);
	autofree char *path = mem_printf(BUDGETS "/%s/status", name);
	autofree char *patch = mem_printf("{\"status\":%s}", status);

	put("POST", BUDGETS, budget, 201);
	put("PATCH", path, patch, 200);
}

static struct rig_reply evict(const char *name, const char *query, const char *options)
{
	autofree char *path = mem_printf(PODS "/%s/eviction%s", name, query);
	autofree char *body = mem_printf("{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{"
					 "\"name\":\"%s\"}%s%s}",
					 name, *options ? ",\"deleteOptions\":" : "", options);

	return rig_call(&rig, "POST", path, body);
}

static void evicted(const char *name)
{
	autoreply struct rig_reply r = evict(name, "", "");

	if (r.status != 201 || strcmp(js_str0(r.body, "status", NULL), "Success"))
		fail_msg("%s: %d %s", name, r.status, buf_str(&r.text));
}

static const js *cause(const struct rig_reply *r)
{
	return js_at(js_arr(r->body, "details", "causes", NULL), 0);
}

static void test_counts_down(void **state)
{
	add_pod("a1", "a", "Running", READY);
	add_pod("a2", "a", "Running", READY);
	add_budget(
		"a", "a", ",\"minAvailable\":1",
		JSON("{'observedGeneration':1,'disruptionsAllowed':1,'currentHealthy':2,'desiredHealthy':1,'expectedPods':2}"));
	evicted("a1");
	autoreply struct rig_reply pod = send("GET", PODS "/a1", NULL, 200);
	assert_non_null(js_get(pod.body, "metadata", "deletionTimestamp", NULL));
	const js *why = condition_find(js_arr(pod.body, "status", "conditions", NULL), "DisruptionTarget");
	assert_string_equal(js_str0(why, "reason", NULL), "EvictionByEvictionAPI");
	assert_string_equal(js_str0(why, "message", NULL), "Eviction API: evicting");
	autoreply struct rig_reply b = send("GET", BUDGETS "/a", NULL, 200);
	assert_int_equal(js_int(b.body, -1, "status", "disruptionsAllowed", NULL), 0);
	assert_non_null(js_get(b.body, "status", "disruptedPods", "a1", NULL));
	assert_string_equal(
		js_str0(condition_find(js_arr(b.body, "status", "conditions", NULL), "DisruptionAllowed"),
			"reason", NULL),
		"InsufficientPods");
	autoreply struct rig_reply no = evict("a2", "", "");
	assert_int_equal(no.status, 429);
	assert_string_equal(js_str0(no.body, "reason", NULL), "TooManyRequests");
	assert_string_equal(js_str0(no.body, "message", NULL),
			    "Cannot evict pod as it would violate the pod's disruption budget.");
	assert_string_equal(js_str0(cause(&no), "reason", NULL), "DisruptionBudget");
	assert_string_equal(js_str0(cause(&no), "message", NULL),
			    "The disruption budget a needs 1 healthy pods and has 2 currently");
	assert_null(js_get(no.body, "details", "retryAfterSeconds", NULL));
	/* it is being deleted: nobody's budget any more */
	evicted("a1");
}

static void test_waits_for_the_controller(void **state)
{
	add_pod("w", "w", "Running", READY);
	add_budget("w", "w", ",\"minAvailable\":1", JSON("{'disruptionsAllowed':1}"));
	autoreply struct rig_reply no = evict("w", "", "");
	assert_int_equal(no.status, 429);
	assert_int_equal(js_int(no.body, 0, "details", "retryAfterSeconds", NULL), 10);
	assert_string_equal(js_str0(cause(&no), "message", NULL),
			    "The disruption budget w is still being processed by the server.");
}

static void test_two_budgets(void **state)
{
	add_pod("t", "t", "Running", READY);
	add_budget("t1", "t", "", "{\"observedGeneration\":1,\"disruptionsAllowed\":1}");
	add_budget("t2", "t", "", "{\"observedGeneration\":1,\"disruptionsAllowed\":1}");
	autoreply struct rig_reply no = evict("t", "", "");
	assert_int_equal(no.status, 201);
	assert_string_equal(js_str0(no.body, "status", NULL), "Failure");
	assert_int_equal(js_int(no.body, 0, "code", NULL), 500);
	assert_string_equal(
		js_str0(no.body, "message", NULL),
		"This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
	put("GET", PODS "/t", NULL, 200);
}

static void test_unhealthy(void **state)
{
	const struct {
		const char *name, *spec, *status;
		int want;
	} rows[] = {
		{"u0", "", JSON("{'observedGeneration':1,'currentHealthy':1,'desiredHealthy':2}"), 429},
		{"u1", "", JSON("{'observedGeneration':1,'currentHealthy':2,'desiredHealthy':2}"), 201},
		{"u2", "", JSON("{'observedGeneration':1}"), 429},
		{"u3", ",\"unhealthyPodEvictionPolicy\":\"AlwaysAllow\"", JSON("{'observedGeneration':1}"),
		 201},
		{"u4", ",\"unhealthyPodEvictionPolicy\":\"IfHealthyBudget\"",
		 JSON("{'observedGeneration':1,'desiredHealthy':2}"), 429},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		add_pod(rows[i].name, rows[i].name, "Running", "{\"type\":\"Ready\",\"status\":\"False\"}");
		add_budget(rows[i].name, rows[i].name, rows[i].spec, rows[i].status);
		autoreply struct rig_reply r = evict(rows[i].name, "", "");
		if (r.status != rows[i].want)
			fail_msg("%s: %d %s", rows[i].name, r.status, buf_str(&r.text));
		autofree char *path = mem_printf(BUDGETS "/%s", rows[i].name);
		autoreply struct rig_reply b = send("GET", path, NULL, 200);
		assert_null(js_get(b.body, "status", "disruptedPods", NULL));
	}
}

/* Pods that do not run (any more) ask no budget. */
static void test_budget_does_not_matter(void **state)
{
	static const char *const phases[] = {"Pending", "Succeeded", "Failed"};

	add_budget("idle", "idle", ",\"maxUnavailable\":0", "{\"observedGeneration\":1}");
	for (size_t i = 0; i < ARRAY_LEN(phases); i++) {
		char name[2] = {(char)('p' + i), 0};
		add_pod(name, "idle", phases[i], "");
		evicted(name);
	}
}

static void test_empty_selectors(void **state)
{
	const char *all = JSON("{'metadata':{'name':'all'},'spec':{'selector':{},'maxUnavailable':0}}");

	add_pod("e1", "e", "Running", READY);
	put("POST", "/apis/policy/v1beta1/namespaces/default/poddisruptionbudgets", all, 201);
	autoreply struct rig_reply v1 = send("GET", BUDGETS "/all", NULL, 200);
	assert_int_equal(js_len(js_arr(v1.body, "spec", "selector", "matchExpressions", NULL)), 1);
	evicted("e1"); /* nothing is selected */
	put("DELETE", BUDGETS "/all", NULL, 200);
	add_pod("e2", "e", "Running", READY);
	put("POST", BUDGETS, all, 201);
	put("PATCH", BUDGETS "/all/status", "{\"status\":{\"observedGeneration\":1}}", 200);
	autoreply struct rig_reply no = evict("e2", "", "");
	assert_int_equal(no.status, 429);
	autoreply struct rig_reply old =
		send("GET", "/apis/policy/v1beta1/namespaces/default/poddisruptionbudgets/all", NULL, 200);
	const js *e = js_at(js_arr(old.body, "spec", "selector", "matchExpressions", NULL), 0);
	assert_string_equal(js_str0(e, "operator", NULL), "DoesNotExist");
	put("DELETE", BUDGETS "/all", NULL, 200);
}

static void test_dry_run(void **state)
{
	add_pod("d", "d", "Running", READY);
	add_budget("d", "d", "", "{\"observedGeneration\":1,\"disruptionsAllowed\":1}");
	autoreply struct rig_reply before = send("GET", PODS "/d", NULL, 200);
	autoreply struct rig_reply query = evict("d", "?dryRun=All", "");
	assert_int_equal(query.status, 201);
	autoreply struct rig_reply body = evict("d", "", "{\"dryRun\":[\"All\"]}");
	assert_int_equal(body.status, 201);
	autoreply struct rig_reply after = send("GET", PODS "/d", NULL, 200);
	assert_string_equal(buf_str(&after.text), buf_str(&before.text));
	autoreply struct rig_reply b = send("GET", BUDGETS "/d", NULL, 200);
	assert_int_equal(js_int(b.body, -1, "status", "disruptionsAllowed", NULL), 1);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *options;
		int status;
		const char *message;
	} rows[] = {
		{"{\"preconditions\":{\"uid\":\"other\"}}", 409,
		 "Operation cannot be fulfilled on Pod \"r\": the UID in the precondition (other) does not match the UID in record ("},
		{"{\"preconditions\":{\"resourceVersion\":\"1\"}}", 409,
		 "the ResourceVersion in the precondition (1) does not match the ResourceVersion in record ("},
		{"{\"propagationPolicy\":\"x\"}", 422, "propagationPolicy: Unsupported value: \"x\""},
	};

	add_pod("r", "r", "Running", READY);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autoreply struct rig_reply r = evict("r", "", rows[i].options);
		if (r.status != rows[i].status || !strstr(js_str0(r.body, "message", NULL), rows[i].message))
			fail_msg("%s: %d %s", rows[i].options, r.status, buf_str(&r.text));
	}
	autoreply struct rig_reply none = evict("none", "", "");
	assert_int_equal(none.status, 404);
	assert_string_equal(js_str0(none.body, "message", NULL), "pods \"none\" not found");
	autoreply struct rig_reply name = rig_call(
		&rig, "POST", PODS "/r/eviction",
		"{\"apiVersion\":\"policy/v1beta1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"x\"}}");
	assert_int_equal(name.status, 400);
	assert_string_equal(js_str0(name.body, "message", NULL),
			    "name in URL does not match name in Eviction object");
	add_budget("r", "r", "", "{\"observedGeneration\":1}");
	put("PATCH", "/apis/policy/v1beta1/namespaces/default/poddisruptionbudgets/r/status",
	    "{\"status\":{\"disruptionsAllowed\":-1}}", 200);
	autoreply struct rig_reply negative = evict("r", "", "");
	assert_int_equal(negative.status, 403);
	assert_string_equal(
		js_str0(negative.body, "message", NULL),
		"poddisruptionbudget.policy \"r\" is forbidden: pdb disruptions allowed is negative");
}

/* Nothing is created in a namespace that goes, at a subresource neither. */
static void test_terminating_namespace(void **state)
{
	const char *pod = JSON("{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}]}}");
	const char *const bodies[][2] = {
		{"eviction", JSON("{'metadata':{'name':'p'}}")},
		{"binding", JSON("{'metadata':{'name':'p'},'target':{'name':'n'}}")}};

	put("POST", "/api/v1/namespaces", "{\"metadata\":{\"name\":\"going\"}}", 201);
	put("POST", "/api/v1/namespaces/going/pods", pod, 201);
	put("DELETE", "/api/v1/namespaces/going", NULL, 200);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		autofree char *path = mem_printf("/api/v1/namespaces/going/pods/p/%s", bodies[i][0]);
		autoreply struct rig_reply r = send("POST", path, bodies[i][1], 403);
		assert_string_equal(
			js_str0(r.body, "message", NULL),
			"pods \"p\" is forbidden: unable to create new content in namespace going because it is being terminated");
		assert_string_equal(js_str0(cause(&r), "reason", NULL), "NamespaceTerminating");
	}
}

/* ---- budgets themselves ---- */

static void test_budget_rules(void **state)
{
	const struct {
		const char *spec, *message;
	} rows[] = {
		{JSON("{'minAvailable':1,'maxUnavailable':1}"),
		 "PodDisruptionBudget.policy \"x\" is invalid: spec: Invalid value: "
		 "{\"MinAvailable\":1,\"Selector\":null,\"MaxUnavailable\":1,\"UnhealthyPodEvictionPolicy\":null}: minAvailable and "
		 "maxUnavailable cannot be both set"},
		{JSON("{'minAvailable':-1}"),
		 "spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"},
		{JSON("{'minAvailable':'101%'}"),
		 "spec.minAvailable: Invalid value: \"101%\": must not be greater than 100%"},
		{JSON("{'maxUnavailable':'x'}"),
		 "spec.maxUnavailable: Invalid value: \"x\": a valid percent string must be a numeric string"},
		{JSON("{'unhealthyPodEvictionPolicy':'x'}"),
		 "spec.unhealthyPodEvictionPolicy: Unsupported value: \"x\": supported values: \"AlwaysAllow\", \"IfHealthyBudget\""},
		{JSON("{'selector':{'matchExpressions':[{'key':'a','operator':'In'}]}}"),
		 "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *body = mem_printf("{\"metadata\":{\"name\":\"x\"},\"spec\":%s}", rows[i].spec);
		autoreply struct rig_reply r = send("POST", BUDGETS, body, 422);
		if (!strstr(js_str0(r.body, "message", NULL), rows[i].message))
			fail_msg("%s: %s", rows[i].spec, buf_str(&r.text));
	}
	put("POST", BUDGETS, "{\"metadata\":{\"name\":\"ok\"},\"spec\":{\"maxUnavailable\":\"50%\"}}", 201);
	autoreply struct rig_reply whole =
		send("PUT", BUDGETS "/ok", "{\"metadata\":{\"name\":\"ok\"},\"spec\":{\"maxUnavailable\":1}}",
		     422);
	assert_non_null(strstr(js_str0(whole.body, "message", NULL), "must be specified for an update"));
	autoreply struct rig_reply status = send(
		"PATCH", BUDGETS "/ok/status",
		JSON("{'status':{'expectedPods':-1,'conditions':[{'type':'a b','status':'x','reason':'1'}]}}"),
		422);
	static const char *const told[] = {
		"status.expectedPods: Invalid value: -1: must be greater than or equal to 0",
		"status.conditions[0].type: Invalid value: \"a b\"",
		"status.conditions[0].status: Unsupported value: \"x\": supported values: \"False\", \"True\", \"Unknown\"",
		"status.conditions[0].lastTransitionTime: Required value",
		"status.conditions[0].reason: Invalid value: \"1\": a condition reason must start with alphabetic"};
	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		if (!strstr(js_str0(status.body, "message", NULL), told[i]))
			fail_msg("%s: %s", told[i], buf_str(&status.text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_down),
		cmocka_unit_test(test_waits_for_the_controller),
		cmocka_unit_test(test_two_budgets),
		cmocka_unit_test(test_unhealthy),
		cmocka_unit_test(test_budget_does_not_matter),
		cmocka_unit_test(test_empty_selectors),
		cmocka_unit_test(test_dry_run),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_terminating_namespace),
		cmocka_unit_test(test_budget_rules),
	};
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
