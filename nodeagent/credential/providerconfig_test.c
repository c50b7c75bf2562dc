/* SPDX-License-Identifier: Apache-2.0 */
/* CredentialProviderConfigs, after upstream's cases (pkg/credentialprovider/plugin/config_test.go). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/clock.h"
#include "credential/providerconfig.h"
#include "os/tree.h"

#define HEAD "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\n"
#define ROW(name, fields)                                                                                    \
	"{name: " name ", " fields                                                                           \
	", matchImages: [reg.io], defaultCacheDuration: 1m, apiVersion: credentialprovider.kubelet.k8s.io/v1}"
#define JUDGED "failed to validate credential provider config: "

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", "Object 'Kind' is missing"},
		{"kind: CredentialProviderConfig",
		 "no kind \"CredentialProviderConfig\" is registered for version \"\""},
		{"apiVersion: kubelet.config.k8s.io/v2\nkind: CredentialProviderConfig",
		 "is registered for version \"kubelet.config.k8s.io/v2\""},
		{"apiVersion: kubelet.config.k8s.io/v1\nkind: KubeletConfiguration",
		 "no kind \"KubeletConfiguration\" is registered"},
		{HEAD "provider: []", "unknown field \"provider\""},
		{HEAD "providers: {}", "providers: must be a list"},
		{HEAD "providers: [1]", "providers[0]: must be an object"},
		{HEAD "providers: [" ROW("a", "more: 1") "]", "unknown field \"providers[0].more\""},
		{HEAD "providers: [" ROW("a", "env: [{key: x}]") "]",
		 "unknown field \"providers[0].env[0].key\""},
		{HEAD "providers: [" ROW("a", "args: [1]") "]", "providers[0].args[0]: must be a string"},
		{HEAD "providers: [{name: a, defaultCacheDuration: soon}]",
		 "providers[0].defaultCacheDuration: must be a duration"},
		{HEAD "providers: [" ROW("a", "args: [x], args: [y]") "]", "already set in map"},
		{HEAD "providers: []",
		 JUDGED "providers: Required value: at least 1 item in plugins is required"},
		{HEAD, JUDGED "providers: Required value"},
		{HEAD "providers: [" ROW("foo/../bar", "args: []") "]",
		 JUDGED "providers.name: Invalid value: \"foo/../bar\": provider name cannot contain '/'"},
		{HEAD "providers: [" ROW("foo bar", "args: []") "]",
		 JUDGED "providers.name: Invalid value: \"foo bar\": provider name cannot contain spaces"},
		{HEAD "providers: [" ROW(".", "args: []") "]",
		 JUDGED "providers.name: Invalid value: \".\": provider name cannot be '.'"},
		{HEAD "providers: [" ROW("..", "args: []") "]",
		 JUDGED "providers.name: Invalid value: \"..\": provider name cannot be '..'"},
		{HEAD "providers: [" ROW("a", "args: []") ", " ROW("a", "args: []") "]",
		 "duplicate provider name \"a\" found in configuration file(s)"},
		{HEAD "providers: [{name: a, matchImages: [reg.io], defaultCacheDuration: 1m}]",
		 JUDGED "providers.apiVersion: Required value"},
		{HEAD
		 "providers: [{name: a, matchImages: [reg.io], defaultCacheDuration: 1m, apiVersion: x/v2}]",
		 JUDGED "providers.apiVersion: Unsupported value: \"x/v2\": supported values: "
			"\"credentialprovider.kubelet.k8s.io/v1\", "
			"\"credentialprovider.kubelet.k8s.io/v1alpha1\", "
			"\"credentialprovider.kubelet.k8s.io/v1beta1\""},
		{HEAD "providers: [{name: a, apiVersion: credentialprovider.kubelet.k8s.io/v1}]",
		 JUDGED "[providers.matchImages: Required value: at least 1 item in matchImages is required, "
			"providers.defaultCacheDuration: Required value]"},
		{HEAD
		 "providers: [{name: a, apiVersion: credentialprovider.kubelet.k8s.io/v1, matchImages: [\"%inva\"], "
		 "defaultCacheDuration: -1m}]",
		 JUDGED
		 "[providers.matchImages: Invalid value: \"%inva\": match image is invalid: parse "
		 "\"https://%inva\": invalid URL escape \"%in\", providers.defaultCacheDuration: Invalid value: "
		 "\"-1m\": must be greater than or equal to 0]"},
		{HEAD "providers: [{name: a, apiVersion: credentialprovider.kubelet.k8s.io/v1, "
		      "matchImages: [\"a b\", \"reg.io:x/y\", \"a\\tb\"], defaultCacheDuration: 0s}]",
		 JUDGED
		 "[providers.matchImages: Invalid value: \"a b\": match image is invalid: parse \"https://a b\": "
		 "invalid character \" \" in host name, providers.matchImages: Invalid value: \"reg.io:x/y\": "
		 "match image is invalid: parse \"https://reg.io:x/y\": invalid port \":x\" after host, "},
		{HEAD "providers: [" ROW("a", "tokenAttributes: {serviceAccountTokenAudience: x}") "]",
		 JUDGED "providers.tokenAttributes: Forbidden: tokenAttributes is not supported"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct providerconfig c;
		int rc = providerconfig_parse(rows[i].text, strlen(rows[i].text), &c, &err);
		if (rc == 0 || strncmp(err.msg, rows[i].want, strlen(rows[i].want)) != 0) {
			if (rc < 0 && strstr(err.msg, rows[i].want) && strncmp(rows[i].want, JUDGED, 6) != 0)
				continue;
			fail_msg("%s\nwanted: %s\ngot: %s", rows[i].text, rows[i].want,
				 rc == 0 ? "(taken)" : err.msg);
		}
	}
}

static void test_taken(void **state)
{
	static const char text[] =
		HEAD "providers:\n"
		     "- name: one\n"
		     "  matchImages: ['*.reg.io', 'reg.io:5000/team']\n"
		     "  defaultCacheDuration: 1h30m\n"
		     "  apiVersion: credentialprovider.kubelet.k8s.io/v1\n"
		     "  args: [--a, 'b c']\n"
		     "  env: [{name: K, value: v=w}, {name: L}]\n"
		     "- {name: two, matchImages: [x], defaultCacheDuration: 0s, apiVersion: "
		     "credentialprovider.kubelet.k8s.io/v1alpha1}\n";
	struct err err = ERR_INIT;
	struct providerconfig c;
	assert_int_equal(providerconfig_parse(text, strlen(text), &c, &err), 0);
	assert_int_equal(c.n, 2);
	assert_string_equal(c.v[0].name, "one");
	assert_string_equal(c.v[0].match[1], "reg.io:5000/team");
	assert_null(c.v[0].match[2]);
	assert_true(c.v[0].cache_ns == 5400 * NS_PER_S);
	assert_string_equal(c.v[0].args[1], "b c");
	assert_string_equal(c.v[0].env[0], "K=v=w");
	assert_string_equal(c.v[0].env[1], "L=");
	assert_string_equal(c.v[1].api_version, "credentialprovider.kubelet.k8s.io/v1alpha1");
	assert_true(c.v[1].cache_ns == 0);
	assert_null(c.v[1].args[0]);
	providerconfig_release(&c);
}

static void put(const char *dir, const char *name, const char *text)
{
	struct err err = ERR_INIT;
	autofree char *path = mem_printf("%s/%s", dir, name);
	assert_int_equal(tree_write(path, text, strlen(text), 0600, TREE_VOLATILE, &err), 0);
}

static void test_files(void **state)
{
	char dir[] = "/tmp/providerconfig-XXXXXX";
	struct err err = ERR_INIT;
	struct providerconfig c;
	assert_non_null(mkdtemp(dir));
	autofree char *none = mem_printf("%s/none", dir), *one = mem_printf("%s/b.yaml", dir);
	assert_int_equal(providerconfig_read("", &c, &err), -1);
	assert_string_equal(err.msg, "credential provider config path is empty");
	assert_int_equal(providerconfig_read(none, &c, &err), -1);
	assert_non_null(strstr(err.msg, "unable to access path"));
	put(dir, "readme.txt", "not a configuration");
	assert_int_equal(providerconfig_read(dir, &c, &err), -1);
	assert_non_null(strstr(err.msg, "no configuration files found in directory"));
	/* by name, and all that are one */
	put(dir, "b.yaml", HEAD "providers: [" ROW("second", "args: []") "]");
	put(dir, "a.json",
	    "{\"apiVersion\":\"kubelet.config.k8s.io/v1\",\"kind\":\"CredentialProviderConfig\",\"providers\":[" ROW(
		    "first", "args: []") "]}");
	err = (struct err)ERR_INIT;
	assert_int_equal(providerconfig_read(dir, &c, &err), 0);
	assert_int_equal(c.n, 2);
	assert_string_equal(c.v[0].name, "first");
	assert_string_equal(c.v[1].name, "second");
	assert_int_equal(strlen(c.hash), 7 + 64);
	providerconfig_release(&c);
	assert_int_equal(providerconfig_read(one, &c, &err), 0);
	assert_int_equal(c.n, 1);
	providerconfig_release(&c);
	put(dir, "c.yml", HEAD "providers: [" ROW("first", "args: []") "]");
	assert_int_equal(providerconfig_read(dir, &c, &err), -1);
	assert_string_equal(err.msg, "duplicate provider name \"first\" found in configuration file(s)");
	put(dir, "c.yml", HEAD "x: y");
	assert_int_equal(providerconfig_read(dir, &c, &err), -1);
	assert_non_null(strstr(err.msg, "error decoding config \""));
	assert_non_null(strstr(err.msg, "/c.yml\": unknown field \"x\""));
	assert_int_equal(tree_remove(dir, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_refusals), cmocka_unit_test(test_taken),
					   cmocka_unit_test(test_files)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
