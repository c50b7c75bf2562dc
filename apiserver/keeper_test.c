/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken away or changed comes back, by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "keeper.h"
#include "object/json_test.h"
#include "rest/rig_test.h"

#define TRUST "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
#define FLOWS "/apis/flowcontrol.apiserver.k8s.io/v1/"
#define DEPENDANTS "/api/v1/namespaces/kube-system/configmaps/coracle-dependants"
#define SERVICE "/api/v1/namespaces/default/services/kubernetes"
static const struct bootstrap_config config = {
	.address = "127.0.0.1",
	.port = 6443,
	.client_ca_pem = "-----BEGIN CERTIFICATE-----\nmine\n-----END CERTIFICATE-----\n"};

/* Asks again and again, each time when a change of its own has been taken: nobody sleeps. */
static void comes_to(const char *path, const char *text)
{
	static int turn;
	for (int end = turn + 20000;; turn++) {
		autoreply struct rig_reply r = rig_call(&rig, "GET", path, NULL);
		if (r.status == 200 && strstr(buf_str(&r.text), text))
			return;
		autofree char *body = mem_printf("{\"metadata\":{\"name\":\"turn-%d\"}}", turn);
		autoreply struct rig_reply other =
			rig_call(&rig, "POST", "/api/v1/namespaces/default/secrets", body);
		assert_int_equal(other.status, 201);
		if (turn == end)
			fail_msg("%s: %d %s", path, r.status, buf_str(&r.text));
	}
}

static void remove_one(const char *path)
{
	autoreply struct rig_reply r = rig_call(&rig, "DELETE", path, NULL);
	assert_int_equal(r.status, 200);
}

static void test_kept(void **state)
{
	struct err err = ERR_INIT;
	if (bootstrap(rig.api.registry, &config, &err) < 0)
		fail_msg("%s", err.msg);
	struct keeper *k = keeper_start(rig.api.registry, rig.api.storage, &config, &err);
	if (!k)
		fail_msg("%s", err.msg);
	clock_hasten(1000);
	remove_one(TRUST);
	comes_to(TRUST, "\\nmine\\n");
	autoreply struct rig_reply changed =
		rig_call(&rig, "PATCH", TRUST, JSON("{'data':{'client-ca-file':'yours','a':'b'}}"));
	assert_int_equal(changed.status, 200);
	comes_to(TRUST, "\\nmine\\n");
	remove_one(SERVICE);
	comes_to(SERVICE, "\"name\":\"kubernetes\"");
	remove_one(FLOWS "flowschemas/catch-all");
	comes_to(FLOWS "flowschemas/catch-all", "\"matchingPrecedence\":10000");
	/* who refers to a level that is not there hears of it, and of its coming */
	comes_to(
		FLOWS "flowschemas/probes",
		"\"message\":\"This FlowSchema references the PriorityLevelConfiguration object named \\\"exempt\\\" and it exists\"");
	autoreply struct rig_reply lost = rig_call(
		&rig, "POST", FLOWS "flowschemas",
		JSON("{'metadata':{'name':'lost'},'spec':{'priorityLevelConfiguration':{'name':'nowhere'},'matchingPrecedence':500}}"));
	assert_int_equal(lost.status, 201);
	comes_to(FLOWS "flowschemas/lost", JSON("'type':'Dangling','status':'True'"));
	comes_to(FLOWS "flowschemas/lost", JSON("'reason':'NotFound'"));
	comes_to(FLOWS "flowschemas/lost",
		 JSON("'manager':'api-priority-and-fairness-config-consumer-v1','operation':'Apply'"));
	autoreply struct rig_reply level = rig_call(
		&rig, "POST", FLOWS "prioritylevelconfigurations",
		JSON("{'metadata':{'name':'nowhere'},'spec':{'type':'Limited','limited':{'limitResponse':{'type':'Reject'}}}}"));
	assert_int_equal(level.status, 201);
	comes_to(FLOWS "flowschemas/lost", JSON("'type':'Dangling','status':'False'"));
	autoreply struct rig_reply less =
		rig_call(&rig, "PATCH", FLOWS "prioritylevelconfigurations/system",
			 JSON("{'spec':{'limited':{'nominalConcurrencyShares':7}}}"));
	assert_int_equal(less.status, 200);
	comes_to(FLOWS "prioritylevelconfigurations/system", "\"nominalConcurrencyShares\":30");
	clock_real();
	keeper_stop(k);
	keeper_stop(NULL);
	remove_one(SERVICE);
	autoreply struct rig_reply gone = rig_call(&rig, "GET", SERVICE, NULL);
	assert_int_equal(gone.status, 404);
}

static void post(const char *path, const char *body)
{
	autoreply struct rig_reply r = rig_call(&rig, "POST", path, body);
	assert_int_equal(r.status, 201);
}

/* The first object of a kind that somebody owns, or that waits for its end, is told at once, not when it is calm again. */
static void test_dependants(void **state)
{
	struct err err = ERR_INIT;
	struct keeper *k = keeper_start(rig.api.registry, rig.api.storage, &config, &err);
	if (!k)
		fail_msg("%s", err.msg);
	autoreply struct rig_reply before = rig_call(&rig, "GET", DEPENDANTS, NULL);
	assert_int_equal(before.status, 200);
	assert_null(strstr(buf_str(&before.text), "serviceaccounts"));
	clock_fake(INT64_C(1767225600) * NS_PER_S); /* it is never calm */
	post("/api/v1/namespaces/default/serviceaccounts",
	     JSON("{'metadata':{'name':'owned','ownerReferences':[{'apiVersion':'v1','kind':'ConfigMap','name':'o','uid':'u'}]}}"));
	comes_to(DEPENDANTS, "\"serviceaccounts\":\"v1\"");
	post("/apis/coordination.k8s.io/v1/namespaces/default/leases",
	     JSON("{'metadata':{'name':'waits','finalizers':['orphan']}}"));
	remove_one("/apis/coordination.k8s.io/v1/namespaces/default/leases/waits");
	comes_to(DEPENDANTS, "\"leases.coordination.k8s.io\":\"v1\"");
	comes_to(DEPENDANTS, "\"serviceaccounts\":\"v1\"");
	clock_real();
	keeper_stop(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_kept), cmocka_unit_test(test_dependants)};
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
