/* SPDX-License-Identifier: Apache-2.0 */
/* Every namespace has the root CA, and keeps it, against a real API. */
#include "root_ca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "client/tls.h"
#include "controllers.h"
#include "rig/rig.h"

#define SYNC "root-ca-certificate-publisher"
#define CA "-----BEGIN CERTIFICATE-----\nabc/+=\n-----END CERTIFICATE-----\n"
#define WANTED                                                                                               \
	"{metadata: {annotations: {kubernetes.io/description: 'Contains a CA bundle *'}}, "                  \
	"data: {ca.crt: '-----BEGIN CERTIFICATE-----*abc/+=*'}}"

static struct rig *r;

static int set_up(void **state)
{
	r = rig_new(&root_ca_publisher, NULL);
	root_ca_set(CA);
	rig_create(r, "{kind: Namespace, metadata: {name: team}}");
	return 0;
}

static int tear_down(void **state)
{
	rig_free(r);
	root_ca_set(NULL);
	return 0;
}

static void test_published_in_every_namespace(void **state)
{
	rig_run(r);
	rig_expect(r, "ConfigMap/team/kube-root-ca.crt", WANTED);
	rig_expect(r, "ConfigMap/default/kube-root-ca.crt", WANTED);
	rig_forget(r);
	rig_must_sync(r, SYNC, "team");
	assert_int_equal(rig_calls(r, "*"), 0); /* the informer knows that all is well */
}

static void test_kept_right(void **state)
{
	static const char *const harm[] = {
		"data: {ca.crt: another}",
		"data: {ca.crt: null}",
		"data: {more: x}",
		"data: null",
		"metadata: {annotations: null}",
		"binaryData: {x: AAAA}\ndata: {ca.crt: ''}",
	};

	rig_run(r);
	for (size_t i = 0; i < sizeof(harm) / sizeof(harm[0]); i++) {
		rig_patch(r, "ConfigMap/team/kube-root-ca.crt", NULL, "%s", harm[i]);
		rig_run(r);
		rig_expect(r, "ConfigMap/team/kube-root-ca.crt", WANTED);
		rig_expect(r, "ConfigMap/team/kube-root-ca.crt", "data: {more: null}");
	}
	rig_patch(r, "ConfigMap/team/kube-root-ca.crt", NULL,
		  "metadata: {labels: {mine: x}, annotations: {a: b}}");
	rig_patch(r, "ConfigMap/team/kube-root-ca.crt", NULL, "data: {more: x}");
	rig_run(r);
	rig_expect(r, "ConfigMap/team/kube-root-ca.crt",
		   "{metadata: {labels: {mine: x}, annotations: {a: b}}, data: {more: null}}");
	rig_delete(r, "ConfigMap/team/kube-root-ca.crt", "");
	rig_run(r);
	rig_expect(r, "ConfigMap/team/kube-root-ca.crt", WANTED);
	/* Others of its namespace are nobody's business. */
	rig_create(r, "{kind: ConfigMap, metadata: {name: mine, namespace: team}, data: {ca.crt: x}}");
	rig_forget(r);
	rig_run(r);
	assert_int_equal(rig_calls(r, "*"), 0);
}

static void test_another_bundle(void **state)
{
	rig_run(r);
	root_ca_set("-----BEGIN CERTIFICATE-----\nnew\n-----END CERTIFICATE-----\n");
	rig_must_sync(r, SYNC, "team"); /* as every one is when the process starts */
	rig_expect(r, "ConfigMap/team/kube-root-ca.crt", "data: {ca.crt: '*new*'}");
}

static void test_nothing_to_publish(void **state)
{
	root_ca_set(NULL);
	rig_run(r);
	rig_expect_absent(r, "ConfigMap/team/kube-root-ca.crt");
	root_ca_set("");
	rig_must_sync(r, SYNC, "team");
	rig_expect_absent(r, "ConfigMap/team/kube-root-ca.crt");
}

static void test_failures(void **state)
{
	static const struct {
		const char *call;
		enum reason reason;
		int rc;
	} rows[] = {
		{"POST */configmaps", REASON_INTERNAL, -1},
		{"POST */configmaps", REASON_ENDING, 0},
		{"POST */configmaps", REASON_NOT_FOUND, 0},
		{"POST */configmaps", REASON_ALREADY_EXISTS, 0},
		{"", REASON_NONE, 0}, /* it is made */
		{"GET */configmaps/*", REASON_NOT_FOUND, 0},
		{"GET */configmaps/*", REASON_UNAVAILABLE, -1},
		{"PUT */configmaps/*", REASON_CONFLICT, -1},
		{"PUT */configmaps/*", REASON_NOT_FOUND, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].reason == REASON_NONE) {
			rig_must_sync(r, SYNC, "team");
			rig_patch(r, "ConfigMap/team/kube-root-ca.crt", NULL, "data: {ca.crt: bad}");
			continue;
		}
		rig_fail(r, .call = rows[i].call, .reason = rows[i].reason);
		assert_int_equal(rig_sync(r, SYNC, "team").rc, rows[i].rc);
		rig_heal(r);
	}
	rig_delete(r, "Namespace/team", "");
	rig_run(r);
	rig_expect(r, "ConfigMap/team/kube-root-ca.crt", "data: {ca.crt: bad}"); /* what ends is left alone */
}

static void test_load(void **state)
{
	struct err err = ERR_INIT;
	char path[] = "/tmp/root-ca-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(root_ca_load(path, &err), -1);
	assert_int_equal(tls_write_pem(path, CA, false, &err), 0);
	assert_int_equal(root_ca_load(path, &err), 0);
	unlink(path);
	assert_int_equal(root_ca_load(path, &err), -1);
	assert_non_null(strstr(err.msg, "--root-ca-file"));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_published_in_every_namespace), TEST(test_kept_right), TEST(test_another_bundle),
		TEST(test_nothing_to_publish),		 TEST(test_failures),	TEST(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
