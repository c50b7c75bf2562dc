/* SPDX-License-Identifier: Apache-2.0 */
#include "client/kubeconfig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "client/tls.h"

static void test_parse(void **state)
{
	static const char text[] =
		"apiVersion: v1\nkind: Config\n"
		"clusters:\n"
		"- name: other\n  cluster: {server: 'https://other'}\n"
		"- name: c\n  cluster:\n    server: https://127.0.0.1:6443/\n"
		"    certificate-authority-data: Q0E=\n"
		"contexts:\n- name: x\n  context: {cluster: c, user: u, namespace: team}\n"
		"users:\n- name: u\n  user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}\n"
		"current-context: x\n";
	struct kubeconfig k;
	struct err err = ERR_INIT;

	assert_int_equal(kubeconfig_parse(text, strlen(text), "/", &k, &err), 0);
	assert_string_equal(k.server, "https://127.0.0.1:6443");
	assert_string_equal(k.ca_pem, "CA");
	assert_string_equal(k.cert_pem, "CERT");
	assert_string_equal(k.key_pem, "KEY");
	assert_null(k.token);
	assert_string_equal(k.namespace, "team");
	assert_false(k.insecure);
	kubeconfig_release(&k);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *msg;
	} cases[] = {
		{"{}", "no current-context"},
		{"current-context: a", "context \"a\" does not exist"},
		{"current-context: a\ncontexts: [{name: a, context: {cluster: c}}]",
		 "cluster \"c\" has no server"},
		{"current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
		 "clusters: [{name: c, cluster: {server: s}}]\nusers: [{name: u, user: {exec: {command: x}}}]",
		 "credential plugins are not supported"},
		{"current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n"
		 "clusters: [{name: c, cluster: {server: s, certificate-authority-data: '?'}}]",
		 "certificate-authority-data"},
		{"current-context: [", NULL},
		{"- 1", "no current-context"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct kubeconfig k;
		struct err err = ERR_INIT;

		assert_int_equal(kubeconfig_parse(cases[i].text, strlen(cases[i].text), "/", &k, &err), -1);
		if (cases[i].msg)
			assert_non_null(strstr(err.msg, cases[i].msg));
	}
}

static void test_files(void **state)
{
	static const char text[] =
		"clusters: [{name: c, cluster: {server: 'http://h', certificate-authority: ca.crt, insecure-skip-tls-verify: true}}]\n"
		"contexts: [{name: x, context: {cluster: c, user: u}}]\n"
		"users: [{name: u, user: {tokenFile: token}}]\ncurrent-context: x\n";
	char dir[] = "/tmp/kubeconfig_test.XXXXXX";
	static const char *const names[] = {"config", "ca.crt", "token", "out"};
	char path[4][64];
	struct kubeconfig k, again;
	struct err err = ERR_INIT;

	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 4; i++)
		snprintf(path[i], sizeof(path[i]), "%s/%s", dir, names[i]);
	assert_int_equal(tls_write_pem(path[0], text, true, &err), 0);
	assert_int_equal(tls_write_pem(path[1], "PEM", false, &err), 0);
	assert_int_equal(kubeconfig_load(path[0], &k, &err), -1); /* no token file yet */
	assert_int_equal(tls_write_pem(path[2], "secret\n", true, &err), 0);
	assert_int_equal(setenv("KUBECONFIG", path[0], 1), 0);
	assert_int_equal(kubeconfig_load(NULL, &k, &err), 0);
	assert_string_equal(k.ca_pem, "PEM");
	assert_string_equal(k.token, "secret");
	assert_string_equal(k.namespace, "default");
	assert_true(k.insecure);

	assert_int_equal(kubeconfig_write(path[3], "coracle", "admin", &k, &err), 0);
	assert_int_equal(kubeconfig_load(path[3], &again, &err), 0);
	assert_string_equal(again.server, "http://h");
	assert_string_equal(again.ca_pem, "PEM");
	assert_string_equal(again.token, "secret");
	assert_true(again.insecure);
	kubeconfig_release(&k);
	kubeconfig_release(&again);
	for (int i = 0; i < 4; i++)
		unlink(path[i]);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
