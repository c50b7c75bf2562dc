/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.k8s.io where no agent answers; what agents say is e2e/27-autoscaler.bats's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "object/json_test.h"
#include "rest/log/relay.h"
#include "rest/rig_test.h"
#include "rest/usage/usage.h"

#define METRICS "/apis/metrics.k8s.io/v1beta1"

static int open_rig(void **state)
{
	static const struct http_tls tls = {.insecure = true};
	struct err err = ERR_INIT;

	if (rig_setup(state) != 0 || !(rig.api.relays = relays_new(&tls, &err)))
		return -1;
	rig.api.usage = usage_new(rig.api.relays);
	return 0;
}

static int close_rig(void **state)
{
	relays_stop(rig.api.relays);
	relays_free(rig.api.relays);
	usage_free(rig.api.usage);
	return rig_teardown(state);
}

static void make(const char *path, const char *body)
{
	autoreply struct rig_reply r = rig_call(&rig, "POST", path, body);

	if (r.status != 201)
		fail_msg("%s: %s", path, buf_str(&r.text));
}

static void test_nobody_answers(void **state)
{
	static const struct {
		const char *path;
		int status;
		const char *message;
	} rows[] = {
		{"/nodes", 200, ""},
		{"/nodes?labelSelector=a%3Db", 200, ""},
		{"/pods", 200, ""},
		{"/namespaces/default/pods", 200, ""},
		{"/nodes/n", 404, "nodemetrics.metrics.k8s.io \"n\" not found"},
		{"/nodes/none", 404, "nodemetrics.metrics.k8s.io \"none\" not found"},
		{"/namespaces/default/pods/p", 404, "podmetrics.metrics.k8s.io \"default/p\" not found"},
		{"/nodes?labelSelector=%3D", 400, "*"},
		{"/pods/p", 404, "*"},
		{"/nodes?watch=1", 405, "*"},
	};

	make("/api/v1/nodes", JSON("{'metadata':{'name':'n'}}"));
	make("/api/v1/nodes",
	     JSON("{'metadata':{'name':'closed'},'status':{'addresses':[{'type':'InternalIP',"
		  "'address':'127.0.0.1'}],'daemonEndpoints':{'kubeletEndpoint':{'Port':1}}}}"));
	make("/api/v1/namespaces/default/pods",
	     JSON("{'metadata':{'name':'p'},'spec':{'nodeName':'closed','containers':[{'name':'c','image':'i'}]}}"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *path = mem_printf(METRICS "%s", rows[i].path);
		autoreply struct rig_reply r = rig_call(&rig, "GET", path, NULL);

		if (r.status != rows[i].status)
			fail_msg("%s: %d %s", path, r.status, buf_str(&r.text));
		if (r.status == 200)
			assert_int_equal(js_len(js_arr(r.body, "items", NULL)), 0);
		else if (strcmp(rows[i].message, "*") != 0)
			assert_string_equal(js_str0(r.body, "message", NULL), rows[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_nobody_answers)};

	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
