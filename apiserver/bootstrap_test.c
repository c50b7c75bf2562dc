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

#define SLICE "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"
#define TRUST "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"

#define CERT(x) "-----BEGIN CERTIFICATE-----\n" x "\n-----END CERTIFICATE-----\n"

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
	boot(CERT("first"), "192.0.2.1", 6443);
	autoreply struct rig_reply one = get(TRUST, 200);
	assert_string_equal(js_str0(one.body, "data", "client-ca-file", NULL), CERT("first"));
	boot(CERT("first"), "192.0.2.1", 6443);
	autoreply struct rig_reply again = get(TRUST, 200);
	assert_string_equal(js_str0(again.body, "metadata", "resourceVersion", NULL),
			    js_str0(one.body, "metadata", "resourceVersion", NULL));
	autoreply struct rig_reply put =
		rig_call(&rig, "PATCH", TRUST, JSON("{'data':{'client-ca-file':'none'}}"));
	assert_int_equal(put.status, 200);
	boot(CERT("second"), "192.0.2.2", 6444);
	autoreply struct rig_reply other = get(TRUST, 200);
	assert_string_equal(js_str0(other.body, "data", "client-ca-file", NULL), CERT("second"));
	autoreply struct rig_reply ends = get("/api/v1/namespaces/default/endpoints/kubernetes", 200);
	assert_non_null(strstr(buf_str(&ends.text), "\"192.0.2.2\""));
	assert_string_equal(
		js_str0(ends.body, "metadata", "labels", "endpointslice.kubernetes.io/skip-mirror", NULL),
		"true");
	autoreply struct rig_reply slice = get(SLICE, 200);
	assert_string_equal(js_str0(slice.body, "metadata", "labels", "kubernetes.io/service-name", NULL),
			    "kubernetes");
	assert_non_null(strstr(buf_str(&slice.text), "\"192.0.2.2\""));
	assert_non_null(strstr(buf_str(&slice.text), "\"port\":6444"));
	boot(CERT("second"), "192.0.2.2", 6444);
	autoreply struct rig_reply same = get(SLICE, 200);
	assert_string_equal(js_str0(same.body, "metadata", "resourceVersion", NULL),
			    js_str0(slice.body, "metadata", "resourceVersion", NULL));
	boot(CERT("second"), "2001:db8::2", 6444); /* another family: another object */
	autoreply struct rig_reply six = get(SLICE, 200);
	assert_string_equal(js_str0(six.body, "addressType", NULL), "IPv6");
	assert_string_not_equal(js_str0(six.body, "metadata", "uid", NULL),
				js_str0(slice.body, "metadata", "uid", NULL));
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

#define FLOWS "/apis/flowcontrol.apiserver.k8s.io/v1/"
#define LEVEL FLOWS "prioritylevelconfigurations/workload-low"

static void patch(const char *path, const char *body)
{
	autoreply struct rig_reply r = rig_call(&rig, "PATCH", path, body);
	if (r.status != 200)
		fail_msg("%s: %s", path, buf_str(&r.text));
}

/* A suggestion: its shares and what its annotation says, after another start. */
static void level_is(int64_t shares, const char *automatic)
{
	boot("", "192.0.2.1", 6443);
	autoreply struct rig_reply r = get(LEVEL, 200);
	assert_int_equal(js_int(r.body, 0, "spec", "limited", "nominalConcurrencyShares", NULL), shares);
	assert_string_equal(
		js_str0(r.body, "metadata", "annotations", "apf.kubernetes.io/autoupdate-spec", NULL),
		automatic);
}

static void test_flows(void **state)
{
	boot("", "192.0.2.1", 6443);
	autoreply struct rig_reply schemas = get(FLOWS "flowschemas", 200),
				   levels = get(FLOWS "prioritylevelconfigurations", 200);
	assert_int_equal(js_len(js_arr(schemas.body, "items", NULL)), 11);
	assert_int_equal(js_len(js_arr(levels.body, "items", NULL)), 8);
	autoreply struct rig_reply one = get(FLOWS "flowschemas/system-leader-election", 200);
	autobuf struct buf spec = BUF_INIT;
	js_write(&spec, js_field(one.body, "spec"));
	assert_string_equal(
		buf_str(&spec),
		JSON("{'priorityLevelConfiguration':{'name':'leader-election'},'matchingPrecedence':100,'distinguisherMethod':{'type':"
		     "'ByUser'},'rules':[{'subjects':[{'kind':'User','user':{'name':'system:kube-controller-manager'}},{'kind':'User',"
		     "'user':{'name':'system:kube-scheduler'}},{'kind':'ServiceAccount','serviceAccount':{'namespace':'kube-system',"
		     "'name':'*'}}],'resourceRules':[{'verbs':['get','create','update'],'apiGroups':['coordination.k8s.io'],'resources':"
		     "['leases'],'namespaces':['*']}]}]}"));
	boot("", "192.0.2.1", 6443); /* nothing is written twice */
	autoreply struct rig_reply again = get(FLOWS "flowschemas", 200);
	assert_string_equal(js_str0(again.body, "metadata", "resourceVersion", NULL),
			    js_str0(levels.body, "metadata", "resourceVersion", NULL));
}

static void test_suggestions(void **state)
{
	level_is(100, "true");
	patch(LEVEL, JSON("{'spec':{'limited':{'nominalConcurrencyShares':7}}}"));
	level_is(100, "true");
	patch(LEVEL, JSON("{'metadata':{'annotations':{'apf.kubernetes.io/autoupdate-spec':'false'}},"
			  "'spec':{'limited':{'nominalConcurrencyShares':7}}}"));
	level_is(7, "false");
	/* without a word: it is not as it was made */
	patch(LEVEL, JSON("{'metadata':{'annotations':{'apf.kubernetes.io/autoupdate-spec':'x'}}}"));
	level_is(7, "false");
	/* what may be changed of a mandatory one */
	patch(FLOWS "prioritylevelconfigurations/exempt",
	      JSON("{'metadata':{'annotations':null},'spec':{'exempt':{'lendablePercent':9}}}"));
	boot("", "192.0.2.1", 6443);
	autoreply struct rig_reply exempt = get(FLOWS "prioritylevelconfigurations/exempt", 200);
	assert_int_equal(js_int(exempt.body, 0, "spec", "exempt", "lendablePercent", NULL), 9);
	assert_string_equal(
		js_str0(exempt.body, "metadata", "annotations", "apf.kubernetes.io/autoupdate-spec", NULL),
		"true");
}

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
	trusted(CERT("one") CERT("two") CERT("three"));
	boot(CERT("three"), "192.0.2.1", 6443); /* is there */
	trusted(CERT("one") CERT("two") CERT("three"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_starts), cmocka_unit_test(test_service_cidr),
					   cmocka_unit_test(test_flows), cmocka_unit_test(test_suggestions),
					   cmocka_unit_test(test_certificates_of_others)};
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
