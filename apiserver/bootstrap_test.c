/* SPDX-License-Identifier: Apache-2.0 */
/* What is there after a start, after another one, and after one with other certificates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "bootstrap.h"
#include "object/json_test.h"
#include "rest/rig_test.h"

#define TRUST "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"

static void boot(const char *ca, const char *address, int port)
{
	struct err err = ERR_INIT;
	struct bootstrap_config c = {.address = address, .port = port, .client_ca_pem = ca};

	if (bootstrap(rig.api.registry, &c, &err) < 0)
		fail_msg("%s", err.msg);
}

static struct rig_reply get(const char *path, int status)
{
	struct rig_reply r = rig_call(&rig, "GET", path, NULL);

	if (r.status != status)
		fail_msg("%s: %d %s", path, r.status, buf_str(&r.text));
	return r;
}

static void test_starts(void **state)
{
	boot("", "192.0.2.1", 6443);
	autoreply struct rig_reply system = get("/api/v1/namespaces/kube-system", 200),
				   none = get(TRUST, 404);
	assert_string_equal(js_str0(system.body, "kind", NULL), "Namespace");
	assert_string_equal(js_str0(none.body, "kind", NULL), "Status");
	boot("first", "192.0.2.1", 6443);
	autoreply struct rig_reply one = get(TRUST, 200);
	assert_string_equal(js_str0(one.body, "data", "client-ca-file", NULL), "first");
	boot("first", "192.0.2.1", 6443);
	autoreply struct rig_reply again = get(TRUST, 200);
	assert_string_equal(js_str0(again.body, "metadata", "resourceVersion", NULL),
			    js_str0(one.body, "metadata", "resourceVersion", NULL));
	autoreply struct rig_reply put =
		rig_call(&rig, "PATCH", TRUST, JSON("{'data':{'requestheader-allowed-names':'[]'}}"));
	assert_int_equal(put.status, 200);
	boot("second", "192.0.2.2", 6444);
	autoreply struct rig_reply other = get(TRUST, 200);
	assert_string_equal(js_str0(other.body, "data", "client-ca-file", NULL), "second");
	assert_string_equal(js_str0(other.body, "data", "requestheader-allowed-names", NULL), "[]");
	autoreply struct rig_reply ends = get("/api/v1/namespaces/default/endpoints/kubernetes", 200);
	assert_non_null(strstr(buf_str(&ends.text), "\"192.0.2.2\""));
}

/* What another one has made of it stays. */
static void test_service_cidr(void **state)
{
	static const char path[] = "/apis/networking.k8s.io/v1/servicecidrs/kubernetes";

	boot("", "192.0.2.1", 6443);
	autoreply struct rig_reply made = get(path, 200);
	assert_string_equal(js_str0(js_at(js_arr(made.body, "spec", "cidrs", NULL), 0), NULL),
			    "10.96.0.0/24");
	assert_string_equal(
		js_str0(js_at(js_arr(made.body, "status", "conditions", NULL), 0), "status", NULL), "True");
	autoreply struct rig_reply put =
		rig_call(&rig, "PATCH", path, JSON("{'metadata':{'labels':{'a':'b'}}}"));
	assert_int_equal(put.status, 200);
	boot("", "192.0.2.1", 6443);
	autoreply struct rig_reply kept = get(path, 200);
	assert_string_equal(js_str0(kept.body, "metadata", "labels", "a", NULL), "b");
}

#define CERT(x) "-----BEGIN CERTIFICATE-----\n" x "\n-----END CERTIFICATE-----\n"

static void trusted(const char *want)
{
	autoreply struct rig_reply r = get(TRUST, 200);
	assert_string_equal(js_str0(r.body, "data", "client-ca-file", NULL), want);
}

/* Servers with certificates of their own do not take each other's away. */
static void test_certificates_of_others(void **state)
{
	autoreply struct rig_reply empty =
		rig_call(&rig, "PATCH", TRUST, JSON("{'data':{'client-ca-file':''}}"));
	assert_int_equal(empty.status, 200);
	boot(CERT("one"), "192.0.2.1", 6443);
	trusted(CERT("one"));
	boot(CERT("two") CERT("three"), "192.0.2.1", 6443);
	trusted(CERT("two") CERT("three") CERT("one"));
	boot(CERT("one"), "192.0.2.1", 6443); /* is there */
	trusted(CERT("two") CERT("three") CERT("one"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_starts), cmocka_unit_test(test_service_cidr),
					   cmocka_unit_test(test_certificates_of_others)};
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
